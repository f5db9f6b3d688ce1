#include "app/crm_replay.h"

#include <charconv>
#include <chrono>
#include <future>
#include <iostream>
#include <optional>

#include "app/log_source.h"
#include "app/rejected_page.h"
#include "connectors/crm/http_call.h"
#include "connectors/crm/payload.h"
#include "connectors/http/problem.h"
#include "events/mutex.h"
#include "events/writer.h"

namespace tocsin {
namespace {

constexpr auto kAnswerWait = std::chrono::seconds(30);

struct Position {
  PartitionId partition = 0;
  Offset offset = 0;
};

std::optional<Position> position_of(const std::string& text) {
  Position out;
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const char* const end = text.data() + text.size();
  const auto a = std::from_chars(text.data(), text.data() + colon, out.partition);
  const auto b = std::from_chars(text.data() + colon + 1, end, out.offset);
  if (a.ec != std::errc() || a.ptr != text.data() + colon || b.ec != std::errc() || b.ptr != end ||
      out.partition < 0 || out.offset < 0)
    return std::nullopt;
  return out;
}

std::string text_of(Position at) {
  return std::to_string(at.partition) + ":" + std::to_string(at.offset);
}

}  // namespace

struct CrmReplay::Totals {
  std::int64_t replayed = 0, accepted = 0, duplicates = 0, rejected = 0;
  std::string first_reason, unavailable, next;

  HttpResponse response(Instant now) const {
    if (!unavailable.empty())
      return problem(503, "unavailable", unavailable).retry_after(1).response();
    HttpResponse out;
    out.content_type = "application/json";
    JsonObject json(out.body);
    json.time("now", now)
        .number("replayed", replayed)
        .number("accepted", accepted)
        .number("duplicates", duplicates)
        .number("rejected", rejected);
    if (!first_reason.empty()) json.text("reason", valid_utf8(first_reason));
    if (next.empty()) {
      json.null("next");
    } else {
      json.text("next", next);
    }
    json.close();
    return out;
  }
};

CrmReplay::CrmReplay(const Config& config, Inbound& inbound, NodePort& node,
                     std::function<Instant()> now)
    : config_(config), inbound_(inbound), node_(node), now_(std::move(now)), thread_([this] {
        run();
      }) {}

CrmReplay::~CrmReplay() { stop(); }

void CrmReplay::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    queue_.clear();  // their replies answer 500 as they go
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CrmReplay::run() {
  for (;;) {
    std::function<void()> work;
    {
      MutexLock lock(mutex_);
      wake_.wait(lock, [&]() REQUIRES(mutex_) { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

void CrmReplay::later(std::function<void()> work, const Reply& reply) {
  {
    const MutexLock lock(mutex_);
    if (!stopping_ && queue_.size() < kRequestsMax) {
      queue_.push_back(std::move(work));
      work = nullptr;
    }
  }
  if (work)
    return reply(problem(503, "unavailable", "too many replays wait").retry_after(1).response());
  wake_.notify_one();
}

std::vector<ModuleRoute> CrmReplay::routes() {
  const auto route = [this](const char* method, const char* pattern, Role role,
                            void (CrmReplay::*handle)(const ModuleCall&)) {
    return ModuleRoute{method, pattern, role, [this, handle](ModuleCall call) {
                         const auto shared = std::make_shared<ModuleCall>(std::move(call));
                         later(
                             [this, handle, shared] {
                               try {
                                 (this->*handle)(*shared);
                               } catch (const std::exception& e) {
                                 shared->reply(problem(503, "unavailable", e.what()).response());
                               }
                             },
                             shared->reply);
                       }};
  };
  return {route("GET", "/v1/rejected", Role::kRead, &CrmReplay::list),
          route("POST", "/v1/rejected/{position}/replay", Role::kAdmin, &CrmReplay::one),
          route("POST", "/v1/adapters/{name}/replay", Role::kAdmin, &CrmReplay::all)};
}

void CrmReplay::list(const ModuleCall& call) {
  RejectedQuery query;
  if (const auto wrong = read_rejected_query(call.request, query))
    return call.reply(problem(400, "bad-parameter", wrong->first + ": " + wrong->second)
                          .field(wrong->first)
                          .response());
  call.reply(rejected_page(*open_log_source(config_), query, now_()));
}

void CrmReplay::one(const ModuleCall& call) {
  const auto at = position_of(call.parameters.at(0));
  if (!at)
    return call.reply(
        problem(400, "bad-parameter", "a position is like 0:17").field("position").response());
  const auto source = open_log_source(config_);
  std::optional<RejectedRecord> found;
  source->read_rejected(at->partition, at->offset,
                        [&](Offset offset, const RejectedRecord& record) {
                          if (offset == at->offset) found = record;
                          return false;
                        });
  if (!found)
    return call.reply(
        problem(404, "not-found", "nothing was rejected at that position").response());
  Totals totals;
  replay(inbound_.name_of_reason(found->reason), *found, totals);
  call.reply(totals.response(now_()));
}

void CrmReplay::all(const ModuleCall& call) {
  const std::string& name = call.parameters.at(0);
  if (inbound_.find(name) == nullptr)
    return call.reply(
        problem(404, "not-found", "no adapter of that name is configured").response());
  std::optional<Position> after;
  for (const auto& [key, value] : call.request.query) {
    if (key == "after") after = position_of(value);
  }
  const auto source = open_log_source(config_);
  Totals totals;
  for (const PartitionId partition : source->partitions()) {
    if (after && partition < after->partition) continue;
    const Offset from = after && partition == after->partition ? after->offset + 1 : 0;
    source->read_rejected(partition, from, [&](Offset offset, const RejectedRecord& record) {
      if (inbound_.name_of_reason(record.reason) == name) replay(name, record, totals);
      if (totals.unavailable.empty() && totals.replayed < static_cast<std::int64_t>(kRecordsMax))
        return true;
      totals.next = text_of({partition, offset});
      return false;
    });
    if (!totals.next.empty()) break;
  }
  call.reply(totals.response(now_()));
}

void CrmReplay::replay(const std::string& name, const RejectedRecord& record, Totals& totals) {
  ++totals.replayed;
  if (name.empty()) {
    auto submission = std::make_unique<Submission>();
    submission->body = record.original;
    submission->headers = record.headers;
    submission->source = record.source;
    SubmittedEvent& event = submission->events.emplace_back();
    event.original = submission->body;
    Decoder().structured(submission->body, {}, event.decoded);
    if (!event.decoded.form_error.empty()) {  // as it was: nothing is written again
      ++totals.rejected;
      totals.first_reason = event.decoded.form_error;
      return;
    }
    auto promise = std::make_shared<std::promise<SubmitResult>>();
    auto answer = promise->get_future();
    node_.submit(std::move(submission),
                 [promise](SubmitResult r) { promise->set_value(std::move(r)); });
    if (answer.wait_for(kAnswerWait) != std::future_status::ready) {
      totals.unavailable = "the node does not answer";
      return;
    }
    const SubmitResult result = answer.get();
    if (result.status == SubmitResult::Status::kUnavailable) totals.unavailable = result.detail;
    for (const EventOutcome& outcome : result.events) {
      ++(outcome.verdict == EventVerdict::kAccepted   ? totals.accepted
         : outcome.verdict == EventVerdict::kRejected ? totals.rejected
                                                      : totals.duplicates);
      if (totals.first_reason.empty()) totals.first_reason = outcome.reason;
    }
    return;
  }
  InboundPayload payload;
  payload.name = name;
  payload.body = record.original;
  payload.headers = record.headers;
  payload.source = record.source;
  payload.arrival = record.arrived;
  payload.replayed = true;
  auto promise = std::make_shared<std::promise<InboundResult>>();
  auto answer = promise->get_future();
  inbound_.take(std::move(payload),
                [promise](InboundResult r) { promise->set_value(std::move(r)); });
  if (answer.wait_for(kAnswerWait) != std::future_status::ready) {
    totals.unavailable = "the node does not answer";
    return;
  }
  const InboundResult result = answer.get();
  if (!result.kept) totals.unavailable = result.detail.empty() ? "nothing was kept" : result.detail;
  totals.accepted += static_cast<std::int64_t>(result.accepted);
  totals.duplicates += static_cast<std::int64_t>(result.duplicates);
  totals.rejected += result.rejected.empty() ? 0 : 1;
  if (totals.first_reason.empty() && !result.rejected.empty())
    totals.first_reason = result.rejected.front();
}

int replay_adapter(const std::string& name, const std::string& url, const std::string& token) {
  HttpCaller caller;
  HttpFields headers = {{"Content-Type", "application/json"}};
  if (!token.empty()) headers.emplace_back("Authorization", "Bearer " + token);
  std::string after;
  std::int64_t replayed = 0, accepted = 0, rejected = 0;
  for (;;) {
    const CallAnswer answer = caller.call(
        "POST", url + "/v1/adapters/" + name + "/replay" + (after.empty() ? "" : "?after=" + after),
        headers, "{}", minutes(5));
    Payload json;
    if (answer.status != 200 || !json.read(answer.body).empty()) {
      std::cerr << "tocsin adapter replay: "
                << (answer.status == 0 ? "no answer from " + url + ": " + answer.error
                                       : answer.body)
                << "\n";
      return answer.status == 404 ? 2 : 1;
    }
    const auto number = [&](std::string_view member) {
      const JsonNode* node = json.member(json.root(), member);
      return node == nullptr ? 0 : std::atoll(std::string(node->text).c_str());
    };
    replayed += number("replayed");
    accepted += number("accepted");
    rejected += number("rejected");
    const JsonNode* next = json.member(json.root(), "next");
    if (next == nullptr || next->empty()) break;
    after = next->text;
  }
  std::cout << replayed << " payloads replayed, " << accepted << " facts accepted, " << rejected
            << " payloads still rejected\n";
  return rejected > 0 ? 3 : 0;
}

}  // namespace tocsin
