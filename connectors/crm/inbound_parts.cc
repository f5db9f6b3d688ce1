#include "connectors/crm/inbound_parts.h"

#include <algorithm>

namespace tocsin {
namespace {

constexpr std::size_t kHeaderBytesMax = 4 << 10;

void count_in(std::map<std::string, std::int64_t>& counts, std::string name) {
  if (counts.size() >= AdapterFigures::kReasonSeriesMax && counts.count(name) == 0) name = "other";
  ++counts[std::move(name)];
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

bool of_verify(const VerifyRule& rule, std::string_view name) {
  if (equal_ignoring_case(name, rule.header) || equal_ignoring_case(name, rule.timestamp_header))
    return true;
  return std::any_of(rule.over.begin(), rule.over.end(), [&](const VerifyRule::Part& part) {
    return part.kind == VerifyRule::Part::Kind::kHeader && equal_ignoring_case(name, part.text);
  });
}

}  // namespace

std::string reason_class(std::string_view reason) {
  if (reason.starts_with("unmapped:")) return std::string(reason.substr(0, reason.find('=')));
  if (reason.starts_with("bad_time:")) return "bad_time";
  return std::string(reason);
}

void AdapterFigures::note(Instant arrival, std::size_t ignored, std::size_t not_ours) {
  const MutexLock lock(mutex_);
  ++values_.payloads;
  values_.last = std::max(values_.last, arrival);
  values_.ignored += static_cast<std::int64_t>(ignored);
  values_.not_ours += static_cast<std::int64_t>(not_ours);
}

void AdapterFigures::reject(std::string_view reason) {
  const MutexLock lock(mutex_);
  count_in(values_.rejected, reason_class(reason));
}

void AdapterFigures::unauthorized(std::string_view why) {
  const MutexLock lock(mutex_);
  count_in(values_.unauthorized, std::string(why));
}

void AdapterFigures::facts(std::size_t accepted, std::size_t duplicates) {
  const MutexLock lock(mutex_);
  values_.accepted += static_cast<std::int64_t>(accepted);
  values_.duplicates += static_cast<std::int64_t>(duplicates);
}

AdapterFigures::Values AdapterFigures::values() const {
  const MutexLock lock(mutex_);
  return values_;
}

HttpFields kept_headers(const InboundAdapter& in, const HttpFields& headers) {
  HttpFields kept;
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    const std::string lower = lower_case(name);
    const auto& named = in.adapter->headers;
    const bool wanted = lower.starts_with("content-") || lower.starts_with("ce-") ||
                        lower == "traceparent" || lower == "user-agent" ||
                        std::find(named.begin(), named.end(), lower) != named.end();
    if (!wanted || of_verify(in.adapter->verify, name) || lower == "authorization" ||
        lower == "cookie")
      continue;
    bytes += name.size() + value.size();
    if (bytes > kHeaderBytesMax) break;
    kept.emplace_back(name, value);
  }
  return kept;
}

void count_outcome(const EventOutcome& outcome, InboundResult& result) {
  switch (outcome.verdict) {
    case EventVerdict::kAccepted:
      ++result.accepted;
      break;
    case EventVerdict::kDuplicate:
    case EventVerdict::kConflict:
      ++result.duplicates;
      break;
    case EventVerdict::kRejected:
      if (result.rejected.size() < InboundResult::kReasonsMax)
        result.rejected.push_back(outcome.reason);
  }
}

}  // namespace tocsin
