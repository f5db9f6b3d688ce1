// Outcomes of messages on their way into the log of partitions that this node owns.
#include <algorithm>

#include "app/kafka_loop.h"

namespace tocsin {

void KafkaLoop::submit_outcomes(std::vector<OutcomeRecord> records, InputPort::OwnDone done) {
  std::string why;
  {
    const std::string why_sick = sick();
    const MutexLock lock(mutex_);
    if (stopping() || !why_sick.empty()) {
      why = why_sick.empty() ? "the node is going down" : why_sick;
    } else if (outcomes_.size() >= kOutcomesMax) {
      why = "too many outcomes wait";
    } else {
      outcomes_.emplace_back(std::move(records), std::move(done));
      return;
    }
  }
  done({OwnResult::Status::kUnavailable, {}, why});
}

void KafkaLoop::take_outcomes() {
  std::vector<std::pair<std::vector<OutcomeRecord>, InputPort::OwnDone>> waiting;
  {
    const MutexLock lock(mutex_);
    waiting.swap(outcomes_);
  }
  const Instant now = clock().now();
  for (auto& [records, done] : waiting) {
    const bool own = std::all_of(records.begin(), records.end(), [&](const OutcomeRecord& one) {
      return owned_.count(one.partition) != 0;
    });
    if (!own) {
      done({OwnResult::Status::kUnavailable, {}, "another node decides about this partition"});
      continue;
    }
    for (const OutcomeRecord& one : records) {
      Room& r = room(one.partition);
      r.take_outcome(one, std::max(now, r.latest()));
    }
    outcomes_done_.push_back(std::move(done));
  }
}

void KafkaLoop::answer_outcomes(bool durable) {
  for (const InputPort::OwnDone& done : std::exchange(outcomes_done_, {})) {
    done(durable ? OwnResult{}
                 : OwnResult{OwnResult::Status::kUnavailable, {}, "the commit failed"});
  }
}

// Nobody decides any more.
void KafkaLoop::abandon_outcomes() {
  std::vector<std::pair<std::vector<OutcomeRecord>, InputPort::OwnDone>> waiting;
  {
    const MutexLock lock(mutex_);
    waiting.swap(outcomes_);
  }
  for (auto& [records, done] : waiting)
    done({OwnResult::Status::kUnavailable, {}, "the node is going down"});
  answer_outcomes(false);
}

}  // namespace tocsin
