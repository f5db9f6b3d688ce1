// The projections' store: facts a second from apply to written views, and disk bytes a fact, beside
// the bare cost of putting as many rows of the same size into the same database in sorted batches.
//
// Each fact changes a ticket of four clocks and adds to the timeline the fact and two derived
// events; a ticket gets four facts, a part of them while it is hot, as in life. Batches of 500
// facts.
//
//   bench_store [FACTS]      (default 200000)
#include "projections/store.h"

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>

#include "events/log_record.h"
#include "projections/read/query.h"
#include "projections/rows/table.h"

namespace {

using namespace tocsin;
using Clock = std::chrono::steady_clock;

constexpr int kFactsPerTicket = 4;
constexpr int kFactsPerBatch = 500;
constexpr int kAccounts = 500;
constexpr int kHotTickets =
    20'000;  // a ticket's next fact comes while so many others are worked on
constexpr std::size_t kStateBytes = 300;
constexpr Instant kBegin{1'772'323'200'000};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](timeval t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

EntityView ticket(const EntityKey& key, int facts, Instant opened) {
  EntityView v;
  v.account = key.account;
  v.kind = key.kind;
  v.id = key.id;
  v.created = true;
  v.tier = "B";
  v.state = facts < kFactsPerTicket ? "open" : "closed";
  v.priority = "P2";
  v.assignee = "person-17";
  v.opened = opened;
  v.facts = facts;
  int number = 0;
  for (const char* name :
       {"ticket.progress", "ticket.reply", "ticket.resolution", "ticket.response"}) {
    ClockRow& c = v.clocks.emplace_back();
    c.clock = name;
    c.cycle = "1";
    c.start = opened;
    c.calendar = "business";
    c.thresholds = {{"target", opened + minutes(30 * ++number), Verdict::kPending, false}};
    if (facts > number) {
      c.state = ClockState::kStopped;
      c.thresholds[0].verdict = Verdict::kMet;
      c.stopped = opened + minutes(7 * number);
      c.elapsed_ms = 420'000 * number;
    }
  }
  return v;
}

std::string record(const EntityKey& key, const char* type, std::int64_t number, Instant time,
                   const char* data) {
  const std::string id = key.account + "/ticket/" + key.id + "/" + std::to_string(number);
  std::string out;
  append_own_event(out, {id, type, key.id, key.account, time, time, data});
  return out;
}

class Workload {
 public:
  AppliedBatch next() {
    AppliedBatch batch;
    batch.business_day = day_;
    std::map<EntityKey, std::pair<std::string, Instant>> changed;  // view and due
    for (int i = 0; i < kFactsPerBatch; ++i, ++fact_) {
      // Ticket n is touched at n, n + hot, n + 2 hot, …: every fact belongs to one of four rounds.
      const std::int64_t round = fact_ % kFactsPerTicket;
      const std::int64_t number = fact_ / kFactsPerTicket - round * kHotTickets / kFactsPerTicket;
      const std::int64_t n = number >= 0 ? number : fact_ / kFactsPerTicket;
      const EntityKey key{"account-" + std::to_string(n * 7919 % kAccounts), "ticket",
                          "T-" + std::to_string(n)};
      const Instant time = kBegin + milliseconds(fact_ * 50);
      const int facts = number >= 0 ? static_cast<int>(round) + 1 : 1;
      changed[key] = {encode_view(ticket(key, facts, kBegin + milliseconds(n * 200))),
                      time + hours(2)};
      const auto add = [&](const char* type, const char* data) {
        const Offset offset = offset_++;
        batch.add_event(offset, key, record(key, type, offset_, time, data));
      };
      add("tocsin.ticket.progressed", R"({"note":"the customer was told what was found so far"})");
      for (const char* type : {"tocsin.clock.stopped", "tocsin.clock.started"}) {
        add(type,
            R"({"entity":"ticket/T-1","clock":"ticket.progress","cycle":1,"elapsedMs":420000,)"
            R"("thresholds":[{"name":"target","due":"2026-03-02T01:15:00.000Z","verdict":"met"}]})");
      }
      batch.add_seen(key.account, hash128(std::to_string(fact_)), 1);
    }
    const std::string state(kStateBytes, 's');
    for (const auto& [key, change] : changed)
      batch.add_entity(key, state, change.first, change.second);
    batch.next = offset_;
    return batch;
  }

 private:
  std::shared_ptr<const BusinessDay> day_ = std::make_shared<const BusinessDay>(
      [](Instant t) { return static_cast<Day>((t.ms + 8 * 3'600'000) / 86'400'000); });
  std::int64_t fact_ = 0;
  Offset offset_ = 0;
};

void run(const std::filesystem::path& directory, int facts, bool keep_records) {
  std::vector<AppliedBatch> batches;
  Workload workload;
  std::size_t record_bytes = 0;
  for (int i = 0; i < facts; i += kFactsPerBatch) {
    batches.push_back(workload.next());
    for (const TimelineRow& row : batches.back().timeline) record_bytes += row.record.size();
  }
  StoreOptions options;
  options.keep_records = keep_records;
  auto store = Store::open(directory, options);
  const double cpu_before = cpu_seconds();
  auto begin = Clock::now();
  double in_apply = 0;
  for (AppliedBatch& batch : batches) {
    const auto call = Clock::now();
    store->apply(std::move(batch));
    in_apply += seconds_since(call);
  }
  store->flush();
  const double wall = seconds_since(begin);
  const double cpu = cpu_seconds() - cpu_before;
  const double n = facts;
  std::printf(
      "records %s: %.0f facts/s to written views, %.1f us CPU a fact, apply waited %.0f%%\n",
      keep_records ? "kept" : "in the log only", n / wall, cpu / n * 1e6, 100 * in_apply / wall);
  store->compact();
  std::uint64_t rows = 0;
  for (const auto& [family, hash] : store->hashes()) {
    std::printf("  %c %llu", static_cast<char>(family), static_cast<unsigned long long>(hash.rows));
    rows += hash.rows;
  }
  std::printf(" rows\n  %.0f bytes a fact on disk, %.1f rows; the facts' records are %.0f bytes\n",
              static_cast<double>(store->bytes_on_disk()) / n, static_cast<double>(rows) / n,
              static_cast<double>(record_bytes) / n);

  begin = Clock::now();
  constexpr int kQueries = 200;
  for (int i = 0; i < kQueries; ++i) {
    ClockQuery query;
    query.classes = {ClockClass::kRunning};
    if (i % 2 == 0) query.filter.account = "account-" + std::to_string(i);
    list_clocks(store->view(), query);
  }
  std::printf("  a page of 100 running clocks: %.2f ms\n", seconds_since(begin) / kQueries * 1e3);
  store.reset();
  std::filesystem::remove_all(directory);

  // The peer: as many rows as were put, of the mean size, in sorted batches, nothing read or made.
  auto table = Table::open(directory, {});
  begin = Clock::now();
  // State, projection, a due removed and one put, two rows of a clock, identity, timeline.
  constexpr int kRowsPerFact = 8;
  std::mt19937_64 random(1);
  for (int i = 0; i < facts; i += 10 * kFactsPerBatch) {
    std::vector<std::string> keys;
    for (int r = 0; r < 10 * kFactsPerBatch * kRowsPerFact; ++r) {
      // Eight families, in each of which the rows lie at random, as the store's do.
      std::string key(40, 'k');
      key[4] = static_cast<char>('A' + r % kRowsPerFact);
      const std::uint64_t at = random();
      std::memcpy(key.data() + 5, &at, sizeof at);
      keys.push_back(std::move(key));
    }
    std::sort(keys.begin(), keys.end());
    const std::string value(keep_records ? 150 : 80, 'v');
    std::vector<Write> writes;
    for (const std::string& key : keys) writes.push_back({key, value});
    table->write(writes);
  }
  table->flush();
  const double peer = seconds_since(begin);
  std::printf("  bare sorted puts of %d rows a fact: %.0f facts/s; ratio %.2f\n", kRowsPerFact,
              n / peer, peer / wall);
  table.reset();
  std::filesystem::remove_all(directory);
}

}  // namespace

int main(int argc, char** argv) {
  const int facts = argc > 1 ? std::atoi(argv[1]) : 200'000;
  std::string name = (std::filesystem::temp_directory_path() / "bench-store-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return 1;
  run(std::filesystem::path(name) / "kept", facts, true);
  run(std::filesystem::path(name) / "log", facts, false);
  std::filesystem::remove_all(name);
}
