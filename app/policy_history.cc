#include "app/policy_history.h"

#include <simdjson.h>

#include <stdexcept>

#include "app/policy_record.h"
#include "engine/policy/translate.h"
#include "events/log_record.h"

namespace tocsin {

namespace {

const std::string kPoliciesKey = "\x01policies";  // as app/room.cc keeps them

PolicyVersion version_of(std::string_view record) {
  LogEvent event;
  if (!read_log_record(record, event))
    throw std::runtime_error("a policy record of the store cannot be read");
  PolicyVersion out;
  out.since = event.recorded;
  out.data = event.data;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(out.data);
  if (parser.parse(padded).get(root) != simdjson::SUCCESS)
    throw std::runtime_error("a policy record of the store is not JSON");
  const auto text = [&](const char* name) {
    std::string_view value;
    return root[name].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
  };
  std::int64_t number = 0;
  if (root["version"].get(number) == simdjson::SUCCESS)
    out.version = static_cast<std::int32_t>(number);
  out.name = text("name");
  out.hash = text("hash");
  out.by = text("by");
  bool to_open = false;
  if (root["to_open"].get(to_open) == simdjson::SUCCESS) out.to_open = to_open;
  out.text.name = "policy " + std::to_string(out.version);
  out.text.text = text("text");
  simdjson::dom::object files;
  if (root["files"].get(files) == simdjson::SUCCESS) {
    for (const auto file : files) {
      std::string_view content;
      if (file.value.get(content) == simdjson::SUCCESS) out.text.files.emplace(file.key, content);
    }
  }
  return out;
}

}  // namespace

std::vector<PolicyVersion> policy_history(const Store& store, PartitionId partition) {
  std::vector<PolicyVersion> out;
  const auto records = store.load_account(partition, kPoliciesKey);
  if (!records) return out;
  for (std::size_t at = 0; at < records->size();) {
    const std::size_t end = std::min(records->find('\n', at), records->size());
    out.push_back(version_of(std::string_view(*records).substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

std::vector<std::shared_ptr<const Policy>> policies_of(const std::vector<PolicyVersion>& history) {
  std::vector<std::shared_ptr<const Policy>> out;
  for (const PolicyVersion& version : history) {
    auto policy = std::make_shared<Policy>(*policy_of_record(version.data));
    policy->in_force_from = version.since;
    policy->to_open = version.to_open;
    out.push_back(remembering(*policy, out.empty() ? nullptr : out.back()));
  }
  return out;
}

}  // namespace tocsin
