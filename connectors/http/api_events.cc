// Events in: POST /v1/events in its content modes.
#include <map>

#include "connectors/http/api_call.h"
#include "connectors/http/events_answer.h"
#include "events/id.h"
#include "events/json_walk.h"
#include "events/reasons.h"
#include "events/vocabulary.h"
#include "events/writer.h"

namespace tocsin {
namespace {

std::vector<HeaderView> header_views(const HttpFields& headers) {
  std::vector<HeaderView> views;
  views.reserve(headers.size());
  for (const auto& [name, value] : headers) views.push_back({name, value});
  return views;
}

Decoder& decoder_of_thread() {
  thread_local Decoder decoder;
  return decoder;
}

// The whole request as one event that cannot be read.
void add_malformed(Submission& submission, std::string_view detail) {
  SubmittedEvent& event = submission.events.emplace_back();
  event.original = submission.body;
  event.decoded.form_error = submission.body.size() > kEventBytesMax ? kTooLarge : kMalformed;
  event.decoded.detail = detail;
}

// False: more than kBatchEventsMax.
bool decode_batch(Submission& submission, bool lines) {
  std::vector<std::string_view> parts;
  switch (lines ? split_lines(submission.body, parts, kBatchEventsMax)
                : split_batch(submission.body, parts, kBatchEventsMax)) {
    case SplitResult::kTooMany:
      return false;
    case SplitResult::kMalformed:
      add_malformed(submission, "the batch is not one JSON array");
      return true;
    case SplitResult::kSplit:
      break;
  }
  submission.events.resize(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    submission.events[i].original = parts[i];
    decoder_of_thread().structured(parts[i], {}, submission.events[i].decoded);
  }
  return true;
}

// What application/json without ce- headers is: an array is a batch, all else one event.
ContentMode mode_of_json(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && body[first] == '[' ? ContentMode::kBatch
                                                               : ContentMode::kStructured;
}

HttpResponse overloaded(std::string_view detail) {
  return problem(503, "overloaded", detail).retry_after(1).response();
}

}  // namespace

std::optional<HttpResponse> Api::check_event_content(const HttpRequest& request) const {
  const auto views = header_views(request.headers);
  if (http_content_mode(request.header("Content-Type"), views) != ContentMode::kUnsupported)
    return std::nullopt;
  return problem(
             415, "unsupported-media-type",
             "send application/cloudevents+json or application/json, "
             "application/cloudevents-batch+json, application/x-ndjson, or binary mode with ce- "
             "headers")
      .header("Accept",
              "application/cloudevents+json, application/cloudevents-batch+json, "
              "application/json, application/x-ndjson")
      .response();
}

void Api::post_events(Call call) {
  HttpRequest& request = call.request;
  const auto views = header_views(request.headers);
  ContentMode mode = http_content_mode(request.header("Content-Type"), views);
  if (mode == ContentMode::kJson) mode = mode_of_json(request.body);
  if (pending_bytes_.load() + request.body.size() > options_.pending_bytes_max) {
    ++overloaded_;
    return call.reply(overloaded("more events wait to be durable than may; nothing was kept"));
  }
  auto submission = std::make_unique<Submission>();
  submission->body = std::move(request.body);
  submission->source = "http " + request.remote;
  const bool batch = mode == ContentMode::kBatch || mode == ContentMode::kLines;
  if (batch) {
    if (!decode_batch(*submission, mode == ContentMode::kLines)) {
      return call.reply(problem(413, "too-many-events",
                                "a batch may have at most " + std::to_string(kBatchEventsMax) +
                                    " events; nothing was kept")
                            .response());
    }
    if (submission->events.empty())
      return call.reply(events_answer(AnswerNeeds{true, {}, {}}, {}, node_.knows_duplicates()));
  } else {
    SubmittedEvent& event = submission->events.emplace_back();
    event.original = submission->body;
    if (mode == ContentMode::kBinary) {
      event.binary = true;
      decoder_of_thread().http_binary(views, submission->body, event.decoded);
    } else {
      decoder_of_thread().structured(submission->body, {}, event.decoded);
    }
  }
  submission->headers = kept_headers(request.headers);
  submit({std::move(submission), batch, sender_of(request)}, std::move(call.reply));
}

// What the answer says of events that do nothing. The submission goes away with its facts, so it is
// taken before: of all whose type the policy in force does not mention.
std::vector<IgnoredEvent> Api::unknown_types(const Submission& submission) {
  constexpr std::size_t kGuessesMax = 100;  // types looked for, of one request
  std::vector<IgnoredEvent> unknown;
  const auto policy = views_.policy ? views_.policy() : nullptr;
  if (!policy) return unknown;
  std::map<std::string, std::string> guesses;
  for (std::size_t i = 0; i < submission.events.size(); ++i) {
    const Decoded& decoded = submission.events[i].decoded;
    if (!decoded.form_error.empty() || !decoded.attribute_error.empty()) continue;
    const std::string& type = decoded.fact.type;
    if (miss_of(*policy, decoded.fact) == Miss::kNone) continue;
    auto guess = guesses.find(type);
    if (guess == guesses.end() && guesses.size() < kGuessesMax)
      guess = guesses.emplace(type, nearest_type(*policy, type)).first;
    unknown.push_back({i, type, guess == guesses.end() ? std::string() : guess->second});
  }
  return unknown;
}

void Api::submit(Events events, Reply reply) {
  Submission& submission = *events.submission;
  const std::size_t bytes = submission.body.size();
  pending_bytes_ += bytes;
  events_received_ += static_cast<std::int64_t>(submission.events.size());
  for (SubmittedEvent& event : submission.events) {
    Decoded& decoded = event.decoded;
    if (!decoded.form_error.empty() || !decoded.attribute_error.empty()) continue;
    decoded.form_error = refusal_of(decoded.fact, events.sender);
    if (decoded.form_error.empty()) add_extension(decoded.fact, "tocsinby", events.sender.name);
  }
  submission.by = events.sender.name;
  AnswerNeeds needs;
  needs.batch = events.batch;
  needs.malformed = submission.events[0].decoded.detail;
  needs.unknown = unknown_types(submission);
  node_.submit(std::move(events.submission), [this, bytes, needs = std::move(needs),
                                              reply = std::move(reply)](SubmitResult result) {
    pending_bytes_ -= bytes;
    if (result.status == SubmitResult::Status::kUnavailable) {
      ++overloaded_;
      return reply(problem(503, "unavailable",
                           result.detail.empty() ? "nothing was kept; try again" : result.detail)
                       .retry_after(result.retry_after_seconds)
                       .response());
    }
    count(result);
    reply(events_answer(needs, result, node_.knows_duplicates()));
  });
}

void Api::count(const SubmitResult& result) {
  for (const EventOutcome& outcome : result.events) {
    switch (outcome.verdict) {
      case EventVerdict::kAccepted:
        ++events_accepted_;
        break;
      case EventVerdict::kConflict:
        ++events_conflict_;
        [[fallthrough]];
      case EventVerdict::kDuplicate:
        ++events_duplicate_;
        break;
      case EventVerdict::kRejected:
        ++events_rejected_;
        break;
    }
  }
}

// The handshake of CloudEvents' HTTP webhooks: a sender asks whether it may send.
void Api::options_events(Call call) {
  HttpResponse response;
  response.status = 204;
  response.headers.emplace_back("Allow", "POST, OPTIONS");
  const std::string_view origin = call.request.header("WebHook-Request-Origin");
  if (!origin.empty()) {
    // Who may send is decided by the token, not by where it says that it comes from.
    response.headers.emplace_back("WebHook-Allowed-Origin", origin);
    response.headers.emplace_back("WebHook-Allowed-Rate", "*");
  }
  call.reply(std::move(response));
}

}  // namespace tocsin
