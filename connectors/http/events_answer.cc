#include "connectors/http/events_answer.h"

#include "connectors/http/problem.h"
#include "events/reasons.h"
#include "events/writer.h"

namespace tocsin {
namespace {

// `bad_attribute:time` is about time, `bad_data:priority` about priority; `too_large` about none.
std::string_view field_of(std::string_view reason) {
  if (reason == kTimeInFuture) return "time";
  const std::size_t colon = reason.find(':');
  return colon == std::string_view::npos ? std::string_view{} : reason.substr(colon + 1);
}

// `bad_attribute:time` → `bad-attribute`.
std::string problem_name(std::string_view reason) {
  std::string name(reason.substr(0, reason.find(':')));
  for (char& c : name) {
    if (c == '_') c = '-';
  }
  return name;
}

std::string explanation(std::span<const std::string_view> details, std::string_view reason) {
  if (reason == kMalformed && !details.empty() && !details[0].empty())
    return std::string(details[0]);
  const std::string_view known = explain(reason);
  const std::string_view field = field_of(reason);
  if (known.empty()) return std::string(reason);
  // Explanations of fields that are in no table do not name them.
  return known.find(field) != std::string_view::npos
             ? std::string(known)
             : std::string(field) + ": " + std::string(known);
}

std::string members(const SubmitResult& result, bool batch, bool knows_duplicates) {
  std::int64_t accepted = 0, duplicates = 0;
  std::string rejected, conflicts;
  for (std::size_t i = 0; i < result.events.size(); ++i) {
    const EventOutcome& outcome = result.events[i];
    const auto index = static_cast<std::int64_t>(i);
    switch (outcome.verdict) {
      case EventVerdict::kAccepted:
        ++accepted;
        break;
      case EventVerdict::kConflict:
        if (!conflicts.empty()) conflicts += ',';
        append_int(conflicts, index);
        [[fallthrough]];
      case EventVerdict::kDuplicate:
        ++duplicates;
        break;
      case EventVerdict::kRejected:
        if (!rejected.empty()) rejected += ',';
        JsonObject(rejected).number("index", index).text("reason", outcome.reason).close();
        break;
    }
  }
  std::string out = "\"accepted\":";
  append_int(out, accepted);
  out += ",\"duplicates\":";
  if (knows_duplicates) {
    append_int(out, duplicates);
  } else {
    out += "null";
  }
  out += ",\"rejected\":[" + rejected + "]";
  if (batch || !conflicts.empty()) out += ",\"conflicts\":[" + conflicts + "]";
  return out;
}

}  // namespace

HttpResponse events_answer(std::span<const std::string_view> details, const SubmitResult& result,
                           bool batch, bool knows_duplicates) {
  const std::string counts = members(result, batch, knows_duplicates);
  std::size_t rejected = 0;
  for (const EventOutcome& outcome : result.events)
    rejected += outcome.verdict == EventVerdict::kRejected ? 1 : 0;
  if (rejected > 0 && rejected == result.events.size()) {
    const std::string& reason = result.events[0].reason;
    const int status = !batch && reason == kTooLarge ? 413 : 400;
    std::string detail = explanation(details, reason);
    if (rejected > 1) {
      detail = "none of the " + std::to_string(rejected) +
               " events was accepted; the first one: " + detail;
    }
    Problem refusal(status, problem_name(reason), detail);
    refusal.reason(reason);
    if (const std::string_view field = field_of(reason); !field.empty()) refusal.field(field);
    return refusal.members(counts).response();
  }
  HttpResponse response;
  response.status = 202;
  response.content_type = "application/json";
  response.body = "{" + counts + "}";
  if (!result.position.empty()) response.headers.emplace_back("Tocsin-Position", result.position);
  return response;
}

}  // namespace tocsin
