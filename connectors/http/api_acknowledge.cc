// Acknowledgements: a person takes alarms, and is told what came of it.
#include <algorithm>
#include <map>

#include "connectors/http/api_call.h"
#include "events/id.h"
#include "events/json_walk.h"
#include "events/vocabulary.h"
#include "events/writer.h"
#include "projections/read/query.h"

namespace tocsin {
namespace {

// Of facts that come in by a route of ours.
constexpr std::string_view kApiSource = "urn:tocsin:api";

// How long an answer waits until the views show what was decided; on Kafka that is a round trip.
constexpr std::chrono::milliseconds kPatience{3000};
// How long for an entity that the views do not show: its first fact may have come just now.
constexpr std::chrono::milliseconds kPatienceForEntity{1000};

using States = std::map<std::string, GroupState>;

// Who takes what, and how things stood before.
struct Taking {
  EntityKey entity;
  std::string by, escalation;  // escalation: empty for all that are open
  States before;
};

// Empty also when the views cannot be read, which must not stop anybody from taking an alarm.
std::vector<GroupRow> groups_of(const ReadSide& views, const EntityKey& entity) {
  try {
    if (auto found = find_entity(views.view(), entity)) return std::move(found->groups);
  } catch (const std::exception&) {
  }
  return {};
}

// Whether any fact names it, as far as the scope shows. Also when the views cannot be read.
bool is_known(const ReadSide& views, const EntityKey& entity, const Scope* scope) {
  try {
    const ReadView view = views.view();
    if (scope != nullptr && !is_of_sources(view, entity, *scope, views.records)) return false;
    TimelineQuery first;
    first.limit = 1;
    return find_entity(view, entity) || !entity_timeline(view, entity, first, {}).empty();
  } catch (const std::exception&) {
    return scope == nullptr;
  }
}

States states_of(const ReadSide& views, const EntityKey& entity) {
  States states;
  for (const GroupRow& g : groups_of(views, entity)) states[g.escalation] = g.state;
  return states;
}

struct Taken {
  std::vector<std::string> acknowledged, unknown, open;
  std::vector<GroupRow> already;
};

// What came of it, as the views have it.
Taken taken(const ReadSide& views, const Taking& taking) {
  Taken out;
  std::map<std::string, GroupRow> now;
  for (GroupRow& g : groups_of(views, taking.entity)) now.emplace(g.escalation, std::move(g));
  std::vector<std::string> wanted;
  if (!taking.escalation.empty()) {
    wanted.push_back(taking.escalation);
  } else {
    for (const auto& [name, state] : taking.before) {
      if (state == GroupState::kOpen || state == GroupState::kAcknowledged) wanted.push_back(name);
    }
  }
  for (const std::string& name : wanted) {
    const auto group = now.find(name);
    if (group == now.end()) {
      out.unknown.push_back(name);
      continue;
    }
    const auto before = taking.before.find(name);
    const bool was_open = before == taking.before.end() || before->second == GroupState::kOpen;
    const GroupRow& g = group->second;
    if (g.state == GroupState::kOpen) {
      out.open.push_back(name);
    } else if (g.state == GroupState::kAcknowledged && was_open && g.by == taking.by) {
      out.acknowledged.push_back(name);
    } else {
      out.already.push_back(g);
    }
  }
  return out;
}

void add_names(std::string& out, JsonObject& object, std::string_view name,
               const std::vector<std::string>& names) {
  object.name(name);
  out += '[';
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, names[i]);
  }
  out += ']';
}

// {"now":"…","acknowledged":[…],"already":[{"escalation","by","at"}],"unknown":[…]}
std::string taken_json(const Taken& taken, Instant now) {
  std::string out;
  JsonObject object(out);
  object.time("now", now);
  add_names(out, object, "acknowledged", taken.acknowledged);
  object.name("already");
  out += '[';
  bool first = true;
  for (const GroupRow& g : taken.already) {
    if (!first) out += ',';
    first = false;
    JsonObject one(out);
    one.text("escalation", g.escalation);
    g.by.empty() ? one.null("by") : one.text("by", g.by);
    g.acknowledged_at ? one.time("at", *g.acknowledged_at) : one.null("at");
    one.close();
  }
  out += ']';
  add_names(out, object, "unknown", taken.unknown);
  // Durable, but not decided in time; what becomes of it will be in the inbox.
  if (!taken.open.empty()) add_names(out, object, "pending", taken.open);
  object.close();
  return out;
}

}  // namespace

// {"by":"li","escalation":"acme/ticket/T-1/ticket.response/1/target"}: becomes the fact
// `tocsin.<kind>.acknowledged`. Whose token stands for a person acknowledges as that person. An
// escalation of another entity is unknown, and nothing is written, nor of an entity that no fact
// names.
void Api::acknowledge(Call call) {
  const std::string &account = call.parameters[0], &kind = call.parameters[1],
                    &id = call.parameters[2];
  thread_local JsonWalker walker;
  std::string by, escalation, note, wrong, own_id;
  const bool whole =
      walker.walk_object(call.request.body, [&](std::string_view name, JsonWalker::Value value) {
        std::string ignored;
        std::string* into = name == "by"           ? &by
                            : name == "escalation" ? &escalation
                            : name == "note"       ? &note
                            : name == "id"         ? &own_id
                                                   : nullptr;
        if (into != nullptr && JsonWalker::is_null(value)) return walker.copy(value, ignored);
        if (into == nullptr || !JsonWalker::is_string(value)) {
          if (wrong.empty()) wrong = name;
          return walker.copy(value, ignored);
        }
        return walker.read_string(value, *into);
      });
  const auto bad = [&](std::string_view field, std::string_view detail) {
    call.reply(problem(400, "bad-field", detail).field(field).response());
  };
  if (!whole && !call.request.body.empty()) {
    return call.reply(
        problem(400, "malformed", "the body must be {\"by\":…, \"escalation\":…}").response());
  }
  if (!wrong.empty())
    return bad(wrong, "by, escalation, note and id are texts; nothing else is taken");
  if (!call.request.person.empty()) by = call.request.person;
  if (by.empty()) return bad("by", "by must say who acknowledges");
  const std::string type = "tocsin." + kind + ".acknowledged";
  if (split_type(type).kind != kind) return bad("kind", "no kind has such a name");
  std::string path;
  append_entity_path(path, account, kind, id);

  const Instant now = options_.now();
  if (own_id.empty()) {
    own_id = (escalation.empty() ? path : escalation) + "/" + by + "/" + std::to_string(now.ms);
    if (own_id.size() > kAttributeBytesMax) own_id = to_hex(sha256(own_id));
  }
  auto submission = std::make_unique<Submission>();
  JsonObject event(submission->body);
  event.text("specversion", "1.0")
      .text("id", own_id)
      .text("source", kApiSource)
      .text("type", type)
      .time("time", now)
      .text("subject", id)
      .text("partitionkey", account)
      .name("data");
  JsonObject data(submission->body);
  data.text("by", by);
  if (!escalation.empty()) data.text("escalation", escalation);
  if (!note.empty()) data.text("note", note);
  data.close();
  event.close();
  submission->headers = kept_headers(call.request.headers);
  submission->source = "http " + call.request.remote;
  SubmittedEvent& submitted = submission->events.emplace_back();
  submitted.original = submission->body;
  thread_local Decoder decoder;
  decoder.structured(submission->body, {}, submitted.decoded);
  // Its scope was held against the route; the source is ours.
  const Sender sender{call.request.client, call.request.roles, nullptr};
  const auto taking = std::make_shared<Taking>(Taking{{account, kind, id}, by, escalation, {}});
  const auto events = std::make_shared<Events>(Events{std::move(submission), false, sender});
  const bool of_another = !escalation.empty() && !escalation.starts_with(path + "/");
  const auto ask = [this, taking, events, of_another, reply = call.reply](bool known) {
    if (!known) return reply(problem(404, "not-found", "no fact names this entity").response());
    if (of_another)
      return reply(
          json_response(taken_json(Taken{{}, {taking->escalation}, {}, {}}, views_.now())));
    taking->before = states_of(views_, taking->entity);
    submit(std::move(*events), [this, taking, reply](HttpResponse response) {
      if (response.status != 202) return reply(std::move(response));
      const auto settled = [this, taking] { return taken(views_, *taking).open.empty(); };
      const auto answer = [this, taking, reply](bool) {
        const Taken got = taken(views_, *taking);
        reply(json_response(taken_json(got, views_.now()), got.open.empty() ? 200 : 202));
      };
      if (!pool_.submit_when(settled, kPatience, answer)) reply(std::move(response));
    });
  };
  const auto known = [this, taking, scope = call.request.scope] {
    return is_known(views_, taking->entity, scope.get());
  };
  if (!pool_.submit_when(known, kPatienceForEntity, ask))
    call.reply(problem(503, "overloaded", "too many queries wait").retry_after(1).response());
}

}  // namespace tocsin
