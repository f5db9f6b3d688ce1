#include "projections/read/query.h"

#include <algorithm>

#include "projections/read/list_filter.h"
#include "projections/read/merged_rows.h"

namespace tocsin {
namespace {

// Beyond so many clocks an account is not sorted in memory but filtered out of the clocks of all.
constexpr std::size_t kAccountClocksMax = 10'000;
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
    if (!projection || !filter.has_words(place.partition, place.entity, projection->view)) continue;
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

// All clocks of these accounts that pass, by their keys in the order of the list; nullopt when there
// are too many to sort.
using Keyed = std::pair<std::string, ListedClock>;
std::optional<std::vector<Keyed>> keyed_clocks_of(const ReadView& view, const ClockQuery& query,
                                                  const std::vector<std::string>& accounts) {
  const std::vector<ClockClass> classes = classes_of(query);
  const bool ended = std::any_of(classes.begin(), classes.end(), [](ClockClass c) {
    return c == ClockClass::kStopped || c == ClockClass::kCancelled;
  });
  FilteredList filter(view, query.filter);
  std::vector<Keyed> found;
  std::vector<std::pair<PartitionId, std::string>> prefixes;
  for (const PartitionId partition : view.partitions()) {
    // Entities with running or paused clocks are among the open ones, a shorter list.
    for (const std::string& account : accounts) {
      Key key(partition, ended ? Family::kEntity : Family::kOpen);
      prefixes.emplace_back(partition, key.text(account).take());
    }
  }
  for (const auto& [partition, prefix] : prefixes) {
    for (RowCursor rows = view.rows(prefix); rows.valid(); rows.next()) {
      const EntityKey entity = KeyReader(rows.key()).entity();
      if (!query.filter.kind.empty() && entity.kind != query.filter.kind) continue;
      if (!query.filter.lets(entity)) continue;
      const auto projection =
          ended ? projection_in(rows.value(), entity) : find_projection(view, partition, entity);
      if (!projection || !filter.has_words(partition, entity, projection->view)) continue;
      for (const ClockRow& clock : projection->view.clocks) {
        for (const ClockClass of : classes) {
          if (!in_class(clock, of) ||
              !filter.passes(partition, entity, clock.clock, summarize(projection->view, clock))) {
            continue;
          }
          if (found.size() == kAccountClocksMax) return std::nullopt;
          found.emplace_back(clock_key(partition, of, entity, clock),
                             listed(filter, partition, entity, projection->view, clock));
        }
      }
    }
  }
  return found;
}

ClockPage page_of(std::vector<Keyed> found, const ClockQuery& query, const std::string& after) {
  // The same order as MergedRows has.
  const auto order = [](const std::string& key) {
    const std::string_view prefix = queue_prefix(key);
    return std::tuple(std::string_view(key).substr(prefix.size(), kDueBytes), prefix,
                      std::string_view(key));
  };
  const auto before = [&](const std::string& a, const std::string& b) {
    return order(a) < order(b);
  };
  std::sort(found.begin(), found.end(),
            [&](const Keyed& a, const Keyed& b) { return before(a.first, b.first); });
  auto from = found.begin();
  if (!after.empty()) {
    from = std::find_if(from, found.end(), [&](const Keyed& k) { return before(after, k.first); });
  }
  ClockPage page;
  for (; from != found.end(); ++from) {
    if (page.clocks.size() == page_size(query.limit)) {
      page.cursor = to_cursor((from - 1)->first);
      break;
    }
    page.clocks.push_back(std::move(from->second));
  }
  return page;
}

// ---- alarms ------------------------------------------------------------------------------------

struct GroupPlace {
  PartitionId partition;
  bool nobody;
  EntityKey entity;
  std::string group;
};

GroupPlace group_place_of(std::string_view key) {
  KeyReader reader(key);
  GroupPlace place;
  place.partition = reader.partition();
  reader.letter();  // whose
  reader.text();
  reader.letter();  // state
  place.nobody = reader.letter() == '0';
  reader.letter();  // rank
  reader.letter();  // acknowledged
  reader.instant();
  place.entity = reader.entity();
  place.group = reader.text();
  return place;
}

// The inbox that holds the fewest rows beside those that are wanted.
std::vector<std::string> inbox_prefixes(const ReadView& view, const InboxQuery& query) {
  const ListFilter& f = query.filter;
  bool all = false;
  std::vector<std::string> names = f.accounts(all);
  InboxOf of = all ? InboxOf::kEverybody : InboxOf::kAccount;
  if (all) names = {""};
  if (!f.person.empty() || !f.role.empty()) {
    of = f.person.empty() ? InboxOf::kRole : InboxOf::kPerson;
    names = {f.person.empty() ? f.role : f.person};
  }
  std::vector<std::string> prefixes;
  for (const PartitionId partition : view.partitions()) {
    for (const std::string& name : names) {
      if (query.open) prefixes.push_back(inbox_prefix(partition, of, name, false));
      if (query.acknowledged) prefixes.push_back(inbox_prefix(partition, of, name, true));
    }
  }
  return prefixes;
}

const GroupRow* group_of(const EntityView& view, const EntityKey& entity, const std::string& name) {
  for (const GroupRow& g : view.groups) {
    if (group_name(entity, g.escalation) == name) return &g;
  }
  return nullptr;
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
  bool all = false;
  std::vector<std::string> accounts = f.accounts(all);
  if (all) accounts = {""};  // where the sums of all stand
  std::vector<std::string> prefixes;
  for (const PartitionId partition : view.partitions()) {
    for (const std::string& account : accounts)
      prefixes.push_back(Key(partition, Family::kCount).text(account).take());
  }
  for (const std::string& prefix : prefixes) {
    for (RowCursor rows = view.rows(prefix); rows.valid(); rows.next()) {
      KeyReader key(rows.key());
      key.text();
      const std::string kind = key.text(), tier = key.text(), priority = key.text();
      if (f.scope != nullptr && !f.scope->has_kind(kind)) continue;
      if (!fits(f.kind, kind) || !fits(f.tier, tier) || !fits(f.priority, priority) ||
          !fits(f.clock, key.text())) {
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
  }
  return sums;
}

// By walking over what is listed.
class ListCounter {
 public:
  ListCounter(const ReadView& view, const ListFilter& filter)
      : view_(view), filter_(filter), list_(view, filter) {}

  void count_clocks() {
    count(ClockClass::kRunning, "running");
    count(ClockClass::kPaused, "paused");
    count(ClockClass::kAtRisk, "at_risk");
    count(ClockClass::kOverdue, "overdue");
  }

  void count_groups() {
    InboxQuery query;
    query.filter = filter_;
    const bool must_read =
        list_.seeks_words() || (!filter_.person.empty() && !filter_.role.empty());
    MergedRows rows(view_, inbox_prefixes(view_, query), kInboxOrderBytes, {});
    for (; rows.valid() && scanned_ < kRowsScannedMax; rows.next(), ++scanned_) {
      const GroupPlace place = group_place_of(rows.key());
      const GroupSummary summary = decode_group_summary(rows.value());
      if (!list_.passes(place.partition, place.entity, summary)) continue;
      if (must_read && !reads_well(place)) continue;
      ++sums_["groups"];
      if (summary.urgency == "high") ++sums_["groups/high"];
    }
  }

  Counts take() { return std::move(sums_); }

 private:
  void count(ClockClass of, const char* name) {
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
        if (!found || !list_.has_words(place.partition, place.entity, found->view)) continue;
      }
      add_clocks(sums_, name, summary.tier, 1);
    }
  }

  bool reads_well(const GroupPlace& place) {
    const auto found = find_projection(view_, place.partition, place.entity);
    if (!found || !list_.has_words(place.partition, place.entity, found->view)) return false;
    const GroupRow* const group = group_of(found->view, place.entity, place.group);
    return group != nullptr && list_.was_called(*group);
  }

  const ReadView& view_;
  const ListFilter& filter_;
  FilteredList list_;
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
  bool all = false;
  const std::vector<std::string> accounts = query.filter.accounts(all);
  if (!all) {
    if (auto found = keyed_clocks_of(view, query, accounts))
      return page_of(std::move(*found), query, after);
  }
  return clocks_of_all(view, query, after);
}

Counts counts(const ReadView& view, const ListFilter& filter, CountsOf of) {
  const bool kept = filter.role.empty() && filter.person.empty() && filter.q.empty();
  if (kept) return counts_of_sums(view, filter);
  ListCounter counter(view, filter);
  if (of != CountsOf::kGroups) counter.count_clocks();
  if (of != CountsOf::kClocks) counter.count_groups();
  return counter.take();
}

InboxPage list_inbox(const ReadView& view, const InboxQuery& query) {
  FilteredList filter(view, query.filter);
  InboxPage page;
  std::string last;
  MergedRows rows(view, inbox_prefixes(view, query), kInboxOrderBytes,
                  from_cursor(query.cursor).value_or(""));
  for (std::size_t scanned = 0; rows.valid(); rows.next(), ++scanned) {
    if (page.items.size() == page_size(query.limit) || scanned == kRowsScannedMax) {
      page.cursor = to_cursor(last);
      return page;
    }
    last = rows.key();
    const GroupPlace place = group_place_of(last);
    if (query.nobody && !place.nobody) break;  // they come first
    if (!filter.passes(place.partition, place.entity, decode_group_summary(rows.value()))) continue;
    auto found = find_projection(view, place.partition, place.entity);
    if (!found || !filter.has_words(place.partition, place.entity, found->view)) continue;
    const GroupRow* group = group_of(found->view, place.entity, place.group);
    if (group == nullptr || !filter.was_called(*group)) continue;
    InboxItem item{place.entity,
                   *group,
                   {},
                   filter.account(place.partition, place.entity.account).name,
                   next_pending(found->view)};
    item.of = without_rows(std::move(found->view));
    page.items.push_back(std::move(item));
  }
  return page;
}

}  // namespace tocsin
