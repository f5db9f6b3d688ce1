#include "app/policy_trial.h"

#include <algorithm>

#include "engine/partition.h"
#include "engine/said/derived.h"
#include "events/log_record.h"

namespace tocsin {

namespace {

using enum DerivedType;

// The facts so far under one policy, in virtual time.
class Side {
 public:
  struct Event {
    std::string type, account, entity;
    Instant time;
  };

  Side(std::shared_ptr<const Policy> policy, Instant since)
      : partition_(std::move(policy)), since_(since) {
    sink_ = [this](const Entity& entity, const Derived& event, Instant) { hear(entity, event); };
  }

  // False: this policy refuses it.
  bool take(const LogEvent& record) {
    decoded_ = Decoded{};
    to_fact(record, decoded_.fact);
    decoded_.has_identity = true;
    const Instant arrival = std::max(record.recorded, arrived_);
    if (arrival > arrived_) {
      finish({arrival.ms - 1});
      arrived_ = arrival;
    }
    partition_.check(decoded_, arrival, false, judged_);
    if (judged_.outcome == Outcome::kAccepted) partition_.take(decoded_, judged_);
    return judged_.outcome != Outcome::kRejected;
  }

  void finish(Instant until) {
    if (arrived_ != kAlways) partition_.decide(arrived_, arrived_, sink_);
    for (Instant due = partition_.next_due(); due <= until; due = partition_.next_due()) {
      const Instant now = std::max(due, arrived_);
      partition_.fire(now, now, sink_);
    }
  }

  // After the last fact.
  TrialSide figures() {
    TrialSide out;
    for (const auto& [id, event] : events_) {
      if (event.type == "breach") ++out.breaches;
      if (event.type == "call") ++out.calls;
      if (event.type == "warning") ++out.warnings;
    }
    partition_.each_entity([&](Entity& entity) {
      for (const ClockRow& row : partition_.view(entity).clocks) {
        for (const ThresholdRow& th : row.thresholds) {
          if (!th.due || *th.due < since_ || th.verdict == Verdict::kPending) continue;
          auto& [met, breached] = out.thresholds[row.clock + " " + th.name];
          ++(th.verdict == Verdict::kMet ? met : breached);
        }
      }
    });
    return out;
  }
  const std::map<std::string, Event>& events() const { return events_; }

 private:
  void hear(const Entity& entity, const Derived& event) {
    const bool call = event.type == kEscalationRaised;
    if (!call && event.type != kClockBreached && event.type != kClockWarned &&
        event.type != kClockWithdrawn)
      return;
    text_.clear();
    encode(text_, entity, *entity.policy, event, event.time, false);
    LogEvent read;
    if (!read_log_record(text_, read)) return;
    std::string id(read.id);
    if (event.type == kClockWithdrawn) {  // a breach that was taken back is none
      const std::size_t at = id.find("/withdrawn:");
      std::string breach =
          id.substr(0, at) + "/breached:" + at_threshold(*entity.policy, event.threshold);
      events_.erase(breach);
      return;
    }
    if (event.time < since_) return;
    events_[std::move(id)] = {call                           ? "call"
                              : event.type == kClockBreached ? "breach"
                                                             : "warning",
                              entity.account, entity.spec().name + "/" + entity.id, event.time};
  }

  static const std::string& at_threshold(const Policy& policy, ThresholdCode code) {
    return policy.thresholds[code];
  }

  Partition partition_;
  Instant since_, arrived_{kAlways};
  DerivedSink sink_;
  Decoded decoded_;
  Judged judged_;
  std::string text_;
  std::map<std::string, Event> events_;
};

void list(Trial& out, const Side& has, const Side& lacks, bool comes) {
  for (const auto& [id, event] : has.events()) {
    if (event.type == "warning" || lacks.events().contains(id)) continue;
    ++out.changed;
    if (out.changes.size() < Trial::kListedMax)
      out.changes.push_back({comes, event.type, event.account, event.entity, id, event.time});
  }
}

}  // namespace

Trial try_policy(LogReader& log, const std::vector<PartitionId>& partitions,
                 std::shared_ptr<const Policy> in_force, std::shared_ptr<const Policy> tried,
                 Instant since, Instant now, const std::function<bool(std::int64_t)>& progress) {
  constexpr std::int64_t kTellEvery = 1000;
  Trial out;
  for (const PartitionId partition : partitions) {
    Side as_is(in_force, since), as_tried(tried, since);
    LogEvent record;
    log.read(partition, 0, [&](Offset, std::string_view, std::string_view value) {
      if (!read_log_record(value, record) || !record.is_fact()) return true;
      if (out.facts == Trial::kFactsMax) return out.whole = false;
      if (++out.facts % kTellEvery == 0 && !progress(out.facts)) return out.whole = false;
      as_is.take(record);
      if (!as_tried.take(record)) ++out.rejected;
      return true;
    });
    as_is.finish(now);
    as_tried.finish(now);
    const auto add = [](TrialSide& sum, const TrialSide& side) {
      sum.breaches += side.breaches;
      sum.calls += side.calls;
      sum.warnings += side.warnings;
      for (const auto& [name, counts] : side.thresholds) {
        sum.thresholds[name].first += counts.first;
        sum.thresholds[name].second += counts.second;
      }
    };
    add(out.now, as_is.figures());
    add(out.then, as_tried.figures());
    list(out, as_tried, as_is, true);
    list(out, as_is, as_tried, false);
  }
  return out;
}

}  // namespace tocsin
