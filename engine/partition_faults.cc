// Recurring faults: tickets of the same module in weeks running (contract §6).
#include <algorithm>
#include <utility>

#include "engine/entity/follow.h"
#include "engine/partition.h"
#include "engine/said/escalate.h"
#include "events/id.h"

namespace tocsin {

namespace {

const FaultSpec* fault_spec(const Policy& policy) {
  for (const KindSpec& kind : policy.kinds) {
    if (kind.fault.enabled) return &kind.fault;
  }
  return nullptr;
}

const KindSpec* home_kind(const Policy& policy) {
  for (const KindSpec& kind : policy.kinds) {
    if (kind.tiers != 0) return &kind;
  }
  return nullptr;
}

// Notes that an opening of an entity came, or went, there.
void note_opening(Account& a, const std::string& id, const OpeningPlace& at,
                  std::size_t parts_before, std::size_t parts_now) {
  a.parts_changed.emplace(at.module, at.week, Openings::part_of(id));
  if (parts_before != parts_now) a.modules_changed.insert(at.module);
}

// Puts an opening where it belongs. True: it was not there.
bool put_opening(Account& a, const std::string& id, const OpeningPlace& at) {
  Openings& openings = a.faults[at.module][at.week];
  const std::size_t parts = openings.parts().size();
  if (!openings.add(at.time, id)) return false;
  note_opening(a, id, at, parts, openings.parts().size());
  if (a.places) a.places->emplace(id, at);
  return true;
}

std::unordered_multimap<std::string, OpeningPlace> places_of(const Account& a) {
  std::unordered_multimap<std::string, OpeningPlace> places;
  for (const auto& [module, weeks] : a.faults) {
    for (const auto& [week, openings] : weeks) {
      for (const auto& [_, part] : openings.parts()) {
        for (const auto& [time, id] : part) places.emplace(id, OpeningPlace{module, week, time});
      }
    }
  }
  return places;
}

// Takes out what stands of an entity, but at `stays`; the modules that this changes join `touched`.
void take_openings(Account& a, const std::string& id, const OpeningPlace* stays,
                   std::vector<std::string>& touched) {
  if (!a.places) a.places = places_of(a);
  const auto [begin, end] = a.places->equal_range(id);
  for (auto place = begin; place != end;) {
    const OpeningPlace& at = place->second;
    if (stays != nullptr && at == *stays) {
      ++place;
      continue;
    }
    const auto weeks = a.faults.find(at.module);
    const auto openings = weeks->second.find(at.week);
    const std::size_t parts = openings->second.parts().size();
    openings->second.remove(at.time, id);
    note_opening(a, id, at, parts, openings->second.parts().size());
    if (openings->second.empty()) weeks->second.erase(openings);
    if (weeks->second.empty()) a.faults.erase(weeks);
    touched.push_back(at.module);
    place = a.places->erase(place);
  }
}

}  // namespace

Partition::FaultState Partition::fault_state(const Entity& e) {
  return e.truth && e.truth->created ? FaultState{true, e.truth->ended} : FaultState{};
}

void Partition::watch_faults(Entity& e, FaultState known, std::string_view news) {
  if (!e.spec().fault.enabled || fault_state(e) == known) return;
  watch_faults(e, *e.truth, e.facts, known, news);
}

void Partition::watch_faults(Entity& e, const Truth& truth, const std::vector<EntityFact>& facts,
                             FaultState known, std::string_view news) {
  const FaultSpec& spec = e.spec().fault;
  if (!spec.enabled || !truth.created) return;
  Account& owner = *e.owner;
  const EntityFact& creation = facts[static_cast<std::size_t>(truth.creator)];
  const PriorityCode given = e.moves.empty()
                                 ? creation.priority
                                 : seen_by(*e.policy, e.spec(), creation, *e.policy).priority;
  const PriorityCode priority = given == kNone ? e.spec().default_priority : given;
  const bool wanted = !creation.words.more().empty() && spec.priorities[priority] &&
                      !has(spec.not_when, truth.ended);
  if (!wanted && !e.listed) return;
  const OpeningPlace mine{
      std::string(creation.words.more()),
      e.policy->working().period_at(truth.created_at, PeriodKind::kWeek).begin.ms,
      truth.created_at.ms};
  std::vector<std::string> touched;
  // One that is there already may have moved, or count no more.
  if (e.listed && (!known.created || !wanted))
    take_openings(owner, e.id, wanted ? &mine : nullptr, touched);
  if (wanted && put_opening(owner, e.id, mine)) touched.push_back(mine.module);
  e.listed = e.listed || wanted;
  if (touched.empty()) return;
  if (owner.faults_changed.empty()) fault_accounts_.push_back(&owner);
  for (std::string& module : touched)
    owner.faults_changed.insert_or_assign(std::move(module), news);
  owner.changed = true;
}

void Partition::decide_faults(Account& owner, Instant now, const DerivedSink& sink) {
  const FaultSpec* spec = fault_spec(*policy_);
  const Calendar& calendar = policy_->working();
  const auto modules = std::exchange(owner.faults_changed, {});
  if (spec == nullptr) return;
  for (const auto& [module, news] : modules) {
    const auto module_weeks = owner.faults.find(module);
    if (module_weeks == owner.faults.end()) continue;
    const auto& weeks = module_weeks->second;
    for (const auto& [week, openings] : weeks) {
      if (owner.faults_said.count({module, week}) != 0) continue;
      std::vector<std::string> names;
      Instant at{week};
      for (int i = 0; i < spec->weeks; ++i) {
        const Period period = calendar.period_at(at, PeriodKind::kWeek);
        const auto found = weeks.find(period.begin.ms);
        if (found == weeks.end()) break;
        names.insert(names.begin(), period.name);
        at = {period.begin.ms - 1};
      }
      if (static_cast<int>(names.size()) < spec->weeks) continue;
      say_fault(owner, {module, week, std::move(names), {openings.first()}, news}, now, sink);
    }
  }
}

void Partition::say_fault(Account& owner, const Recurring& fault, Instant now,
                          const DerivedSink& sink) {
  const KindSpec* home = home_kind(*policy_);
  if (home == nullptr) return;
  owner.faults_said.emplace(fault.module, fault.week);
  owner.changed = true;
  Entity& e = entity({owner.name, home->name, owner.name});
  derived_.clear();
  const AccountRoles roles(owner, *e.policy, roster_.get());
  Truth known(e);
  if (!e.truth) known.read(e.facts);
  known.foretell();
  Announcement a{e,         e.truth ? *e.truth : known, nullptr, *e.policy, roles, now, derived_,
                 fault.news};
  Derived event;
  event.type = DerivedType::kFaultRecurring;
  event.time = fault.time;
  event.reason = fault.module;
  append_id_part(event.group.name, fault.module);
  event.group.name += "/" + fault.weeks.back();
  event.weeks = fault.weeks;
  const std::string name = event.group.name;
  a.say(std::move(event));
  escalate_fault(a, name, fault.time);
  counters_.derived += static_cast<std::int64_t>(derived_.size());
  e.told_at = now;
  changed(e);
  for (const Derived& d : derived_) sink(e, d, now);
}

}  // namespace tocsin
