// Which breaches have a good reason (contract §3 `excused`, §14).
//
// An excuse names a clock, and perhaps a cycle and a threshold; without a cycle it means the latest
// one that was breached by then. A breach of its own instant is breached by then.
#include <algorithm>

#include "engine/policy/translate.h"
#include "engine/truth/truth.h"
#include "engine/truth/truth_parts.h"

namespace tocsin {

namespace {

// Whether a threshold was breached by `at`; `limit`: which one counts, kNone: any.
bool breached_by(const Cycle& cycle, ThresholdCode i, ThresholdCode limit, Instant at) {
  const Threshold& th = cycle.thresholds[i];
  return th.exists && th.verdict == Verdict::kBreached && th.breached_at <= at &&
         (limit == kNone || limit == i);
}

bool breached_by(const Cycle& cycle, ThresholdCode limit, Instant at) {
  for (const ThresholdCode i : kThresholds) {
    if (breached_by(cycle, i, limit, at)) return true;
  }
  return false;
}

bool is_cycle(const Policy& policy, const ClockSpec& spec, const Cycle& cycle,
              std::string_view name) {
  return spec.period ? policy.working().period_at({cycle.number}, spec.cadence.kind).name == name
                     : std::to_string(cycle.number) == name;
}

}  // namespace

// The threshold that it names, in the codes that hold now.
ThresholdCode Truth::limit_now(const EntityFact& excuse) const {
  const ThresholdCode limit = as_threshold(excuse.choice);
  if (moves.empty() || limit == kNone || excuse.version == policy->version) return limit;
  const Policy* known = moves.back().to->of_version(excuse.version);
  const KindSpec* known_kind = known == nullptr ? nullptr : known->kind_named(kind->name);
  return known_kind == nullptr ? limit : Translation(*known, *known_kind, *policy).threshold(limit);
}

void Truth::mark_excuses(const std::vector<EntityFact>& facts) {
  excused.clear();
  for (const std::int32_t place : excuses) {
    const EntityFact& excuse = facts[static_cast<std::size_t>(place)];
    const ThresholdCode limit = limit_now(excuse);
    const Instant at = std::max(excuse.time, created_at);
    const Cycle* meant = nullptr;
    for (const Cycle& cycle : cycles) {
      const ClockSpec& spec = kind->clocks[cycle.clock];
      if (spec.name != excuse.words.more() || !breached_by(cycle, limit, at)) continue;
      const std::string_view name = excuse.words.text();
      if (name.empty() ? meant == nullptr || meant->start <= cycle.start
                       : is_cycle(*policy, spec, cycle, name))
        meant = &cycle;
    }
    if (meant == nullptr) continue;
    for (const ThresholdCode i : kThresholds) {
      if (breached_by(*meant, i, limit, at))
        excused.push_back({meant->clock, meant->number, i, at});
    }
  }
}

Instant Truth::excused_at(const Cycle& cycle, ThresholdCode threshold) const {
  Instant at = kNever;
  for (const Excused& e : excused) {
    if (e.clock == cycle.clock && e.cycle == cycle.number && e.threshold == threshold)
      at = std::min(at, e.at);
  }
  return at;
}

Instant Truth::excused_at(const Run& run) const {
  Instant at = kNever;
  for (const Excused& e : excused) {
    if (e.clock != run.clock || e.cycle < run.first) continue;
    const bool later = std::any_of(runs.begin(), runs.end(), [&](const Run& other) {
      return other.clock == run.clock && other.first > run.first && other.first <= e.cycle;
    });
    if (!later) at = std::min(at, e.at);
  }
  return at;
}

const Cycle* Truth::find(ClockCode clock, std::int64_t number) const {
  for (auto it = cycles.rbegin(); it != cycles.rend(); ++it) {
    if (it->clock == clock && it->number == number) return &*it;
  }
  return nullptr;
}

}  // namespace tocsin
