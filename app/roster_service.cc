#include "app/roster_service.h"

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "app/roster_calendar.h"
#include "app/roster_record.h"
#include "connectors/http/module_reply.h"
#include "connectors/http/problem.h"
#include "engine/entity/entity_codec.h"
#include "engine/policy/compile/roster.h"
#include "events/hash.h"
#include "projections/read/query.h"

namespace tocsin {

namespace json = boost::json;

namespace {

HttpResponse bad(std::string_view field, const std::string& detail) {
  return problem(400, "bad-parameter", detail).field(field).response();
}

std::shared_ptr<const Roster> roster_of(Node& node) {
  auto roster = node.roster();
  return roster ? roster : std::make_shared<const Roster>();
}

// The roles that somebody plays by a roster: neither an assignee nor an owner.
std::vector<std::string> roles_of(const Policy& policy) {
  std::vector<std::string> out;
  for (const RoleCode code : policy.roles.codes()) {
    if (code != policy.assignee_role && code != policy.owner_role)
      out.push_back(policy.roles[code]);
  }
  return out;
}

// Who plays which role for an account, by its facts.
Account account_of(Node& node, const std::string& name) {
  Account account;
  account.name = name;
  for (const auto& [partition, next] : node.status().applied) {
    const auto bytes = node.store().load_account(partition, name);
    if (!bytes) continue;
    decode_account(
        *bytes,
        [&, p = partition](std::string_view piece) { return node.store().load_account(p, piece); },
        account);
    break;
  }
  return account;
}

json::array names(const std::vector<std::string>& list) {
  json::array out;
  for (const std::string& one : list) out.emplace_back(one);
  return out;
}

json::object person_json(const Person& person) {
  json::array channels;  // names alone: numbers and addresses are the person's own
  for (const PersonChannel& channel : person.channels) channels.emplace_back(channel.via);
  return {{"id", person.id},
          {"name", person.name},
          {"aliases", names(person.aliases)},
          {"language", person.language},
          {"channels", std::move(channels)}};
}

json::value instant_or_null(Instant at) {
  return at == kAlways || at == kNever ? json::value(nullptr) : json::value(format_rfc3339(at));
}

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw std::runtime_error("cannot read the roster " + path);
  return text.str();
}

}  // namespace

RosterService::RosterService(Node& node, std::string path, Report report)
    : node_(node), path_(std::move(path)), report_(std::move(report)) {}

void RosterService::start() {
  if (path_.empty()) return;
  try {
    const auto roster = node_.roster();
    if (roster && roster->hash != hex(hash128(file_text(path_))))
      report_(
          "warn", "roster",
          "what is in force is not " + path_ + "; POST /v1/roster/reload puts the file in force");
  } catch (const std::exception& e) {
    report_("error", "roster", e.what());
  }
}

void RosterService::reload(std::function<void(int, const std::string&)> done) {
  if (path_.empty()) return done(409, "no roster file is configured");
  try {
    const std::string text = file_text(path_);
    parse_roster(text, path_);
    node_.submit_own({std::string(kRosterType), "roster", roster_data(text), -1},
                     [this, done = std::move(done)](OwnResult result) {
                       const bool durable = result.status == OwnResult::Status::kDurable;
                       report_(durable ? "info" : "error", durable ? "roster_read" : "roster",
                               durable ? path_ : result.detail);
                       done(durable ? 200 : 503, durable ? "it is in force" : result.detail);
                     });
  } catch (const std::exception& e) {
    report_("error", "roster", e.what());
    done(422, e.what());
  }
}

std::vector<ModuleRoute> RosterService::routes() {
  const auto handler = [this](void (RosterService::*member)(ModuleCall)) {
    return [this, member](ModuleCall call) { (this->*member)(std::move(call)); };
  };
  using Names = std::vector<std::string_view>;
  return {
      {"GET", "/v1/oncall", Role::kRead, handler(&RosterService::get_oncall), true,
       Names{"at", "role", "account"}},
      {"GET", "/v1/oncall.ics", Role::kRead, handler(&RosterService::get_calendar), true,
       Names{"person", "role"}},
      {"GET", "/v1/roster", Role::kRead, handler(&RosterService::get_roster), true, Names{}},
      {"POST", "/v1/roster/overrides", Role::kAct, handler(&RosterService::post_override)},
      {"DELETE", "/v1/roster/overrides/{id}", Role::kAct, handler(&RosterService::delete_override)},
      {"POST", "/v1/roster/reload", Role::kAct,
       [this](ModuleCall call) {
         reload([this, reply = std::move(call.reply)](int status, const std::string& words) {
           reply(status == 200
                     ? json_response(200, json::object{{"now", format_rfc3339(node_.now())},
                                                       {"detail", words}})
                     : problem(status, "not-reloaded", words).response());
         });
       }},
  };
}

void RosterService::get_oncall(ModuleCall call) {
  const auto roster = roster_of(node_);
  const auto policy = node_.policy();
  const std::string role = query_parameter(call.request, "role"),
                    account = query_parameter(call.request, "account"),
                    when = query_parameter(call.request, "at");
  const auto& scope = call.request.scope;
  if (!account.empty() && scope != nullptr &&
      (!scope->has_account(account) ||
       !is_account_of_sources(node_.store().view(), *policy, account, scope)))
    return call.reply(problem(404, "not-found", "nothing is known of it").response());
  Instant at = node_.now();
  if (!when.empty()) {
    const auto given = roster_instant(when, *roster->zone, false);
    if (!given) return call.reply(bad("at", "at must be an instant with an offset, or a date"));
    at = *given;
  }
  const Account of = account.empty() ? Account{} : account_of(node_, account);
  json::array rows;
  for (const std::string& name : roles_of(*policy)) {
    if (!role.empty() && role != name) continue;
    const auto holder = of.roles.find(name);
    Roster::Persons persons;
    roster->resolve(name,
                    holder == of.roles.end() ? std::vector<std::string>{} : holder->second.persons,
                    at, persons);
    json::array list;
    for (const std::string_view id : persons) {
      const Person* person = roster->person(id);
      list.push_back(
          {{"id", std::string(id)},
           {"name", person != nullptr && !person->name.empty() ? person->name : std::string(id)}});
    }
    rows.push_back({{"role", name},
                    {"persons", std::move(list)},
                    {"until", instant_or_null(roster->next_change(name, at))}});
  }
  if (!role.empty() && rows.empty())
    return call.reply(bad("role", "the policy has no role `" + role + "`"));
  Roster::Persons last;
  roster->everybodys_last_resort(at, last);
  call.reply(json_response(200, json::object{{"now", format_rfc3339(node_.now())},
                                             {"at", format_rfc3339(at)},
                                             {"oncall", std::move(rows)},
                                             {"lastResort", names({last.begin(), last.end()})}}));
}

void RosterService::get_calendar(ModuleCall call) {
  const auto roster = roster_of(node_);
  const std::string role = query_parameter(call.request, "role"),
                    person = query_parameter(call.request, "person");
  std::vector<std::string> roles = roles_of(*node_.policy());
  if (!role.empty()) {
    if (std::find(roles.begin(), roles.end(), role) == roles.end())
      return call.reply(bad("role", "the policy has no role `" + role + "`"));
    roles = {role};
  }
  const Instant now = node_.now();
  HttpResponse response;
  response.content_type = "text/calendar; charset=utf-8";
  response.body = oncall_calendar(
      on_call_stretches(*roster, roles, person, now - days(7), now + days(180)), *roster, now);
  call.reply(std::move(response));
}

void RosterService::get_roster(ModuleCall call) {
  const auto roster = roster_of(node_);
  json::array people, roles, overrides, away;
  for (const auto& [id, person] : roster->people) people.emplace_back(person_json(person));
  for (const auto& [name, role] : roster->roles) {
    json::array layers;
    for (const Rotation& layer : role.layers)
      layers.push_back({{"people", names(layer.people)},
                        {"everyDays", layer.every_days},
                        {"from", format_date(layer.from)},
                        {"hours", layer.hours.has_value()}});
    roles.push_back({{"role", name},
                     {"onCall", names(role.together)},
                     {"rotation", std::move(layers)},
                     {"fallback", names(role.fallback)}});
  }
  for (const RosterOverride& one : roster->overrides)
    overrides.push_back({{"id", one.id},
                         {"role", one.role},
                         {"person", one.person},
                         {"from", instant_or_null(one.from)},
                         {"until", instant_or_null(one.until)},
                         {"by", one.by}});
  for (const RosterAway& one : roster->away)
    away.push_back({{"person", one.person},
                    {"from", instant_or_null(one.from)},
                    {"until", instant_or_null(one.until)}});
  call.reply(json_response(200, json::object{{"now", format_rfc3339(node_.now())},
                                             {"hash", roster->hash},
                                             {"zone", roster->zone->name()},
                                             {"people", std::move(people)},
                                             {"roles", std::move(roles)},
                                             {"overrides", std::move(overrides)},
                                             {"away", std::move(away)},
                                             {"lastResort", names(roster->last_resort)}}));
}

void RosterService::post_override(ModuleCall call) {
  boost::system::error_code failed;
  const json::value body = json::parse(call.request.body, failed);
  if (failed || !body.is_object())
    return call.reply(bad("body", "the body must be {role, person, from, until}"));
  for (const auto& member : body.get_object()) {
    const std::string name = member.key();
    if (name != "role" && name != "person" && name != "from" && name != "until")
      return call.reply(
          bad(name, "`" + name + "` is no member of an override: role, person, from, until are"));
  }
  const auto roster = roster_of(node_);
  const auto text = [&](const char* name) -> std::string {
    const json::value* value = body.get_object().if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  };
  OverrideRecord change;
  RosterOverride& one = change.override;
  one.role = text("role");
  const auto roles = roles_of(*node_.policy());
  if (std::find(roles.begin(), roles.end(), one.role) == roles.end())
    return call.reply(bad("role", "role must be one of the policy's, not `" + one.role + "`"));
  one.person = text("person");
  if (one.person.empty() || one.person.size() > 512)
    return call.reply(bad("person", "person must be a name of 1 to 512 bytes"));
  if (!roster->people.empty() && roster->person(one.person) == nullptr)
    return call.reply(bad("person", "the roster does not know `" + one.person + "`"));
  one.person = roster->id_of(one.person);
  const auto from = roster_instant(text("from"), *roster->zone, false),
             until = roster_instant(text("until"), *roster->zone, true);
  if (!from) return call.reply(bad("from", "from must be an instant with an offset, or a date"));
  if (!until || *until <= *from)
    return call.reply(
        bad("until", "until must be an instant with an offset, or a date, after from"));
  one.from = *from;
  one.until = *until;
  one.by = call.request.actor();
  one.id =
      "o-" + hex(hash128(override_data(change) + std::to_string(node_.now().ms))).substr(0, 12);
  node_.submit_own({std::string(kOverrideType), one.id, override_data(change), -1},
                   [this, id = one.id, reply = std::move(call.reply)](OwnResult result) {
                     if (result.status == OwnResult::Status::kDurable)
                       return reply(json_response(
                           201, json::object{{"now", format_rfc3339(node_.now())}, {"id", id}}));
                     const bool refused = result.status == OwnResult::Status::kRefused;
                     reply(problem(refused ? 409 : 503, "not-recorded", result.detail).response());
                   });
}

void RosterService::delete_override(ModuleCall call) {
  const auto roster = roster_of(node_);
  const std::string& id = call.parameters[0];
  const bool known = std::any_of(roster->overrides.begin(), roster->overrides.end(),
                                 [&](const RosterOverride& one) { return one.id == id; });
  if (!known || id.empty())
    return call.reply(problem(404, "not-found", "there is no such override").response());
  OverrideRecord change;
  change.override.id = id;
  change.override.by = call.request.actor();
  change.removed = true;
  node_.submit_own({std::string(kOverrideType), id, override_data(change), -1},
                   [reply = std::move(call.reply)](OwnResult result) {
                     HttpResponse gone;
                     gone.status = 204;
                     if (result.status == OwnResult::Status::kDurable) return reply(gone);
                     reply(problem(503, "not-recorded", result.detail).response());
                   });
}

}  // namespace tocsin
