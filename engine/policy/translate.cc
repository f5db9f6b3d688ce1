#include "engine/policy/translate.h"

#include <algorithm>

namespace tocsin {

namespace {

// Names that `now` has not join behind those that it has.
void remember_names(std::vector<std::string>& now, const std::vector<std::string>& before) {
  for (const std::string& name : before) {
    if (place_of(name, now) == kNone) now.push_back(name);
  }
}

std::int16_t same_clock(const KindSpec& kind, const ClockSpec& clock) {
  return clock_named(kind, clock.name, clock.period, clock.cadence.kind);
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
    for (std::size_t i = 0; i < kMaxThresholds; ++i) {
      const bool known = i < before_.thresholds.size();
      const std::int16_t there = known ? place_of(before_.thresholds[i], now_.thresholds) : kNone;
      if (there != kNone) clock.on_breach[static_cast<std::size_t>(there)] = row(was.on_breach[i]);
    }
    clock.on_warning = row(was.on_warning);
    return clock;
  }

 private:
  std::vector<std::int16_t> roles(std::vector<std::int16_t> codes) const {
    for (std::int16_t& role : codes) role = place_of(at(before_.roles, role), now_.roles);
    return codes;
  }

  Ladder ladder(Ladder of) const {
    for (Step& step : of.steps) {
      step.roles = roles(std::move(step.roles));
      if (step.hours < 0) continue;
      const auto same = [&](const NamedCalendar& c) {
        return c.calendar == at(before_.calendars, step.hours).calendar;
      };
      const auto found = std::find_if(now_.calendars.begin(), now_.calendars.end(), same);
      step.hours = static_cast<std::int16_t>(found - now_.calendars.begin());
    }
    return of;
  }

  // A table by tier or priority, in the order of the later policy.
  template <class T, class Put>
  static std::vector<T> in_order(const std::vector<T>& was, const std::vector<std::string>& before,
                                 const std::vector<std::string>& now, const Put& put) {
    if (was.empty()) return {};
    std::vector<T> out(now.size());
    for (std::size_t i = 0; i < now.size(); ++i) {
      const std::int16_t code = place_of(now[i], before);
      if (code != kNone && static_cast<std::size_t>(code) < was.size()) out[i] = put(at(was, code));
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
                              [&](const std::vector<std::int16_t>& codes) { return roles(codes); });
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

std::int16_t place_of(std::string_view word, const std::vector<std::string>& words) {
  const auto it = std::find(words.begin(), words.end(), word);
  return it == words.end() ? kNone : static_cast<std::int16_t>(it - words.begin());
}

std::int16_t verb_named(const KindSpec& kind, std::string_view name) {
  const auto it = std::find_if(kind.verbs.begin(), kind.verbs.end(),
                               [&](const VerbSpec& verb) { return verb.name == name; });
  return it == kind.verbs.end() ? kNone : static_cast<std::int16_t>(it - kind.verbs.begin());
}

const std::vector<std::string>& choice_words(const VerbSpec& verb) {
  static const std::vector<std::string> none;
  if (!verb.subjects.empty()) return verb.subjects;
  for (const Field& field : verb.fields) {
    if (field.form == Form::kChoice) return field.words;
  }
  return none;
}

std::int16_t clock_named(const KindSpec& kind, std::string_view name, bool period,
                         PeriodKind period_kind) {
  for (std::size_t i = 0; i < kind.clocks.size(); ++i) {
    const ClockSpec& clock = kind.clocks[i];
    if (clock.name == name && clock.period == period &&
        (!period || clock.cadence.kind == period_kind)) {
      return static_cast<std::int16_t>(i);
    }
  }
  return kNone;
}

std::int16_t priority_named(const Policy& policy, std::string_view name) {
  const std::int16_t code = place_of(name, policy.priorities);
  const std::int16_t retired =
      code == kNone ? place_of(name, policy.retired_priorities) : std::int16_t{kNone};
  if (retired == kNone) return code;
  return static_cast<std::int16_t>(policy.priorities.size() + static_cast<std::size_t>(retired));
}

std::shared_ptr<const Policy> remembering(const Policy& now, std::shared_ptr<const Policy> before) {
  auto policy = std::make_shared<Policy>(now);
  if (before == nullptr) return policy;
  remember_names(policy->roles, before->roles);
  for (const auto* names : {&before->priorities, &before->retired_priorities}) {
    for (const std::string& name : *names) {
      if (place_of(name, policy->priorities) == kNone &&
          place_of(name, policy->retired_priorities) == kNone)
        policy->retired_priorities.push_back(name);
    }
  }
  for (const std::string& name : before->thresholds) {
    if (policy->thresholds.size() < kMaxThresholds && place_of(name, policy->thresholds) == kNone)
      policy->thresholds.push_back(name);
  }
  for (const NamedCalendar& was : before->calendars) {
    const bool known =
        std::any_of(policy->calendars.begin(), policy->calendars.end(),
                    [&](const NamedCalendar& c) { return c.calendar == was.calendar; });
    if (!known) policy->calendars.push_back(was);
  }
  for (const KindSpec& was : before->kinds) {
    auto kind = std::find_if(policy->kinds.begin(), policy->kinds.end(),
                             [&](const KindSpec& k) { return k.name == was.name; });
    if (kind == policy->kinds.end())
      kind = policy->kinds.insert(policy->kinds.end(), retired_kind(was));
    remember_kind(*kind, was, Remembering(*before, *policy));
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

std::int16_t Translation::verb(std::int16_t code) const {
  return code == kNone ? kNone : verb_named(to_kind, at(from_kind.verbs, code).name);
}

std::int16_t Translation::choice(std::int16_t in, std::int16_t code) const {
  const std::int16_t there = verb(in);
  if (code == kNone || there == kNone) return kNone;
  const auto& words = choice_words(at(from_kind.verbs, in));
  if (words.empty()) return threshold(code);  // it names a limit
  return place_of(at(words, code), choice_words(at(to_kind.verbs, there)));
}

std::int16_t Translation::priority_in_force(std::int16_t code) const {
  return code == kNone ? kNone : place_of(from.priority_name(code), to.priorities);
}

std::int16_t Translation::tier(std::int16_t code) const {
  return code == kNone ? kNone : place_of(at(from.tiers, code), to.tiers);
}

VerbMask Translation::verbs(VerbMask mask) const {
  VerbMask there = 0;
  for (std::size_t v = 0; v < from_kind.verbs.size(); ++v) {
    if ((mask >> v & 1U) == 0) continue;
    const std::int16_t code = verb(static_cast<std::int16_t>(v));
    if (code != kNone) there |= VerbMask{1} << code;
  }
  return there;
}

std::int16_t Translation::clock(std::int16_t code) const {
  return code == kNone ? kNone : same_clock(to_kind, at(from_kind.clocks, code));
}

std::int16_t Translation::stage(std::int16_t code) const {
  return code == kNone ? kNone : place_of(at(from_kind.stages, code), to_kind.stages);
}

std::int16_t Translation::priority(std::int16_t code) const {
  return code == kNone ? kNone : priority_named(to, from.priority_name(code));
}

std::int16_t Translation::role(std::int16_t code) const {
  return code == kNone ? kNone : place_of(at(from.roles, code), to.roles);
}

std::int16_t Translation::threshold(std::int16_t code) const {
  if (code == kNone) return kNone;
  const std::int16_t there = place_of(at(from.thresholds, code), to.thresholds);
  return there == kNone ? code : there;
}

std::array<std::int16_t, kMaxThresholds> Translation::thresholds() const {
  std::array<std::int16_t, kMaxThresholds> places;
  places.fill(kNone);
  std::array<bool, kMaxThresholds> taken{};
  for (const bool by_name : {true, false}) {
    for (std::size_t i = 0; i < kMaxThresholds; ++i) {
      const bool known = i < from.thresholds.size();
      const bool named = known && place_of(from.thresholds[i], to.thresholds) != kNone;
      const auto there =
          named ? threshold(static_cast<std::int16_t>(i)) : static_cast<std::int16_t>(i);
      if (named != by_name || taken[static_cast<std::size_t>(there)]) continue;
      places[i] = there;
      taken[static_cast<std::size_t>(there)] = true;
    }
  }
  return places;
}

std::int16_t Translation::calendar(std::int16_t code) const {
  if (code == kNone) return kNone;
  const NamedCalendar& was = at(from.calendars, code);
  const auto same = [&](const NamedCalendar& c) { return c.calendar == was.calendar; };
  const auto it = std::find_if(to.calendars.begin(), to.calendars.end(), same);
  return it == to.calendars.end() ? kNone : static_cast<std::int16_t>(it - to.calendars.begin());
}

}  // namespace tocsin
