#include "engine/said/announce.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <utility>

#include "engine/entity/account.h"
#include "engine/entity/follow.h"
#include "engine/said/escalate.h"
#include "engine/truth/clock_work.h"

namespace tocsin {

namespace {

using enum DerivedType;

constexpr const char* kFact = "fact";
constexpr std::string_view kLate = kLateCause;

// What made it happen, in a word.
const char* reason(std::int32_t cause) { return cause == kByPolicy ? "policy" : kFact; }

bool ended(const Cycle& cycle) {
  return cycle.state == ClockState::kStopped || cycle.state == ClockState::kCancelled;
}

bool said_ended(const SaidCycle& said) {
  return said.state == SaidState::kStopped || said.state == SaidState::kCancelled;
}

void take_thresholds(Derived& event, const Cycle& cycle) {
  for (const ThresholdCode i : kThresholds) {
    const Threshold& th = cycle.thresholds[i];
    if (!th.exists) continue;
    event.exists |= bit(i);
    event.due[i] = th.due;
    event.verdict[i] = th.verdict;
  }
}

void take_thresholds(Derived& event, const Happening& happening) {
  event.exists = happening.exists;
  event.due = happening.due;
  event.verdict = happening.verdict;
}

// One cycle's announcement: the cycle as it is, and as it was told.
class CycleAnnouncer {
 public:
  CycleAnnouncer(Announcement& a, const Cycle& cycle)
      : a_(a), cycle_(cycle), said_(find_said(a.entity, cycle.clock, cycle.number)) {
    fresh_ = said_ == nullptr || said_->gone ||
             (said_->state == SaidState::kCancelled && was_taken_back());
  }

  void run() {
    if (fresh_) say_start();
    say_stated();
    say_breaches();
    if (ended(cycle_)) {
      say_end();
    } else {
      say_state();
    }
    say_warnings();
  }

 private:
  // Whether there was no such clock when the last decision was made. One that had been cancelled by
  // then was taken back without a word.
  bool was_taken_back() const {
    if (a_.before == nullptr) return !cycle_.decided;
    Truth known = a_.before->truth;
    known.advance(a_.before->facts, {a_.now.ms - 1});
    return std::none_of(known.cycles.begin(), known.cycles.end(), [&](const Cycle& c) {
      return c.clock == cycle_.clock && c.number == cycle_.number;
    });
  }
  // Whether earlier decisions did not know that this fact does this to this cycle.
  bool news(const Happening& h) const {
    if (fresh_ || a_.before == nullptr) return true;
    if (h.cause == kByPolicy) return moved_by_news(h.time);
    if (h.cause < 0) return false;
    const std::string_view fact = a_.entity.facts[static_cast<std::size_t>(h.cause)].words.order();
    for (const Cycle& cycle : a_.before->truth.cycles) {
      if (cycle.clock != cycle_.clock || cycle.number != cycle_.number) continue;
      for (const Happening& known : cycle.history) {
        if (known.what == h.what && known.cause >= 0 &&
            a_.before->facts[static_cast<std::size_t>(known.cause)].words.order() == fact) {
          return false;
        }
      }
    }
    return true;
  }

  // Whether earlier decisions did not know of the move to another policy at that instant.
  bool moved_by_news(Instant at) const {
    return std::any_of(a_.truth.moves.begin(), a_.truth.moves.end(),
                       [&](const TruthMove& move) { return move.at == at && !move.read; });
  }

  // Whether the reopening after this end was learned too: only together do they make a statement.
  bool reopening_is_news(const Happening& end) const {
    for (const Happening* h = &end; h < cycle_.history.data() + cycle_.history.size(); ++h) {
      if (h->what == Happened::kResumed) return news(*h);
    }
    return false;
  }

  void say_start() {
    const Happening& first = cycle_.history.front();
    Derived event = about(kClockStarted, cycle_, cycle_.start);
    event.start = cycle_.start;
    event.calendar = first.calendar;
    event.cause = stating(first);
    take_thresholds(event, first);
    a_.say(std::move(event));
    said_ = find_said(a_.entity, cycle_.clock, cycle_.number);
  }

  // The fact that did this, where no decision has read it yet.
  std::string_view stating(const Happening& h) const {
    if (h.cause < 0) return {};
    const EntityFact& fact = a_.entity.facts[static_cast<std::size_t>(h.cause)];
    return fact.read ? std::string_view() : fact.words.order();
  }

  void say_own(DerivedType type, const Happening& h) {
    Derived event = about(type, cycle_, h.time);
    event.cause = stating(h);
    if (type == kClockResumed || type == kClockRetargeted) {
      take_thresholds(event, h);
      event.start = cycle_.start;
      event.reason = reason(h.cause);
    }
    a_.say(std::move(event));
  }

  // Whether it was told with this start and these dues, all of them known.
  bool told_so(const Happening& h) const {
    if (said_->state != SaidState::kRunning || said_->start != cycle_.start) return false;
    for (const ThresholdCode i : kThresholds) {
      const SaidThreshold& s = said_->thresholds[i];
      if (s.exists != has(h.exists, i)) return false;
      if (s.exists && (h.due[i] == kNever || s.due != h.due[i])) return false;
    }
    return true;
  }

  // What new facts state themselves; of a clock that has ended by now only which breach they took
  // back.
  void say_stated() {
    const bool over = ended(cycle_);
    for (const Happening& h : cycle_.history) {
      if (h.what == Happened::kStarted || h.what == Happened::kWarned ||
          h.what == Happened::kBreached || h.cause == -1 || !news(h)) {
        continue;
      }
      if (over && h.what != Happened::kWithdrawn) continue;
      const SaidCycle& told = *said_;
      switch (h.what) {
        case Happened::kPaused:
          if (told.state != SaidState::kPaused) say_own(kClockPaused, h);
          break;
        case Happened::kResumed:
          if (told.state != SaidState::kRunning) say_own(kClockResumed, h);
          break;
        case Happened::kRetargeted:
          if (said_ended(told) || told_so(h)) break;
          say_own(kClockRetargeted, h);
          retarget_told_ = true;
          break;
        case Happened::kWithdrawn:
          if (takes_back(h, told.thresholds[h.threshold])) {
            say_withdrawn(h.threshold, h.time, "retargeted", stating(h));
          }
          break;
        case Happened::kStopped: {
          if (said_ended(told) || !reopening_is_news(h)) break;
          Derived event = about(kClockStopped, cycle_, h.time);
          take_thresholds(event, h);
          event.stopped = h.time;
          event.elapsed_ms = h.elapsed_ms;
          event.cause = stating(h);
          a_.say(std::move(event));
          break;
        }
        case Happened::kCancelled: {
          if (said_ended(told) || !reopening_is_news(h)) break;
          Derived event = about(kClockCancelled, cycle_, h.time);
          event.reason = kFact;
          event.cause = stating(h);
          a_.say(std::move(event));
          break;
        }
        default:
          break;
      }
    }
  }

  // Not a breach that came later: the one before it was taken back already.
  static bool takes_back(const Happening& withdrawal, const SaidThreshold& told) {
    return told.breached && told.breached_at < withdrawal.time;
  }

  void say_withdrawn(ThresholdCode threshold, Instant time, std::string_view reason,
                     std::string_view cause = {}) {
    Derived event = about(kClockWithdrawn, cycle_, time);
    event.threshold = threshold;
    event.reason = reason;
    event.cause = cause;
    a_.say(std::move(event));
  }

  void say_breaches() {
    for (const ThresholdCode i : kThresholds) {
      const Threshold& th = cycle_.thresholds[i];
      const bool told = said_->thresholds[i].breached;
      const bool breached = th.exists && th.verdict == Verdict::kBreached;
      if (told && !breached) say_withdrawn(i, a_.now, kLate);
      if (!told && breached && th.breached_at != kNever) {
        Derived event = about(kClockBreached, cycle_, th.breached_at);
        event.threshold = i;
        event.due[i] = th.due;
        event.tells_due = retarget_told_ && cycle_.state == ClockState::kPaused;
        a_.say(std::move(event));
      }
    }
  }

  // The fact that ended it, where this decision is the first to read that.
  std::string_view ending() const {
    for (auto h = cycle_.history.rbegin(); h != cycle_.history.rend(); ++h) {
      if (h->what == Happened::kStopped || h->what == Happened::kCancelled) return stating(*h);
    }
    return {};
  }

  void say_end() {
    const SaidCycle& told = *said_;
    if (cycle_.state == ClockState::kCancelled) {
      if (told.state == SaidState::kCancelled) return;
      Derived event = about(kClockCancelled, cycle_, cycle_.stopped);
      event.reason = cycle_.history.empty() ? kFact : reason(cycle_.history.back().cause);
      event.cause = ending();
      a_.say(std::move(event));
      return;
    }
    Derived event = about(kClockStopped, cycle_, cycle_.stopped);
    take_thresholds(event, cycle_);
    event.stopped = cycle_.stopped;
    event.elapsed_ms = cycle_.elapsed_ms;
    event.start = cycle_.start;
    event.cause = ending();
    if (told.state == SaidState::kStopped) {
      if (same_result(told)) return;
      event.type = kClockCorrected;
      event.time = a_.now;
    }
    a_.say(std::move(event));
  }

  bool same_result(const SaidCycle& told) const {
    if (told.stopped != cycle_.stopped || told.elapsed_ms != cycle_.elapsed_ms) return false;
    for (const ThresholdCode i : kThresholds) {
      const Threshold& th = cycle_.thresholds[i];
      const SaidThreshold& s = told.thresholds[i];
      if (th.exists != s.exists) return false;
      if (th.exists && (th.due != s.due || th.verdict != s.verdict)) return false;
    }
    return true;
  }

  // Running or paused: what is left when everything stated was said.
  void say_state() {
    const SaidCycle& told = *said_;
    if (cycle_.state == ClockState::kPaused) {
      if (told.state != SaidState::kPaused) {
        a_.say(about(kClockPaused, cycle_, a_.now));
      }
      if (differs(told)) say_retargeted();
      return;
    }
    if (told.state == SaidState::kPaused) {
      Derived event = about(kClockResumed, cycle_, a_.now);
      take_thresholds(event, cycle_);
      event.start = cycle_.start;
      a_.say(std::move(event));
    }
    if (said_ended(told) || differs(told)) say_retargeted();
  }

  void say_retargeted() {
    Derived event = about(kClockRetargeted, cycle_, a_.now);
    take_thresholds(event, cycle_);
    event.start = cycle_.start;
    event.reason = kLate;
    a_.say(std::move(event));
  }

  // Start or dues, other than was said; while paused only the dues that were missed are known.
  bool differs(const SaidCycle& told) const {
    if (told.start != cycle_.start) return true;
    const bool paused = cycle_.state == ClockState::kPaused;
    for (const ThresholdCode i : kThresholds) {
      const Threshold& th = cycle_.thresholds[i];
      const SaidThreshold& s = told.thresholds[i];
      if (paused && th.verdict != Verdict::kBreached) continue;
      if (th.exists != s.exists || (th.exists && th.due != s.due)) return true;
    }
    return false;
  }

  // The latest alone, with the due as it is now.
  void say_warnings() {
    for (const ThresholdCode i : kThresholds) {
      const Threshold& th = cycle_.thresholds[i];
      if (!owes_warning(cycle_, th, said_->thresholds[i])) continue;
      Derived event = about(kClockWarned, cycle_, th.warned_at);
      event.threshold = i;
      event.warning = th.warned;
      event.due[i] = th.due;
      a_.say(std::move(event));
    }
  }

  Announcement& a_;
  const Cycle& cycle_;
  SaidCycle* said_;  // null until its start is said
  bool fresh_ = false;
  bool retarget_told_ = false;  // by its own event, in this decision
};

// Cycles that were told and do not exist.
void take_back(Announcement& a) {
  if (a.entity.said.empty()) return;
  boost::unordered_flat_set<std::pair<ClockCode, std::int64_t>> there;
  for (const Cycle& c : a.truth.cycles) there.emplace(c.clock, c.number);
  for (std::size_t s = 0; s < a.entity.said.size(); ++s) {
    const SaidCycle& said = a.entity.said[s];
    if (said.gone) continue;
    if (there.contains({said.clock, said.cycle})) continue;
    for (const ThresholdCode i : kThresholds) {
      if (!a.entity.said[s].thresholds[i].breached) continue;
      Derived event;
      event.type = kClockWithdrawn;
      event.time = a.now;
      event.clock = a.entity.said[s].clock;
      event.cycle = a.entity.said[s].cycle;
      event.threshold = i;
      event.reason = kLate;
      a.say(std::move(event));
    }
    if (a.entity.said[s].state == SaidState::kCancelled) continue;
    Derived event;
    event.type = kClockCancelled;
    event.time = a.now;
    event.clock = a.entity.said[s].clock;
    event.cycle = a.entity.said[s].cycle;
    event.reason = kLate;
    event.gone = true;
    a.say(std::move(event));
  }
}

}  // namespace

bool owes_warning(const Cycle& cycle, const Threshold& th, const SaidThreshold& said) {
  if (cycle.state != ClockState::kRunning || !th.exists || th.verdict != Verdict::kPending)
    return false;
  // What an earlier threshold of that name was warned of has no instant here.
  if (th.warned_at == kNever || th.warned <= said.warned) return false;
  const bool comes_again = th.warn_at != kNever && (th.warn_armed >> th.warn_last & 1U) != 0;
  return !comes_again;
}

Derived about(DerivedType type, const Cycle& cycle, Instant time) {
  Derived event;
  event.type = type;
  event.time = time;
  event.clock = cycle.clock;
  event.cycle = cycle.number;
  return event;
}

// Where the last decision compared the whole Truth, only what happened since can be news.
void announce_clocks(Announcement& a) {
  if (!a.truth.compared) take_back(a);
  for (const Cycle& cycle : a.truth.cycles) {
    if (!a.truth.compared || !cycle.history.empty()) CycleAnnouncer(a, cycle).run();
  }
}

void count_as_decided(const Entity& entity, Truth& truth) {
  truth.compared = false;
  for (Cycle& cycle : truth.cycles) {
    cycle.decided = true;
    const SaidCycle* said = find_said(entity, cycle.clock, cycle.number);
    if (said != nullptr && !said->gone) forget_history(cycle);
  }
}

void announce_stages(Announcement& a) {
  for (std::size_t s = 0; s < a.entity.stages.size(); ++s) {
    const SaidStage& said = a.entity.stages[s];
    if (!said.stands) continue;
    const auto entered = std::find_if(a.truth.entries.begin(), a.truth.entries.end(),
                                      [&](const StageEntry& e) { return e.to == said.stage; });
    if (entered != a.truth.entries.end()) continue;
    Derived event;
    event.type = kComplaintWithdrawn;
    event.time = a.now;
    event.to = said.stage;
    event.from = said.from;
    event.reason = kLate;
    a.say(std::move(event));
  }
  for (const StageEntry& entry : a.truth.entries) {
    const auto said = std::find_if(a.entity.stages.begin(), a.entity.stages.end(),
                                   [&](const SaidStage& s) { return s.stage == entry.to; });
    if (said != a.entity.stages.end() && said->stands) continue;
    Derived event;
    event.type = kComplaintAdvanced;
    event.time = entry.time;
    event.from = entry.from;
    event.to = entry.to;
    event.reason = entry.reason;
    if (entry.cause >= 0) {
      const EntityFact& fact = a.entity.facts[static_cast<std::size_t>(entry.cause)];
      if (!fact.read) event.cause = fact.words.order();
    }
    a.say(std::move(event));
  }
}

void Before::read(Instant now) {
  const auto unread = std::find_if(truth.moves.begin(), truth.moves.end(),
                                   [](const TruthMove& move) { return !move.read; });
  const std::vector<TruthMove> news(unread, truth.moves.end());
  truth.moves.erase(unread, truth.moves.end());
  truth.read(facts);
  if (news.empty() && !truth.is_behind()) return;
  const Instant until = news.empty() ? now : std::min(now, news.front().at);
  if (truth.created) truth.advance(facts, {until.ms - 1});
  truth.foretell();
  if (!news.empty()) truth.recode(*news.back().to);
}

void in_order_told(std::vector<Derived>& decided, std::vector<const Derived*>& told) {
  constexpr std::size_t kFewEvents = 16;
  const auto less = [](const Derived* a, const Derived* b) {
    return a->time != b->time ? a->time < b->time : a->type < b->type;
  };
  told.clear();
  for (const Derived& event : decided) told.push_back(&event);
  if (std::is_sorted(told.begin(), told.end(), less)) return;
  std::uint16_t place = 0;
  for (Derived& event : decided) {
    event.place = ++place;
    event.of = static_cast<std::uint16_t>(decided.size());
  }
  if (decided.size() > kFewEvents) return std::stable_sort(told.begin(), told.end(), less);
  for (auto it = told.begin(); it != told.end(); ++it)
    std::rotate(std::upper_bound(told.begin(), it, *it, less), it, it + 1);
}

namespace {

// The fact that this decision is about: of those that none was made about, the one that arrived
// last, whatever waited since before. At one instant the last in the facts' order.
const EntityFact* newest(const Entity& entity) {
  const EntityFact* found = nullptr;
  for (const EntityFact& fact : entity.facts) {
    if (fact.read || fact.verb == kNone) continue;
    if (found == nullptr || fact.recorded >= found->recorded) found = &fact;
  }
  return found;
}

}  // namespace

void announce(Announcement& a) {
  const std::size_t first = a.out.size();
  const EntityFact* news = newest(a.entity);
  if (news != nullptr) {
    a.news = news->words.order();
  } else if (a.entity.retiered) {
    a.news = a.entity.owner->settled_by;
  }
  announce_stages(a);
  announce_clocks(a);
  escalate(a, first);
  a.truth.compared = true;
  a.entity.retiered = false;
  for (std::size_t i = 0; i < a.truth.moves.size(); ++i)
    a.truth.moves[i].read = a.entity.moves[i].read = i < a.truth.moved;
  for (Cycle& cycle : a.truth.cycles) {
    forget_history(cycle);
    cycle.decided = true;
  }
  for (EntityFact& fact : a.entity.facts)
    fact.read = fact.read || a.truth.created || counts_uncreated(a.entity, fact);
}

}  // namespace tocsin
