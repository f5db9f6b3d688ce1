#include "app/own_asks.h"

#include <utility>
#include <vector>

namespace tocsin {

std::optional<std::uint64_t> OwnAsks::begin(std::int32_t partitions, InputPort::OwnDone done,
                                            Instant now) {
  const MutexLock lock(mutex_);
  if (asks_.size() >= kMost) return std::nullopt;
  Ask ask{std::move(done), now + kPatience, {}, {}, {}};
  for (PartitionId p = 0; p < partitions; ++p) ask.missing[p] = -1;
  asks_.emplace(next_, std::move(ask));
  return next_++;
}

void OwnAsks::placed(std::uint64_t ask, PartitionId partition, Offset offset) {
  const MutexLock lock(mutex_);
  if (const auto at = asks_.find(ask); at != asks_.end()) at->second.missing[partition] = offset;
}

void OwnAsks::failed(std::uint64_t ask, const std::string& why) {
  const MutexLock lock(mutex_);
  if (const auto at = asks_.find(ask); at != asks_.end()) at->second.error = why;
}

OwnResult OwnAsks::result_of(const Ask& ask) {
  OwnResult result;
  if (!ask.refusal.empty()) {
    result.status = OwnResult::Status::kRefused;
    result.detail = ask.refusal;
  } else if (!ask.missing.empty()) {
    result.status = OwnResult::Status::kUnavailable;
    result.detail = ask.error.empty() ? "not in the log yet of partition" : ask.error;
    for (const auto& [partition, offset] : ask.missing) {
      result.missing.push_back(partition);
      if (ask.error.empty()) {
        result.detail += result.missing.size() > 1 ? ", " : " ";
        result.detail += std::to_string(partition);
      }
    }
  }
  return result;
}

void OwnAsks::settle(Instant now, const Look& look) {
  std::vector<std::pair<InputPort::OwnDone, OwnResult>> answers;
  {
    const MutexLock lock(mutex_);
    for (auto at = asks_.begin(); at != asks_.end();) {
      Ask& ask = at->second;
      std::erase_if(ask.missing, [&](const auto& entry) {
        if (entry.second < 0) return false;
        const Seen seen = look(entry.first, entry.second);
        if (seen.next <= entry.second) return false;
        if (seen.refusal) ask.refusal = *seen.refusal;
        return true;
      });
      if (!ask.missing.empty() && ask.error.empty() && now < ask.until) {
        ++at;
        continue;
      }
      answers.emplace_back(std::move(ask.done), result_of(ask));
      at = asks_.erase(at);
    }
  }
  for (auto& [done, result] : answers) done(std::move(result));
}

void OwnAsks::abandon(const std::string& why) {
  std::map<std::uint64_t, Ask> asks;
  {
    const MutexLock lock(mutex_);
    asks.swap(asks_);
  }
  for (auto& [number, ask] : asks) {
    ask.error = why;
    ask.done(result_of(ask));
  }
}

bool OwnAsks::empty() const {
  const MutexLock lock(mutex_);
  return asks_.empty();
}

}  // namespace tocsin
