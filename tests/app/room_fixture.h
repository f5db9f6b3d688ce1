// A room over a real store, with commits that the test makes succeed or fail.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "app/policy_record.h"
#include "app/room.h"
#include "events/log_record.h"
#include "tests/projections/temp_directory.h"

namespace tocsin {

inline Instant at(const char* text) { return *parse_rfc3339(text); }

inline PolicyText shipped() { return std::get<PolicyText>(read_policy("")); }

class RoomTest : public ::testing::Test {
 protected:
  RoomTest() : store_(Store::open(directory_.path())) {
    options_.policy = shipped();
    open();
  }

  void open() {
    room_ = std::make_unique<Room>(options_, store_.get(), CommittedListener{});
    room_->followed(room_->next(), true);
    room_->ensure_policy(kBegin);
    commit();
  }

  void arrive(const std::string& verb, const std::string& id, const char* time, const char* data,
              Instant arrival) {
    Decoded decoded;
    decoder_.structured(R"({"specversion":"1.0","id":")" + id +
                            R"(","source":"/crm","type":"tocsin.ticket.)" + verb + R"(","time":")" +
                            time + R"(","subject":"T-1","partitionkey":"acme","data":)" + data +
                            "}",
                        {}, decoded);
    ASSERT_EQ(room_->arrive(decoded, arrival).outcome, Outcome::kAccepted);
  }

  // The batch finds its way into the log, and its records into `log_`.
  void commit(bool keep_back = false) {
    const auto first = static_cast<Offset>(log_.size());
    for (const LogRecord& record : room_->batch().log) log_.emplace_back(record.value);
    room_->committed(room_->take_decided(-1, keep_back), first, static_cast<Offset>(log_.size()));
  }
  // What the log has and the room does not. `own`: it decides from there on.
  void follow_the_log(Room& room, bool own) {
    for (auto at = static_cast<std::size_t>(room.next()); at < log_.size(); ++at)
      room.follow(static_cast<Offset>(at), log_[at], true);
    room.followed(static_cast<Offset>(log_.size()), own);
  }

  // What the batch says of breaches, as `clock/threshold at`.
  std::vector<std::string> breaches() {
    std::vector<std::string> found;
    for (const LogRecord& record : room_->batch().log) {
      LogEvent event;
      EXPECT_TRUE(read_log_record(record.value, event));
      if (event.type == "tocsin.clock.breached")
        found.push_back(std::string(event.id) + " " + format_rfc3339(event.time));
    }
    return found;
  }

  void own(Instant now) {
    room_->followed(room_->next(), true);
    room_->look_ahead(now);
  }

  std::atomic<bool> full_ = false;  // the disk of a store that looks here

  // P3 at tier A, around the clock: to be answered within 2 hours; no further step of any
  // escalation is due before.
  const Instant kBegin = at("2026-03-02T09:00:00Z");
  const Instant kOpened = at("2026-03-02T10:00:00Z");
  const Instant kDue = at("2026-03-02T12:00:00Z");
  const std::vector<std::string> kBreach = {
      "acme/ticket/T-1/ticket.response/1/breached:target 2026-03-02T12:00:00.000Z"};

  void open_ticket(Instant arrival) {
    arrive("opened", "1", "2026-03-02T10:00:00Z", R"({"priority":"P3","tier":"A"})", arrival);
  }

  // As T-`number`, when it is opened.
  void open_numbered(int number, Instant opened) {
    Decoded decoded;
    decoder_.structured(R"({"specversion":"1.0","id":"t)" + std::to_string(number) +
                            R"(","source":"/crm","type":"tocsin.ticket.opened","time":")" +
                            format_rfc3339(opened) + R"(","subject":"T-)" + std::to_string(number) +
                            R"(","partitionkey":"acme","data":{"priority":"P3","tier":"A"}})",
                        {}, decoded);
    ASSERT_EQ(room_->arrive(decoded, opened).outcome, Outcome::kAccepted);
  }

  TempDirectory directory_;
  std::unique_ptr<Store> store_;
  RoomOptions options_;
  std::unique_ptr<Room> room_;
  Decoder decoder_;
  std::vector<std::string> log_;
};

}  // namespace tocsin
