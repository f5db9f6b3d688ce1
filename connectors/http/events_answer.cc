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

std::string explanation(std::string_view malformed, const EventOutcome& outcome) {
  const std::string& reason = outcome.reason;
  if (reason == kMalformed && !malformed.empty()) return std::string(malformed);
  if (!outcome.detail.empty()) return outcome.detail;
  const std::string_view known = explain(reason);
  const std::string_view field = field_of(reason);
  if (known.empty()) return std::string(reason);
  // Explanations of fields that are in no table do not name them.
  return known.find(field) != std::string_view::npos
             ? std::string(known)
             : std::string(field) + ": " + std::string(known);
}

void append_ignored(std::string& out, const AnswerNeeds& needs, const SubmitResult& result) {
  std::string ignored;
  for (const IgnoredEvent& event : needs.unknown) {
    const EventOutcome& outcome = result.events[event.index];
    if (outcome.verdict != EventVerdict::kAccepted || outcome.miss == Miss::kNone) continue;
    if (!ignored.empty()) ignored += ',';
    JsonObject object(ignored);
    object.number("index", static_cast<std::int64_t>(event.index)).text("type", event.type);
    if (event.meant.empty()) {
      object.null("did_you_mean");
    } else {
      object.text("did_you_mean", event.meant);
    }
    object.close();
  }
  if (!ignored.empty()) out += ",\"ignored\":[" + ignored + "]";
}

std::string members(const AnswerNeeds& needs, const SubmitResult& result, bool knows_duplicates) {
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
  if (needs.batch || !conflicts.empty()) out += ",\"conflicts\":[" + conflicts + "]";
  append_ignored(out, needs, result);
  return out;
}

}  // namespace

HttpResponse events_answer(const AnswerNeeds& needs, const SubmitResult& result,
                           bool knows_duplicates) {
  const std::string counts = members(needs, result, knows_duplicates);
  std::size_t rejected = 0;
  for (const EventOutcome& outcome : result.events)
    rejected += outcome.verdict == EventVerdict::kRejected ? 1 : 0;
  if (rejected > 0 && rejected == result.events.size()) {
    const std::string& reason = result.events[0].reason;
    const bool forbidden = reason.starts_with(kForbiddenPrefix) && rejected == 1;
    const int status = forbidden ? 403 : !needs.batch && reason == kTooLarge ? 413 : 400;
    std::string detail = explanation(needs.malformed, result.events[0]);
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
