// What entities add to the sums: counts, figures, scores (views.h).
#include <algorithm>

#include "events/bytes.h"
#include "projections/rows/views.h"

namespace tocsin {
namespace {

class CountAdder {
 public:
  CountAdder(PartitionId partition, const EntityKey& entity, Sums& sums)
      : partition_(partition), entity_(entity), sums_(sums) {}

  void add_entity(const Projection& p, int sign) {
    const EntityView& view = p.view;
    EntityCounts& n = at(view, {});
    n.waiting += view.created ? 0 : sign;
    n.entities += view.created ? sign : 0;
    n.open += is_open(view) ? sign : 0;
    n.provisional += view.created && view.provisional ? sign : 0;
    for (const GroupRow& g : view.groups) {
      if (g.state != GroupState::kOpen) continue;
      EntityCounts& of = at(view, g.clock);
      of.groups += sign;
      of.groups_high += g.urgency == "high" ? sign : 0;
    }
  }

  static EntityCounts of(const ClockRow& clock) {
    EntityCounts n;
    n.paused = clock.state == ClockState::kPaused;
    n.running = clock.state == ClockState::kRunning;
    n.at_risk = is_at_risk(clock);
    n.overdue = is_overdue(clock);
    return n;
  }
  void add_clock(const EntityView& view, const ClockRow& clock, int sign) {
    if (is_live(clock)) at(view, clock.clock).add(of(clock), sign);
  }

 private:
  EntityCounts& at(const EntityView& view, std::string_view clock) {
    const CountOwnerView owner{partition_, entity_.account, view.source, entity_.kind,
                               view.tier,  view.priority,   clock};
    if (sums_.last == sums_.counts.end() || owner != CountOwnerView(sums_.last->first)) {
      sums_.last = sums_.counts.find(owner);
      if (sums_.last == sums_.counts.end())
        sums_.last = sums_.counts.emplace(owner, EntityCounts{}).first;
    }
    return sums_.last->second;  // entities come in order: most are as the one before
  }

  PartitionId partition_;
  const EntityKey& entity_;
  Sums& sums_;
};

// Whether what both have counts in the same sums.
bool counts_alike(const EntityView& a, const EntityView& b) {
  return a.tier == b.tier && a.priority == b.priority && a.source == b.source;
}

// What changes, but for clocks that count as before.
void add_counts(PartitionId partition, const EntityKey& entity, const Projection* before,
                const Projection& after, Sums& sums) {
  CountAdder adder(partition, entity, sums);
  const Projection* const old = before != nullptr && before->known ? before : nullptr;
  const Projection* const now = after.known ? &after : nullptr;
  if (old != nullptr) adder.add_entity(*old, -1);
  if (now != nullptr) adder.add_entity(*now, 1);
  const std::size_t olds = old == nullptr ? 0 : old->view.clocks.size();
  const std::size_t nows = now == nullptr ? 0 : now->view.clocks.size();
  const bool same_owner = old != nullptr && now != nullptr && counts_alike(old->view, now->view);
  for (std::size_t i = 0; i < std::max(olds, nows); ++i) {
    const ClockRow* const a = i < olds ? &old->view.clocks[i] : nullptr;
    const ClockRow* const b = i < nows ? &now->view.clocks[i] : nullptr;
    if (same_owner && a != nullptr && b != nullptr && a->clock == b->clock &&
        CountAdder::of(*a) == CountAdder::of(*b)) {
      continue;
    }
    if (a != nullptr) adder.add_clock(old->view, *a, -1);
    if (b != nullptr) adder.add_clock(now->view, *b, 1);
  }
}

bool same_clock(const ClockRow& a, const ClockRow& b) {
  const auto same_threshold = [](const ThresholdRow& x, const ThresholdRow& y) {
    return x.name == y.name && x.due == y.due && x.verdict == y.verdict && x.excused == y.excused;
  };
  return a.clock == b.clock && a.state == b.state && a.elapsed_ms == b.elapsed_ms &&
         std::equal(a.thresholds.begin(), a.thresholds.end(), b.thresholds.begin(),
                    b.thresholds.end(), same_threshold);
}

class FigureAdder {
 public:
  FigureAdder(PartitionId partition, const EntityKey& entity, Sums& sums)
      : partition_(partition), entity_(entity), sums_(sums) {}

  void add_clock(const Projection& p, const ClockRow& clock, const Day* days, int sign) {
    if (clock.state == ClockState::kCancelled) return;
    for (std::size_t i = 0; i < clock.thresholds.size(); ++i) {
      const ThresholdRow& t = clock.thresholds[i];
      if (t.verdict == Verdict::kPending || !t.due) continue;
      KpiValue one;
      (t.verdict == Verdict::kMet ? one.met : t.excused ? one.excused : one.breached) = 1;
      if (clock.elapsed_ms) {
        one.elapsed_count = 1;
        one.elapsed_sum_ms = *clock.elapsed_ms;
        one.elapsed[static_cast<std::size_t>(elapsed_bucket(*clock.elapsed_ms))] = 1;
      }
      add(p, days[i], clock.clock, t.name, one, sign);
    }
  }

  void add_withdrawn(const Projection& p, int sign) {
    for (const Withdrawn& w : p.withdrawn) {
      KpiValue one;
      one.withdrawn = w.count;
      add(p, w.day, w.clock, w.threshold, one, sign);
    }
  }

 private:
  void add(const Projection& p, Day day, std::string_view clock, std::string_view threshold,
           const KpiValue& value, int sign) {
    each_sum_of(entity_.account, p.view.source, [&](const SumOf& of) {
      sums_.figures[figure_key(partition_, of, day, clock, threshold, p.view.priority, p.view.tier)]
          .add(value, sign);
    });
  }

  PartitionId partition_;
  const EntityKey& entity_;
  Sums& sums_;
};

void add_scores(PartitionId partition, const EntityKey& entity, const Projection& p, int sign,
                Sums& sums) {
  for (std::size_t i = 0; i < p.view.scores.size(); ++i) {
    const ScoreRow& row = p.view.scores[i];
    each_sum_of(entity.account, p.view.source, [&](const SumOf& of) {
      sums.scores[score_key(partition, of, p.score_days[i], row.type, p.view.priority, p.view.tier)]
          .add({row.score, 1}, sign);
    });
  }
}

// Figures of one side, but for its first `skip` clocks.
void add_figures(PartitionId partition, const EntityKey& entity, const Projection& p,
                 std::size_t skip, int sign, Sums& sums) {
  FigureAdder adder(partition, entity, sums);
  const Day* days = p.due_days.data();
  for (std::size_t i = 0; i < p.view.clocks.size(); ++i) {
    const ClockRow& clock = p.view.clocks[i];
    if (i >= skip) adder.add_clock(p, clock, days, sign);
    days += clock.thresholds.size();
  }
  adder.add_withdrawn(p, sign);
  add_scores(partition, entity, p, sign, sums);
}

}  // namespace

void add_difference(PartitionId partition, const EntityKey& entity, const Projection* before,
                    const Projection& after, Sums& sums) {
  add_counts(partition, entity, before, after, sums);

  // Most changes leave the older clocks as they are: those cancel out and are left alone.
  std::size_t same = 0;
  if (before != nullptr && before->known && after.known && counts_alike(before->view, after.view)) {
    const auto& a = before->view.clocks;
    const auto& b = after.view.clocks;
    std::size_t day = 0;
    while (same < a.size() && same < b.size() && same_clock(a[same], b[same])) {
      const std::size_t n = a[same].thresholds.size();
      if (!std::equal(&before->due_days[day], &before->due_days[day] + n, &after.due_days[day])) {
        break;
      }
      day += n;
      ++same;
    }
  }
  if (before != nullptr && before->known) {
    add_figures(partition, entity, *before, same, -1, sums);
  }
  if (after.known) add_figures(partition, entity, after, same, 1, sums);
}

void EntityCounts::add(const EntityCounts& o, int sign) {
  waiting += sign * o.waiting;
  entities += sign * o.entities;
  open += sign * o.open;
  provisional += sign * o.provisional;
  paused += sign * o.paused;
  running += sign * o.running;
  at_risk += sign * o.at_risk;
  overdue += sign * o.overdue;
  groups += sign * o.groups;
  groups_high += sign * o.groups_high;
}

std::string encode(const EntityCounts& n) {
  std::string out;
  for (const std::int64_t one : {n.waiting, n.entities, n.open, n.provisional, n.paused, n.running,
                                 n.at_risk, n.overdue, n.groups, n.groups_high}) {
    put_signed(out, one);
  }
  return out;
}

EntityCounts decode_counts(std::string_view bytes) {
  ByteReader in(bytes);
  EntityCounts n;
  for (std::int64_t* one : {&n.waiting, &n.entities, &n.open, &n.provisional, &n.paused, &n.running,
                            &n.at_risk, &n.overdue, &n.groups, &n.groups_high}) {
    *one = in.signed_int();
  }
  return n;
}

std::map<std::string, EntityCounts> count_changes(const Sums& sums) {
  std::map<std::string, EntityCounts> changes;
  for (const auto& [owner, n] : sums.counts) {
    if (n.empty()) continue;
    const auto& [partition, account, source, kind, tier, priority, clock] = owner;
    each_sum_of(account, source,
                [&, &n = n, p = partition, &k = kind, &t = tier, &r = priority,
                 &c = clock](const SumOf& of) { changes[count_key(p, of, k, t, r, c)].add(n); });
  }
  return changes;
}

std::string count_key(PartitionId partition, const SumOf& of, std::string_view kind,
                      std::string_view tier, std::string_view priority, std::string_view clock) {
  return Key(partition, Family::kCount)
      .text(of.source)
      .text(of.account)
      .text(kind)
      .text(tier)
      .text(priority)
      .text(clock)
      .text(of.part)
      .take();
}

std::string figure_key(PartitionId partition, const SumOf& of, Day day, std::string_view clock,
                       std::string_view threshold, std::string_view priority,
                       std::string_view tier) {
  return Key(partition, Family::kFigure)
      .text(of.source)
      .text(of.account)
      .day(day)
      .text(clock)
      .text(threshold)
      .text(priority)
      .text(tier)
      .text(of.part)
      .take();
}

std::string score_key(PartitionId partition, const SumOf& of, Day day, std::string_view type,
                      std::string_view priority, std::string_view tier) {
  return Key(partition, Family::kScore)
      .text(of.source)
      .text(of.account)
      .day(day)
      .text(type)
      .text(priority)
      .text(tier)
      .text(of.part)
      .take();
}

}  // namespace tocsin
