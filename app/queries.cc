#include "app/queries.h"

#include "projections/query.h"
#include "projections/render.h"

namespace tocsin {

namespace {

constexpr Duration kFreshWait = seconds(2);
constexpr std::size_t kEntityTimelineMax = 1000;

// Views that include everything answered so far: read your writes.
ReadView fresh(Node& node) {
  node.store().refresh(kFreshWait);
  return node.store().view();
}

std::vector<ClockClass> classes_of(const std::string& state) {
  if (state.empty()) return {};
  if (state == "running") return {ClockClass::kRunning};
  if (state == "paused") return {ClockClass::kPaused};
  if (state == "stopped") return {ClockClass::kStopped};
  if (state == "cancelled") return {ClockClass::kCancelled};
  if (state == "at_risk") return {ClockClass::kAtRisk};
  if (state == "overdue") return {ClockClass::kOverdue};
  throw BadParameter("state", "must be running, paused, stopped, cancelled, at_risk or overdue");
}

ClockQuery clock_query(const BoardRequest& request, ClockClass of) {
  ClockQuery query;
  query.classes = {of};
  query.kind = request.kind;
  query.account = request.account;
  query.tier = request.tier;
  query.role = request.role;
  query.person = request.person;
  query.limit = request.limit;
  return query;
}

TimelineQuery timeline_query(const TimelineRequest& request) {
  return {request.after, request.newest_first, request.limit};
}

Day day_of(const std::string& name, const std::string& text) {
  const auto date = parse_date(text);
  if (!date) throw BadParameter(name, "must be a date like 2026-03-02");
  return date->day;
}

FigurePeriod period_of(KpisRequest::By by) {
  return by == KpisRequest::By::kDay    ? FigurePeriod::kDay
         : by == KpisRequest::By::kWeek ? FigurePeriod::kWeek
                                        : FigurePeriod::kMonth;
}

constexpr Day span_of(KpisRequest::By by) {
  return by == KpisRequest::By::kDay ? 31 : by == KpisRequest::By::kWeek ? 13 * 7 : 396;
}

}  // namespace

std::string Queries::clocks(const ClocksRequest& request) {
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
  const ReadView view = fresh(node_);
  return clocks_json(view, list_clocks(view, query));
}

std::string Queries::board(const BoardRequest& request) {
  const ReadView view = fresh(node_);
  return board_json(view, list_clocks(view, clock_query(request, ClockClass::kRunning)),
                    list_clocks(view, clock_query(request, ClockClass::kAtRisk)),
                    list_clocks(view, clock_query(request, ClockClass::kOverdue)));
}

std::string Queries::inbox(const InboxRequest& request) {
  const ReadView view = fresh(node_);
  return inbox_json(view, request.person.empty() && !request.role.empty()
                              ? inbox_of_role(view, request.role, request.page.limit, request.page.cursor)
                              : inbox_of_person(view, request.person, request.page.limit, request.page.cursor));
}

std::string Queries::accounts(const PageRequest& request) {
  const ReadView view = fresh(node_);
  return accounts_json(view, list_accounts(view, request.limit, request.cursor));
}

std::string Queries::kpis(const KpisRequest& request) {
  const auto policy = node_.policy();
  KpiQuery query;
  query.period = period_of(request.by);
  query.to = request.to.empty() ? policy->working().local_date(node_.now()).day + 1 : day_of("to", request.to) + 1;
  query.from = request.from.empty() ? query.to - span_of(request.by) : day_of("from", request.from);
  if (query.from >= query.to) throw BadParameter("from", "must not be after `to`");
  query.clock = request.clock;
  query.account = request.account;
  query.tier = request.tier;
  query.priority = request.priority;
  query.by_account = request.per_account;
  query.by_tier = request.per_tier;
  query.by_priority = request.per_priority;
  query.now = node_.now();
  const ReadView view = fresh(node_);
  return kpis_json(view, tocsin::kpis(view, query), satisfaction(view, query), policy->target);
}

std::string Queries::faults(const std::string& account, std::size_t limit) {
  const ReadView view = fresh(node_);
  return faults_json(view, recurring_faults(view, account, limit));
}

std::optional<std::string> Queries::entity(const std::string& account, const std::string& kind, const std::string& id) {
  const ReadView view = fresh(node_);
  const EntityKey key{account, kind, id};
  TimelineQuery all;
  all.limit = kEntityTimelineMax;
  const auto timeline = tocsin::entity_timeline(view, key, all, {});
  auto found = find_entity(view, key);
  if (!found && timeline.empty()) return std::nullopt;
  if (!found) {  // a kind that no policy mentions: its timeline is all there is
    found.emplace();
    found->account = account;
    found->kind = kind;
    found->id = id;
  }
  return entity_json(view, *found, timeline);
}

std::optional<std::string> Queries::entity_timeline(const std::string& account, const std::string& kind, const std::string& id,
                                                    const TimelineRequest& request) {
  const ReadView view = fresh(node_);
  const auto timeline = tocsin::entity_timeline(view, {account, kind, id}, timeline_query(request), {});
  if (timeline.empty() && request.after < 0) return std::nullopt;
  return timeline_json(view, timeline);
}

std::optional<std::string> Queries::account(const std::string& account) {
  const ReadView view = fresh(node_);
  const auto found = find_account(view, account, {});
  if (!found) return std::nullopt;
  return account_json(view, *found);
}

std::optional<std::string> Queries::account_timeline(const std::string& account, const TimelineRequest& request) {
  const ReadView view = fresh(node_);
  const auto timeline = tocsin::account_timeline(view, account, timeline_query(request), {});
  if (timeline.empty() && request.after < 0) return std::nullopt;
  return timeline_json(view, timeline);
}

std::map<PartitionId, Offset> Queries::applied() { return node_.store().view().applied(); }

}  // namespace tocsin
