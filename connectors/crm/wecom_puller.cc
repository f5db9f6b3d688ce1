#include "connectors/crm/wecom_puller.h"

#include <chrono>
#include <future>

#include "connectors/crm/payload.h"
#include "events/mutex.h"
#include "events/writer.h"

namespace tocsin {
namespace {

constexpr Duration kPatience = seconds(10);
constexpr auto kGiveWait = std::chrono::seconds(30);

std::string text_of(const Payload& payload, std::string_view name) {
  const JsonNode* node = payload.member(payload.root(), name);
  return node == nullptr ? std::string() : std::string(node->text);
}

}  // namespace

WecomPuller::WecomPuller(WecomPullerOptions options, Inbound& inbound)
    : options_(std::move(options)), inbound_(inbound), thread_([this] { run(); }) {}

WecomPuller::~WecomPuller() { stop(); }

void WecomPuller::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void WecomPuller::event(const std::string& json) {
  Payload payload;
  if (!payload.read(json).empty() || text_of(payload, "Event") != "kf_msg_or_event") return;
  {
    const MutexLock lock(mutex_);
    if (queue_.size() >= kEventsMax) return;
    queue_.push_back({text_of(payload, "OpenKfId"), text_of(payload, "Token")});
  }
  wake_.notify_one();
}

bool WecomPuller::pause(Duration how_long) {
  MutexLock lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(how_long.ms),
                 [&]() REQUIRES(mutex_) { return stopping_; });
  return !stopping_;
}

void WecomPuller::run() {
  for (;;) {
    Wanted wanted;
    {
      MutexLock lock(mutex_);
      wake_.wait(lock, [&]() REQUIRES(mutex_) { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      wanted = std::move(queue_.front());
      queue_.pop_front();
    }
    pull(wanted);
  }
}

bool WecomPuller::fetch_token() {
  const CallAnswer answer =
      caller_.call("GET",
                   options_.url + "/cgi-bin/gettoken?corpid=" + options_.corp_id +
                       "&corpsecret=" + options_.secret,
                   {}, {}, kPatience);
  Payload payload;
  if (answer.status != 200 || !payload.read(answer.body).empty()) return false;
  access_token_ = text_of(payload, "access_token");
  return !access_token_.empty();
}

// Pages until there are no more; what fails is tried again a few times, then left to the next event,
// which goes on at the same cursor.
void WecomPuller::pull(const Wanted& wanted) {
  std::string& cursor = cursors_[wanted.account];
  int failures = 0;
  for (int pages = 0; pages < kPagesMax && failures < kTriesMax;) {
    if (access_token_.empty() && !fetch_token()) {
      ++failures;
      if (!pause(options_.retry_wait)) return;
      continue;
    }
    std::string body;
    JsonObject ask(body);
    if (!cursor.empty()) ask.text("cursor", cursor);
    if (!wanted.token.empty()) ask.text("token", wanted.token);
    ask.number("limit", 1000).text("open_kfid", wanted.account).close();
    const CallAnswer answer =
        caller_.call("POST", options_.url + "/cgi-bin/kf/sync_msg?access_token=" + access_token_,
                     {{"Content-Type", "application/json"}}, body, kPatience);
    Payload page;
    const bool read = answer.status == 200 && page.read(answer.body).empty();
    const std::string code = read ? text_of(page, "errcode") : "";
    if (code == "42001" || code == "40014") {
      access_token_.clear();
      ++failures;
      continue;
    }
    if (code == "45009" || code == "45033") {
      ++failures;
      if (!pause(options_.busy_wait)) return;
      continue;
    }
    if (!read || (code != "0" && !code.empty()) || !give(answer.body)) {
      options_.report("warn", "wecom",
                      "sync_msg: " + (read ? "errcode " + code : answer.error) + ", tried again");
      ++failures;
      if (!pause(options_.retry_wait)) return;
      continue;
    }
    ++pages;
    failures = 0;
    cursor = text_of(page, "next_cursor");
    if (text_of(page, "has_more") != "1") return;
  }
}

bool WecomPuller::give(std::string page) {
  InboundPayload payload;
  payload.name = options_.adapter;
  payload.body = std::move(page);
  payload.source = "wecom sync_msg";
  payload.arrival = options_.now();
  auto promise = std::make_shared<std::promise<bool>>();
  auto answer = promise->get_future();
  inbound_.take(std::move(payload), [promise](InboundResult r) { promise->set_value(r.kept); });
  return answer.wait_for(kGiveWait) == std::future_status::ready && answer.get();
}

}  // namespace tocsin
