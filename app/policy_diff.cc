#include "app/policy_diff.h"

#include <algorithm>

#include "engine/policy/translate.h"

namespace tocsin {

namespace {

std::string in_units(std::int64_t ms) {
  struct Unit {
    std::int64_t ms;
    const char* name;
  };
  for (const Unit& unit : {Unit{3'600'000, " h"}, Unit{60'000, " min"}, Unit{1000, " s"}}) {
    if (ms != 0 && ms % unit.ms == 0) return std::to_string(ms / unit.ms) + unit.name;
  }
  return std::to_string(ms) + " ms";
}

std::string allowance_of(const Allowance& allowance) {
  switch (allowance.kind) {
    case Allowance::Kind::kNothing:
      return "none";
    case Allowance::Kind::kOpenTime:
      return in_units(allowance.amount);
    case Allowance::Kind::kWorkingDays:
      return std::to_string(allowance.amount) + " working days";
    case Allowance::Kind::kGiven:
      return "as the fact says";
  }
  return {};
}

std::string warning_of(const Warning& warning) {
  switch (warning.kind) {
    case Warning::Kind::kFraction:
      return "at " + std::to_string(warning.numerator) + "/" + std::to_string(warning.denominator) +
             " of the time";
    case Warning::Kind::kWorkingDaysBefore:
      return std::to_string(warning.days) + " working days before";
    case Warning::Kind::kBefore:
      return in_units(warning.before_ms) + " before";
  }
  return {};
}

std::string warnings_of(const std::vector<Warning>& warnings) {
  std::string out;
  for (const Warning& warning : warnings) out += (out.empty() ? "" : ", ") + warning_of(warning);
  return out.empty() ? "never" : out;
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out.empty() ? "nobody" : out;
}

std::string steps_of(const Policy& policy, const Ladder& ladder) {
  if (ladder.steps.empty()) return "nobody";
  std::string out;
  for (const Step& step : ladder.steps) {
    std::vector<std::string> roles;
    for (const RoleCode role : step.roles) roles.push_back(policy.roles[role]);
    if (!out.empty()) out += "; ";
    if (step.working_days > 0) out += "+" + std::to_string(step.working_days) + " wd ";
    if (step.working_days == 0 && step.after.ms > 0) out += "+" + in_units(step.after.ms) + " ";
    out += list_of(roles);
  }
  return out;
}

std::string row_of(const Policy& policy, const LadderRow& row) {
  std::string out = steps_of(policy, row.ladder);
  for (const TierCode t : row.by_tier.codes())
    out += " | " + policy.tiers[t] + ": " + steps_of(policy, row.by_tier[t]);
  return out;
}

// What facts trigger something: `opened, closed`.
std::string triggers_of(const KindSpec& kind, const std::vector<Trigger>& triggers) {
  std::vector<std::string> words;
  for (const Trigger& t : triggers) {
    std::string word = t.verb != kNone     ? kind.verbs[t.verb].name
                       : t.enters != kNone ? "entering " + kind.stages[t.enters]
                                           : "";
    if (t.verb != kNone && t.choice != kNone)
      word += " " + choice_words(kind.verbs[t.verb])[t.choice];
    if (t.stage != kNone) word += " in stage " + kind.stages[t.stage];
    words.push_back(std::move(word));
  }
  std::sort(words.begin(), words.end());
  return list_of(words);
}

class Difference {
 public:
  Difference(const Policy& was, const Policy& is) : was_(was), is_(is) {}

  std::vector<std::string> run() {
    names("priority", was_.priorities.list(), is_.priorities.list());
    names("tier", was_.tiers.list(), is_.tiers.list());
    names("role", was_.roles.list(), is_.roles.list());
    names("threshold", was_.thresholds.list(), is_.thresholds.list());
    calendars();
    for (const KindSpec& kind : was_.kinds) {
      if (is_.kind_named(kind.name) == nullptr) say("kind " + kind.name + " is gone");
    }
    for (const KindSpec& kind : is_.kinds) {
      const KindSpec* before = was_.kind_named(kind.name);
      if (before == nullptr) {
        say("kind " + kind.name + " is new");
      } else {
        compare(*before, kind);
      }
    }
    if (was_.target != is_.target)
      say("the target of the figures: " + percent(was_.target) + " becomes " + percent(is_.target));
    return std::move(out_);
  }

 private:
  void say(std::string sentence) { out_.push_back(std::move(sentence)); }
  void become(const std::string& what, const std::string& was, const std::string& is) {
    if (was != is) say(what + ": " + was + " becomes " + is);
  }
  static std::string percent(double share) {
    std::string text = std::to_string(share * 100);
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.pop_back();
    return text + " %";
  }

  void names(const char* what, const std::vector<std::string>& was,
             const std::vector<std::string>& is) {
    for (const std::string& name : was) {
      if (!holds(is, name)) say(std::string(what) + " " + name + " is gone");
    }
    for (const std::string& name : is) {
      if (!holds(was, name)) say(std::string(what) + " " + name + " is new");
    }
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
      if (calendar(is_, c.name) == nullptr) say("calendar " + c.name + " is gone");
    }
    for (const NamedCalendar& c : is_.calendars) {
      const NamedCalendar* before = calendar(was_, c.name);
      if (before == nullptr) {
        say("calendar " + c.name + " is new");
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
      return say("calendar " + name + " has other hours or another zone");
    std::size_t differ = 0;
    std::string shown;
    constexpr std::int32_t kDays = 366 * (kLastYear + 1 - kFirstYear);
    const LocalDate first = is.local_date(Instant{kFirst});
    for (LocalDate day = first; day < first + kDays; day = day + 1) {
      const Instant from = is.zone().start_of(day), to = is.zone().start_of(day + 1);
      const std::int64_t before = was.elapsed(from, to).ms, after = is.elapsed(from, to).ms;
      if (before == after) continue;
      if (++differ > kShownMax) continue;
      shown += (shown.empty() ? "" : ", ") + format_date(day) +
               (after == 0    ? " closed"
                : before == 0 ? " open"
                              : " other hours");
    }
    if (differ == 0) return;
    if (differ > kShownMax) shown += " and " + std::to_string(differ - kShownMax) + " more days";
    say("calendar " + name + ": " + shown);
  }

  void compare(const KindSpec& was, const KindSpec& is) {
    const auto verbs = [](const KindSpec& kind) {
      std::vector<std::string> out;
      for (const VerbSpec& verb : kind.verbs) out.push_back(kind.name + "." + verb.name);
      return out;
    };
    names("fact", verbs(was), verbs(is));
    names(("stage of " + is.name).c_str(), was.stages.list(), is.stages.list());
    for (const ClockSpec& clock : was.clocks) {
      if (same(is, clock) == nullptr) say("clock " + title(clock) + " is gone");
    }
    for (const ClockSpec& clock : is.clocks) {
      const ClockSpec* before = same(was, clock);
      if (before == nullptr) {
        const bool kept = clock.period && !was.periods_only();
        say("clock " + title(clock) + " is new" +
            (kept ? "; what is open has it with --to-open only" : ""));
      } else {
        compare(was, *before, is, clock);
      }
    }
    routing(was, is);
  }

  static const ClockSpec* same(const KindSpec& kind, const ClockSpec& clock) {
    const auto code = clock_named(kind, clock.name, clock.period, clock.cadence.kind);
    return code == kNone ? nullptr : &kind.clocks[code];
  }

  static std::string title(const ClockSpec& clock) {
    static constexpr const char* kPeriods[] = {"week", "month", "quarter", "half-year"};
    if (!clock.period) return clock.name;
    return clock.name + " (each " + kPeriods[static_cast<std::size_t>(clock.cadence.kind)] + ")";
  }

  void compare(const KindSpec& was_kind, const ClockSpec& was, const KindSpec& is_kind,
               const ClockSpec& is) {
    const std::string what = title(is);
    become(what + " starts by", triggers_of(was_kind, was.start), triggers_of(is_kind, is.start));
    become(what + " stops by", triggers_of(was_kind, was.stop), triggers_of(is_kind, is.stop));
    for (const ThresholdCode t : kThresholds) thresholds(what, t, was, is);
    become(what + " is warned of", warnings_of(was.warnings), warnings_of(is.warnings));
    if (was.grace.ms != is.grace.ms)
      become(what + " waits before a breach is told", in_units(was.grace.ms),
             in_units(is.grace.ms));
    if (was.pauses != is.pauses)
      say(what + (is.pauses ? " now stands still in pauses" : " runs on in pauses now"));
    if (is.period) counts(what, was.cadence, is.cadence);
    for (const ThresholdCode t : is_.thresholds.codes()) {
      if (!was_.thresholds.has(t)) continue;
      become("a breach of " + what + " " + is_.thresholds[t] + " calls",
             row_of(was_, was.on_breach[t]), row_of(is_, is.on_breach[t]));
    }
    become("a warning of " + what + " calls", row_of(was_, was.on_warning),
           row_of(is_, is.on_warning));
  }

  void thresholds(const std::string& what, ThresholdCode t, const ClockSpec& was,
                  const ClockSpec& is) {
    for (const PriorityCode p : is_.priorities.codes()) {
      const PriorityCode before = place_of(is_.priorities[p], was_.priorities);
      if (before == kNone || !is_.thresholds.has(t)) continue;
      const auto allowance = [&](const ClockSpec& clock, PriorityCode priority) {
        return allowance_of(clock.allowed(t, priority, TierCode(0)));
      };
      become(what + " " + is_.thresholds[t] + " at " + is_.priorities[p], allowance(was, before),
             allowance(is, p));
      const auto hours = [](const Policy& policy, const ClockSpec& clock, PriorityCode priority) {
        if (clock.calendar.empty()) return std::string("none");
        const CalendarCode code = clock.calendar[priority];
        return code == kTierCalendar ? "the tier's" : policy.calendars[code].name;
      };
      if (t.index() == 0)
        become(what + " at " + is_.priorities[p] + " counts in hours", hours(was_, was, before),
               hours(is_, is, p));
    }
  }

  void counts(const std::string& what, const PeriodSpec& was, const PeriodSpec& is) {
    for (const TierCode t : is_.tiers.codes()) {
      const TierCode before = place_of(is_.tiers[t], was_.tiers);
      if (before == kNone) continue;
      const auto count = [](const PeriodSpec& spec, TierCode tier) {
        return std::to_string(spec.count.size() == 1 ? spec.count.front() : spec.count[tier]);
      };
      become(what + " for tier " + is_.tiers[t], count(was, before), count(is, t));
    }
  }

  void routing(const KindSpec& was, const KindSpec& is) {
    const auto row = [](const Policy& policy, const auto& rows, auto code) {
      return rows.has(code) ? row_of(policy, rows[code]) : std::string("nobody");
    };
    for (const PriorityCode p : is_.priorities.codes()) {
      const PriorityCode before = place_of(is_.priorities[p], was_.priorities);
      if (before == kNone) continue;
      become("a " + is.name + " at " + is_.priorities[p] + " calls",
             row(was_, was.routing.by_priority, before), row(is_, is.routing.by_priority, p));
    }
    for (const StageCode s : is.stages.codes()) {
      const StageCode before = place_of(is.stages[s], was.stages);
      if (before == kNone) continue;
      become("a " + is.name + " that enters stage " + is.stages[s] + " calls",
             row(was_, was.routing.by_stage, before), row(is_, is.routing.by_stage, s));
    }
  }

  const Policy& was_;
  const Policy& is_;
  std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> policy_diff(const Policy& old_policy, const Policy& new_policy) {
  std::vector<std::string> out = Difference(old_policy, new_policy).run();
  if (out.empty() && old_policy.hash_alone != new_policy.hash_alone)
    out.push_back("the texts differ, in nothing that is compared here");
  return out;
}

}  // namespace tocsin
