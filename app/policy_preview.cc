#include "app/policy_preview.h"

#include <algorithm>

#include "app/policy_history.h"
#include "engine/entity/entity_codec.h"
#include "engine/entity/follow.h"
#include "engine/policy/translate.h"
#include "engine/said/derived.h"
#include "engine/truth/truth.h"
#include "projections/rows/projection.h"

namespace tocsin {

namespace {

using What = DueChange::What;

bool live(const Cycle& cycle) {
  return cycle.state == ClockState::kRunning || cycle.state == ClockState::kPaused;
}

std::optional<Instant> due_of(const Threshold& th) {
  return th.due == kNever ? std::nullopt : std::optional(th.due);
}

// One entity, as it is and as it would be.
class Comparison {
 public:
  Comparison(Preview& out, const Entity& before, const Entity& after, Instant now)
      : out_(out),
        entity_(after),
        words_(*before.policy, before.spec(), *after.policy),
        was_(before),
        is_(after) {
    was_.read(before.facts);
    was_.come_to(before.facts, now);
    is_.read(after.facts);
    is_.come_to(after.facts, now);
  }

  void run() {
    for (std::size_t i = 0; i < is_.cycles.size(); ++i) {
      if (i < was_.cycles.size()) {
        compare(was_.cycles[i], is_.cycles[i]);
      } else if (live(is_.cycles[i])) {
        for (const ThresholdCode t : kThresholds) {
          const Threshold& th = is_.cycles[i].thresholds[t];
          if (th.exists) add(What::kStarts, is_.cycles[i], t, std::nullopt, due_of(th));
        }
      }
    }
  }

 private:
  void compare(const Cycle& was, const Cycle& is) {
    if (!live(was)) return;
    for (const ThresholdCode t : kThresholds) {
      const Threshold& before = was.thresholds[t];
      if (!before.exists) continue;
      const ThresholdCode there = words_.threshold(t);
      const Threshold& after = is.thresholds[there];
      if (!live(is)) {
        add(What::kCancelled, is, there, due_of(before), std::nullopt);
      } else if (!after.exists) {
        add(What::kDropped, is, there, due_of(before), std::nullopt);
      } else if (after.verdict == Verdict::kBreached && before.verdict != Verdict::kBreached) {
        add(What::kBreaches, is, there, due_of(before), due_of(after));
      } else if (before.verdict == Verdict::kBreached && after.verdict == Verdict::kPending) {
        add(What::kPending, is, there, due_of(before), due_of(after));
      } else if (before.due != after.due || before.remaining_ms != after.remaining_ms) {
        add(What::kMoves, is, there, due_of(before), due_of(after));
      }
    }
    for (const ThresholdCode t : kThresholds) {
      const Threshold& after = is.thresholds[t];
      const bool known = [&] {
        for (const ThresholdCode o : kThresholds) {
          if (was.thresholds[o].exists && words_.threshold(o) == t) return true;
        }
        return false;
      }();
      if (live(is) && after.exists && !known)
        add(What::kStarts, is, t, std::nullopt, due_of(after));
    }
  }

  void add(What what, const Cycle& cycle, ThresholdCode threshold, std::optional<Instant> from,
           std::optional<Instant> to) {
    ++out_.changed;
    if (what == What::kBreaches) ++out_.breaches;
    if (out_.dues.size() == Preview::kDuesMax) return;
    const ClockSpec& spec = entity_.spec().clocks[cycle.clock];
    out_.dues.push_back({what, entity_.account, entity_.spec().name + "/" + entity_.id, spec.name,
                         cycle_name(*entity_.policy, spec, cycle.number),
                         entity_.policy->thresholds[threshold], from, to});
  }

  Preview& out_;
  const Entity& entity_;
  Translation words_;
  Truth was_, is_;
};

}  // namespace

std::string_view name(What what) {
  static constexpr std::string_view kNames[] = {"moves",  "breaches", "pending",
                                                "starts", "dropped",  "cancelled"};
  return kNames[static_cast<std::size_t>(what)];
}

Preview preview_to_open(const Store& store, const Policy& next, Instant now,
                        const std::function<bool()>& stop) {
  Preview out;
  const ReadView view = store.view();
  for (const PartitionId partition : view.partitions()) {
    const auto policies = policies_of(policy_history(store, partition));
    if (policies.empty()) continue;
    auto wanted = std::make_shared<Policy>(next);
    wanted->version = policies.back()->version + 1;
    wanted->in_force_from = now;
    wanted->to_open = true;
    const auto target = remembering(*wanted, policies.back());
    const PolicyFinder finder = [&](std::int32_t version) { return target->of_version(version); };
    const std::string prefix = Key(partition, Family::kEntity).take();
    for (RowCursor row = view.rows(prefix); row.valid(); row.next()) {
      if (stop()) return out;
      const std::string_view state = split_entity_row(row.value()).state;
      if (state.empty()) continue;  // no policy knew a fact of it
      Entity before;
      KeyReader key(row.key());
      EntityKey name = key.entity();
      before.account = std::move(name.account);
      before.id = std::move(name.id);
      decode_entity(state, finder, before);
      if (!moves_to(before, *target)) continue;
      ++out.entities;
      Entity after = before;
      move(after, *target, std::max(now, target->in_force_from));
      Comparison(out, before, after, now).run();
    }
  }
  return out;
}

}  // namespace tocsin
