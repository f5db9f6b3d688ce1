#include "connectors/http/view_queries.h"

#include <date/date.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "projections/merged_rows.h"
#include "projections/render.h"

namespace tocsin {
namespace {

constexpr std::int32_t kKpiDaysMax = 3700;  // ten years

// Whether the cursor is a whole key of that family. One of another list, or of another program, is
// refused, not taken for the beginning.
bool is_cursor_of(const std::string& cursor, Family family) {
  const auto key = from_cursor(cursor);
  if (!key) return false;
  try {
    KeyReader reader(*key);
    if (reader.family() != family) return false;
    if (family == Family::kClock) {
      reader.letter();  // class
      reader.text();    // kind
      reader.text();    // clock
      reader.instant();
      reader.text();  // account
      reader.text();  // id
      reader.text();  // cycle
    } else if (family == Family::kGroup) {
      reader.letter();
      reader.text();    // person or role
      reader.letter();  // urgency
      reader.instant();
      reader.entity();
      reader.text();  // group's name
    } else {
      reader.text();  // account
    }
    return reader.rest().empty();
  } catch (const std::runtime_error&) {
    return false;
  }
}

void check_cursor(const std::string& cursor, Family family) {
  if (!cursor.empty() && !is_cursor_of(cursor, family))
    throw BadParameter("cursor", "is none that this list gave");
}

std::vector<ClockClass> classes_of(const std::string& state) {
  static const std::map<std::string, ClockClass> classes = {
      {"running", ClockClass::kRunning}, {"paused", ClockClass::kPaused},
      {"stopped", ClockClass::kStopped}, {"cancelled", ClockClass::kCancelled},
      {"at_risk", ClockClass::kAtRisk},  {"overdue", ClockClass::kOverdue}};
  if (state.empty()) return {};
  const auto found = classes.find(state);
  if (found == classes.end()) throw BadParameter("state", "is no state of a clock");
  return {found->second};
}

TimelineQuery timeline_query(const TimelineRequest& request) {
  TimelineQuery query;
  query.after = request.after;
  query.newest_first = request.newest_first;
  query.limit = request.limit;
  return query;
}

Day read_day(const std::string& text, const char* parameter) {
  int year = 0;
  unsigned month = 0, day = 0;
  const char* const p = text.data();
  std::from_chars(p, p + 4, year);
  std::from_chars(p + 5, p + 7, month);
  std::from_chars(p + 8, p + 10, day);
  const date::year_month_day date{date::year(year), date::month(month), date::day(day)};
  if (!date.ok()) throw BadParameter(parameter, "is no day of the calendar");
  return static_cast<Day>(date::sys_days(date).time_since_epoch().count());
}

// Every open group once, high urgency first; from what kRowsScannedMax rows hold.
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

}  // namespace

std::map<PartitionId, Offset> ViewQueries::applied() { return options_.view().applied(); }

std::string ViewQueries::clocks(const ClocksRequest& request) {
  const ReadView view = options_.view();
  ClockQuery query;
  query.classes = classes_of(request.state);
  query.kind = request.kind;
  query.clock = request.clock;
  query.account = request.account;
  query.tier = request.tier;
  query.role = request.role;
  query.person = request.person;
  query.limit = request.page.limit;
  query.cursor = request.page.cursor;
  check_cursor(query.cursor, Family::kClock);
  return clocks_json(view, list_clocks(view, query));
}

std::string ViewQueries::board(const BoardRequest& request) {
  const ReadView view = options_.view();
  ClockQuery query;
  query.kind = request.kind;
  query.account = request.account;
  query.tier = request.tier;
  query.role = request.role;
  query.person = request.person;
  query.limit = request.limit;
  const auto page = [&](ClockClass of) {
    query.classes = {of};
    return list_clocks(view, query);
  };
  return board_json(view, page(ClockClass::kRunning), page(ClockClass::kAtRisk),
                    page(ClockClass::kOverdue));
}

std::string ViewQueries::inbox(const InboxRequest& request) {
  const ReadView view = options_.view();
  const PageRequest& page = request.page;
  if (request.person.empty() && request.role.empty()) {
    if (!page.cursor.empty())
      throw BadParameter("cursor", "the inbox of everybody has one page; give person or role");
    return inbox_json(view, inbox_of_all(view, page.limit));
  }
  check_cursor(page.cursor, Family::kGroup);
  return inbox_json(view, request.person.empty()
                              ? inbox_of_role(view, request.role, page.limit, page.cursor)
                              : inbox_of_person(view, request.person, page.limit, page.cursor));
}

std::string ViewQueries::accounts(const PageRequest& request) {
  const ReadView view = options_.view();
  check_cursor(request.cursor, Family::kSummary);
  return accounts_json(view, list_accounts(view, request.limit, request.cursor));
}

std::string ViewQueries::kpis(const KpisRequest& request) {
  const ReadView view = options_.view();
  const Instant now = options_.now();
  KpiQuery query;
  std::int32_t days_default = 0;
  switch (request.by) {
    case KpisRequest::By::kDay:
      query.period = FigurePeriod::kDay;
      days_default = 31;
      break;
    case KpisRequest::By::kWeek:
      query.period = FigurePeriod::kWeek;
      days_default = 13 * 7;
      break;
    case KpisRequest::By::kMonth:
      query.period = FigurePeriod::kMonth;
      days_default = 396;
      break;
  }
  const Day last = request.to.empty() ? options_.business_day(now) : read_day(request.to, "to");
  query.to = last + 1;
  query.from = request.from.empty() ? period_begin(query.period, query.to - days_default)
                                    : read_day(request.from, "from");
  if (query.from > last) throw BadParameter("from", "must not be after to");
  if (query.to - query.from > kKpiDaysMax)
    throw BadParameter("from", "is more than ten years before to");
  query.clock = request.clock;
  query.account = request.account;
  query.tier = request.tier;
  query.priority = request.priority;
  query.by_account = request.per_account;
  query.by_tier = request.per_tier;
  query.by_priority = request.per_priority;
  query.now = now;
  return kpis_json(view, tocsin::kpis(view, query), satisfaction(view, query), options_.kpi_target);
}

std::string ViewQueries::faults(const std::string& account, std::size_t limit) {
  const ReadView view = options_.view();
  return faults_json(view, recurring_faults(view, account, limit));
}

std::optional<std::string> ViewQueries::entity(const std::string& account, const std::string& kind,
                                               const std::string& id) {
  const ReadView view = options_.view();
  const EntityKey key{account, kind, id};
  TimelineQuery query;
  query.limit = kPageMax;
  const auto timeline = tocsin::entity_timeline(view, key, query, options_.records);
  auto found = find_entity(view, key);
  if (!found) {
    // A kind that no policy mentions has facts all the same.
    if (timeline.empty()) return std::nullopt;
    found.emplace();
    found->account = account;
    found->kind = kind;
    found->id = id;
    found->facts = static_cast<std::int64_t>(timeline.size());
  }
  return entity_json(view, *found, timeline);
}

std::optional<std::string> ViewQueries::entity_timeline(const std::string& account,
                                                        const std::string& kind,
                                                        const std::string& id,
                                                        const TimelineRequest& request) {
  const ReadView view = options_.view();
  const EntityKey key{account, kind, id};
  const auto timeline =
      tocsin::entity_timeline(view, key, timeline_query(request), options_.records);
  if (timeline.empty() && request.after < 0 && !find_entity(view, key)) return std::nullopt;
  return timeline_json(view, timeline);
}

std::optional<std::string> ViewQueries::account(const std::string& account) {
  const ReadView view = options_.view();
  const auto found = find_account(view, account, options_.records);
  if (!found) return std::nullopt;
  return account_json(view, *found);
}

std::optional<std::string> ViewQueries::account_timeline(const std::string& account,
                                                         const TimelineRequest& request) {
  const ReadView view = options_.view();
  const auto timeline =
      tocsin::account_timeline(view, account, timeline_query(request), options_.records);
  if (timeline.empty() && request.after < 0 && !find_account(view, account, options_.records))
    return std::nullopt;
  return timeline_json(view, timeline);
}

}  // namespace tocsin
