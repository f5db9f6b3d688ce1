// Snapshots of a ticket in any order, some lost, some twice: its state is the newest snapshot's that
// came, where an ended ticket changes only by a snapshot that is open or paused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "engine/partition.h"
#include "tests/connectors/crm/adapter_fixture.h"

namespace tocsin::test {
namespace {

constexpr Instant kBegin{1'772'413'200'000};
const std::vector<std::string> kStates = {"open", "paused", "resolved", "closed", "cancelled"};

struct Snapshot {
  Instant at;
  std::string state;
};

bool is_end(const std::string& state) { return state == "closed" || state == "cancelled"; }

// What the newest of those that came says.
std::string expected(std::vector<Snapshot> came) {
  std::sort(came.begin(), came.end(),
            [](const Snapshot& a, const Snapshot& b) { return a.at < b.at; });
  std::string state = "open";
  for (const Snapshot& s : came) {
    if (is_end(state) && s.state != "open" && s.state != "paused") continue;
    state = s.state;
  }
  return state;
}

class Desk {
 public:
  Desk() : partition_(default_policy()) {
    adapter_ =
        adapter(small("maps: {s: {open: open, paused: paused, resolved: resolved, closed: closed, "
                      "cancelled: cancelled}}\n"
                      "state: {is: {path: s, map: s}, opened: {time: c}}\n"));
  }
  void take(const Snapshot& s, Instant arrival) {
    const std::string body = R"({"id":"T","account":"a","c":)" + std::to_string(kBegin.ms) +
                             ",\"at\":" + std::to_string(s.at.ms) + ",\"s\":\"" + s.state + "\"}";
    evaluator_.run(*adapter_, {body, {}, arrival}, memory_, [&](AdapterRun&& run) {
      for (const GivenFact& given : memory_.give(run)) {
        std::string text;
        append_given(text, *adapter_, given);
        decoder_.structured(text, {}, decoded_);
        partition_.check(decoded_, arrival, true, judged_);
        ASSERT_NE(judged_.outcome, Outcome::kRejected) << judged_.reason << text;
        ASSERT_NE(judged_.outcome, Outcome::kConflict) << text;
        if (judged_.outcome == Outcome::kAccepted) partition_.take(decoded_, judged_);
      }
    });
    partition_.decide(arrival, arrival, [](const Entity&, const Derived&, Instant) {});
  }
  std::string state() {
    Entity* entity = partition_.find({"a", "ticket", "T"});
    return entity == nullptr ? "none" : partition_.view(*entity).state;
  }

 private:
  std::shared_ptr<const Adapter> adapter_;
  Partition partition_;
  SubjectMemory memory_;
  Evaluator evaluator_;
  Decoder decoder_;
  Decoded decoded_;
  Judged judged_;
};

TEST(AdapterConvergence, TheNewestSnapshotWinsInAnyOrderAndWithAnyLoss) {
  const char* given = std::getenv("TOCSIN_SEED");
  const unsigned seed =
      given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
  std::printf("TOCSIN_SEED=%u\n", seed);
  std::mt19937 random(seed);
  for (int ticket = 0; ticket < 300; ++ticket) {
    std::vector<Snapshot> all;
    const int n = 1 + static_cast<int>(random() % 8);
    for (int i = 0; i < n; ++i)
      all.push_back({kBegin + minutes(7 * (i + 1)), kStates[random() % kStates.size()]});
    std::vector<Snapshot> came;
    for (const Snapshot& s : all) {
      if (random() % 6 != 0) came.push_back(s);
      if (random() % 6 == 0) came.push_back(s);
    }
    if (came.empty()) continue;
    std::shuffle(came.begin(), came.end(), random);
    Desk desk;
    std::string story;
    Instant arrival = kBegin + hours(2);
    for (const Snapshot& s : came) {
      desk.take(s, arrival);
      arrival = arrival + seconds(1);
      story += format_rfc3339(s.at) + " " + s.state + "\n";
    }
    ASSERT_EQ(desk.state(), expected(came)) << story;
  }
}

}  // namespace
}  // namespace tocsin::test
