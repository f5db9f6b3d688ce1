// A node over a real log and a real store, with a disk and a clock that the test commands.
#include "app/embedded_node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <numeric>
#include <variant>

#include "events/log_record.h"
#include "tests/projections/damage.h"
#include "tests/projections/temp_directory.h"

namespace tocsin {
namespace {

constexpr auto kLong = std::chrono::seconds(30);

// Stands until it is moved; waiting for an instant is looking again soon.
class ManualClock final : public Clock {
 public:
  Instant now() override {
    ++asked_;
    return {ms_.load()};
  }
  std::chrono::milliseconds until(Instant t) override {
    if (broken_) throw std::runtime_error("the clock broke");
    return std::chrono::milliseconds(t.ms <= ms_ ? 0 : 1);
  }
  void move(Duration on) { ms_ += on.ms; }
  void breaks() { broken_ = true; }
  int asked() const { return asked_; }

 private:
  std::atomic<int> asked_{0};
  std::atomic<std::int64_t> ms_{parse_rfc3339("2026-03-02T10:00:00Z")->ms};
  std::atomic<bool> broken_{false};
};

// The disk under the log.
std::atomic<bool> disk_full{false}, disk_broken{false}, disk_waits{false},
    disk_is_waited_for{false};

int allocate(int fd, std::int64_t from, std::int64_t bytes) {
  return disk_full ? ENOSPC : real_disk_calls().allocate(fd, from, bytes);
}
int write_all(int fd, std::int64_t at, std::string_view bytes) {
  return disk_full ? ENOSPC : real_disk_calls().write_all(fd, at, bytes);
}
int sync_data(int fd) {
  disk_is_waited_for = disk_waits.load();
  disk_is_waited_for.notify_all();
  disk_waits.wait(true);
  return disk_broken ? EIO : real_disk_calls().sync_data(fd);
}
const DiskCalls kDisk = {allocate, write_all, sync_data, real_disk_calls().truncate};

std::string opened(int i) {
  return R"({"specversion":"1.0","source":"/crm","type":"tocsin.ticket.opened","id":")" +
         std::to_string(i) + R"(","subject":"T-)" + std::to_string(i) +
         R"(","time":"2026-03-02T10:00:00Z","partitionkey":"acme",)" +
         R"("data":{"priority":"P1","tier":"A"}})";
}

class EmbeddedNodeTest : public ::testing::Test {
 protected:
  EmbeddedNodeTest() : clock_(std::make_shared<ManualClock>()) {
    disk_full = disk_broken = disk_waits = disk_is_waited_for = false;
    options_.data = directory_.path();
    options_.policy = std::get<PolicyText>(read_policy(""));
    options_.clock = clock_;
    options_.log.disk = &kDisk;
  }

  void start() {
    node_ = std::make_unique<EmbeddedNode>(options_);
    node_->start();
  }

  std::future<SubmitResult> submit(std::vector<int> tickets) {
    auto submission = std::make_unique<Submission>();
    for (const int i : tickets) submission->body += opened(i);
    for (std::size_t at = 0; const int i : tickets) {
      SubmittedEvent& event = submission->events.emplace_back();
      event.original = std::string_view(submission->body).substr(at, opened(i).size());
      decoder_.structured(event.original, {}, event.decoded);
      at += event.original.size();
    }
    auto promise = std::make_shared<std::promise<SubmitResult>>();
    std::future<SubmitResult> answer = promise->get_future();
    node_->submit(std::move(submission),
                  [promise](SubmitResult result) { promise->set_value(std::move(result)); });
    return answer;
  }
  static constexpr std::size_t kLeftTickets = 1000;
  void leave_a_damaged_store() {
    std::vector<int> tickets(kLeftTickets);
    std::iota(tickets.begin(), tickets.end(), 0);
    start();
    EXPECT_TRUE(kept(wait(submit(tickets))));
    node_.reset();
    damage(directory_.path() / "state");
  }

  static SubmitResult wait(std::future<SubmitResult> answer) {
    if (answer.wait_for(kLong) != std::future_status::ready) throw std::runtime_error("no answer");
    return answer.get();
  }
  static bool kept(const SubmitResult& result) {
    return result.status == SubmitResult::Status::kJudged &&
           result.events.at(0).verdict == EventVerdict::kAccepted;
  }

  template <typename Condition>
  static bool comes(Condition&& condition) {
    const auto end = std::chrono::steady_clock::now() + kLong;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  // How often the log says `type`, and of which entities in what order.
  std::vector<std::string> subjects(std::string_view type) {
    std::vector<std::string> found;
    node_->log().read(0, 0, [&](Offset, std::string_view, std::string_view value) {
      LogEvent event;
      EXPECT_TRUE(read_log_record(value, event));
      if (event.type == type) found.emplace_back(event.subject);
      return true;
    });
    return found;
  }
  bool told(std::string_view type) {
    return comes([&] { return !subjects(type).empty(); });
  }

  TempDirectory directory_;
  EmbeddedNodeOptions options_;
  std::shared_ptr<ManualClock> clock_;
  std::unique_ptr<EmbeddedNode> node_;
  Decoder decoder_;
};

class SmallBatchTest : public EmbeddedNodeTest {
 protected:
  SmallBatchTest() {
    options_.log.batch_bytes_max = 100'000;
    options_.report = [this](std::string_view, std::string_view event, std::string_view) {
      if (event == "batch_too_large") ++too_large_;
    };
  }
  ~SmallBatchTest() override { node_.reset(); }

  // Requests of `tickets` tickets, all waiting when the node takes the next round.
  std::vector<std::future<SubmitResult>> at_once(int requests, int tickets) {
    std::vector<std::future<SubmitResult>> answers;
    disk_waits = true;
    answers.push_back(submit({100'000 + first_}));
    disk_is_waited_for.wait(false);
    for (int r = 0; r < requests; ++r) {
      std::vector<int> all(static_cast<std::size_t>(tickets));
      for (int& i : all) i = first_++;
      answers.push_back(submit(std::move(all)));
    }
    disk_waits = false;
    disk_waits.notify_all();
    return answers;
  }

  std::atomic<int> too_large_{0};
  int first_ = 0;
};

TEST_F(SmallBatchTest, ATooLargeBatchIsTriedAgainInHalves) {
  start();
  for (auto& answer : at_once(16, 10)) EXPECT_TRUE(kept(wait(std::move(answer))));
  EXPECT_GE(too_large_, 2);
  std::vector<std::string> all = subjects("tocsin.ticket.opened");
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all.size(), 161u);
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
  EXPECT_EQ(subjects("tocsin.clock.started").size(), 2u * 161u);
}

TEST_F(SmallBatchTest, ARequestWithTooManyConsequencesIsRefusedAlone) {
  start();
  auto answers = at_once(1, 200);
  EXPECT_TRUE(kept(wait(std::move(answers[0]))));
  const SubmitResult refused = wait(std::move(answers[1]));
  EXPECT_EQ(refused.status, SubmitResult::Status::kUnavailable);
  EXPECT_EQ(refused.detail, "the request has too many consequences for one batch");
  ASSERT_TRUE(comes([&] { return node_->ready().ready; }));
  EXPECT_TRUE(kept(wait(submit({1}))));
  EXPECT_EQ(subjects("tocsin.ticket.opened").size(), 2u);
}

TEST_F(SmallBatchTest, TryingAgainHoldsNoDues) {
  options_.settle = minutes(1);
  start();
  EXPECT_TRUE(kept(wait(submit({90'000}))));
  clock_->move(minutes(14) + seconds(30));
  for (auto& answer : at_once(16, 10)) EXPECT_TRUE(kept(wait(std::move(answer))));
  EXPECT_GE(too_large_, 1);
  clock_->move(seconds(30));
  EXPECT_TRUE(told("tocsin.clock.breached"));
}

TEST_F(EmbeddedNodeTest, AFullDiskRefusesAndIsForgottenWhenThereIsRoom) {
  start();
  disk_full = true;
  const SubmitResult refused = wait(submit({1}));
  EXPECT_EQ(refused.status, SubmitResult::Status::kUnavailable);
  EXPECT_EQ(refused.detail, "nothing can be written: the disk is full");
  EXPECT_FALSE(node_->ready().ready);
  EXPECT_EQ(node_->sick(), "");
  disk_full = false;
  ASSERT_TRUE(comes([&] { return node_->ready().ready; }));
  EXPECT_TRUE(kept(wait(submit({1}))));
  EXPECT_EQ(subjects("tocsin.ticket.opened"), std::vector<std::string>{"T-1"});
}

TEST_F(EmbeddedNodeTest, ADiskThatFailedAFlushIsNotTrustedBeforeARestartAndWhatItKeptCountsOnce) {
  start();
  disk_broken = true;
  const SubmitResult refused = wait(submit({1}));
  EXPECT_EQ(refused.status, SubmitResult::Status::kUnavailable);
  EXPECT_THAT(refused.detail, ::testing::HasSubstr("Input/output error"));
  disk_broken = false;
  EXPECT_NE(node_->sick(), "");
  EXPECT_EQ(wait(submit({2})).status, SubmitResult::Status::kUnavailable);
  EXPECT_FALSE(node_->ready().ready);
  node_.reset();
  start();
  // Written it was, and only its fate unknown.
  EXPECT_EQ(wait(submit({1})).events.at(0).verdict, EventVerdict::kDuplicate);
  EXPECT_EQ(subjects("tocsin.ticket.opened"), std::vector<std::string>{"T-1"});
}

TEST_F(EmbeddedNodeTest, ADataDirectoryThatIsGoneTakesNothingMore) {
  start();
  EXPECT_TRUE(kept(wait(submit({1}))));
  std::filesystem::rename(directory_.path() / "log", directory_.path() / "elsewhere");
  EXPECT_EQ(wait(submit({2})).status, SubmitResult::Status::kUnavailable);
  EXPECT_THAT(node_->sick(), ::testing::HasSubstr("data directory is gone"));
}

TEST_F(EmbeddedNodeTest, ADataDirectoryThatIsGoneIsNoticedWithoutAFact) {
  start();
  EXPECT_TRUE(kept(wait(submit({1}))));
  std::filesystem::rename(directory_.path() / "log", directory_.path() / "elsewhere");
  EXPECT_TRUE(comes([&] { return !node_->sick().empty(); }));
}

TEST_F(EmbeddedNodeTest, AStoreThatKnowsMoreThanTheLogIsALossToBeAccepted) {
  start();
  EXPECT_TRUE(kept(wait(submit({1}))));
  node_.reset();
  std::filesystem::remove_all(directory_.path() / "log");
  EXPECT_THROW(start(), AcknowledgedLost);
  options_.log.accept_loss = true;
  start();
  EXPECT_TRUE(kept(wait(submit({1}))));
}

// A day back: what was decided at its instants is told by the clock that is right, and recordedtime never
// goes back.
TEST_F(EmbeddedNodeTest, AClockThatIsSetBackByADayJudgesByItAtOnce) {
  start();
  EXPECT_TRUE(kept(wait(submit({1}))));  // P1, to be answered in 15 min
  clock_->move(days(1));
  ASSERT_TRUE(told("tocsin.clock.breached"));
  const std::size_t breaches = subjects("tocsin.clock.breached").size();
  clock_->move({-days(1).ms});
  EXPECT_TRUE(kept(wait(submit({2}))));
  clock_->move(minutes(14));
  EXPECT_TRUE(kept(wait(submit({3}))));
  EXPECT_EQ(subjects("tocsin.clock.breached").size(), breaches);
  clock_->move(minutes(1));
  EXPECT_TRUE(comes([&] { return subjects("tocsin.clock.breached").size() > breaches; }));
  Instant last{kAlways};
  node_->log().read(0, 0, [&](Offset, std::string_view, std::string_view value) {
    LogEvent event;
    EXPECT_TRUE(read_log_record(value, event));
    EXPECT_GE(event.recorded, last);
    last = event.recorded;
    return true;
  });
}

TEST_F(EmbeddedNodeTest, ARecordHandedInIsInTheLogWhenItIsAnswered) {
  start();
  std::promise<OwnResult> answer;
  node_->submit_own({"tocsin.engine.roster", "", R"({"text":"away: [Li Wei]\n"})"},
                    [&](OwnResult result) { answer.set_value(std::move(result)); });
  EXPECT_EQ(answer.get_future().get().status, OwnResult::Status::kDurable);
  EXPECT_EQ(subjects("tocsin.engine.roster").size(), 1u);
  std::promise<OwnResult> refusal;
  node_->submit_own({"tocsin.clock.started", "", "{}"},
                    [&](OwnResult result) { refusal.set_value(std::move(result)); });
  EXPECT_EQ(refusal.get_future().get().status, OwnResult::Status::kRefused);
}

// While nothing could be written, clients kept their facts, as while nothing ran.
TEST_F(EmbeddedNodeTest, AStallHoldsDuesAsAStartDoes) {
  options_.settle = minutes(1);
  start();
  EXPECT_TRUE(kept(wait(submit({1}))));
  disk_full = true;
  clock_->move(minutes(14));
  EXPECT_EQ(wait(submit({2})).status, SubmitResult::Status::kUnavailable);
  clock_->move(minutes(1));
  disk_full = false;
  ASSERT_TRUE(comes([&] { return node_->ready().ready; }));
  EXPECT_TRUE(kept(wait(submit({2}))));
  EXPECT_EQ(subjects("tocsin.clock.breached"), std::vector<std::string>{});
  clock_->move(minutes(1));
  EXPECT_TRUE(told("tocsin.clock.breached"));
}

// What arrives during a write is decided on while it goes on, and answered after it.
TEST_F(EmbeddedNodeTest, ADuplicateIsNotAcknowledgedBeforeItsFactIsDurable) {
  start();
  disk_waits = true;
  auto first = submit({1});
  disk_is_waited_for.wait(false);
  auto again = submit({1});
  auto other = submit({2});
  ASSERT_TRUE(comes([&] { return node_->status().counters.duplicates == 1; }));
  ASSERT_TRUE(comes([&] { return node_->status().counters.accepted == 2; }));
  EXPECT_EQ(again.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  disk_waits = false;
  disk_waits.notify_all();
  EXPECT_TRUE(kept(wait(std::move(first))));
  EXPECT_EQ(wait(std::move(again)).events.at(0).verdict, EventVerdict::kDuplicate);
  EXPECT_TRUE(kept(wait(std::move(other))));
}

// It waits for the write that is under way, and burns no processor time by looking again.
TEST_F(EmbeddedNodeTest, ARequestThatDoesNotFitTheOpenRoundWaitsQuietly) {
  options_.round_events_max = 2;
  start();
  disk_waits = true;
  auto first = submit({1});
  disk_is_waited_for.wait(false);
  auto open = submit({2});
  ASSERT_TRUE(comes([&] { return node_->status().counters.accepted == 2; }));
  auto too_long = submit({3, 4});
  const int asked = clock_->asked();
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_LT(clock_->asked() - asked, 50);
  disk_waits = false;
  disk_waits.notify_all();
  for (auto* answer : {&first, &open, &too_long}) EXPECT_TRUE(kept(wait(std::move(*answer))));
}

TEST_F(EmbeddedNodeTest, WhatWasDecidedUponAFailedWriteIsRefusedWithIt) {
  start();
  EXPECT_TRUE(kept(wait(submit({1}))));
  disk_waits = true;
  auto failing = submit({2});
  disk_is_waited_for.wait(false);
  auto again = submit({2});
  auto other = submit({3});
  ASSERT_TRUE(comes([&] { return node_->status().counters.accepted == 3; }));
  disk_broken = true;
  disk_waits = false;
  disk_waits.notify_all();
  for (auto* answer : {&failing, &again, &other})
    EXPECT_EQ(wait(std::move(*answer)).status, SubmitResult::Status::kUnavailable);
  disk_broken = false;
  node_.reset();
  start();
  EXPECT_EQ(wait(submit({2})).events.at(0).verdict, EventVerdict::kDuplicate);  // it was written
  EXPECT_TRUE(kept(wait(submit({3}))));
  EXPECT_EQ(subjects("tocsin.ticket.opened"), (std::vector<std::string>{"T-1", "T-2", "T-3"}));
}

// A stop ends a node that cannot write, whatever waits and whatever it had decided, and nobody is told
// that something was kept.
TEST_F(EmbeddedNodeTest, AStopWhileTheDiskIsFullAnswersWhatWaitsAndEnds) {
  start();
  EXPECT_TRUE(kept(wait(submit({1}))));
  disk_waits = true;
  auto failing = submit({2});
  disk_is_waited_for.wait(false);
  auto open = submit({3});
  ASSERT_TRUE(comes([&] { return node_->status().counters.accepted == 3; }));
  clock_->move(minutes(20));  // and dues that no round can hold
  disk_full = disk_broken = true;
  disk_waits = false;
  disk_waits.notify_all();
  node_.reset();
  EXPECT_EQ(wait(std::move(failing)).status, SubmitResult::Status::kUnavailable);
  EXPECT_EQ(wait(std::move(open)).status, SubmitResult::Status::kUnavailable);
  disk_full = disk_broken = false;
  start();
  ASSERT_TRUE(comes([&] { return subjects("tocsin.clock.breached").size() >= 2; }));
}

TEST_F(EmbeddedNodeTest, AStopWhileNothingCanBeWrittenForgetsWhatIsDue) {
  start();
  EXPECT_TRUE(kept(wait(submit({1}))));
  disk_full = true;
  clock_->move(minutes(15));
  ASSERT_TRUE(comes([&] { return !node_->ready().ready; }));
  node_.reset();
  disk_full = false;
  start();
  EXPECT_TRUE(told("tocsin.clock.breached"));
}

std::atomic<int> terminations{0};

TEST_F(EmbeddedNodeTest, AFailureOfTheEngineIsToldAndEndsTheProcess) {
  terminations = 0;
  const auto before = ::signal(SIGTERM, [](int) { ++terminations; });
  start();
  EXPECT_TRUE(kept(wait(submit({1}))));  // and looks at the clock for when something falls due
  clock_->breaks();
  ASSERT_TRUE(comes([&] { return !node_->sick().empty(); }));
  EXPECT_EQ(node_->sick(), "the engine stopped: the clock broke");
  EXPECT_EQ(node_->ready().detail, node_->sick());
  const SubmitResult refused = wait(submit({2}));
  EXPECT_EQ(refused.status, SubmitResult::Status::kUnavailable);
  EXPECT_EQ(refused.detail, node_->sick());
  EXPECT_TRUE(comes([] { return terminations == 1; }));
  ::signal(SIGTERM, before);
}

TEST_F(EmbeddedNodeTest, DamageThatAQuestionMeetsEndsTheProcess) {
  leave_a_damaged_store();

  const auto before = ::signal(SIGTERM, SIG_IGN);
  start();
  EXPECT_THROW(node_->store().hashes(), DamagedTable);
  EXPECT_TRUE(comes([&] { return !node_->sick().empty(); }));
  node_.reset();
  ::signal(SIGTERM, before);
}

TEST_F(EmbeddedNodeTest, ADamagedStoreEndsTheProcessAndIsMadeAnewAtItsNextStart) {
  leave_a_damaged_store();

  terminations = 0;
  const auto before = ::signal(SIGTERM, [](int) { ++terminations; });
  start();
  clock_->move(minutes(15));  // all are to be read, for they are due
  ASSERT_TRUE(comes([&] { return !node_->sick().empty(); }));
  EXPECT_NE(node_->sick().find("the store is damaged"), std::string::npos) << node_->sick();
  EXPECT_TRUE(comes([] { return terminations == 1; }));
  ::signal(SIGTERM, before);

  node_.reset();
  start();
  EXPECT_EQ(wait(submit({1})).events.at(0).verdict, EventVerdict::kDuplicate);
  ASSERT_TRUE(comes([&] { return subjects("tocsin.clock.breached").size() == kLeftTickets; }));
}

}  // namespace
}  // namespace tocsin
