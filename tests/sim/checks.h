// What must hold of a partition's log, however it came about.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/policy_record.h"
#include "app/room.h"
#include "engine/views.h"
#include "events/log_record.h"
#include "tests/sim/sim_store.h"

namespace tocsin::sim {

struct LogLine {
  Offset offset;
  std::string record;
};

// The first thing that is wrong; empty: nothing.
class LogChecks {
 public:
  LogChecks(PartitionId partition, std::vector<LogLine> log, ConfiguredPolicy policy)
      : partition_(partition), log_(std::move(log)), policy_(std::move(policy)) {}

  // Once, in order, not before it was due, not in the future of `truth_ms`. While a wall clock is in doubt, facts
  // are judged by the later of two.
  std::string form(std::int64_t truth_ms, bool clock_in_doubt) {
    std::set<std::string> derived, facts;
    Instant recorded{kAlways}, stated{kAlways};
    LogEvent event;
    for (const auto& [offset, record] : log_) {
      if (!read_log_record(record, event)) return "unreadable: " + record;
      if (event.recorded < recorded) return "recordedtime goes back: " + record;
      recorded = event.recorded;
      if (event.recorded.ms > truth_ms + 300'000) return "recorded in the future: " + record;
      const std::string id(event.id);
      if (event.is_fact()) {
        if (!facts.insert(std::string(event.account) + "\n" + std::string(event.source) + "\n" + id)
                 .second)
          return "a fact is there twice: " + id;
        facts_.insert(id);
        stated = std::max(stated, event.time);
        if (event.time > event.recorded && !clock_in_doubt)
          return "a fact's time is behind its arrival: " + record;
      } else if (!derived.insert(id).second) {
        return "a derived id is there twice: " + id;
      }
      const bool set_back = event.decided != event.recorded;
      // While a clock is in doubt, a fact may say that it is later than the engine takes it to be.
      const Instant reached = std::max(event.decided, stated);
      if (event.type == "tocsin.clock.breached" && event.time > reached && !set_back)
        return "told before it was due: " + record;
    }
    return {};
  }
  const std::set<std::string>& facts() const { return facts_; }

  // Whoever reads the log anew has nothing to add, and shows what the core says.
  std::string replay(Instant clock) const {
    SimStore empty;
    RoomOptions options;
    options.partition = partition_;
    options.policy = policy_;
    Room again(options, &empty, CommittedListener{});
    for (const auto& [offset, record] : log_) again.follow(offset, record, true);
    again.followed(log_.empty() ? 0 : log_.back().offset + 1, true);
    const Instant now = again.moment(clock);
    again.look_ahead(now);
    again.decide(now, now);
    while (again.fire(now, now, 1000)) {
    }
    const Decided more = again.take_decided();
    if (!more.batch.log.empty())
      return "said anew after a replay: " + std::string(more.batch.log.front().value);
    std::string stays;
    again.partition().each_entity([&](Entity& e) {
      if (stays.empty()) stays = untrue_breach(e, now);
    });
    if (!stays.empty()) return stays;
    return verdicts(again, now, true);
  }

  // What `room` shows is what the decision core says of the same facts, with nothing in between; of what
  // is in its memory, or with `all` of everything.
  std::string verdicts(Room& room, Instant now, bool all) const {
    Partition core(policy_.policy());
    LogEvent event;
    for (const auto& [offset, record] : log_) {
      read_log_record(record, event);
      if (event.type == kPolicyType) core.adopt(policy_of_record(event.data, event.decided));
      if (event.is_fact()) core.evolve(event);
    }
    core.settle(now, true);
    core.decide(now, now, [](const Entity&, const Derived&, Instant) {});
    std::map<std::string, std::string> wanted, found;
    core.each_entity([&](Entity& e) { wanted[name_of(e)] = rows(core.view(e)); });
    room.partition().each_entity(
        [&](Entity& e) { found[name_of(e)] = rows(room.partition().view(e)); });
    for (const auto& [name, text] : wanted) {
      const auto at = found.find(name);
      if (at == found.end() && all) return "the room does not know " + name;
      if (at != found.end() && at->second != text)
        return "the room shows\n" + at->second + "and the core says\n" + text;
    }
    return {};
  }

 private:
  // A breach that was told, not taken back, and is none.
  static std::string untrue_breach(const Entity& e, Instant now) {
    Truth truth(e);
    truth.read(e.facts);
    if (!truth.created) return {};
    truth.come_to(e.facts, now);
    for (const SaidCycle& said : e.said) {
      const Cycle* const cycle = truth.find(said.clock, said.cycle);
      for (const ThresholdCode t : kThresholds) {
        if (!said.thresholds[t].breached) continue;
        if (cycle == nullptr || cycle->thresholds[t].verdict != Verdict::kBreached)
          return "a breach of " + e.spec().clocks[said.clock].name + " of " + name_of(e) +
                 " stays told and is none";
      }
    }
    return {};
  }

  static std::string name_of(const Entity& e) {
    return e.account + "/" + e.spec().name + "/" + e.id;
  }
  static std::string rows(const EntityView& view) {
    std::string out;
    for (const ClockRow& row : view.clocks) {
      append_verdict(out, view, row);
      out += '\n';
    }
    return out;
  }

  const PartitionId partition_;
  const std::vector<LogLine> log_;
  const ConfiguredPolicy policy_;
  std::set<std::string> facts_;
};

}  // namespace tocsin::sim
