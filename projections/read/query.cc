#include "projections/read/query.h"

#include <algorithm>
#include <set>

#include "projections/read/alarm_rows.h"
#include "projections/read/list_filter.h"
#include "projections/read/merged_rows.h"
#include "projections/read/sums_asked.h"

namespace tocsin {
namespace {

// Beyond so many rows, or entities read for them, a narrowed list is not sorted in memory but
// filtered out of the rows of all.
constexpr std::size_t kSortedMax = 10'000;
constexpr std::size_t kDueBytes = 8;

std::size_t page_size(std::size_t limit) { return std::clamp<std::size_t>(limit, 1, kPageMax); }

std::vector<ClockClass> classes_of(const ClockQuery& query) {
  if (!query.classes.empty()) return query.classes;
  return {ClockClass::kRunning, ClockClass::kPaused, ClockClass::kStopped, ClockClass::kCancelled};
}

// What a clock's key says.
struct ClockPlace {
  PartitionId partition;
  EntityKey entity;
  std::string clock, cycle;
};

ClockPlace place_of(std::string_view key) {
  KeyReader reader(key);
  ClockPlace place;
  place.partition = reader.partition();
  reader.letter();
  place.entity.kind = reader.text();
  place.clock = reader.text();
  reader.instant();
  place.entity.account = reader.text();
  place.entity.id = reader.text();
  place.cycle = reader.text();
  return place;
}

// Everything of an entity but its clocks and groups, which are many.
EntityView without_rows(EntityView view) {
  view.clocks.clear();
  view.groups.clear();
  return view;
}

ListedClock listed(FilteredList& filter, PartitionId partition, const EntityKey& entity,
                   const EntityView& view, const ClockRow& clock) {
  EntityView of = view;
  return {entity, clock, without_rows(std::move(of)),
          filter.account(partition, entity.account).name};
}

std::vector<std::string> clock_prefixes(const ReadView& view, const ClockQuery& query) {
  const std::vector<ClockClass> classes = classes_of(query);
  std::vector<std::string> prefixes;
  for (const auto& [prefix, low] : view.low_water()) {
    KeyReader key(prefix);
    if (key.family() != Family::kClock) continue;
    const auto of = static_cast<ClockClass>(key.letter());
    if (std::find(classes.begin(), classes.end(), of) == classes.end()) continue;
    if (const std::string kind = key.text();
        !query.filter.kind.empty() && kind != query.filter.kind)
      continue;
    if (const std::string clock = key.text();
        !query.filter.clock.empty() && clock != query.filter.clock)
      continue;
    prefixes.push_back(prefix);
  }
  return prefixes;
}

ClockPage clocks_of_all(const ReadView& view, const ClockQuery& query, const std::string& after) {
  ClockPage page;
  FilteredList filter(view, query.filter);
  MergedRows rows(view, clock_prefixes(view, query), kDueBytes, after);
  std::string last;
  for (std::size_t scanned = 0; rows.valid(); rows.next(), ++scanned) {
    if (page.clocks.size() == page_size(query.limit) || scanned == kRowsScannedMax) {
      page.cursor = to_cursor(last);
      return page;
    }
    last = rows.key();
    const ClockPlace place = place_of(last);
    const ClockSummary summary = decode_clock_summary(rows.value());
    if (!filter.passes(place.partition, place.entity, place.clock, summary)) continue;
    const auto projection = find_projection(view, place.partition, place.entity);
    if (!projection || !filter.has_words(place.partition, place.entity, projection->view.title))
      continue;
    for (const ClockRow& clock : projection->view.clocks) {
      if (clock.clock != place.clock || clock.cycle != place.cycle) continue;
      page.clocks.push_back(listed(filter, place.partition, place.entity, projection->view, clock));
    }
  }
  return page;
}

bool in_class(const ClockRow& clock, ClockClass of) {
  if (of == ClockClass::kAtRisk) return is_at_risk(clock);
  if (of == ClockClass::kOverdue) return is_overdue(clock);
  return class_of(clock.state) == of;
}

// What passes, by its key, which gives the order of the list.
template <typename Item>
using Keyed = std::vector<std::pair<std::string, Item>>;

std::size_t most_read(const ListFilter& filter) {
  bool all = false;
  filter.accounts(all);
  return all ? FilteredList::kWordsMax : kRowsScannedMax;
}

// nullopt: too many to sort.
std::optional<Keyed<ListedClock>> keyed_clocks(const ReadView& view, const ClockQuery& query) {
  const std::vector<ClockClass> classes = classes_of(query);
  const bool ended = std::any_of(classes.begin(), classes.end(), [](ClockClass c) {
    return c == ClockClass::kStopped || c == ClockClass::kCancelled;
  });
  FilteredList filter(view, query.filter);
  Keyed<ListedClock> found;
  const auto add = [&](PartitionId partition, const EntityKey& entity, const Projection& p) {
    for (const ClockRow& clock : p.view.clocks) {
      for (const ClockClass of : classes) {
        if (!in_class(clock, of) ||
            !filter.passes(partition, entity, clock.clock, summarize(p.view, clock))) {
          continue;
        }
        found.emplace_back(clock_key(partition, of, entity, clock),
                           listed(filter, partition, entity, p.view, clock));
      }
    }
    return found.size() <= kSortedMax;
  };
  if (!filter.each_narrowed(ended, most_read(query.filter), add)) return std::nullopt;
  return found;
}

// The items behind `after`, in the order that MergedRows has too. `prefix_of`: the range of a key.
template <typename Item, typename PrefixOf>
std::string take_page(Keyed<Item> found, std::size_t limit, std::size_t order_bytes,
                      const std::string& after, const PrefixOf& prefix_of,
                      std::vector<Item>& items) {
  const auto order = [&](const std::string& key) {
    const std::string_view prefix = prefix_of(key);
    return std::tuple(std::string_view(key).substr(prefix.size(), order_bytes), prefix,
                      std::string_view(key));
  };
  const auto before = [&](const std::string& a, const std::string& b) {
    return order(a) < order(b);
  };
  std::sort(found.begin(), found.end(),
            [&](const auto& a, const auto& b) { return before(a.first, b.first); });
  auto from = found.begin();
  if (!after.empty()) {
    from = std::find_if(from, found.end(), [&](const auto& k) { return before(after, k.first); });
  }
  for (; from != found.end(); ++from) {
    if (items.size() == page_size(limit)) return to_cursor((from - 1)->first);
    items.push_back(std::move(from->second));
  }
  return {};
}

// ---- alarms ------------------------------------------------------------------------------------

// The inbox that holds the fewest rows beside those that are wanted: of whom, and their names.
struct Inboxes {
  InboxOf of = InboxOf::kEverybody;
  std::vector<std::string> names;
};

Inboxes inboxes_of(const ListFilter& f) {
  if (!f.person.empty()) return {InboxOf::kPerson, f.person};
  if (!f.role.empty()) return {InboxOf::kRole, {f.role}};
  bool all = false;
  std::vector<std::string> accounts = f.accounts(all);
  if (all) return {InboxOf::kEverybody, {""}};
  return {InboxOf::kAccount, std::move(accounts)};
}

std::vector<std::string> inbox_prefixes(const ReadView& view, const InboxQuery& query) {
  const Inboxes inboxes = inboxes_of(query.filter);
  std::vector<std::string> prefixes;
  for (const PartitionId partition : view.partitions()) {
    for (const std::string& name : inboxes.names) {
      if (query.open) prefixes.push_back(inbox_prefix(partition, inboxes.of, name, false));
      if (query.acknowledged) prefixes.push_back(inbox_prefix(partition, inboxes.of, name, true));
    }
  }
  return prefixes;
}

// In whose inbox an alarm is listed: one that called a person by several words stands in an inbox of each.
const std::string& listed_for(const Inboxes& inboxes, const EntityKey& entity,
                              const GroupRow& group) {
  if (inboxes.of == InboxOf::kAccount) return entity.account;
  if (inboxes.names.size() == 1) return inboxes.names.front();
  const std::vector<std::string> called = called_persons(group);
  const auto first =
      std::find_if(inboxes.names.begin(), inboxes.names.end(), [&](const std::string& word) {
        return std::find(called.begin(), called.end(), word) != called.end();
      });
  return first == inboxes.names.end() ? inboxes.names.front() : *first;
}

// The alarm as its entity has it; null where the entity shows that it does not pass.
const GroupRow* read_alarm(FilteredList& filter, AlarmRows& alarms) {
  const AlarmRows::Place& place = alarms.place();
  const Projection* const found = alarms.entity();
  if (found == nullptr || !filter.has_words(place.partition, place.entity, found->view.title))
    return nullptr;
  for (const GroupRow& g : found->view.groups) {
    if (group_name(place.entity, g.escalation) == alarms.name())
      return filter.was_called(g) ? &g : nullptr;
  }
  return nullptr;
}

InboxItem inbox_item(FilteredList& filter, PartitionId partition, const EntityKey& entity,
                     const EntityView& view, const GroupRow& group) {
  EntityView of = view;
  return {entity, group, without_rows(std::move(of)),
          filter.account(partition, entity.account).name, next_pending(view)};
}

// Calls `visit` with each alarm of an entity that passes.
template <typename Visit>
void each_alarm(FilteredList& filter, const InboxQuery& query, PartitionId partition,
                const EntityKey& entity, const EntityView& view, const Visit& visit) {
  for (const GroupRow& group : view.groups) {
    const bool wanted = group.state == GroupState::kOpen ? query.open : query.acknowledged;
    if (!wanted || !is_in_inboxes(view, group)) continue;
    if (!filter.passes(partition, entity, summarize(view, group))) continue;
    if (!filter.was_called(group)) continue;
    if (query.nobody && !called_persons(group).empty()) continue;
    visit(group);
  }
}

// Where words narrow the list; nullopt: too many to sort, or no words.
std::optional<Keyed<InboxItem>> keyed_alarms(const ReadView& view, const InboxQuery& query) {
  FilteredList filter(view, query.filter);
  if (!filter.seeks_words()) return std::nullopt;
  const Inboxes inboxes = inboxes_of(query.filter);
  Keyed<InboxItem> found;
  const auto add = [&](PartitionId partition, const EntityKey& entity, const Projection& p) {
    each_alarm(filter, query, partition, entity, p.view, [&](const GroupRow& group) {
      const std::string& name = listed_for(inboxes, entity, group);
      found.emplace_back(inbox_key(partition, inboxes.of, name, entity, p.view, group),
                         inbox_item(filter, partition, entity, p.view, group));
    });
    return found.size() <= kSortedMax;
  };
  if (!filter.each_narrowed(false, most_read(query.filter), add)) return std::nullopt;
  return found;
}

// ---- counts ------------------------------------------------------------------------------------

using Counts = std::map<std::string, std::int64_t>;

void add_clocks(Counts& sums, const std::string& name, const std::string& tier, std::int64_t n) {
  if (n == 0) return;
  sums[name] += n;
  if (!tier.empty()) sums[name + "/" + tier] += n;
}

// From the sums that are kept.
Counts counts_of_sums(const ReadView& view, const ListFilter& f) {
  Counts sums;
  const auto add = [&](const std::string& name, std::int64_t n) {
    if (n != 0) sums[name] += n;
  };
  const auto fits = [](const std::string& filter, const std::string& value) {
    return filter.empty() || filter == value;
  };
  const SumsAsked asked(f.account, f.scope);
  const auto add_sums = [&](PartitionId partition, const SumsAsked::Owner& of) {
    for (RowCursor rows = view.rows(of.prefix(partition, Family::kCount)); rows.valid();
         rows.next()) {
      KeyReader key(rows.key());
      key.text();
      key.text();
      const std::string kind = key.text(), tier = key.text(), priority = key.text();
      if (f.scope != nullptr && !f.scope->has_kind(kind)) continue;
      if (!fits(f.kind, kind) || !fits(f.tier, tier) || !fits(f.priority, priority) ||
          !fits(f.clock, key.text()) || !asked.has_part(of, key)) {
        continue;
      }
      const EntityCounts n = decode_counts(rows.value());
      add("waiting", n.waiting);
      add("entities/" + kind, n.entities);
      add("open/" + kind, n.open);
      add("provisional", n.provisional);
      add("groups", n.groups);
      add("groups/high", n.groups_high);
      add_clocks(sums, "paused", tier, n.paused);
      add_clocks(sums, "running", tier, n.running);
      add_clocks(sums, "at_risk", tier, n.at_risk);
      add_clocks(sums, "overdue", tier, n.overdue);
    }
  };
  for (const PartitionId partition : view.partitions()) {
    for (const SumsAsked::Owner& of : asked.owners()) add_sums(partition, of);
  }
  return sums;
}

// By walking over what is listed; with words over the entities in which they stand.
class ListCounter {
 public:
  ListCounter(const ReadView& view, const ListFilter& filter, CountsOf of)
      : view_(view), filter_(filter), list_(view, filter), of_(of) {}

  Counts take() {
    if (!list_.seeks_words() || !count_entities()) count_rows();
    return std::move(sums_);
  }

 private:
  static constexpr std::pair<ClockClass, const char*> kCounted[] = {
      {ClockClass::kRunning, "running"},
      {ClockClass::kPaused, "paused"},
      {ClockClass::kAtRisk, "at_risk"},
      {ClockClass::kOverdue, "overdue"},
  };

  bool count_entities() {
    InboxQuery alarms;
    alarms.filter = filter_;
    const auto add = [&](PartitionId partition, const EntityKey& entity, const Projection& p) {
      if (of_ != CountsOf::kGroups) add_clocks_of(partition, entity, p.view);
      if (of_ == CountsOf::kClocks) return true;
      each_alarm(list_, alarms, partition, entity, p.view,
                 [&](const GroupRow& group) { add_group(group.urgency); });
      return true;
    };
    if (list_.each_narrowed(false, kRowsScannedMax, add)) return true;
    sums_.clear();
    return false;
  }

  void add_clocks_of(PartitionId partition, const EntityKey& entity, const EntityView& view) {
    for (const ClockRow& clock : view.clocks) {
      if (!is_live(clock) || !list_.passes(partition, entity, clock.clock, summarize(view, clock)))
        continue;
      for (const auto& [of, name] : kCounted) {
        if (in_class(clock, of)) add_clocks(sums_, name, view.tier, 1);
      }
    }
  }

  void add_group(std::string_view urgency) {
    ++sums_["groups"];
    if (urgency == "high") ++sums_["groups/high"];
  }

  void count_rows() {
    if (of_ != CountsOf::kGroups) {
      for (const auto& [of, name] : kCounted) count_clock_rows(of, name);
    }
    if (of_ != CountsOf::kClocks) count_group_rows();
  }

  void count_group_rows() {
    InboxQuery query;
    query.filter = filter_;
    const bool must_read =
        list_.seeks_words() || (!filter_.person.empty() && !filter_.role.empty());
    std::set<std::pair<EntityKey, std::string>> counted;
    AlarmRows alarms(view_, inbox_prefixes(view_, query), {});
    for (; alarms.valid() && scanned_ < kRowsScannedMax; alarms.next(), ++scanned_) {
      const AlarmRows::Place& place = alarms.place();
      if (!list_.passes(place.partition, place.entity, alarms.summary())) continue;
      if (must_read && read_alarm(list_, alarms) == nullptr) continue;
      // By another word for the person it may have been counted.
      if (filter_.person.size() < 2 || counted.emplace(place.entity, alarms.name()).second)
        add_group(alarms.summary().urgency);
    }
  }

  void count_clock_rows(ClockClass of, const char* name) {
    ClockQuery query;
    query.classes = {of};
    query.filter = filter_;
    MergedRows rows(view_, clock_prefixes(view_, query), kDueBytes, {});
    for (; rows.valid() && scanned_ < kRowsScannedMax; rows.next(), ++scanned_) {
      const ClockPlace place = place_of(rows.key());
      const ClockSummary summary = decode_clock_summary(rows.value());
      if (!list_.passes(place.partition, place.entity, place.clock, summary)) continue;
      if (list_.seeks_words()) {
        const auto found = find_projection(view_, place.partition, place.entity);
        if (!found || !list_.has_words(place.partition, place.entity, found->view.title)) continue;
      }
      add_clocks(sums_, name, summary.tier, 1);
    }
  }

  const ReadView& view_;
  const ListFilter& filter_;
  FilteredList list_;
  const CountsOf of_;
  Counts sums_;
  std::size_t scanned_ = 0;
};

}  // namespace

std::optional<EntityView> find_entity(const ReadView& view, const EntityKey& entity) {
  for (const PartitionId partition : view.partitions()) {
    if (auto p = find_projection(view, partition, entity)) {
      p->view.account_name = account_name(view, partition, entity.account);
      return std::move(p->view);
    }
  }
  return std::nullopt;
}

ClockPage list_clocks(const ReadView& view, const ClockQuery& query) {
  std::string after = from_cursor(query.cursor).value_or("");
  if (queue_prefix(after).empty()) after.clear();
  if (auto found = keyed_clocks(view, query)) {
    ClockPage page;
    page.cursor =
        take_page(std::move(*found), query.limit, kDueBytes, after, queue_prefix, page.clocks);
    return page;
  }
  return clocks_of_all(view, query, after);
}

Counts counts(const ReadView& view, const ListFilter& filter, CountsOf of) {
  const bool kept = filter.role.empty() && filter.person.empty() && filter.q.empty();
  if (kept) return counts_of_sums(view, filter);
  return ListCounter(view, filter, of).take();
}

InboxPage list_inbox(const ReadView& view, const InboxQuery& query) {
  std::string after = from_cursor(query.cursor).value_or("");
  const std::vector<std::string> prefixes = inbox_prefixes(view, query);
  if (!is_cursor_key(after, Family::kGroup) ||
      std::none_of(prefixes.begin(), prefixes.end(),
                   [&](const std::string& p) { return after.starts_with(p); })) {
    after.clear();
  }
  InboxPage page;
  if (auto found = keyed_alarms(view, query)) {
    page.cursor =
        take_page(std::move(*found), query.limit, kInboxOrderBytes, after, inbox_range, page.items);
    return page;
  }
  FilteredList filter(view, query.filter);
  const Inboxes inboxes = inboxes_of(query.filter);
  std::string last;
  AlarmRows alarms(view, prefixes, after);
  for (std::size_t scanned = 0; alarms.valid(); alarms.next(), ++scanned) {
    if (page.items.size() == page_size(query.limit) || scanned == kRowsScannedMax) {
      page.cursor = to_cursor(last);
      return page;
    }
    last = alarms.cursor();
    const AlarmRows::Place& place = alarms.place();
    if (query.nobody && !place.nobody) break;  // they come first
    if (!filter.passes(place.partition, place.entity, alarms.summary())) continue;
    const GroupRow* const group = read_alarm(filter, alarms);
    if (group == nullptr || place.inbox != listed_for(inboxes, place.entity, *group)) continue;
    page.items.push_back(
        inbox_item(filter, place.partition, place.entity, alarms.entity()->view, *group));
  }
  return page;
}

}  // namespace tocsin
