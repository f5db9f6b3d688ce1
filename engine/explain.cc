#include "engine/explain.h"

#include <algorithm>
#include <utility>

#include "engine/entity/follow.h"
#include "engine/said/derived.h"

namespace tocsin {

namespace {

using What = ExplainedSegment::What;
using Span = std::pair<Instant, Instant>;

// Whether a weekday is worked on in general: most of those around it are.
bool usually_worked(const Calendar& calendar, LocalDate date) {
  constexpr int kWeeksAround = 5;
  int worked = 0;
  for (int week = -kWeeksAround; week <= kWeeksAround; ++week) {
    if (week != 0 && calendar.working_day(date + 7 * week)) ++worked;
  }
  return worked > kWeeksAround;
}

class DayKinds {
 public:
  explicit DayKinds(const Calendar& calendar) : calendar_(calendar) {}

  What of(LocalDate date, bool open) {
    if (calendar_.always()) return open ? What::kOpen : What::kClosed;
    if (date != date_) {
      date_ = date;
      const bool worked = calendar_.working_day(date);
      const bool usually = usually_worked(calendar_, date);
      makeup_ = worked && !usually;
      holiday_ = !worked && usually;
    }
    if (open) return makeup_ ? What::kMakeup : What::kOpen;
    return holiday_ ? What::kHoliday : What::kClosed;
  }

 private:
  const Calendar& calendar_;
  LocalDate date_{INT32_MIN};
  bool makeup_ = false, holiday_ = false;
};

class SegmentMaker {
 public:
  SegmentMaker(const Calendar& calendar, ExplainedThreshold& out)
      : calendar_(calendar), days_(calendar), out_(out) {}

  // Time that counts where the calendar is open.
  void counted(Instant from, Instant to) {
    Instant at = from;
    for (const Segment& open : calendar_.segments(from, to, kExplainedSegmentsMax + 1)) {
      closed(at, open.open);
      add(days_.of(calendar_.local_date(open.open), true), open.open, open.close);
      at = open.close;
    }
    if (!out_.more) closed(at, to);
  }
  void paused(Instant from, Instant to) { add(What::kPaused, from, to); }

 private:
  // Day by day, for a holiday is named.
  void closed(Instant from, Instant to) {
    while (from < to) {
      const LocalDate date = calendar_.local_date(from);
      const Instant end = std::min(to, calendar_.end_of_date(date));
      if (end <= from) break;
      add(days_.of(date, false), from, end);
      from = end;
    }
  }

  void add(What what, Instant from, Instant to) {
    if (from >= to) return;
    // Its name is the calendar's, else its date.
    std::string name;
    const LocalDate date = calendar_.local_date(from);
    if (what == What::kHoliday || what == What::kMakeup) name = calendar_.name_of(date);
    if (!out_.segments.empty()) {
      ExplainedSegment& last = out_.segments.back();
      // Days without names are one stretch, called by the first.
      if (last.what == what && last.to == from && (name.empty() || last.name == name)) {
        last.to = to;
        last.ms += (to - from).ms;
        return;
      }
    }
    if (out_.segments.size() == kExplainedSegmentsMax) {
      out_.more = true;
      return;
    }
    ExplainedSegment& added = out_.segments.emplace_back();
    added.what = what;
    added.from = from;
    added.to = to;
    added.ms = (to - from).ms;
    if (name.empty() && (what == What::kHoliday || what == What::kMakeup)) name = format_date(date);
    added.name = std::move(name);
  }

  const Calendar& calendar_;
  DayKinds days_;
  ExplainedThreshold& out_;
};

class CycleExplainer {
 public:
  CycleExplainer(const Entity& entity, const Truth& truth, const Cycle& cycle)
      : entity_(entity),
        policy_(*truth.policy),
        spec_(truth.kind->clocks[cycle.clock]),
        cycle_(cycle),
        calendar_(policy_.calendar(cycle.calendar)) {}

  ExplainedClock run() const {
    ExplainedClock out;
    out.clock = spec_.name;
    out.cycle = cycle_name(policy_, spec_, cycle_.number);
    out.period = spec_.period;
    out.calendar = policy_.calendars[cycle_.calendar].name;
    out.zone = calendar_.always() ? "UTC" : calendar_.zone().name();
    out.tzdata = calendar_.always() ? "" : calendar_.zone().version();
    out.policy = policy_.version;
    out.start = cycle_.start;
    for (const ThresholdCode t : kThresholds) {
      if (cycle_.thresholds[t].exists) out.thresholds.push_back(threshold(t));
    }
    return out;
  }

 private:
  ExplainedThreshold threshold(ThresholdCode t) const {
    const Threshold& th = cycle_.thresholds[t];
    ExplainedThreshold out;
    out.name = policy_.thresholds[t];
    out.retargets = retargets(t);
    const bool known = th.due != kNever;
    if (known) {
      out.due = th.due;
    } else {
      out.remaining_ms = th.remaining_ms;
    }
    const Instant end = known                   ? th.due
                        : cycle_.active.empty() ? cycle_.start
                                                : cycle_.active.back().second;
    const Instant from = known ? basis(t, th.due, out) : cycle_.start;
    if (!known) {
      out.allowance_ms = open_time(cycle_.start, end) + th.remaining_ms;
      out.given = out.allowance_ms != allowance(t, cycle_.start);
    }
    fill_segments(from, end, out);
    return out;
  }

  // From where the allowance counts that ends at the due.
  Instant basis(ThresholdCode t, Instant due, ExplainedThreshold& out) const {
    std::vector<Instant> candidates = {cycle_.start};
    for (const ExplainedRetarget& r : out.retargets) candidates.push_back(r.at);
    for (const Instant from : candidates) {
      const std::int64_t whole = allowance(t, from);
      if (whole < 0 || open_time(from, due) != whole) continue;
      out.allowance_ms = whole;
      return from;
    }
    out.given = true;
    out.allowance_ms = open_time(cycle_.start, due);
    return cycle_.start;
  }

  // -1: the policy gives none of its own.
  std::int64_t allowance(ThresholdCode t, Instant from) const {
    if (spec_.period) return -1;
    const Allowance& a = spec_.allowed(t, cycle_.priority, cycle_.tier);
    if (a.kind == Allowance::Kind::kOpenTime) return a.amount;
    if (a.kind == Allowance::Kind::kWorkingDays) {
      const Calendar& working = policy_.working(cycle_.tier);
      return working.budget_of_working_days(from, static_cast<int>(a.amount)).ms;
    }
    return -1;
  }

  // Where time counts between `from` and `to`; behind the end of a clock that has ended it counts
  // as if it had run on.
  std::vector<Span> counted(Instant from, Instant to) const {
    std::vector<Span> spans;
    for (const auto& [a, b] : cycle_.active) spans.emplace_back(a, b == kNever ? to : b);
    const bool ended =
        cycle_.state == ClockState::kStopped || cycle_.state == ClockState::kCancelled;
    if (ended && cycle_.stopped != kNever) spans.emplace_back(cycle_.stopped, to);
    std::vector<Span> clipped;
    for (const auto& [a, b] : spans) {
      const Span span{std::max(a, from), std::min(b, to)};
      if (span.first >= span.second) continue;
      if (!clipped.empty() && clipped.back().second >= span.first) {
        clipped.back().second = std::max(clipped.back().second, span.second);
      } else {
        clipped.push_back(span);
      }
    }
    return clipped;
  }

  std::int64_t open_time(Instant from, Instant to) const {
    std::int64_t sum = 0;
    for (const auto& [a, b] : counted(from, to)) sum += calendar_.elapsed(a, b).ms;
    return sum;
  }

  void fill_segments(Instant from, Instant to, ExplainedThreshold& out) const {
    SegmentMaker make(calendar_, out);
    Instant at = from;
    for (const auto& [a, b] : counted(from, to)) {
      make.paused(at, a);
      make.counted(a, b);
      at = b;
    }
    make.paused(at, to);
  }

  std::vector<ExplainedRetarget> retargets(ThresholdCode t) const {
    std::vector<ExplainedRetarget> list;
    Instant before = kNever;
    for (const Happening& h : cycle_.history) {
      const Instant due = has(h.exists, t) ? h.due[t] : kNever;
      if (h.what == Happened::kRetargeted && due != before) {
        ExplainedRetarget& r = list.emplace_back();
        r.at = h.time;
        if (before != kNever) r.from = before;
        if (due != kNever) r.to = due;
        if (h.cause >= 0) name_cause(h.cause, r);
      }
      before = due;
    }
    return list;
  }

  void name_cause(std::int32_t cause, ExplainedRetarget& r) const {
    const EntityFact& fact = entity_.facts[static_cast<std::size_t>(cause)];
    const KindSpec& kind = entity_.spec();
    const VerbCode verb = fact.verb == kNone ? kNone : verb_now(entity_, fact);
    if (verb != kNone) r.cause = kind.name + "." + kind.verbs[verb].name;
    const std::string_view order = fact.words.order();  // source NUL sequence NUL id
    r.fact = order.substr(order.rfind('\0') + 1);
  }

  const Entity& entity_;
  const Policy& policy_;
  const ClockSpec& spec_;
  const Cycle& cycle_;
  const Calendar& calendar_;
};

}  // namespace

const char* name_of(ExplainedSegment::What what) {
  switch (what) {
    case What::kOpen:
      return "open";
    case What::kMakeup:
      return "makeup";
    case What::kClosed:
      return "closed";
    case What::kHoliday:
      return "holiday";
    case What::kPaused:
      return "paused";
  }
  return "";
}

std::vector<ExplainedClock> explain(const Entity& entity, Instant now, const std::string& clock,
                                    const std::string& cycle) {
  Truth truth(entity);
  truth.read(entity.facts);
  // Where the clock was set back, what was said before is shown until the next decision.
  truth.come_to(entity.facts, std::max(now, entity.told_at));
  std::vector<ExplainedClock> clocks;
  for (const Cycle& one : truth.cycles) {
    ExplainedClock explained = CycleExplainer(entity, truth, one).run();
    if (!clock.empty() && explained.clock != clock) continue;
    if (!cycle.empty() && explained.cycle != cycle) continue;
    clocks.push_back(std::move(explained));
  }
  return clocks;
}

}  // namespace tocsin
