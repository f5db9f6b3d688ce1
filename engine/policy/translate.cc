#include "engine/policy/translate.h"

#include <algorithm>

namespace tocsin {

namespace {

// Names that `now` has not join behind those that it has.
template <class C>
void remember_names(Names<C>& now, const Names<C>& before) {
  for (const std::string& name : before) {
    if (place_of(name, now) == kNone) now.push_back(name);
  }
}

ClockCode same_clock(const KindSpec& kind, const ClockSpec& clock) {
  return clock_named(kind, clock.name, clock.period, clock.cadence.kind);
}

CalendarCode same_calendar(const Policy& policy, const NamedCalendar& wanted) {
  return policy.calendars.find(
      [&](const NamedCalendar& c) { return c.calendar == wanted.calendar; });
}

// From the codes of one policy to those of a later one, which remembers its names.
class Remembering {
 public:
  Remembering(const Policy& before, const Policy& now) : before_(before), now_(now) {}

  // Only its name, how its cycles and groups are named and ended, and whom what still runs calls.
  ClockSpec retired(const ClockSpec& was) const {
    ClockSpec clock;
    clock.name = was.name;
    clock.retired = true;
    clock.period = was.period;
    clock.cadence.kind = was.cadence.kind;
    clock.cadence.count = {0};
    clock.calendar.assign(now_.priorities.size(), now_.always_calendar);
    clock.grace = was.grace;
    clock.warnings = was.warnings;
    clock.low = was.low;
    clock.group_by_run = was.group_by_run;
    for (const ThresholdCode i : kThresholds) {
      if (!before_.thresholds.has(i)) continue;
      const ThresholdCode there = place_of(before_.thresholds[i], now_.thresholds);
      if (there != kNone) clock.on_breach[there] = row(was.on_breach[i]);
    }
    clock.on_warning = row(was.on_warning);
    return clock;
  }

 private:
  std::vector<RoleCode> roles(std::vector<RoleCode> codes) const {
    for (RoleCode& role : codes) role = place_of(before_.roles[role], now_.roles);
    return codes;
  }

  Ladder ladder(Ladder of) const {
    for (Step& step : of.steps) {
      step.roles = roles(std::move(step.roles));
      if (step.hours != kNone && step.hours != kTierCalendar)
        step.hours = same_calendar(now_, before_.calendars[step.hours]);
    }
    return of;
  }

  // A table by tier or priority, in the order of the later policy.
  template <class C, class T, class Put>
  static Coded<C, T> in_order(const Coded<C, T>& was, const Names<C>& before, const Names<C>& now,
                              const Put& put) {
    if (was.empty()) return {};
    Coded<C, T> out(now.size());
    for (const C code : now.codes()) {
      const C there = place_of(now[code], before);
      if (was.has(there)) out[code] = put(was[there]);
    }
    return out;
  }

  LadderRow row(const LadderRow& was) const {
    const auto to_ladder = [&](const Ladder& of) { return ladder(of); };
    LadderRow out;
    out.ladder = ladder(was.ladder);
    out.by_tier = in_order(was.by_tier, before_.tiers, now_.tiers, to_ladder);
    out.by_priority = in_order(was.by_priority, before_.priorities, now_.priorities, to_ladder);
    out.urgent_roles = roles(was.urgent_roles);
    out.tier_roles = in_order(was.tier_roles, before_.tiers, now_.tiers,
                              [&](const std::vector<RoleCode>& codes) { return roles(codes); });
    out.ack_timeout = was.ack_timeout.size() < 2
                          ? was.ack_timeout
                          : in_order(was.ack_timeout, before_.priorities, now_.priorities,
                                     [](Duration timeout) { return timeout; });
    return out;
  }

  const Policy &before_, &now_;
};

void remember_kind(KindSpec& now, const KindSpec& before, const Remembering& names) {
  for (const ClockSpec& clock : before.clocks) {
    if (same_clock(now, clock) == kNone) now.clocks.push_back(names.retired(clock));
  }
  now.has_periods = now.has_periods || before.has_periods;
  const std::size_t stages = now.stages.size();
  remember_names(now.stages, before.stages);
  now.retired_stages += now.stages.size() - stages;
  now.routing.by_stage.resize(now.stages.size());
}

KindSpec retired_kind(const KindSpec& was) {
  KindSpec kind;
  kind.name = was.name;
  kind.retired = true;
  kind.on_account = was.on_account;
  kind.verbs = was.verbs;
  kind.ends = was.ends;
  kind.resolves = was.resolves;
  kind.after_end.assign(was.after_end.size(), 0);
  kind.prioritized = was.prioritized;
  kind.urgent_always = was.urgent_always;
  return kind;
}

}  // namespace

VerbCode verb_named(const KindSpec& kind, std::string_view name) {
  return kind.verbs.find([&](const VerbSpec& verb) { return verb.name == name; });
}

const Names<WordCode>& choice_words(const VerbSpec& verb) {
  static const Names<WordCode> none;
  if (!verb.subjects.empty()) return verb.subjects;
  for (const Field& field : verb.fields) {
    if (field.form == Form::kChoice) return field.words;
  }
  return none;
}

ClockCode clock_named(const KindSpec& kind, std::string_view name, bool period,
                      PeriodKind period_kind) {
  return kind.clocks.find([&](const ClockSpec& clock) {
    return clock.name == name && clock.period == period &&
           (!period || clock.cadence.kind == period_kind);
  });
}

PriorityCode priority_named(const Policy& policy, std::string_view name) {
  const PriorityCode code = place_of(name, policy.priorities);
  if (code != kNone) return code;
  const auto& retired = policy.retired_priorities;
  const auto it = std::find(retired.begin(), retired.end(), name);
  if (it == retired.end()) return kNone;
  return PriorityCode(policy.priorities.size() + static_cast<std::size_t>(it - retired.begin()));
}

std::shared_ptr<const Policy> remembering(const Policy& now, std::shared_ptr<const Policy> before) {
  auto policy = std::make_shared<Policy>(now);
  if (before == nullptr) return policy;
  policy->in_force_from = std::max(policy->in_force_from, before->in_force_from);
  remember_names(policy->roles, before->roles);
  for (const auto* names : {&before->priorities.list(), &before->retired_priorities}) {
    for (const std::string& name : *names) {
      if (priority_named(*policy, name) == kNone) policy->retired_priorities.push_back(name);
    }
  }
  for (const std::string& name : before->thresholds) {
    if (policy->thresholds.size() < kMaxThresholds && place_of(name, policy->thresholds) == kNone)
      policy->thresholds.push_back(name);
  }
  for (const NamedCalendar& was : before->calendars) {
    if (same_calendar(*policy, was) == kNone) policy->calendars.push_back(was);
  }
  for (const KindSpec& was : before->kinds) {
    KindCode kind = policy->kinds.find([&](const KindSpec& k) { return k.name == was.name; });
    if (kind == kNone) {
      kind = KindCode(policy->kinds.size());
      policy->kinds.push_back(retired_kind(was));
    }
    remember_kind(policy->kinds[kind], was, Remembering(*before, *policy));
  }
  policy->earlier = before->earlier;
  policy->earlier.push_back(std::move(before));
  return policy;
}

Translation::Translation(const Policy& from_policy, const KindSpec& kind, const Policy& to_policy)
    : from(from_policy), to(to_policy), from_kind(kind), to_kind(*[&] {
        const KindSpec* found = to_policy.kind_named(kind.name);
        CHECK(found != nullptr);
        return found;
      }()) {}

VerbCode Translation::verb(VerbCode code) const {
  return code == kNone ? kNone : verb_named(to_kind, from_kind.verbs[code].name);
}

WordCode Translation::choice(VerbCode in, WordCode code) const {
  const VerbCode there = verb(in);
  if (code == kNone || there == kNone) return kNone;
  const auto& words = choice_words(from_kind.verbs[in]);
  if (words.empty()) return as_word(threshold(as_threshold(code)));  // it names a limit
  return place_of(words[code], choice_words(to_kind.verbs[there]));
}

PriorityCode Translation::priority_in_force(PriorityCode code) const {
  return code == kNone ? kNone : place_of(from.priority_name(code), to.priorities);
}

TierCode Translation::tier(TierCode code) const {
  return code == kNone ? kNone : place_of(from.tiers[code], to.tiers);
}

VerbMask Translation::verbs(VerbMask mask) const {
  VerbMask there = 0;
  for (const VerbCode v : from_kind.verbs.codes()) {
    const VerbCode code = has(mask, v) ? verb(v) : VerbCode();
    if (code != kNone) there |= bit(code);
  }
  return there;
}

Trigger Translation::match(Trigger of) const {
  const StageCode in = stage(of.stage);
  const bool possible = of.stage == kNone || in != kNone;
  of.choice = choice(of.verb, of.choice);
  of.verb = possible ? verb(of.verb) : VerbCode();
  of.stage = in;
  return of;
}

ClockCode Translation::clock(ClockCode code) const {
  return code == kNone ? kNone : same_clock(to_kind, from_kind.clocks[code]);
}

StageCode Translation::stage(StageCode code) const {
  return code == kNone ? kNone : place_of(from_kind.stages[code], to_kind.stages);
}

PriorityCode Translation::priority(PriorityCode code) const {
  return code == kNone ? kNone : priority_named(to, from.priority_name(code));
}

RoleCode Translation::role(RoleCode code) const {
  return code == kNone ? kNone : place_of(from.roles[code], to.roles);
}

ThresholdCode Translation::threshold(ThresholdCode code) const {
  if (code == kNone) return kNone;
  const ThresholdCode there = place_of(from.thresholds[code], to.thresholds);
  return there == kNone ? code : there;
}

ByThreshold<ThresholdCode> Translation::thresholds() const {
  ByThreshold<ThresholdCode> places;
  ByThreshold<bool> taken;
  for (const bool by_name : {true, false}) {
    for (const ThresholdCode i : kThresholds) {
      const bool named =
          from.thresholds.has(i) && place_of(from.thresholds[i], to.thresholds) != kNone;
      const ThresholdCode there = named ? threshold(i) : i;
      if (named != by_name || taken[there]) continue;
      places[i] = there;
      taken[there] = true;
    }
  }
  return places;
}

CalendarCode Translation::calendar(CalendarCode code) const {
  return code == kNone ? kNone : same_calendar(to, from.calendars[code]);
}

}  // namespace tocsin
