#include "app/roster_in_force.h"

#include <algorithm>
#include <stdexcept>

#include "events/hash.h"
#include "events/log_record.h"

namespace tocsin {

namespace {

LogEvent read(std::string_view record) {
  LogEvent event;
  if (!read_log_record(record, event))
    throw std::runtime_error("a roster record of the log cannot be read");
  return event;
}

}  // namespace

void RosterInForce::take(std::string_view record) {
  const LogEvent event = read(record);
  if (event.type == kRosterType) {
    base_ = roster_of_record(event.data);
    record_ = record;
    if (hashes_.size() < kHashesMax) hashes_.insert(base_->hash);
  } else {
    const OverrideRecord change = override_of_record(event.data);
    if (change.removed) {
      overrides_.erase(change.override.id);
    } else {
      overrides_.insert_or_assign(change.override.id, std::string(record));
    }
  }
  combine(event.recorded);
}

void RosterInForce::check(std::string_view type, std::string_view data) const {
  if (type == kRosterType) {
    roster_of_record(data);
  } else if (const OverrideRecord change = override_of_record(data); change.removed) {
    if (overrides_.find(change.override.id) == overrides_.end())
      throw std::runtime_error("there is no override `" + change.override.id + "`");
  } else if (overrides_.size() >= kOverridesMax) {
    throw std::runtime_error("there are " + std::to_string(kOverridesMax) + " overrides already");
  }
}

void RosterInForce::combine(Instant now) {
  std::vector<std::pair<Instant, RosterOverride>> added;  // by when they were made
  for (auto it = overrides_.begin(); it != overrides_.end();) {
    const LogEvent event = read(it->second);
    OverrideRecord change = override_of_record(event.data);
    // One about the past is kept as long from when it was made: whoever made it asks for it.
    if (std::max(change.override.until, event.recorded) + kOverridesKept < now) {
      it = overrides_.erase(it);
      continue;
    }
    added.emplace_back(event.recorded, std::move(change.override));
    ++it;
  }
  std::stable_sort(added.begin(), added.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<RosterOverride> overrides;
  for (auto& [made, one] : added) overrides.push_back(std::move(one));
  if (!base_ && overrides.empty()) return;
  in_force_ = (base_ ? base_ : std::make_shared<const Roster>())->with(overrides);
}

// Lines: records, then `#` and a hash.
std::string RosterInForce::text() const {
  std::string out = record_;
  for (const auto& [id, record] : overrides_) out += (out.empty() ? "" : "\n") + record;
  for (const std::string& hash : hashes_) out += "\n#" + hash;
  return out;
}

RosterInForce RosterInForce::of_text(std::string_view text) {
  RosterInForce made;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with('#')) {
      made.hashes_.emplace(line.substr(1));
    } else if (!line.empty()) {
      made.take(line);
    }
    at = end + 1;
  }
  return made;
}

}  // namespace tocsin
