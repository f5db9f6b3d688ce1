// What the outbox holds. Private to outbox*.cc.
#pragma once

#include "connectors/notify/outbox.h"

namespace tocsin::notify {

// One channel of one person for one step.
struct Outbox::Try {
  enum class State : std::uint8_t { kNone, kUnderWay, kDelivered, kFailed } state = State::kNone;
  bool recorded = false;   // an outcome stands in the log, or is on its way there
  bool over_told = false;  // that it is over was told, or failed
  Instant began{kNever};   // the first attempt, or the outcome
  Instant failed{kNever};
};

struct Outbox::PersonState {
  std::string id;
  bool planned = false;                 // `channels` were taken from the roster
  std::vector<PersonChannel> channels;  // as they were when the step was planned
  std::map<std::string, Try> tries;     // by channel
  bool reached() const {
    for (const auto& [name, one] : tries) {
      if (one.state == Try::State::kDelivered) return true;
    }
    return false;
  }
};

struct Outbox::StepState {
  Alarm alarm;
  bool owed = false;     // raised after notifying was switched on
  bool stopped = false;  // its group was closed since
  std::vector<PersonState> persons;
  int looked_further = 0;  // 1: the fallback was called, 2: the last resort, 3: unheard
};

struct Outbox::Group {
  std::string id;
  PartitionId partition = 0;
  bool open = true;
  About closed = About::kCleared;
  std::string by;
  Alarm last;  // the step raised last
  std::map<int, StepState> steps;
  std::set<std::uint64_t> posts;
  // Whether somebody who was told with `high` is still to be told that it is over.
  bool owes_all_clear(const Options& options) const;
};

struct Outbox::Post {
  std::uint64_t id = 0;
  std::string group;  // empty: a notice or a test
  int step = 0;
  std::string person, notice;
  PersonChannel channel;
  std::string destination;  // channel, '\0', and to whom where it has no limit of its own
  std::vector<PersonChannel> further;  // of a notice or a test: to try when this one fails
  About about = About::kRaised;
  std::string by;
  bool high = false, digest = false;
  Instant raised, at;
  Instant first{kNever};  // attempt
  int attempts = 0;
  enum class State : std::uint8_t { kWaiting, kReady, kSending } state = State::kWaiting;

  Order order() const { return {!high, -raised.ms, id}; }
};

struct Outbox::Destination {
  Limit limit;
  bool shared = false;
  double tokens = 0;
  Instant filled{kAlways};
  Instant blocked{kAlways};  // Retry-After
  std::set<Order> ready;
};

}  // namespace tocsin::notify
