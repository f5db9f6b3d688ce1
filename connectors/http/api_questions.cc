// What is asked of the views: parameters in, JSON out; and below, which route asks what.
#include "connectors/http/problem.h"
#include "connectors/http/question.h"
#include "projections/render.h"

namespace tocsin {
namespace {

constexpr Day kFigureDaysMax = 3700;  // ten years

HttpResponse not_found(std::string_view what) { return problem(404, "not-found", what).response(); }

EntityKey entity_of(const Question& q) { return {q.path[0], q.path[1], q.path[2]}; }

// ---- lists -------------------------------------------------------------------------------------

void read_filters(const Parameters& p, ClockQuery& query) {
  query.kind = p.text("kind");
  query.account = p.text("account");
  query.tier = p.text("tier");
  query.role = p.text("role");
  query.person = p.text("person");
  query.limit = p.limit();
}

std::vector<ClockClass> read_classes(const Parameters& p) {
  const std::string state =
      p.word("state", {"running", "paused", "stopped", "cancelled", "at_risk", "overdue"});
  if (state.empty()) return {};
  if (state == "running") return {ClockClass::kRunning};
  if (state == "paused") return {ClockClass::kPaused};
  if (state == "stopped") return {ClockClass::kStopped};
  if (state == "cancelled") return {ClockClass::kCancelled};
  return {state == "at_risk" ? ClockClass::kAtRisk : ClockClass::kOverdue};
}

HttpResponse clocks(const Question& q) {
  const Parameters p(q.request, {"state", "kind", "clock", "account", "tier", "role", "person",
                                 "order", "limit", "cursor"});
  ClockQuery query;
  query.classes = read_classes(p);
  p.word("order", {"due"});
  read_filters(p, query);
  query.clock = p.text("clock");
  query.cursor = p.cursor(Family::kClock);
  const ReadView view = q.from.view();
  return json_response(clocks_json(view, list_clocks(view, query)));
}

HttpResponse board(const Question& q) {
  const Parameters p(q.request, {"account", "kind", "tier", "role", "person", "limit"});
  ClockQuery query;
  read_filters(p, query);
  const ReadView view = q.from.view();
  const auto page = [&](ClockClass of) {
    query.classes = {of};
    return list_clocks(view, query);
  };
  return json_response(board_json(view, page(ClockClass::kRunning), page(ClockClass::kAtRisk),
                                  page(ClockClass::kOverdue)));
}

HttpResponse inbox(const Question& q) {
  const Parameters p(q.request, {"person", "role", "limit", "cursor"});
  const std::string person = p.text("person"), role = p.text("role");
  if (!person.empty() && !role.empty()) throw BadParameter("role", "give either person or role");
  const std::size_t limit = p.limit();
  const std::string cursor = p.cursor(Family::kGroup);
  if (person.empty() && role.empty()) {
    if (!cursor.empty())
      throw BadParameter("cursor", "the inbox of everybody has one page; give person or role");
    const ReadView view = q.from.view();
    return json_response(inbox_json(view, inbox_of_all(view, limit)));
  }
  const ReadView view = q.from.view();
  return json_response(inbox_json(view, person.empty()
                                            ? inbox_of_role(view, role, limit, cursor)
                                            : inbox_of_person(view, person, limit, cursor)));
}

HttpResponse faults(const Question& q) {
  const Parameters p(q.request, {"account", "limit"});
  const std::string account = p.text("account");
  const std::size_t limit = p.limit();
  const ReadView view = q.from.view();
  return json_response(faults_json(view, recurring_faults(view, account, limit)));
}

// ---- one entity, one account -------------------------------------------------------------------

HttpResponse entity(const Question& q) {
  const Parameters p(q.request, {});
  const ReadView view = q.from.view();
  const EntityKey key = entity_of(q);
  TimelineQuery all;
  all.limit = kPageMax;
  const auto timeline = entity_timeline(view, key, all, q.from.records);
  auto found = find_entity(view, key);
  if (!found) {
    // A kind that no policy mentions has facts all the same.
    if (timeline.empty()) return not_found("no fact names this entity");
    found.emplace();
    found->account = key.account;
    found->kind = key.kind;
    found->id = key.id;
    found->facts = static_cast<std::int64_t>(timeline.size());
  }
  return json_response(entity_json(view, *found, timeline));
}

HttpResponse timeline_of_entity(const Question& q) {
  const TimelineQuery query = Parameters(q.request, {"after", "order", "limit"}).timeline();
  const ReadView view = q.from.view();
  const EntityKey key = entity_of(q);
  const auto timeline = entity_timeline(view, key, query, q.from.records);
  if (timeline.empty() && query.after < 0 && !find_entity(view, key))
    return not_found("no fact names this entity");
  return json_response(timeline_json(view, timeline));
}

HttpResponse accounts(const Question& q) {
  const Parameters p(q.request, {"limit", "cursor"});
  const std::size_t limit = p.limit();
  const std::string cursor = p.cursor(Family::kSummary);
  const ReadView view = q.from.view();
  return json_response(accounts_json(view, list_accounts(view, limit, cursor)));
}

HttpResponse account(const Question& q) {
  const Parameters p(q.request, {});
  const ReadView view = q.from.view();
  const auto found = find_account(view, q.path[0], q.from.records);
  return found ? json_response(account_json(view, *found))
               : not_found("no fact names this account");
}

HttpResponse timeline_of_account(const Question& q) {
  const TimelineQuery query = Parameters(q.request, {"after", "order", "limit"}).timeline();
  const ReadView view = q.from.view();
  const auto timeline = account_timeline(view, q.path[0], query, q.from.records);
  if (timeline.empty() && query.after < 0 && !find_account(view, q.path[0], q.from.records))
    return not_found("no fact names this account");
  return json_response(timeline_json(view, timeline));
}

// ---- figures -----------------------------------------------------------------------------------

// Days, both included; without them the last 31 days, 13 weeks or 13 months.
void read_period(const Parameters& p, Instant now, const Policy& policy, KpiQuery& query) {
  const std::string by = p.word("by", {"day", "week", "month"});
  Day days_default = 396;
  query.period = FigurePeriod::kMonth;
  if (by == "day") {
    query.period = FigurePeriod::kDay;
    days_default = 31;
  } else if (by == "week") {
    query.period = FigurePeriod::kWeek;
    days_default = 13 * 7;
  }
  const auto from = p.day("from"), to = p.day("to");
  const Day last = to ? *to : Day{policy.working().local_date(now).day};
  query.to = last + 1;
  query.from = from ? *from : period_begin(query.period, query.to - days_default);
  if (query.from > last) throw BadParameter("from", "must not be after to");
  if (query.to - query.from > kFigureDaysMax)
    throw BadParameter("from", "is more than ten years before to");
}

HttpResponse key_figures(const Question& q) {
  const Parameters p(q.request,
                     {"by", "from", "to", "clock", "account", "tier", "priority", "per"});
  const auto policy = q.from.policy();
  KpiQuery query;
  query.now = q.from.now();
  read_period(p, *query.now, *policy, query);
  query.clock = p.text("clock");
  query.account = p.text("account");
  query.tier = p.text("tier");
  query.priority = p.text("priority");
  for (const std::string& per : p.list("per", {"account", "tier", "priority"})) {
    if (per == "account") query.by_account = true;
    if (per == "tier") query.by_tier = true;
    if (per == "priority") query.by_priority = true;
  }
  const ReadView view = q.from.view();
  return json_response(
      kpis_json(view, kpis(view, query), satisfaction(view, query), policy->target));
}

}  // namespace

const std::vector<QuestionRoute>& question_routes() {
  static const std::vector<QuestionRoute> routes = {
      {"/v1/clocks", clocks},
      {"/v1/board", board},
      {"/v1/inbox", inbox},
      {"/v1/entities/{account}/{kind}/{id}", entity},
      {"/v1/entities/{account}/{kind}/{id}/timeline", timeline_of_entity},
      {"/v1/accounts", accounts},
      {"/v1/accounts/{account}", account},
      {"/v1/accounts/{account}/timeline", timeline_of_account},
      {"/v1/kpis", key_figures},
      {"/v1/faults", faults},
  };
  return routes;
}

}  // namespace tocsin
