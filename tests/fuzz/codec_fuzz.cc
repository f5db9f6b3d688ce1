// Any bytes at all through every way in. The first byte chooses the way, the rest is what arrives.
//
// What must hold: nothing crashes; what is accepted can be written to the log and comes back as the
// same fact, and the public codec reads the record to the same data.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "events/codec.h"
#include "events/hash.h"
#include "events/log_record.h"

namespace {

using namespace tocsin;

const Instant kArrival = *parse_rfc3339("2026-03-02T02:00:00Z");

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

bool equal(const Fact& a, const Fact& b) {
  return a.account == b.account && a.subject == b.subject && a.type == b.type && a.kind == b.kind &&
         a.verb == b.verb && a.source == b.source && a.id == b.id && a.sequence == b.sequence &&
         a.time == b.time && a.recorded == b.recorded && a.claimed == b.claimed &&
         a.data == b.data && a.extensions == b.extensions;
}

void check(Decoded& decoded) {
  if (decoded.tombstone || !decoded.form_error.empty()) return;
  if (!judge(decoded, kArrival).empty()) return;
  const Fact& fact = decoded.fact;
  require(decoded.has_identity, "an accepted fact has an identity");
  require(fact.time <= fact.recorded, "time is not after the arrival");
  std::string record;
  append_fact_record(record, fact, R"("tocsintier":"A")");
  LogEvent event;
  require(read_log_record(record, event), "a record can be read");
  require(event.is_fact() && equal(to_fact(event), fact), "a record holds the same fact");
  if (record.size() > kEventBytesMax) return;
  Decoder decoder(RecordedTime::kRead);
  Decoded again;
  decoder.structured(record, {}, again);
  require(again.form_error.empty() && judge(again, kArrival).empty(), "a record is a good event");
  require(again.fact.data == fact.data, "data stays as it is");
  require(content_hash(again.fact.type, again.fact.subject, fact.claimed, again.fact.data) ==
              content_hash(fact),
          "the content's hash stays as it is");
}

// Lines `name: value` up to an empty one, then the body.
std::string_view take_headers(std::string_view text, std::vector<HeaderView>& headers) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    headers.push_back({line.substr(0, colon), line.substr(colon + 1)});
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  static Decoder decoder(RecordedTime::kRead);
  static Decoded decoded;
  std::vector<HeaderView> headers;
  switch (bytes[0] % 5) {
    case 0:
      decoder.structured(text, {}, decoded);
      check(decoded);
      break;
    case 1: {
      std::vector<std::string_view> events;
      if (split_batch(text, events, 100) != SplitResult::kSplit) break;
      for (const std::string_view event : events) {
        require(
            event.data() >= text.data() && event.data() + event.size() <= text.data() + text.size(),
            "elements lie in the body");
        decoder.structured(event, {}, decoded);
        check(decoded);
      }
      break;
    }
    case 2: {
      const std::string_view body = take_headers(text, headers);
      decoder.http_binary(headers, body, decoded);
      check(decoded);
      break;
    }
    case 3: {
      const std::string_view body = take_headers(text, headers);
      decoder.kafka(headers, "KEY", body, decoded);
      check(decoded);
      break;
    }
    default: {
      LogEvent event;
      if (read_log_record(text, event)) {
        to_fact(event);
        stamp(event, "tocsintier");
      }
      content_hash("t", "s", kArrival, text);
      parse_rfc3339(text);
    }
  }
  return 0;
}
