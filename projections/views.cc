#include "projections/views.h"

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>

#include "events/bytes.h"

namespace tocsin {
namespace {

constexpr std::array<std::string_view, 4> kEndStates = {"closed", "cancelled", "accepted",
                                                        "completed"};
constexpr std::string_view kEveryAccount = "";

bool is_live(const ClockRow& clock) {
  return clock.state == ClockState::kRunning || clock.state == ClockState::kPaused;
}

template <typename Texts>
void add_texts(Texts& to, const std::vector<std::string>& from) {
  for (const std::string& t : from) {
    if (std::find(to.begin(), to.end(), t) == to.end()) to.push_back(t);
  }
}

// Who is called in for a clock: of its open groups, each once.
template <typename Texts>
void add_called(const EntityView& view, const ClockRow& clock, Texts& roles, Texts& persons) {
  for (const GroupRow& g : view.groups) {
    if (g.state != GroupState::kOpen || g.clock != clock.clock) continue;
    add_texts(roles, g.roles);
    add_texts(persons, g.persons);
  }
}

Key& put_clock_key(Key& key, ClockClass of, const EntityKey& entity, const ClockRow& clock) {
  return key.letter(static_cast<char>(of))
      .text(entity.kind)
      .text(clock.clock)
      .instant(listed_due(clock))
      .text(entity.account)
      .text(entity.id)
      .text(clock.cycle);
}

// Makes rows one after the other in memory that is used again for each.
class RowMaker {
 public:
  RowMaker(PartitionId partition, const EntityKey& entity, Arena& arena, std::vector<ViewRow>& rows)
      : partition_(partition), entity_(entity), arena_(arena), rows_(rows) {}

  void add_due(Instant due) { add(start(Family::kDue).instant(due).entity(entity_), {}); }

  void add_clock(const EntityView& view, const ClockRow& clock) {
    encode_summary(view, clock);
    const std::string_view summary = arena_.keep(value_);
    add_clock(class_of(clock.state), clock, summary);
    if (is_at_risk(clock)) add_clock(ClockClass::kAtRisk, clock, summary);
    if (is_overdue(clock)) add_clock(ClockClass::kOverdue, clock, summary);
  }

  void add_group(const GroupRow& g) {
    if (g.persons.empty()) add_group('p', {}, g);  // the inbox of nobody
    for (const std::string_view p : distinct(g.persons)) add_group('p', p, g);
    for (const std::string_view r : distinct(g.roles)) add_group('r', r, g);
  }

  void add_open(bool open) { add(start(Family::kOpen).entity(entity_), open ? "1" : "0"); }

 private:
  using Texts = boost::container::small_vector<std::string_view, 8>;

  static Texts distinct(const std::vector<std::string>& from) {
    Texts texts;
    add_texts(texts, from);
    return texts;
  }

  Key& start(Family family) { return key_.start(partition_, family); }
  void add(const Key& key, std::string_view kept_value) {
    rows_.push_back({arena_.keep(key.bytes()), kept_value});
  }

  void add_clock(ClockClass of, const ClockRow& clock, std::string_view summary) {
    add(put_clock_key(start(Family::kClock), of, entity_, clock), summary);
  }

  void add_group(char letter, std::string_view name, const GroupRow& g) {
    add(start(Family::kGroup)
            .letter(letter)
            .text(name)
            .letter(g.urgency == "high" ? '0' : '1')
            .instant(g.begun)
            .entity(entity_)
            .text(group_name(entity_, g.escalation)),
        {});
  }

  // A ClockSummary, in `value_`.
  void encode_summary(const EntityView& view, const ClockRow& clock) {
    value_.clear();
    put_text(value_, view.tier);
    put_text(value_, view.priority);
    put_text(value_, view.assignee);
    Texts roles, persons;
    add_called(view, clock, roles, persons);
    for (const Texts* texts : {&roles, &persons}) {
      put_unsigned(value_, texts->size());
      for (const std::string_view t : *texts) put_text(value_, t);
    }
  }

  const PartitionId partition_;
  const EntityKey& entity_;
  Arena& arena_;
  std::vector<ViewRow>& rows_;
  Key key_{0, Family::kMeta};
  std::string value_;
};

void add_counts(PartitionId partition, const EntityKey& entity, const Projection& p, int sign,
                Sums& sums) {
  if (!p.known) return;
  const EntityView& view = p.view;
  const CountOwnerView owner{partition, entity.account, entity.kind, view.tier};
  if (sums.last == sums.entities.end() || owner != CountOwnerView(sums.last->first)) {
    sums.last = sums.entities.find(owner);
    if (sums.last == sums.entities.end())
      sums.last = sums.entities.emplace(owner, EntityCounts{}).first;
  }
  EntityCounts& n = sums.last->second;  // entities come in order: most are as the one before
  n.waiting += view.created ? 0 : sign;
  n.entities += view.created ? sign : 0;
  n.open += is_open(view) ? sign : 0;
  n.provisional += view.created && view.provisional ? sign : 0;
  for (const ClockRow& clock : view.clocks) {
    n.paused += clock.state == ClockState::kPaused ? sign : 0;
    n.running += clock.state == ClockState::kRunning ? sign : 0;
    n.at_risk += is_at_risk(clock) ? sign : 0;
    n.overdue += is_overdue(clock) ? sign : 0;
  }
  for (const GroupRow& g : view.groups) {
    if (g.state != GroupState::kOpen) continue;
    n.groups += sign;
    n.groups_high += g.urgency == "high" ? sign : 0;
  }
}

bool same_clock(const ClockRow& a, const ClockRow& b) {
  const auto same_threshold = [](const ThresholdRow& x, const ThresholdRow& y) {
    return x.name == y.name && x.due == y.due && x.verdict == y.verdict;
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
      (t.verdict == Verdict::kMet ? one.met : one.breached) = 1;
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
    for (const std::string_view account : {kEveryAccount, std::string_view(entity_.account)}) {
      sums_
          .figures[figure_key(partition_, account, day, clock, threshold, p.view.priority,
                              p.view.tier)]
          .add(value, sign);
    }
  }

  PartitionId partition_;
  const EntityKey& entity_;
  Sums& sums_;
};

void add_satisfaction(PartitionId partition, const EntityKey& entity, const Projection& p, int sign,
                      Sums& sums) {
  if (!p.satisfaction) return;
  for (const std::string_view account : {kEveryAccount, std::string_view(entity.account)}) {
    sums.satisfaction[satisfaction_key(partition, account, p.satisfaction->day, p.view.tier)].add(
        {p.satisfaction->score, 1}, sign);
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
  add_satisfaction(partition, entity, p, sign, sums);
}

}  // namespace

ClockClass class_of(ClockState state) {
  switch (state) {
    case ClockState::kRunning:
      return ClockClass::kRunning;
    case ClockState::kPaused:
      return ClockClass::kPaused;
    case ClockState::kStopped:
      return ClockClass::kStopped;
    case ClockState::kCancelled:
      return ClockClass::kCancelled;
  }
  return ClockClass::kCancelled;
}

bool is_at_risk(const ClockRow& clock) {
  return clock.state == ClockState::kRunning &&
         std::any_of(clock.thresholds.begin(), clock.thresholds.end(), [](const ThresholdRow& t) {
           return t.verdict == Verdict::kPending && t.warned;
         });
}

bool is_overdue(const ClockRow& clock) {
  return clock.state == ClockState::kRunning &&
         std::any_of(clock.thresholds.begin(), clock.thresholds.end(),
                     [](const ThresholdRow& t) { return t.verdict == Verdict::kBreached; });
}

bool is_open(const EntityView& view) {
  return view.created &&
         std::find(kEndStates.begin(), kEndStates.end(), view.state) == kEndStates.end();
}

Instant listed_due(const ClockRow& clock) {
  Instant pending = kNever, last = kAlways;
  for (const ThresholdRow& t : clock.thresholds) {
    if (!t.due) continue;
    if (t.verdict == Verdict::kPending) pending = std::min(pending, *t.due);
    last = std::max(last, *t.due);
  }
  if (pending != kNever) return pending;
  return last == kAlways ? kNever : last;
}

ClockSummary summarize(const EntityView& view, const ClockRow& clock) {
  ClockSummary s{view.tier, view.priority, view.assignee, {}, {}};
  add_called(view, clock, s.roles, s.persons);
  return s;
}

ClockSummary decode_clock_summary(std::string_view bytes) {
  ByteReader in(bytes);
  ClockSummary s;
  s.tier = in.text();
  s.priority = in.text();
  s.assignee = in.text();
  for (auto* texts : {&s.roles, &s.persons}) {
    for (std::uint64_t n = in.unsigned_int(); n > 0; --n) texts->push_back(in.text());
  }
  return s;
}

std::string clock_prefix(PartitionId partition, ClockClass of, std::string_view kind,
                         std::string_view clock) {
  return Key(partition, Family::kClock).letter(static_cast<char>(of)).text(kind).text(clock).take();
}

std::string clock_key(PartitionId partition, ClockClass of, const EntityKey& entity,
                      const ClockRow& clock) {
  Key key(partition, Family::kClock);
  return put_clock_key(key, of, entity, clock).take();
}

std::string_view group_name(const EntityKey& entity, std::string_view escalation) {
  std::string_view rest = escalation;
  for (const std::string* part : {&entity.account, &entity.kind, &entity.id}) {
    if (!rest.starts_with(*part) || !rest.substr(part->size()).starts_with('/')) return escalation;
    rest.remove_prefix(part->size() + 1);
  }
  return rest;
}

void index_rows(PartitionId partition, const EntityKey& entity, const Projection& p, Arena& arena,
                std::vector<ViewRow>& rows) {
  rows.clear();
  if (!p.known) return;
  RowMaker make(partition, entity, arena, rows);
  // As their families sort, so that sorting finds little to do.
  for (const ClockRow& clock : p.view.clocks) make.add_clock(p.view, clock);
  if (p.next_due != kNever) make.add_due(p.next_due);
  for (const GroupRow& g : p.view.groups) {
    if (g.state == GroupState::kOpen) make.add_group(g);
  }
  const bool open = is_open(p.view);
  if (open || !p.view.created || std::any_of(p.view.clocks.begin(), p.view.clocks.end(), is_live))
    make.add_open(open);
  std::sort(rows.begin(), rows.end());
}

void add_difference(PartitionId partition, const EntityKey& entity, const Projection* before,
                    const Projection& after, Sums& sums) {
  if (before != nullptr) add_counts(partition, entity, *before, -1, sums);
  add_counts(partition, entity, after, 1, sums);

  // Most changes leave the older clocks as they are: those cancel out and are left alone.
  std::size_t same = 0;
  if (before != nullptr && before->known && after.known && before->view.tier == after.view.tier &&
      before->view.priority == after.view.priority) {
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

std::map<std::string, std::int64_t> count_changes(const Sums& sums) {
  std::map<std::string, std::int64_t> changes;
  for (const auto& [owner, n] : sums.entities) {
    const auto& [partition, account, kind, tier] = owner;
    const auto add = [&](const std::string& name, std::int64_t change) {
      if (change == 0) return;
      changes[count_key(partition, kEveryAccount, name)] += change;
      changes[count_key(partition, account, name)] += change;
    };
    const auto add_clocks = [&](const std::string& name, std::int64_t change) {
      add(name, change);
      if (!tier.empty()) add(name + "/" + tier, change);
    };
    add("waiting", n.waiting);
    add("entities/" + kind, n.entities);
    add("open/" + kind, n.open);
    add("provisional", n.provisional);
    add_clocks("paused", n.paused);
    add_clocks("running", n.running);
    add_clocks("at_risk", n.at_risk);
    add_clocks("overdue", n.overdue);
    add("groups", n.groups);
    add("groups/high", n.groups_high);
  }
  return changes;
}

std::string count_key(PartitionId partition, std::string_view account, std::string_view name) {
  return Key(partition, Family::kCount).text(account).text(name).take();
}

std::string figure_key(PartitionId partition, std::string_view account, Day day,
                       std::string_view clock, std::string_view threshold,
                       std::string_view priority, std::string_view tier) {
  return Key(partition, Family::kFigure)
      .text(account)
      .day(day)
      .text(clock)
      .text(threshold)
      .text(priority)
      .text(tier)
      .take();
}

std::string satisfaction_key(PartitionId partition, std::string_view account, Day day,
                             std::string_view tier) {
  return Key(partition, Family::kSatisfaction).text(account).day(day).text(tier).take();
}

}  // namespace tocsin
