// What is asked of the views: parameters in, JSON out; and below, which route asks what.
#include "connectors/http/problem.h"
#include "connectors/http/question.h"
#include "projections/read/explained.h"
#include "projections/read/list_filter.h"
#include "projections/read/render.h"

namespace tocsin {
namespace {

constexpr Day kFigureDaysMax = 3700;  // ten years

HttpResponse not_found(std::string_view what) { return problem(404, "not-found", what).response(); }

// A question with what its answer is of, all of one moment.
struct Asked {
  explicit Asked(const Question& q)
      : view(q.from.view()),
        policy(q.from.policy()),
        shown{view, *policy, q.from.now(), q.from.reached} {}
  const ReadView view;
  const std::shared_ptr<const Policy> policy;
  const Shown shown;
};

EntityKey entity_of(const Question& q) { return {q.path[0], q.path[1], q.path[2]}; }

// By the sources that who asks may see; accounts and kinds were held against the path.
bool sees(const Question& q, const Asked& asked, const EntityKey& key) {
  return !q.request.scope || is_of_sources(asked.view, key, *q.request.scope, q.from.records);
}

// ---- lists -------------------------------------------------------------------------------------

// A person may be asked for by id, name or alias.
PersonWords read_person(const Question& q, const Parameters& p) {
  const std::string person = p.text("person");
  if (person.empty()) return {};
  return q.from.words_for ? q.from.words_for(person) : PersonWords{person};
}

ListFilter read_filter(const Question& q, const Parameters& p) {
  ListFilter f;
  f.scope = q.request.scope;
  f.account = p.text("account");
  f.kind = p.text("kind");
  f.clock = p.text("clock");
  f.priority = p.text("priority");
  f.tier = p.text("tier");
  f.role = p.text("role");
  f.person = read_person(q, p);
  f.q = p.text("q");
  if (!f.q.empty()) f.found = std::make_shared<WordsFound>();
  return f;
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
  const Parameters p(q.request, {"account", "kind", "clock", "priority", "tier", "role", "person",
                                 "q", "state", "order", "limit", "cursor"});
  ClockQuery query;
  query.classes = read_classes(p);
  p.word("order", {"due"});
  query.filter = read_filter(q, p);
  query.limit = p.limit();
  query.cursor = p.cursor(Family::kClock);
  const Asked asked(q);
  return json_response(clocks_json(asked.shown, list_clocks(asked.view, query),
                                   counts(asked.view, query.filter, CountsOf::kClocks)));
}

HttpResponse board(const Question& q) {
  const Parameters p(
      q.request, {"account", "kind", "clock", "priority", "tier", "role", "person", "q", "limit"});
  ClockQuery query;
  query.filter = read_filter(q, p);
  query.limit = p.limit();
  const Asked asked(q);
  const auto page = [&](ClockClass of) {
    query.classes = {of};
    return list_clocks(asked.view, query);
  };
  return json_response(board_json(asked.shown, page(ClockClass::kRunning),
                                  page(ClockClass::kAtRisk), page(ClockClass::kOverdue),
                                  counts(asked.view, query.filter)));
}

HttpResponse inbox(const Question& q) {
  const Parameters p(q.request, {"account", "kind", "clock", "priority", "tier", "role", "person",
                                 "q", "state", "nobody", "limit", "cursor"});
  InboxQuery query;
  const std::string state = p.word("state", {"open", "acknowledged", "all"});
  query.open = state != "acknowledged";
  query.acknowledged = state == "acknowledged" || state == "all";
  query.nobody = p.flag("nobody");
  query.filter = read_filter(q, p);
  query.limit = p.limit();
  query.cursor = p.cursor(Family::kGroup);
  const Asked asked(q);
  return json_response(inbox_json(asked.shown, list_inbox(asked.view, query),
                                  counts(asked.view, query.filter, CountsOf::kGroups)));
}

HttpResponse faults(const Question& q) {
  const Parameters p(q.request, {"account", "kind", "clock", "priority", "tier", "role", "person",
                                 "q", "limit", "cursor"});
  const FaultQuery query{read_filter(q, p), p.limit(), p.cursor(Family::kFault)};
  const Asked asked(q);
  return json_response(faults_json(asked.shown, recurring_faults(asked.view, query)));
}

// ---- one entity, one account -------------------------------------------------------------------

HttpResponse entity(const Question& q) {
  const Parameters p(q.request, {});
  const Asked asked(q);
  const EntityKey key = entity_of(q);
  TimelineQuery all;
  all.limit = kPageMax;
  if (!sees(q, asked, key)) return not_found("no fact names this entity");
  const auto timeline =
      entity_timeline(asked.view, key, all, q.from.records, q.request.scope.get());
  auto found = find_entity(asked.view, key);
  if (!found) {
    // A kind that no policy mentions has facts all the same.
    if (timeline.empty()) return not_found("no fact names this entity");
    found.emplace();
    found->account = key.account;
    found->kind = key.kind;
    found->id = key.id;
    found->facts = static_cast<std::int64_t>(timeline.size());
  }
  return json_response(entity_json(asked.shown, *found, timeline));
}

// Of one clock the latest cycle, or the one named; without a clock all of them.
HttpResponse proof(const Question& q) {
  const Parameters p(q.request, {"clock", "cycle"});
  const std::string clock = p.text("clock"), cycle = p.text("cycle");
  if (clock.empty() && !cycle.empty()) throw BadParameter("cycle", "is of a clock: give clock too");
  const Asked asked(q);
  const EntityKey key = entity_of(q);
  if (!sees(q, asked, key)) return not_found("no fact names this entity");
  auto clocks = explain_entity(asked.shown, key, clock, cycle);
  if (!clocks) {  // as the entity itself: no policy need know its facts
    TimelineQuery first;
    first.limit = 1;
    if (entity_timeline(asked.view, key, first, {}).empty())
      return not_found("no fact names this entity");
    clocks.emplace();
  }
  if (clock.empty()) return json_response(explained_json(asked.shown, key, *clocks));
  if (clocks->empty()) return not_found("the entity has no such clock, or no such cycle of it");
  return json_response(explained_json(asked.shown, key, clocks->back()));
}

HttpResponse timeline_of_entity(const Question& q) {
  const TimelineQuery query = Parameters(q.request, {"after", "order", "limit"}).timeline();
  const Asked asked(q);
  const EntityKey key = entity_of(q);
  if (!sees(q, asked, key)) return not_found("no fact names this entity");
  const auto timeline =
      entity_timeline(asked.view, key, query, q.from.records, q.request.scope.get());
  if (timeline.empty() && query.after < 0 && !find_entity(asked.view, key))
    return not_found("no fact names this entity");
  return json_response(timeline_json(asked.shown, timeline));
}

HttpResponse accounts(const Question& q) {
  const Parameters p(q.request, {"account", "kind", "clock", "priority", "tier", "role", "person",
                                 "q", "limit", "cursor"});
  const AccountQuery query{read_filter(q, p), p.limit(), p.cursor(Family::kSummary)};
  const Asked asked(q);
  return json_response(accounts_json(asked.shown, list_accounts(asked.view, *asked.policy, query)));
}

HttpResponse account(const Question& q) {
  const Parameters p(q.request, {});
  const Asked asked(q);
  const auto found =
      find_account(asked.view, *asked.policy, q.path[0], q.from.records, q.request.scope);
  return found ? json_response(account_json(asked.shown, *found))
               : not_found("no fact names this account");
}

HttpResponse timeline_of_account(const Question& q) {
  const TimelineQuery query = Parameters(q.request, {"after", "order", "limit"}).timeline();
  const Asked asked(q);
  const auto timeline =
      account_timeline(asked.view, q.path[0], query, q.from.records, q.request.scope.get());
  if (timeline.empty() && query.after < 0 &&
      !find_account(asked.view, *asked.policy, q.path[0], q.from.records, q.request.scope))
    return not_found("no fact names this account");
  return json_response(timeline_json(asked.shown, timeline));
}

// ---- figures -----------------------------------------------------------------------------------

// Days, both included; without them the last so many periods, the present one whole.
void read_period(const Parameters& p, Instant now, const Policy& policy, KpiQuery& query) {
  struct Choice {
    std::string_view name;
    FigurePeriod period;
    Day days_default;
  };
  static constexpr Choice kChoices[] = {
      {"day", FigurePeriod::kDay, 31},        {"week", FigurePeriod::kWeek, 13 * 7},
      {"month", FigurePeriod::kMonth, 396},   {"quarter", FigurePeriod::kQuarter, 2 * 366},
      {"year", FigurePeriod::kYear, 5 * 366}, {"all", FigurePeriod::kAll, kEndOfDays}};
  std::string by = p.word("by", {"day", "week", "month", "quarter", "year", "all"});
  if (by.empty()) by = "month";
  Day days_default = 0;
  for (const Choice& choice : kChoices) {
    if (choice.name != by) continue;
    query.period = choice.period;
    days_default = choice.days_default;
  }
  const auto from = p.day("from"), to = p.day("to");
  // What was kept before its due counts in the due's period, which may not be over yet.
  const Day today{policy.working().local_date(now).day};
  query.to = to ? *to + 1 : period_end(query.period, today);
  query.from = from ? *from : std::max(0, period_begin(query.period, query.to - days_default));
  if (query.from >= query.to) throw BadParameter("from", "must not be after to");
  if (query.period != FigurePeriod::kAll && query.to - query.from > kFigureDaysMax)
    throw BadParameter("from", "is more than ten years before to");
  query.now = now;
}

FigureQuery read_figure_query(const Question& q, const Parameters& p, const Asked& asked,
                              Parameters::Words dimensions) {
  FigureQuery query;
  KpiQuery& of = query.of;
  of.scope = q.request.scope;
  for (const KindSpec& kind : asked.policy->kinds) {
    if (of.scope == nullptr || !of.scope->has_kind(kind.name)) continue;
    for (const ClockSpec& clock : kind.clocks) of.clocks_of_scope.insert(clock.name);
  }
  read_period(p, asked.shown.now, *asked.policy, of);
  of.account = p.text("account");
  of.tier = p.text("tier");
  of.priority = p.text("priority");
  query.person = read_person(q, p);
  query.person_shown = q.from.person_shown;
  query.module = p.text("module");
  for (const std::string& per : p.list("per", dimensions)) {
    of.by_account |= per == "account";
    of.by_tier |= per == "tier";
    of.by_priority |= per == "priority";
    query.by_person |= per == "person";
    query.by_module |= per == "module";
  }
  return query;
}

bool wants_csv(const Question& q) {
  return lower_case(q.request.header("Accept")).find("text/csv") != std::string::npos;
}

// A table has no place for the cursor of the page behind it: that is a header.
HttpResponse csv_response(std::string body, const std::string& cursor = "") {
  HttpResponse response;
  response.content_type = "text/csv; charset=utf-8; header=present";
  response.body = std::move(body);
  if (!cursor.empty()) response.headers.emplace_back("Tocsin-Cursor", cursor);
  return response;
}

HttpResponse key_figures(const Question& q) {
  const Parameters p(q.request,
                     {"by", "from", "to", "clock", "account", "tier", "priority", "per"});
  const Asked asked(q);
  FigureQuery query = read_figure_query(q, p, asked, {"account", "tier", "priority"});
  const std::vector<FigureRow> named = figures(asked.view, *asked.policy, query);
  query.of.clock = p.text("clock");
  return json_response(
      kpis_json(asked.shown, kpis(asked.view, query.of), scores(asked.view, query.of), named));
}

HttpResponse named_figures_of(const Question& q) {
  const Parameters p(q.request, {"figure", "by", "from", "to", "account", "tier", "priority",
                                 "person", "module", "per"});
  const Asked asked(q);
  FigureQuery query =
      read_figure_query(q, p, asked, {"account", "tier", "priority", "person", "module"});
  query.figure = p.text("figure");
  if (!query.figure.empty() && !find_figure(*asked.policy, query.figure))
    throw BadParameter("figure", "is none of the policy's: " + figure_names(*asked.policy));
  const std::vector<FigureRow> rows = figures(asked.view, *asked.policy, query);
  return wants_csv(q) ? csv_response(figures_csv(rows))
                      : json_response(figures_json(asked.shown, rows));
}

HttpResponse entities_behind(const Question& q) {
  const Parameters p(q.request,
                     {"outcome", "by", "from", "to", "account", "kind", "clock", "priority", "tier",
                      "role", "person", "q", "module", "limit", "cursor"});
  const Asked asked(q);
  const auto figure = find_figure(*asked.policy, q.path[0]);
  if (!figure)
    return not_found("the policy has no such figure; there are " + figure_names(*asked.policy));
  KpiQuery period;
  read_period(p, asked.shown.now, *asked.policy, period);
  BehindQuery query;
  query.from = period.from;
  query.to = period.to;
  query.outcome = p.word("outcome", {"met", "breached", "excused", "score"});
  query.account = p.text("account");
  query.kind = p.text("kind");
  query.clock = p.text("clock");
  query.tier = p.text("tier");
  query.priority = p.text("priority");
  query.role = p.text("role");
  query.person = read_person(q, p);
  query.person_shown = q.from.person_shown;
  query.q = p.text("q");
  query.module = p.text("module");
  query.limit = p.limit();
  query.cursor = p.cursor(Family::kBehind);
  query.scope = q.request.scope;
  const BehindPage page = list_behind(asked.view, *figure, query);
  return wants_csv(q) ? csv_response(behind_csv(page.rows), page.cursor)
                      : json_response(behind_json(asked.shown, page));
}

}  // namespace

const std::vector<QuestionRoute>& question_routes() {
  static const std::vector<QuestionRoute> routes = {
      {"/v1/clocks", clocks},
      {"/v1/board", board},
      {"/v1/inbox", inbox},
      {"/v1/entities/{account}/{kind}/{id}", entity},
      {"/v1/entities/{account}/{kind}/{id}/explain", proof},
      {"/v1/entities/{account}/{kind}/{id}/timeline", timeline_of_entity},
      {"/v1/accounts", accounts},
      {"/v1/accounts/{account}", account},
      {"/v1/accounts/{account}/timeline", timeline_of_account},
      {"/v1/kpis", key_figures},
      {"/v1/figures", named_figures_of},
      {"/v1/figures/{name}/entities", entities_behind},
      {"/v1/faults", faults},
  };
  return routes;
}

}  // namespace tocsin
