#include "projections/query.h"

#include <algorithm>
#include <set>

#include "events/bytes.h"
#include "projections/merged_rows.h"

namespace tocsin {
namespace {

// Beyond so many clocks an account is not sorted in memory but filtered out of the clocks of all.
constexpr std::size_t kAccountClocksMax = 10'000;
constexpr std::size_t kDueBytes = 8;
constexpr std::size_t kUrgencyAndBegunBytes = 9;

std::size_t page_size(std::size_t limit) { return std::clamp<std::size_t>(limit, 1, kPageMax); }

std::optional<Projection> projection_in(std::string_view row, const EntityKey& entity) {
  Projection p = decode_projection(split_entity_row(row).projection);
  if (!p.known) return std::nullopt;
  p.view.account = entity.account;
  p.view.kind = entity.kind;
  p.view.id = entity.id;
  return p;
}

std::optional<Projection> find_projection(const ReadView& view, PartitionId partition,
                                          const EntityKey& entity) {
  const auto row = view.get(Key(partition, Family::kEntity).entity(entity).take());
  return row ? projection_in(*row, entity) : std::nullopt;
}

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// Which clocks pass, but for what the walk itself narrows (class, kind, clock).
class ClockFilter {
 public:
  ClockFilter(const ReadView& view, const ClockQuery& query) : view_(view), query_(query) {}

  bool passes(PartitionId partition, const std::string& account, const ClockSummary& s) {
    if (!query_.account.empty() && account != query_.account) return false;
    if (!query_.tier.empty() && s.tier != query_.tier) return false;
    const std::string& role = query_.role;
    const std::string& person = query_.person;
    if (person.empty()) return role.empty() || contains(s.roles, role);
    if (role.empty() && (s.assignee == person || contains(s.persons, person))) return true;
    return team(partition, account).plays(person, role);
  }

 private:
  const AccountSummary& team(PartitionId partition, const std::string& account) {
    const auto [entry, fresh] = teams_.try_emplace(account);
    if (fresh) {
      const auto row = view_.get(Key(partition, Family::kSummary).text(account).take());
      if (row) entry->second = decode_account_summary(*row);
    }
    return entry->second;
  }

  const ReadView& view_;
  const ClockQuery& query_;
  std::map<std::string, AccountSummary> teams_;
};

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

ListedClock listed(const EntityKey& entity, const EntityView& view, const ClockRow& clock) {
  return {entity, clock, view.tier, view.priority, view.assignee, view.state};
}

std::vector<std::string> clock_prefixes(const ReadView& view, const ClockQuery& query) {
  const std::vector<ClockClass> classes = classes_of(query);
  std::vector<std::string> prefixes;
  for (const auto& [prefix, low] : view.low_water()) {
    KeyReader key(prefix);
    if (key.family() != Family::kClock) continue;
    const auto of = static_cast<ClockClass>(key.letter());
    if (std::find(classes.begin(), classes.end(), of) == classes.end()) continue;
    if (const std::string kind = key.text(); !query.kind.empty() && kind != query.kind) continue;
    if (const std::string clock = key.text(); !query.clock.empty() && clock != query.clock)
      continue;
    prefixes.push_back(prefix);
  }
  return prefixes;
}

ClockPage clocks_of_all(const ReadView& view, const ClockQuery& query, const std::string& after) {
  ClockPage page;
  ClockFilter filter(view, query);
  MergedRows rows(view, clock_prefixes(view, query), kDueBytes, after);
  std::string last;
  for (std::size_t scanned = 0; rows.valid(); rows.next(), ++scanned) {
    if (page.clocks.size() == page_size(query.limit) || scanned == kRowsScannedMax) {
      page.cursor = to_cursor(last);
      return page;
    }
    last = rows.key();
    const ClockPlace place = place_of(last);
    if (!filter.passes(place.partition, place.entity.account, decode_clock_summary(rows.value()))) {
      continue;
    }
    const auto projection = find_projection(view, place.partition, place.entity);
    if (!projection) continue;
    for (const ClockRow& clock : projection->view.clocks) {
      if (clock.clock != place.clock || clock.cycle != place.cycle) continue;
      page.clocks.push_back(listed(place.entity, projection->view, clock));
    }
  }
  return page;
}

bool in_class(const ClockRow& clock, ClockClass of) {
  if (of == ClockClass::kAtRisk) return is_at_risk(clock);
  if (of == ClockClass::kOverdue) return is_overdue(clock);
  return class_of(clock.state) == of;
}

// All clocks of an account that pass, by their keys in the order of the list; nullopt when there
// are too many to sort.
using Keyed = std::pair<std::string, ListedClock>;
std::optional<std::vector<Keyed>> keyed_clocks_of_account(const ReadView& view,
                                                          const ClockQuery& query) {
  const std::vector<ClockClass> classes = classes_of(query);
  const bool ended = std::any_of(classes.begin(), classes.end(), [](ClockClass c) {
    return c == ClockClass::kStopped || c == ClockClass::kCancelled;
  });
  ClockFilter filter(view, query);
  std::vector<Keyed> found;
  for (const PartitionId partition : view.partitions()) {
    // Entities with running or paused clocks are among the open ones, a shorter list.
    Key key(partition, ended ? Family::kEntity : Family::kOpen);
    const std::string prefix = key.text(query.account).take();
    for (RowCursor rows = view.rows(prefix); rows.valid(); rows.next()) {
      const EntityKey entity = KeyReader(rows.key()).entity();
      if (!query.kind.empty() && entity.kind != query.kind) continue;
      const auto projection =
          ended ? projection_in(rows.value(), entity) : find_projection(view, partition, entity);
      if (!projection) continue;
      for (const ClockRow& clock : projection->view.clocks) {
        if (!query.clock.empty() && clock.clock != query.clock) continue;
        for (const ClockClass of : classes) {
          if (!in_class(clock, of) ||
              !filter.passes(partition, entity.account, summarize(projection->view, clock))) {
            continue;
          }
          if (found.size() == kAccountClocksMax) return std::nullopt;
          found.emplace_back(clock_key(partition, of, entity, clock),
                             listed(entity, projection->view, clock));
        }
      }
    }
  }
  return found;
}

ClockPage clocks_of_account(std::vector<Keyed> found, const ClockQuery& query,
                            const std::string& after) {
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

InboxPage inbox(const ReadView& view, char letter, const std::string& name, std::size_t limit,
                const std::string& cursor) {
  std::vector<std::string> prefixes;
  for (const PartitionId partition : view.partitions()) {
    prefixes.push_back(Key(partition, Family::kGroup).letter(letter).text(name).take());
  }
  InboxPage page;
  std::string last;
  MergedRows rows(view, prefixes, kUrgencyAndBegunBytes, from_cursor(cursor).value_or(""));
  for (; rows.valid(); rows.next()) {
    if (page.items.size() == page_size(limit)) {
      page.cursor = to_cursor(last);
      return page;
    }
    last = rows.key();
    KeyReader key(last);
    key.letter();
    key.text();
    key.letter();
    key.instant();
    const EntityKey entity = key.entity();
    const std::string group = key.text();
    const auto projection = find_projection(view, key.partition(), entity);
    if (!projection) continue;
    const EntityView& v = projection->view;
    for (const GroupRow& g : v.groups) {
      if (group_name(entity, g.escalation) == group) {
        page.items.push_back({entity, g, v.tier, v.priority, v.state});
      }
    }
  }
  return page;
}

}  // namespace

std::optional<EntityView> find_entity(const ReadView& view, const EntityKey& entity) {
  for (const PartitionId partition : view.partitions()) {
    if (auto p = find_projection(view, partition, entity)) return std::move(p->view);
  }
  return std::nullopt;
}

ClockPage list_clocks(const ReadView& view, const ClockQuery& query) {
  std::string after = from_cursor(query.cursor).value_or("");
  if (queue_prefix(after).empty()) after.clear();
  if (!query.account.empty()) {
    if (auto found = keyed_clocks_of_account(view, query)) {
      return clocks_of_account(std::move(*found), query, after);
    }
  }
  return clocks_of_all(view, query, after);
}

std::map<std::string, std::int64_t> counts(const ReadView& view, const std::string& account) {
  std::map<std::string, std::int64_t> sums;
  for (const PartitionId partition : view.partitions()) {
    const std::string prefix = Key(partition, Family::kCount).text(account).take();
    for (RowCursor rows = view.rows(prefix); rows.valid(); rows.next()) {
      KeyReader key(rows.key());
      key.text();
      sums[key.text()] += ByteReader(rows.value()).signed_int();
    }
  }
  return sums;
}

InboxPage inbox_of_all(const ReadView& view, std::size_t limit) {
  std::vector<InboxItem> items;
  std::set<std::pair<EntityKey, std::string>> seen;
  std::size_t scanned = 0;
  for (const PartitionId partition : view.partitions()) {
    // Each group has a row for each of its roles and of its persons; a step has a role at least.
    const std::string prefix = Key(partition, Family::kGroup).letter('r').take();
    for (RowCursor rows = view.rows(prefix); rows.valid() && scanned < kRowsScannedMax;
         rows.next(), ++scanned) {
      KeyReader key(rows.key());
      key.letter();
      key.text();
      key.letter();
      key.instant();
      const EntityKey entity = key.entity();
      const std::string name = key.text();
      if (!seen.emplace(entity, name).second) continue;
      const auto found = find_entity(view, entity);
      if (!found) continue;
      for (const GroupRow& group : found->groups) {
        if (group_name(entity, group.escalation) == name)
          items.push_back({entity, group, found->tier, found->priority, found->state});
      }
    }
  }
  std::sort(items.begin(), items.end(), [](const InboxItem& a, const InboxItem& b) {
    const bool a_high = a.group.urgency == "high", b_high = b.group.urgency == "high";
    if (a_high != b_high) return a_high;
    return a.group.begun != b.group.begun ? a.group.begun < b.group.begun
                                          : a.group.escalation < b.group.escalation;
  });
  if (items.size() > limit) items.resize(limit);
  return {std::move(items), ""};
}

InboxPage inbox_of_person(const ReadView& view, const std::string& person, std::size_t limit,
                          const std::string& cursor) {
  return inbox(view, 'p', person, limit, cursor);
}

InboxPage inbox_of_role(const ReadView& view, const std::string& role, std::size_t limit,
                        const std::string& cursor) {
  return inbox(view, 'r', role, limit, cursor);
}

}  // namespace tocsin
