#include "app/policy_record.h"

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "app/engine_record.h"
#include "app/policy_load.h"
#include "engine/calendar/zone_load.h"
#include "events/hash.h"
#include "events/mutex.h"
#include "events/writer.h"

namespace tocsin {

std::string policy_data(const PolicyText& text, const Policy& policy, std::int32_t version,
                        bool to_open, std::string_view by) {
  std::string data;
  JsonObject object(data);
  object.number("version", version)
      .text("name", policy.name)
      .text("hash", policy.hash)
      .text("text", text.text);
  object.name("files");
  JsonObject files(data);
  for (const auto& [name, content] : text.files) {
    std::string key;
    append_json_string(key, name);
    files.name(key.substr(1, key.size() - 2));
    append_json_string(data, content);
  }
  files.close();
  object.name("zones");
  JsonObject zones(data);
  std::map<std::string, bool> done;
  for (const NamedCalendar& calendar : policy.calendars) {
    if (calendar.calendar->always()) continue;
    const Zone& zone = calendar.calendar->zone();
    if (!done.emplace(zone.name(), true).second) continue;
    zones.text(zone.name(), zone.text());
  }
  zones.close();
  if (to_open) object.boolean("to_open", true);
  if (!by.empty()) object.text("by", by);
  object.close();
  return data;
}

std::string policy_record(const PolicyText& text, const Policy& policy, std::int32_t version,
                          std::int32_t partition, Instant now) {
  const std::string data = policy_data(text, policy, version, false, {});
  return engine_record(kPolicyType, policy_record_id(partition, version), data, now, policy.name);
}

std::string policy_record_id(std::int32_t partition, std::int32_t version) {
  return "policy/" + std::to_string(partition) + "/" + std::to_string(version);
}

std::string with_version(std::string_view data, std::int32_t version) {
  constexpr std::string_view kBegin = "{\"version\":";
  const std::size_t end = data.find_first_of(",}");
  if (!data.starts_with(kBegin) || end == std::string_view::npos)
    throw std::runtime_error("a policy's data begins with its version");
  return std::string(kBegin) + std::to_string(version) + std::string(data.substr(end));
}

namespace {

// Compiling takes some milliseconds, and every partition reads the same policy, again after each reset.
class Compiled {
 public:
  std::shared_ptr<const Policy> find(const Hash128& key) {
    const MutexLock lock(mutex_);
    const auto found = policies_.find({key.low, key.high});
    return found == policies_.end() ? nullptr : found->second;
  }
  void put(const Hash128& key, std::shared_ptr<const Policy> policy) {
    const MutexLock lock(mutex_);
    if (policies_.size() >= kMost) policies_.clear();  // whoever uses one holds it
    policies_[{key.low, key.high}] = std::move(policy);
  }

 private:
  static constexpr std::size_t kMost = 32;
  Mutex mutex_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::shared_ptr<const Policy>> policies_
      GUARDED_BY(mutex_);
};

std::map<std::string, std::string, std::less<>> texts_in(simdjson::dom::element root,
                                                         const char* name) {
  std::map<std::string, std::string, std::less<>> texts;
  simdjson::dom::object members;
  std::string_view field;
  if (root[name].get(members) != simdjson::SUCCESS) return texts;
  for (const auto member : members) {
    if (member.value.get(field) == simdjson::SUCCESS) texts.emplace(member.key, field);
  }
  return texts;
}

std::shared_ptr<const Policy> compile_data(simdjson::dom::element root) {
  PolicyText text;
  std::string_view field;
  if (root["text"].get(field) != simdjson::SUCCESS)
    throw std::runtime_error("the log's policy record has no text");
  text.name = "the log's policy";
  text.text = field;
  text.in_force = true;
  for (auto& [name, content] : texts_in(root, "files")) text.files.emplace(name, content);
  const auto zones = texts_in(root, "zones");
  const auto compiled =
      compile_policy(text, [&](std::string_view name) -> std::variant<Zone, std::string> {
        const auto it = zones.find(name);
        if (it == zones.end()) return "the record has no zone " + std::string(name);
        return Zone::parse(it->second);
      });
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&compiled)) {
    throw std::runtime_error("the log's policy cannot be read by this version:\n" +
                             describe(*errors));
  }
  return std::get<std::shared_ptr<const Policy>>(compiled);
}

}  // namespace

std::shared_ptr<const Policy> policy_of_record(std::string_view data, Instant since) {
  static Compiled compiled;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(data);
  if (parser.parse(padded).get(root) != simdjson::SUCCESS)
    throw std::runtime_error("the log's policy record is not JSON");
  std::int64_t version = 0;
  if (root["version"].get(version) != simdjson::SUCCESS)
    throw std::runtime_error("the log's policy record has no version");
  const bool begins = data.starts_with("{\"version\":");  // which tells nothing of the rest
  const Hash128 key = hash128(begins ? data.substr(std::min(data.find(','), data.size())) : data);
  auto same = compiled.find(key);
  if (!same) compiled.put(key, same = compile_data(root));
  auto policy = std::make_shared<Policy>(*same);
  policy->version = static_cast<std::int32_t>(version);
  policy->in_force_from = since;
  bool to_open = false;
  if (root["to_open"].get(to_open) == simdjson::SUCCESS) policy->to_open = to_open;
  return policy;
}

}  // namespace tocsin
