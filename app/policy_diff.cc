#include "app/policy_diff.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/policy_values.h"
#include "engine/policy/translate.h"
#include "events/writer.h"

namespace tocsin {

namespace {

using Of = std::vector<std::pair<std::string, std::string>>;

class Difference {
 public:
  Difference(const Policy& was, const Policy& is) : was_(was), is_(is) {}

  std::vector<PolicyChange> run() {
    names("priority", was_.priorities.list(), is_.priorities.list());
    names("tier", was_.tiers.list(), is_.tiers.list());
    names("role", was_.roles.list(), is_.roles.list());
    names("threshold", was_.thresholds.list(), is_.thresholds.list());
    calendars();
    urgencies();
    tiers();
    for (const KindSpec& kind : was_.kinds) {
      if (is_.kind_named(kind.name) == nullptr) gone("kind", kind.name);
    }
    for (const KindSpec& kind : is_.kinds) {
      const KindSpec* before = was_.kind_named(kind.name);
      if (before == nullptr) {
        fresh("kind", kind.name);
      } else {
        compare(*before, kind);
      }
    }
    become("the target of the figures", "target", {}, share_value(was_.target),
           share_value(is_.target));
    figures();
    return std::move(out_);
  }

 private:
  void say(std::string sentence, std::string change, Of of) {
    out_.push_back({std::move(sentence), std::move(change), std::move(of), {}, {}});
  }
  void become(const std::string& what, const char* change, Of of, const PolicyValue& was,
              const PolicyValue& is) {
    if (was.words == is.words) return;
    say(what + ": " + was.words + " becomes " + is.words, change, std::move(of));
    out_.back().from = was.json;
    out_.back().to = is.json;
  }
  void gone(const std::string& what, const std::string& name) {
    say(what + " " + name + " is gone", "gone", {{what, name}});
  }
  void fresh(const std::string& what, const std::string& name) {
    say(what + " " + name + " is new", "new", {{what, name}});
  }

  // `of`: what else tells which one it is.
  void names(const std::string& what, const std::vector<std::string>& was,
             const std::vector<std::string>& is, const std::string& kind = "") {
    const std::string whose = kind.empty() ? what : what + " of " + kind;
    const auto each = [&](const auto& these, const auto& others, const char* change,
                          const char* end) {
      for (const std::string& name : these) {
        if (holds(others, name)) continue;
        Of of{{what, name}};
        if (!kind.empty()) of.emplace_back("kind", kind);
        say(whose + " " + name + end, change, std::move(of));
      }
    };
    each(was, is, "gone", " is gone");
    each(is, was, "new", " is new");
  }

  static bool holds(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  static const NamedCalendar* calendar(const Policy& policy, const std::string& name) {
    for (const NamedCalendar& c : policy.calendars) {
      if (c.name == name) return &c;
    }
    return nullptr;
  }

  void calendars() {
    for (const NamedCalendar& c : was_.calendars) {
      if (calendar(is_, c.name) == nullptr) gone("calendar", c.name);
    }
    for (const NamedCalendar& c : is_.calendars) {
      const NamedCalendar* before = calendar(was_, c.name);
      if (before == nullptr) {
        fresh("calendar", c.name);
      } else {
        days(c.name, *before->calendar, *c.calendar);
      }
    }
  }

  // Days whose open time differs, in the years that policies speak of.
  void days(const std::string& name, const Calendar& was, const Calendar& is) {
    constexpr std::int64_t kFirst = 1'577'880'000'000;  // 2020-01-01T12:00Z
    constexpr int kFirstYear = 2020, kLastYear = 2040;
    constexpr std::size_t kShownMax = 20;
    if (was.always() && is.always()) return;
    if (was.always() != is.always() || was.zone().name() != is.zone().name())
      return say("calendar " + name + " has other hours or another zone", "calendar",
                 {{"calendar", name}});
    std::size_t differ = 0;
    std::string shown, list;
    constexpr std::int32_t kDays = 366 * (kLastYear + 1 - kFirstYear);
    const LocalDate first = is.local_date(Instant{kFirst});
    for (LocalDate day = first; day < first + kDays; day = day + 1) {
      const Instant from = is.zone().start_of(day), to = is.zone().start_of(day + 1);
      const std::int64_t before = was.elapsed(from, to).ms, after = is.elapsed(from, to).ms;
      if (before == after) continue;
      if (++differ > kShownMax) continue;
      const std::string date = format_date(day);
      const std::string how = after == 0 ? "closed" : before == 0 ? "open" : "other hours";
      shown += (shown.empty() ? "" : ", ") + date + " " + how;
      list += list.empty() ? "" : ",";
      JsonObject(list).text("day", date).text("how", how == "other hours" ? "other" : how).close();
    }
    if (differ == 0) return;
    const std::size_t more = differ > kShownMax ? differ - kShownMax : 0;
    if (more > 0) shown += " and " + std::to_string(more) + " more days";
    say("calendar " + name + ": " + shown, "days", {{"calendar", name}});
    JsonObject(out_.back().to)
        .raw("days", "[" + list + "]")
        .number("more", static_cast<std::int64_t>(more))
        .close();
  }

  // Which priorities ring.
  void urgencies() {
    for (const PriorityCode p : is_.priorities.codes()) {
      const std::string& name = is_.priorities[p];
      const PriorityCode before = place_of(name, was_.priorities);
      if (before == kNone) continue;
      become(name + " is urgent", "urgent", {{"priority", name}}, value_of(was_.urgent[before]),
             value_of(is_.urgent[p]));
    }
  }

  // Whose hours a tier has.
  void tiers() {
    for (const TierCode t : is_.tiers.codes()) {
      const std::string& name = is_.tiers[t];
      const TierCode before = place_of(name, was_.tiers);
      if (before == kNone) continue;
      become("tier " + name + " has the hours", "tier_hours", {{"tier", name}},
             hours_value(was_, was_.tier_calendar[before]), hours_value(is_, is_.tier_calendar[t]));
      become("working days of tier " + name + " are by", "tier_days", {{"tier", name}},
             hours_value(was_, was_.tier_working[before]), hours_value(is_, is_.tier_working[t]));
    }
  }

  static const FigureSpec* figure(const Policy& policy, const std::string& name) {
    for (const FigureSpec& f : policy.figures) {
      if (f.name == name) return &f;
    }
    return nullptr;
  }

  static PolicyValue counted(const Policy& policy, const FigureSpec& f) {
    std::vector<std::string> what = f.clocks;
    if (!f.mean_type.empty()) what.push_back(f.mean_type + " " + f.mean_field);
    if (f.threshold != kNone) what.push_back(policy.thresholds[f.threshold]);
    return list_value(what, "nothing");
  }

  void figures() {
    for (const FigureSpec& f : was_.figures) {
      if (figure(is_, f.name) == nullptr) gone("figure", f.name);
    }
    const auto target = [](const Policy& policy, const FigureSpec& f) {
      if (f.mean_type.empty()) return share_value(f.target.value_or(policy.target));
      if (!f.target) return PolicyValue{"none", "null"};
      return PolicyValue{fmt::format("{}", *f.target), fmt::format("{}", *f.target)};
    };
    for (const FigureSpec& f : is_.figures) {
      const FigureSpec* before = figure(was_, f.name);
      if (before == nullptr) {
        fresh("figure", f.name);
        continue;
      }
      become("figure " + f.name + " counts", "figure_counts", {{"figure", f.name}},
             counted(was_, *before), counted(is_, f));
      // Of one that follows the target of all that was said above.
      if (before->target || f.target)
        become("the target of figure " + f.name, "figure_target", {{"figure", f.name}},
               target(was_, *before), target(is_, f));
    }
  }

  void compare(const KindSpec& was, const KindSpec& is) {
    const auto verbs = [](const KindSpec& kind) {
      std::vector<std::string> out;
      for (const VerbSpec& verb : kind.verbs) out.push_back(kind.name + "." + verb.name);
      return out;
    };
    names("fact", verbs(was), verbs(is));
    names("stage", was.stages.list(), is.stages.list(), is.name);
    for (const ClockSpec& clock : was.clocks) {
      if (same(is, clock) == nullptr)
        say("clock " + title(clock) + " is gone", "gone", of_clock(clock));
    }
    for (const ClockSpec& clock : is.clocks) {
      const ClockSpec* before = same(was, clock);
      if (before == nullptr) {
        Of of = of_clock(clock);
        const bool kept = clock.period && !was.periods_only();
        if (kept) of.emplace_back("reaches", "new");
        say("clock " + title(clock) + " is new" +
                (kept ? "; what is open has it with --to-open only" : ""),
            "new", std::move(of));
      } else {
        compare(was, *before, is, clock);
      }
    }
    routing(was, is);
    faults(was, is);
  }

  static const ClockSpec* same(const KindSpec& kind, const ClockSpec& clock) {
    const auto code = clock_named(kind, clock.name, clock.period, clock.cadence.kind);
    return code == kNone ? nullptr : &kind.clocks[code];
  }

  static const char* period(const ClockSpec& clock) {
    static constexpr const char* kPeriods[] = {"week", "month", "quarter", "half-year"};
    return kPeriods[static_cast<std::size_t>(clock.cadence.kind)];
  }
  static std::string title(const ClockSpec& clock) {
    return clock.period ? clock.name + " (each " + period(clock) + ")" : clock.name;
  }
  // Which clock it is, and what else of it.
  static Of of_clock(const ClockSpec& clock, Of more = {}) {
    Of of{{"clock", clock.name}};
    if (clock.period) of.emplace_back("every", period(clock));
    for (auto& one : more) of.push_back(std::move(one));
    return of;
  }

  void compare(const KindSpec& was_kind, const ClockSpec& was, const KindSpec& is_kind,
               const ClockSpec& is) {
    const std::string what = title(is);
    become(what + " starts by", "starts", of_clock(is), triggers_value(was_kind, was.start),
           triggers_value(is_kind, is.start));
    become(what + " stops by", "stops", of_clock(is), triggers_value(was_kind, was.stop),
           triggers_value(is_kind, is.stop));
    struct By {
      const char* words;
      const char* change;
      VerbMask ClockSpec::*verbs;
    };
    for (const By& by : {By{" is cancelled by", "cancelled_by", &ClockSpec::cancel},
                         By{" does not start after", "unless", &ClockSpec::unless},
                         By{" begins again by", "again", &ClockSpec::restart},
                         By{" runs on by", "runs_on", &ClockSpec::resume},
                         By{" has its due set by", "set_by", &ClockSpec::sets}})
      become(what + by.words, by.change, of_clock(is), verbs_value(was_kind, was.*by.verbs),
             verbs_value(is_kind, is.*by.verbs));
    for (const ThresholdCode t : kThresholds) allowances(what, t, was, is);
    hours(what, was, is);
    become(what + " is warned of", "warns", of_clock(is), warnings_value(was.warnings),
           warnings_value(is.warnings));
    become(what + " waits before a breach is told", "grace", of_clock(is),
           duration_value(was.grace.ms), duration_value(is.grace.ms));
    pauses(what, was, is);
    become(what + " is never urgent", "low", of_clock(is), value_of(was.low), value_of(is.low));
    become("a breach of " + what + " leads to stage", "breach_enters", of_clock(is),
           stage_value(was_kind, was.breach_enters), stage_value(is_kind, is.breach_enters));
    if (is.period) counts(what, was_kind, was, is_kind, is);
    for (const ThresholdCode t : is_.thresholds.codes()) {
      // A row holds for every threshold of the policy, also for one that this clock does not have.
      const bool has = t.index() == 0 || !was.allowance[t].empty() || !is.allowance[t].empty();
      if (!was_.thresholds.has(t) || !has) continue;
      const std::string& threshold = is_.thresholds[t];
      const Of of = of_clock(is, {{"threshold", threshold}});
      become("a breach of " + what + " " + threshold + " calls", "breach", of,
             ladder_value(was_, was.on_breach[t]), ladder_value(is_, is.on_breach[t]));
      become("who takes a breach of " + what + " " + threshold + " has it", "ack_timeout", of,
             ack_timeout_value(was_, was.on_breach[t]), ack_timeout_value(is_, is.on_breach[t]));
    }
    become("a warning of " + what + " calls", "warning", of_clock(is),
           ladder_value(was_, was.on_warning), ladder_value(is_, is.on_warning));
  }

  static PolicyValue stage_value(const KindSpec& kind, StageCode stage) {
    return stage == kNone ? PolicyValue{"none", "null"} : value_of(kind.stages[stage]);
  }

  void pauses(const std::string& what, const ClockSpec& was, const ClockSpec& is) {
    if (was.pauses != is.pauses) {
      say(what + (is.pauses ? " now stands still in pauses" : " runs on in pauses now"), "pauses",
          of_clock(is));
      out_.back().from = value_of(was.pauses).json;
      out_.back().to = value_of(is.pauses).json;
    } else if (is.pauses) {
      become(what + " stands still in waits for", "waits", of_clock(is),
             list_value(was.waits, "anything"), list_value(is.waits, "anything"));
    }
  }

  // What a threshold allows. Where all tiers get the same and got the same, it is said once.
  void allowances(const std::string& what, ThresholdCode t, const ClockSpec& was,
                  const ClockSpec& is) {
    if (!is_.thresholds.has(t)) return;
    const std::string& threshold = is_.thresholds[t];
    for (const PriorityCode p : is_.priorities.codes()) {
      const std::string& priority = is_.priorities[p];
      const PriorityCode before = place_of(priority, was_.priorities);
      if (before == kNone) continue;
      struct Tier {
        std::string name;
        PolicyValue was, is;
      };
      std::vector<Tier> tiers;
      for (const TierCode tier : is_.tiers.codes()) {
        const TierCode there = place_of(is_.tiers[tier], was_.tiers);
        if (there == kNone) continue;
        tiers.push_back({is_.tiers[tier], allowance_value(was.allowed(t, before, there)),
                         allowance_value(is.allowed(t, p, tier))});
      }
      const bool one = std::all_of(tiers.begin(), tiers.end(), [&](const Tier& tier) {
        return tier.was.words == tiers.front().was.words && tier.is.words == tiers.front().is.words;
      });
      const std::string where = what + " " + threshold + " at " + priority;
      for (const Tier& tier : tiers) {
        Of of = of_clock(is, {{"threshold", threshold}, {"priority", priority}});
        if (!one) of.emplace_back("tier", tier.name);
        become(one ? where : where + " for tier " + tier.name, "allows", std::move(of), tier.was,
               tier.is);
        if (one) break;
      }
    }
  }

  void hours(const std::string& what, const ClockSpec& was, const ClockSpec& is) {
    const auto of = [](const Policy& policy, const ClockSpec& clock, PriorityCode priority) {
      return clock.calendar.empty() ? PolicyValue{"none", "null"}
                                    : hours_value(policy, clock.calendar[priority]);
    };
    for (const PriorityCode p : is_.priorities.codes()) {
      const std::string& priority = is_.priorities[p];
      const PriorityCode before = place_of(priority, was_.priorities);
      if (before == kNone) continue;
      become(what + " at " + priority + " counts in hours", "hours",
             of_clock(is, {{"priority", priority}}), of(was_, was, before), of(is_, is, p));
    }
  }

  void counts(const std::string& what, const KindSpec& was_kind, const ClockSpec& was,
              const KindSpec& is_kind, const ClockSpec& is) {
    become(what + " is done by", "match", of_clock(is),
           triggers_value(was_kind, {was.cadence.match}),
           triggers_value(is_kind, {is.cadence.match}));
    for (const TierCode t : is_.tiers.codes()) {
      const TierCode before = place_of(is_.tiers[t], was_.tiers);
      if (before == kNone) continue;
      const auto count = [](const PeriodSpec& spec, TierCode tier) {
        return value_of(
            std::int64_t{spec.count.size() == 1 ? spec.count.front() : spec.count[tier]});
      };
      become(what + " for tier " + is_.tiers[t], "count", of_clock(is, {{"tier", is_.tiers[t]}}),
             count(was.cadence, before), count(is.cadence, t));
    }
  }

  void routing(const KindSpec& was, const KindSpec& is) {
    const auto row = [](const Policy& policy, const auto& rows, auto code) {
      return rows.has(code) ? ladder_value(policy, rows[code]) : nobody_value();
    };
    for (const PriorityCode p : is_.priorities.codes()) {
      const std::string& priority = is_.priorities[p];
      const PriorityCode before = place_of(priority, was_.priorities);
      if (before == kNone) continue;
      become("a " + is.name + " at " + priority + " calls", "routing",
             {{"kind", is.name}, {"priority", priority}},
             row(was_, was.routing.by_priority, before), row(is_, is.routing.by_priority, p));
    }
    for (const StageCode s : is.stages.codes()) {
      const std::string& stage = is.stages[s];
      const StageCode before = place_of(stage, was.stages);
      if (before == kNone) continue;
      become("a " + is.name + " that enters stage " + stage + " calls", "routing",
             {{"kind", is.name}, {"stage", stage}}, row(was_, was.routing.by_stage, before),
             row(is_, is.routing.by_stage, s));
    }
  }

  void faults(const KindSpec& was, const KindSpec& is) {
    const auto row = [](const Policy& policy, const FaultSpec& fault) {
      LadderRow out;
      out.ladder = fault.ladder;
      return fault.enabled ? ladder_value(policy, out) : nobody_value();
    };
    become("a recurring fault of " + is.name + " calls", "fault", {{"kind", is.name}},
           row(was_, was.fault), row(is_, is.fault));
    if (was.fault.enabled && is.fault.enabled)
      become("weeks until a fault of " + is.name + " is recurring", "fault_weeks",
             {{"kind", is.name}}, value_of(std::int64_t{was.fault.weeks}),
             value_of(std::int64_t{is.fault.weeks}));
  }

  const Policy& was_;
  const Policy& is_;
  std::vector<PolicyChange> out_;
};

}  // namespace

std::vector<PolicyChange> policy_diff(const Policy& old_policy, const Policy& new_policy) {
  std::vector<PolicyChange> out = Difference(old_policy, new_policy).run();
  if (out.empty() && old_policy.hash_alone != new_policy.hash_alone)
    out.push_back({"the texts differ, in nothing that is compared here", "text", {}, {}, {}});
  return out;
}

void append_change(std::string& out, const PolicyChange& change) {
  JsonObject object(out);
  object.text("text", change.sentence).text("change", change.change);
  for (const auto& [what, name] : change.of) object.text(what, name);
  if (!change.from.empty()) object.raw("from", change.from);
  if (!change.to.empty()) object.raw("to", change.to);
  object.close();
}

}  // namespace tocsin
