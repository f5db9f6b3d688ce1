// The notifier's routes: acknowledge links, PagerDuty's webhooks, browsers' subscriptions, tests,
// and what became of messages. Answers that need the outbox come from the notifier's thread.
#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "connectors/http/module_reply.h"
#include "connectors/http/problem.h"
#include "connectors/http/target.h"
#include "connectors/notify/crypto.h"
#include "connectors/notify/notifier.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

constexpr std::size_t kListed = 1000;

HttpResponse page_response(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body = std::move(body);
  response.headers = {{"Cache-Control", "no-store"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                       "frame-ancestors 'none'"}};
  return response;
}

// The field of a form, decoded.
std::string form_field(const std::string& body, std::string_view name) {
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('&', at), body.size());
    const std::string_view pair = std::string_view(body).substr(at, end - at);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name && equals < pair.size())
      return percent_decode(pair.substr(equals + 1), true).value_or("");
    at = end + 1;
  }
  return {};
}

HttpResponse busy() {
  return problem(503, "busy", "too much waits; try again").retry_after(1).response();
}

}  // namespace

std::vector<ModuleRoute> Notifier::routes() {
  const auto handler = [this](void (Notifier::*member)(ModuleCall)) {
    return [this, member](ModuleCall call) { (this->*member)(std::move(call)); };
  };
  using Names = std::vector<std::string_view>;
  return {
      {"GET", "/a/{token}", std::nullopt, handler(&Notifier::get_ack)},
      {"POST", "/a/{token}", std::nullopt, handler(&Notifier::post_ack)},
      {"POST", "/v1/in/pagerduty", std::nullopt, handler(&Notifier::post_pagerduty)},
      {"GET", "/v1/push/key", Role::kRead, handler(&Notifier::get_push_key), true, Names{}},
      {"POST", "/v1/people/{id}/push", Role::kRead, handler(&Notifier::post_push), true},
      {"POST", "/v1/people/{id}/test", Role::kAct, handler(&Notifier::post_test)},
      {"GET", "/v1/deliveries", Role::kRead, handler(&Notifier::get_deliveries), true,
       Names{"person", "channel", "outcome", "account", "kind", "escalation", "limit", "cursor"}},
  };
}

// ---- acknowledging -----------------------------------------------------------------------------

AckView Notifier::view_of(const AckClaim& claim) const {
  AckView view;
  view.language = claim.language;
  const std::shared_ptr<const Roster> roster = ports_.roster();
  const auto name_of = [&](const std::string& id) {
    const Person* person = roster ? roster->person(id) : nullptr;
    return person != nullptr && !person->name.empty() ? person->name : id;
  };
  if (roster) view.zone = roster->readers_zone(roster->person(claim.person));
  if (const auto alarm = alarms_.find(claim.group); alarm != alarms_.end()) {
    view.alarm = alarm->second;
    view.page_url = page_of(alarm->second);
    std::vector<std::string> called = outbox_.called(claim.group);
    if (called.empty()) called = alarm->second.persons;
    for (const std::string& person : called) {
      if (claim.person.empty()) view.choices.emplace_back(person, name_of(person));
      if (person != claim.person) view.others.push_back(name_of(person));
    }
  }
  view.policy = ports_.policy();
  view.person_name = name_of(claim.person);
  if (const auto ended = ended_.find(claim.group); ended != ended_.end()) {
    view.state = ended->second.about == About::kAcknowledged ? AckView::State::kAlready
                                                             : AckView::State::kOver;
    view.by = name_of(ended->second.by);
  } else if (!view.alarm) {
    view.state = AckView::State::kOver;
  }
  return view;
}

void Notifier::answer_ack(const ModuleCall& call, AckView view, int status) {
  call.reply(page_response(status, ack_page(view, ports_.now())));
}

void Notifier::get_ack(ModuleCall call) {
  const auto shared = std::make_shared<ModuleCall>(std::move(call));
  const bool taken = ask([this, shared] {
    const auto claim = tokens_.read(shared->parameters[0], ports_.now());
    AckView bad;
    bad.state = AckView::State::kBadLink;
    if (!claim) return answer_ack(*shared, bad, 404);
    answer_ack(*shared, view_of(*claim), 200);
  });
  if (!taken) shared->reply(busy());
}

void Notifier::post_ack(ModuleCall call) {
  const auto shared = std::make_shared<ModuleCall>(std::move(call));
  const bool taken = ask([this, shared] {
    const auto claim = tokens_.read(shared->parameters[0], ports_.now());
    AckView view;
    view.state = AckView::State::kBadLink;
    if (!claim) return answer_ack(*shared, view, 404);
    view = view_of(*claim);
    std::string person = claim->person;
    if (person.empty()) {
      person = form_field(shared->request.body, "person");
      const auto roster = ports_.roster();
      const auto id_of = [&](std::string_view word) { return roster ? roster->id_of(word) : word; };
      const auto chosen =
          std::find_if(view.choices.begin(), view.choices.end(),
                       [&](const auto& choice) { return id_of(choice.first) == id_of(person); });
      const bool called = chosen != view.choices.end();
      if (called) person = chosen->first;
      // Somebody who was not called, or nobody: ask again.
      if (view.state == AckView::State::kOpen && !called) return answer_ack(*shared, view, 400);
    }
    if (view.state != AckView::State::kOpen) return answer_ack(*shared, view, 200);
    submit_acknowledged(*claim, person, [this, shared, view, person](bool durable) mutable {
      for (const auto& [id, name] : view.choices) {
        if (id == person) view.person_name = name;
      }
      view.by = view.person_name;
      view.state = durable ? AckView::State::kTaken : AckView::State::kTryAgain;
      answer_ack(*shared, std::move(view), durable ? 200 : 503);
    });
  });
  if (!taken) shared->reply(busy());
}

// PagerDuty's v3 webhooks: what is acknowledged or resolved there is acknowledged here.
void Notifier::post_pagerduty(ModuleCall call) {
  const std::string given(call.request.header("X-PagerDuty-Signature"));
  bool good = false;
  for (const ChannelSettings& channel : settings_.channels) {
    const std::string& secret = channel["webhook_secret"];
    if (channel.type != "pagerduty" || secret.empty()) continue;
    const std::string want = "v1=" + crypto::hex(crypto::hmac_sha256(secret, call.request.body));
    for (std::size_t at = 0; at <= given.size();) {
      const std::size_t end = std::min(given.find(',', at), given.size());
      std::string one = given.substr(at, end - at);
      one.erase(0, one.find_first_not_of(' ') == std::string::npos ? one.size()
                                                                   : one.find_first_not_of(' '));
      good = crypto::equal(one, want) || good;
      at = end + 1;
    }
  }
  if (!good)
    return call.reply(problem(401, "bad-signature", "the signature is not ours").response());
  boost::system::error_code failed;
  const json::value body = json::parse(call.request.body, failed);
  const auto text_at = [&](std::initializer_list<const char*> path) -> std::string {
    const json::value* value = failed ? nullptr : &body;
    for (const char* const name : path)
      value =
          value != nullptr && value->is_object() ? value->get_object().if_contains(name) : nullptr;
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  };
  const std::string type = text_at({"event", "event_type"});
  const std::string key = text_at({"event", "data", "incident_key"});
  if (type != "incident.acknowledged" && type != "incident.resolved")
    return call.reply(json_response(202, json::object{{"ignored", type}}));
  const auto shared = std::make_shared<ModuleCall>(std::move(call));
  const bool taken = ask([this, shared, key] {
    const auto incident = incidents_.find(key);
    if (incident == incidents_.end() || ended_.count(incident->second.group) != 0)
      return shared->reply(json_response(202, json::object{{"ignored", "incident"}}));
    submit_acknowledged(incident->second, incident->second.person, [shared](bool durable) {
      shared->reply(durable ? json_response(202, json::object{{"acknowledged", true}}) : busy());
    });
  });
  if (!taken) shared->reply(busy());
}

// ---- browsers, tests, deliveries ---------------------------------------------------------------

void Notifier::get_push_key(ModuleCall call) {
  call.reply(
      json_response(200, json::object{{"now", format_rfc3339(ports_.now())},
                                      {"publicKey", crypto::base64url(push_.keys().public_key)}}));
}

void Notifier::post_push(ModuleCall call) {
  const auto bad = [&](std::string_view field, std::string_view detail) {
    call.reply(problem(400, "bad-field", detail).field(field).response());
  };
  boost::system::error_code failed;
  const json::value body = json::parse(call.request.body, failed);
  const auto text_at = [&](const char* a, const char* b) -> std::string {
    const json::value* value =
        failed || !body.is_object() ? nullptr : body.get_object().if_contains(a);
    if (b != nullptr)
      value = value != nullptr && value->is_object() ? value->get_object().if_contains(b) : nullptr;
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  };
  const PushSubscription one{text_at("endpoint", nullptr), text_at("keys", "p256dh"),
                             text_at("keys", "auth")};
  const std::string& endpoint = one.endpoint;
  const std::string host = endpoint.size() > 8
                               ? endpoint.substr(8, endpoint.find_first_of("/?#", 8) - 8)
                               : std::string();
  const auto& allowed = settings_.allow_hosts;
  const bool named = std::any_of(allowed.begin(), allowed.end(), [&](const std::string& name) {
    return endpoint.find("://" + name + "/") != std::string::npos ||
           endpoint.find("://" + name + ":") != std::string::npos;
  });
  const bool literal = host.find_first_not_of("0123456789.:[]abcdefABCDEF") == std::string::npos;
  if (!named && (endpoint.rfind("https://", 0) != 0 || host.find('.') == std::string::npos ||
                 literal || host.find('@') != std::string::npos || endpoint.size() > 2000))
    return bad("endpoint", "endpoint must be the https URL of a public push service");
  if (crypto::from_base64(one.p256dh).size() != 65)
    return bad("keys.p256dh", "must be 65 bytes, base64url");
  if (crypto::from_base64(one.auth).size() != 16)
    return bad("keys.auth", "must be 16 bytes, base64url");
  const auto roster = ports_.roster();
  const Person* person = roster ? roster->person(call.parameters[0]) : nullptr;
  if (person == nullptr)
    return call.reply(problem(404, "not-found", "the roster does not know this person").response());
  // A person's browsers are theirs to name.
  const HttpRequest& request = call.request;
  if (!request.client.empty() && !request.roles.has(Role::kAdmin) &&
      roster->id_of(request.person) != person->id)
    return call.reply(problem(403, "forbidden", "this is another person's token").response());
  const HttpResponse kept = json_response(
      201, json::object{{"now", format_rfc3339(ports_.now())}, {"person", person->id}});
  if (!settings_.many_nodes) return call.reply(push_.add(person->id, one) ? kept : busy());
  // Whichever node tells this person knows the browser from the log.
  const json::object record{{"person", person->id},
                            {"endpoint", one.endpoint},
                            {"p256dh", one.p256dh},
                            {"auth", one.auth}};
  ports_.record_everywhere(
      std::string(kBrowserType), json::serialize(record),
      [reply = call.reply, kept](bool durable) { reply(durable ? kept : busy()); });
}

void Notifier::forget_browser(const std::string& person, const std::string& endpoint) {
  push_.remove(person, endpoint);
  if (!settings_.many_nodes) return;
  const json::object record{{"person", person}, {"endpoint", endpoint}, {"gone", true}};
  ports_.record_everywhere(std::string(kBrowserType), json::serialize(record), [](bool) {});
}

void Notifier::post_test(ModuleCall call) {
  const auto roster = ports_.roster();
  const Person* person = roster ? roster->person(call.parameters[0]) : nullptr;
  if (person == nullptr)
    return call.reply(problem(404, "not-found", "the roster does not know this person").response());
  json::array channels;
  for (const PersonChannel& channel : person->channels) channels.emplace_back(channel.via);
  const bool taken = ask([this, id = person->id] { outbox_.test(id, ports_.now()); });
  if (!taken) return call.reply(busy());
  call.reply(json_response(202, json::object{{"now", format_rfc3339(ports_.now())},
                                             {"person", person->id},
                                             {"channels", channels}}));
}

namespace {

// Which outcomes are asked for; empty: all.
struct Wanted {
  PersonWords person;
  std::string channel, outcome, account, kind, escalation;

  bool has(const Told& told) const {
    const auto fits = [](const std::string& asked, const std::string& is) {
      return asked.empty() || asked == is;
    };
    const bool theirs =
        person.empty() || std::find(person.begin(), person.end(), told.person) != person.end();
    return theirs && fits(channel, told.channel) &&
           fits(outcome, told.delivered ? "delivered" : "failed") && fits(account, told.account) &&
           fits(kind, told.entity_kind) && fits(escalation, told.group);
  }
};

json::object row_of(const Told& told, Instant at) {
  json::object row{{"at", format_rfc3339(at)},
                   {"account", told.account},
                   {"entity", told.entity_kind + "/" + told.entity_id},
                   {"escalation", told.group},
                   {"step", told.step},
                   {"person", told.person},
                   {"channel", told.channel},
                   {"outcome", told.delivered ? "delivered" : "failed"},
                   {"attempts", told.attempts}};
  if (!told.error.empty()) row["error"] = told.error;
  return row;
}

// A whole number of a parameter; nullopt: it is none.
std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

// The newest first. A cursor is the number of the last row.
void Notifier::get_deliveries(ModuleCall call) {
  const auto asked = [&](const char* name) { return query_parameter(call.request, name); };
  PersonWords person;
  if (const std::string word = asked("person"); !word.empty()) {
    const auto roster = ports_.roster();
    person = roster ? roster->words_for(word) : PersonWords{word};
  }
  const Wanted wanted{std::move(person), asked("channel"), asked("outcome"),
                      asked("account"),  asked("kind"),    asked("escalation")};
  const auto bad = [&](const char* field, const char* detail) {
    call.reply(problem(400, "bad-parameter", detail).field(field).response());
  };
  if (!wanted.outcome.empty() && wanted.outcome != "delivered" && wanted.outcome != "failed")
    return bad("outcome", "outcome must be delivered or failed");
  std::uint64_t limit = kListed, before = UINT64_MAX;
  if (const std::string text = asked("limit"); !text.empty()) {
    const auto number = number_of(text);
    if (!number || *number == 0) return bad("limit", "limit must be a whole number from 1");
    limit = std::min<std::uint64_t>(*number, kListed);
  }
  if (const std::string text = asked("cursor"); !text.empty()) {
    const auto number = number_of(text);
    if (!number) return bad("cursor", "cursor must be one that this list gave");
    before = *number;
  }
  const auto shared = std::make_shared<ModuleCall>(std::move(call));
  const bool taken = ask([this, shared, wanted, limit, before] {
    json::array rows, failing;
    json::value cursor = nullptr;
    std::uint64_t last = 0;
    const Scope* const scope = shared->request.scope.get();
    const SourceOf source_of =
        scope != nullptr && !scope->sources.empty() ? ports_.sources() : SourceOf();
    const auto is_inside = [&](const Told& told) {
      return scope == nullptr ||
             scope->has_entity(
                 told.account, told.entity_kind,
                 source_of ? source_of(told.account, told.entity_kind, told.entity_id) : "");
    };
    for (auto it = deliveries_.rbegin(); it != deliveries_.rend(); ++it) {
      if (it->number >= before || !wanted.has(it->told) || !is_inside(it->told)) continue;
      if (rows.size() == limit) {
        cursor = std::to_string(last);
        break;
      }
      last = it->number;
      rows.emplace_back(row_of(it->told, it->at));
    }
    for (const auto& [channel, health] : health_) {
      if (health.told) failing.emplace_back(channel);
    }
    shared->reply(json_response(200, json::object{{"now", format_rfc3339(ports_.now())},
                                                  {"deliveries", std::move(rows)},
                                                  {"failing", std::move(failing)},
                                                  {"cursor", std::move(cursor)}}));
  });
  if (!taken) shared->reply(busy());
}

}  // namespace tocsin::notify
