// Reading a structured event of 420 bytes into a Fact, against a plain parse with Boost.JSON in the
// same run: bench_codec. items_per_second is events a second on one core.
#include "events/codec.h"

#include <benchmark/benchmark.h>

#include <boost/json.hpp>
#include <string>

#include "events/hash.h"
#include "events/log_record.h"

namespace {

using namespace tocsin;

const std::string kEvent =
    R"({"specversion":"1.0","id":"8c1c6a0e-7b1d-4f6e-9c55-0a2f4be01234","source":"/crm/east",)"
    R"("type":"tocsin.ticket.opened","time":"2026-03-02T09:15:00.123+08:00","subject":"T-100001",)"
    R"("partitionkey":"ACC-10001","datacontenttype":"application/json","sequence":"000000000042",)"
    R"("data":{"priority":"P1","title":"打不开 / cannot open the stock page","channel":"crm",)"
    R"("module":"库存","contact":"Li Wei","note":"since the update of this morning, all users"}})";

const Instant kArrival = *parse_rfc3339("2026-03-02T09:15:01+08:00");

void set_counts(benchmark::State& state, std::size_t bytes) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void codec_structured(benchmark::State& state) {
  Decoder decoder;
  Decoded decoded;
  for (auto _ : state) {
    decoder.structured(kEvent, {}, decoded);
    if (!judge(decoded, kArrival).empty()) state.SkipWithError("rejected");
    benchmark::DoNotOptimize(decoded.fact.data.data());
  }
  set_counts(state, kEvent.size());
}
BENCHMARK(codec_structured);

// The peer does less: it checks no attribute and copies nothing out.
void boost_json_parse_only(benchmark::State& state) {
  boost::json::stream_parser parser;
  unsigned char buffer[8192];
  for (auto _ : state) {
    boost::json::monotonic_resource memory(buffer, sizeof buffer);
    parser.reset(&memory);
    parser.write(kEvent);
    const boost::json::value value = parser.release();
    benchmark::DoNotOptimize(value.as_object().find("type"));
  }
  set_counts(state, kEvent.size());
}
BENCHMARK(boost_json_parse_only);

// The peer as it would be used: the same members copied to a Fact, data written compact.
void boost_json_to_fact(benchmark::State& state) {
  boost::json::stream_parser parser;
  unsigned char buffer[8192];
  Fact fact;
  for (auto _ : state) {
    boost::json::monotonic_resource memory(buffer, sizeof buffer);
    parser.reset(&memory);
    parser.write(kEvent);
    const boost::json::value value = parser.release();
    const auto& object = value.as_object();
    const auto text = [&](const char* name) {
      return std::string_view(object.at(name).as_string());
    };
    fact.id.assign(text("id"));
    fact.source.assign(text("source"));
    fact.type.assign(text("type"));
    fact.subject.assign(text("subject"));
    fact.account.assign(text("partitionkey"));
    fact.sequence.assign(text("sequence"));
    fact.time = *parse_rfc3339(text("time"));
    fact.data = boost::json::serialize(object.at("data"));
    benchmark::DoNotOptimize(fact.data.data());
  }
  set_counts(state, kEvent.size());
}
BENCHMARK(boost_json_to_fact);

void codec_batch_of_500(benchmark::State& state) {
  constexpr std::size_t kEvents = 500;
  std::string body = "[";
  for (std::size_t i = 0; i < kEvents; ++i) body += (i > 0 ? "," : "") + kEvent;
  body += ']';
  Decoder decoder;
  Decoded decoded;
  std::vector<std::string_view> events;
  for (auto _ : state) {
    if (split_batch(body, events, kEvents) != SplitResult::kSplit) state.SkipWithError("malformed");
    for (const std::string_view event : events) {
      decoder.structured(event, {}, decoded);
      benchmark::DoNotOptimize(judge(decoded, kArrival));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
}
BENCHMARK(codec_batch_of_500);

Fact fact_of_event() {
  Decoder decoder;
  Decoded decoded;
  decoder.structured(kEvent, {}, decoded);
  judge(decoded, kArrival);
  return decoded.fact;
}

void write_log_record(benchmark::State& state) {
  const Fact fact = fact_of_event();
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_fact_record(out, fact, R"("tocsintier":"A")");
    benchmark::DoNotOptimize(out.data());
  }
  set_counts(state, out.size());
}
BENCHMARK(write_log_record);

void read_log_record_view(benchmark::State& state) {
  std::string record;
  append_fact_record(record, fact_of_event(), R"("tocsintier":"A")");
  LogEvent event;
  for (auto _ : state) {
    if (!read_log_record(record, event)) state.SkipWithError("unreadable");
    benchmark::DoNotOptimize(event.id.data());
  }
  set_counts(state, record.size());
}
BENCHMARK(read_log_record_view);

void content_hash_of_fact(benchmark::State& state) {
  const Fact fact = fact_of_event();
  for (auto _ : state) benchmark::DoNotOptimize(content_hash(fact));
  set_counts(state, fact.data.size());
}
BENCHMARK(content_hash_of_fact);

void identity_hash_of_fact(benchmark::State& state) {
  const Fact fact = fact_of_event();
  for (auto _ : state) benchmark::DoNotOptimize(identity_hash(fact.source, fact.id));
  set_counts(state, 0);
}
BENCHMARK(identity_hash_of_fact);

void time_parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(parse_rfc3339("2026-03-02T09:15:00.123+08:00"));
  set_counts(state, 0);
}
BENCHMARK(time_parse);

void time_format(benchmark::State& state) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_rfc3339(out, kArrival);
    benchmark::DoNotOptimize(out.data());
  }
  set_counts(state, 0);
}
BENCHMARK(time_format);

}  // namespace

BENCHMARK_MAIN();
