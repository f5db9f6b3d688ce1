// The engine's own records in a room: policies, rosters, marks, how far pushes came, what was refused.
#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "app/engine_record.h"
#include "app/policy_record.h"
#include "app/room.h"
#include "app/roster_record.h"
#include "engine/pushed_record.h"
#include "events/vocabulary.h"
#include "events/writer.h"

namespace tocsin {

namespace {

constexpr std::string_view kControlStamp = "tocsincontrol";
constexpr std::size_t kRefusalsMax = 100;

std::string control_stamp(Offset control) {
  if (control < 0) return {};
  return "\"" + std::string(kControlStamp) + "\":" + std::to_string(control);
}

}  // namespace

std::string Room::own_record(std::string_view type, std::string_view id, std::string_view data,
                             std::string_view subject, Offset control) const {
  std::string stamps = control_stamp(control);
  const std::string believed = believed_stamp(latest_, recorded_);
  if (!stamps.empty() && !believed.empty()) stamps += ',';
  return engine_record(type, id, data, recorded_, subject.empty() ? "tocsin" : subject,
                       stamps + believed);
}

// No other process gives the same, not even at the same instant: what it wrote is behind `next_` here.
std::string Room::own_id(std::string_view name) {
  return std::string(name) + "/" + std::to_string(options_.partition) + "/" +
         std::to_string(latest_.ms) + "." + std::to_string(next_) + "." +
         std::to_string(++own_ids_);
}

void Room::append_mark(std::string_view type, std::string_view data, std::string id) {
  if (id.empty()) id = own_id(type.substr(kEnginePrefix.size()));
  append_record(type, own_record(type, id, data, {}, -1));
}

void Room::append_record(std::string_view type, std::string_view record) {
  append("tocsin", record, RecordKind::kEngine, latest_).type = batch_.keep(type);
}

void Room::put_in_force(std::string_view type, const std::string& record) {
  if (type == kPolicyType || is_roster_type(type)) show_as_it_was();
  if (type == kPolicyType) adopt(record);
  if (type == kPushedType) note_pushed(record);
  if (is_roster_type(type)) adopt_roster(record);
  append_record(type, record);
}

std::string Room::take_own(const OwnRecord& record, Instant now) {
  use(now);
  std::string data = record.data, id;
  try {
    if (!is_engine_type(record.type))
      throw std::runtime_error("`" + record.type + "` is no type of the engine's own records");
    const std::string_view name = std::string_view(record.type).substr(kEnginePrefix.size());
    if (record.type == kPolicyType) {
      const std::int32_t version = partition_->policy().version + 1;
      data = with_version(record.data, version);
      policy_of_record(data);
      id = policy_record_id(options_.partition, version);
    } else {
      if (is_roster_type(record.type)) roster_.check(record.type, data);
      id = own_id(name);
    }
  } catch (const std::runtime_error& error) {
    put_refusal(record, error.what());
    return error.what();
  }
  put_in_force(record.type, own_record(record.type, id, data, record.subject, record.control));
  control_next_ = std::max(control_next_, record.control + 1);
  return {};
}

void Room::take_outcome(const OutcomeRecord& outcome, Instant now) {
  use(now);
  scratch_.clear();
  append_own_event(scratch_, {outcome.id, outcome.type, outcome.entity_id, outcome.account, latest_,
                              recorded_, outcome.data, believed_stamp(latest_, recorded_)});
  const bool of_entity = !is_engine_type(outcome.type);
  Decided::Place& place = append(outcome.account, scratch_,
                                 of_entity ? RecordKind::kDerived : RecordKind::kEngine, latest_);
  if (of_entity) place.entity = keep({outcome.account, outcome.entity_kind, outcome.entity_id});
  place.type = batch_.keep(outcome.type);
}

// So that it is known to have been read.
void Room::put_refusal(const OwnRecord& record, const std::string& why) {
  if (record.control < 0) return;
  const std::string id =
      "refused/" + std::to_string(options_.partition) + "/" + std::to_string(record.control);
  std::string data;
  JsonObject(data).text("type", record.type).text("why", why).close();
  append_record(kRefusedType, own_record(kRefusedType, id, data, {}, record.control));
  note_refusal(record.control, why);
  control_next_ = std::max(control_next_, record.control + 1);
}

void Room::note_refusal(Offset control, std::string why) {
  refusals_.insert_or_assign(control, std::move(why));
  if (refusals_.size() > kRefusalsMax) refusals_.erase(refusals_.begin());
}

std::optional<std::string> Room::refusal(Offset control) const {
  const auto found = refusals_.find(control);
  return found == refusals_.end() ? std::nullopt : std::optional(found->second);
}

// Where the engine's own record came through the topic for such.
void Room::follow_own() {
  const std::string_view place = stamp(event_, kControlStamp);
  if (place.empty()) return;
  const Offset control = std::atoll(std::string(place).c_str());
  control_next_ = std::max(control_next_, control + 1);
  if (event_.type == kRefusedType) note_refusal(control, std::string(event_.data));
}

// Whether it was in force at any time, as it is or with its calendars written out.
bool Room::stands_in_log(const ConfiguredPolicy& wanted) const {
  const Policy& in_force = partition_->policy();
  if (in_force.version == 0) return false;
  return wanted.is(in_force) || std::any_of(in_force.earlier.begin(), in_force.earlier.end(),
                                            [&](const auto& p) { return wanted.is(*p); });
}

bool Room::follows_configured() const {
  const Policy& in_force = partition_->policy();
  return in_force.version == 0 || options_.policy.is(in_force);
}

void Room::ensure_policy(Instant now) {
  use(now);
  if (const ConfiguredPolicy& wanted = options_.policy; !stands_in_log(wanted)) {
    const std::string record =
        policy_record(wanted.text(), *wanted.policy(), partition_->policy().version + 1,
                      options_.partition, recorded_);
    put_in_force(kPolicyType, record);
  }
  // A file that was in force before changes nothing at a start: what was posted since stays.
  if (options_.roster.empty() || roster_.knew(hex(hash128(options_.roster)))) return;
  put_in_force(kRosterType,
               own_record(kRosterType, own_id("roster"), roster_data(options_.roster), {}, -1));
}

}  // namespace tocsin
