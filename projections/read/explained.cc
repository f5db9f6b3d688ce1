#include "projections/read/explained.h"

#include "engine/entity/entity_codec.h"
#include "events/log_record.h"
#include "events/writer.h"
#include "projections/read/json_parts.h"

namespace tocsin {
namespace {

// Whether the day itself is worth naming: a holiday, a make-up workday.
bool is_named(ExplainedSegment::What what) {
  return what == ExplainedSegment::What::kHoliday || what == ExplainedSegment::What::kMakeup;
}

// An array of objects: `append(object, item)` for each.
template <typename Items, typename Append>
void add_list(std::string& out, JsonObject& object, std::string_view name, const Items& items,
              Append append) {
  add_array(out, object, name, items, [&](const auto& item) {
    JsonObject one(out);
    append(one, item);
    one.close();
  });
}

void add_threshold(std::string& out, JsonObject& object, const ExplainedThreshold& t) {
  object.text("name", t.name).number("allowance", t.allowance_ms).boolean("given", t.given);
  add_list(out, object, "segments", t.segments, [](JsonObject& one, const ExplainedSegment& s) {
    one.time("from", s.from).time("to", s.to).text("what", name_of(s.what)).number("ms", s.ms);
    is_named(s.what) ? one.text("name", s.name) : one.null("name");
  });
  object.boolean("more", t.more);
  add_list(out, object, "retargets", t.retargets, [](JsonObject& one, const ExplainedRetarget& r) {
    one.time("at", r.at);
    r.cause.empty() ? one.null("cause") : one.text("cause", r.cause);
    r.fact.empty() ? one.null("fact") : one.text("fact", r.fact);
    add_time(one, "from", r.from);
    add_time(one, "to", r.to);
  });
  t.remaining_ms ? object.number("remainingMs", *t.remaining_ms) : object.null("remainingMs");
  add_time(object, "due", t.due);
}

void add_clock(std::string& out, JsonObject& object, const ExplainedClock& c) {
  object.text("clock", c.clock);
  c.period ? object.text("cycle", c.cycle) : object.raw("cycle", c.cycle);
  object.text("calendar", c.calendar).text("zone", c.zone).number("policyVersion", c.policy);
  c.tzdata.empty() ? object.null("tzdata") : object.text("tzdata", c.tzdata);
  object.time("start", c.start);
  add_list(out, object, "thresholds", c.thresholds,
           [&](JsonObject& one, const ExplainedThreshold& t) { add_threshold(out, one, t); });
}

template <typename Fill>
std::string body(const Shown& shown, const EntityKey& entity, Fill fill) {
  std::string out;
  JsonObject object(out);
  object.time("now", shown.now)
      .text("account", entity.account)
      .text("entity", entity.kind + "/" + entity.id);
  fill(out, object);
  object.raw("as_of_offset", as_of_offset(shown.view));
  object.close();
  return out;
}

// As the engine has it.
std::optional<Entity> find_state(const Shown& shown, const EntityKey& key) {
  for (const PartitionId partition : shown.view.partitions()) {
    const auto row = shown.view.get(Key(partition, Family::kEntity).entity(key).take());
    if (!row || split_entity_row(*row).state.empty()) continue;
    Entity entity;
    decode_entity(
        split_entity_row(*row).state,
        [&](std::int32_t version) { return shown.policy.of_version(version); }, entity);
    entity.account = key.account;
    entity.id = key.id;
    return entity;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<ExplainedClock>> explain_entity(const Shown& shown, const EntityKey& key,
                                                          const std::string& clock,
                                                          const std::string& cycle) {
  const std::optional<Entity> entity = find_state(shown, key);
  if (!entity) return std::nullopt;
  return explain(*entity, shown.now, clock, cycle);
}

std::string explained_json(const Shown& shown, const EntityKey& entity,
                           const ExplainedClock& clock) {
  return body(shown, entity,
              [&](std::string& out, JsonObject& object) { add_clock(out, object, clock); });
}

std::string explained_json(const Shown& shown, const EntityKey& entity,
                           const std::vector<ExplainedClock>& clocks) {
  return body(shown, entity, [&](std::string& out, JsonObject& object) {
    add_list(out, object, "clocks", clocks,
             [&](JsonObject& one, const ExplainedClock& c) { add_clock(out, one, c); });
  });
}

}  // namespace tocsin
