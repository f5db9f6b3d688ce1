#include "app/roster_watch.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "app/roster_record.h"

namespace tocsin {
namespace {

class Log final : public InputPort {
 public:
  void submit(std::unique_ptr<Submission>, SubmitDone) override {}
  void submit_own(OwnRecord record, OwnDone done) override {
    OwnResult result;
    {
      const std::lock_guard lock(mutex);
      texts.push_back(roster_text(record.data));
      result.status = status;
    }
    done(result);
    changed.notify_all();
  }
  bool eventually(std::size_t records) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20),
                            [&] { return texts.size() >= records; });
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> texts;
  OwnResult::Status status = OwnResult::Status::kDurable;
};

class RosterWatchTest : public ::testing::Test {
 protected:
  std::string read() {
    const std::lock_guard lock(mutex);
    ++reads;
    looked.notify_all();
    parse_roster(text);
    return text;
  }
  void write(const std::string& to) {
    const std::lock_guard lock(mutex);
    text = to;
  }
  bool wait_for_reads(int more) {
    std::unique_lock lock(mutex);
    const int until = reads + more;
    return looked.wait_for(lock, std::chrono::seconds(20), [&] { return reads >= until; });
  }
  std::unique_ptr<RosterWatch> watch() {
    return std::make_unique<RosterWatch>(
        [this] { return read(); }, text, log,
        [this](std::string_view, std::string_view event, std::string_view) {
          const std::lock_guard lock(mutex);
          events.emplace_back(event);
        });
  }
  const std::string first = "last_resort: [Duty Desk]\non_call: {service_director: Wang Fang}\n";
  const std::string second = "last_resort: [Duty Desk]\non_call: {service_director: Zheng Kai}\n";
  std::mutex mutex;
  std::condition_variable looked;
  std::string text = first;
  int reads = 0;
  std::vector<std::string> events;
  Log log;
};

TEST_F(RosterWatchTest, OnlyAChangedTextGoesToTheLog) {
  const auto watching = watch();
  watching->look_now();
  ASSERT_TRUE(wait_for_reads(1));
  write(second);
  watching->look_now();
  ASSERT_TRUE(log.eventually(1));
  EXPECT_EQ(log.texts, std::vector<std::string>{second});
}

TEST_F(RosterWatchTest, AWrongTextLeavesWhatIsInForce) {
  {
    const auto watching = watch();
    write("on_kall: {}\n");
    watching->look_now();
    ASSERT_TRUE(wait_for_reads(1));
    write(second);
    watching->look_now();
    ASSERT_TRUE(log.eventually(1));
  }
  EXPECT_EQ(log.texts.size(), 1u);
  EXPECT_THAT(events, ::testing::ElementsAre("roster_not_read", "roster_in_force"));
}

TEST_F(RosterWatchTest, WhatDidNotReachTheLogIsTriedAgain) {
  log.status = OwnResult::Status::kUnavailable;
  const auto watching = watch();
  write(second);
  watching->look_now();
  ASSERT_TRUE(log.eventually(1));
  watching->look_now();
  ASSERT_TRUE(log.eventually(2));
}

}  // namespace
}  // namespace tocsin
