#include "connectors/crm/wecom_puller.h"

#include <algorithm>
#include <fstream>
#include <future>
#include <iterator>

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
    : options_(std::move(options)), inbound_(inbound) {
  read_cursors();
  {
    const MutexLock lock(mutex_);
    for (const auto& [account, cursor] : cursors_) wanted_[account] = {};
  }
  thread_ = std::thread([this] { run(); });
}

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
  const std::string account = text_of(payload, "OpenKfId");
  {
    const MutexLock lock(mutex_);
    if (wanted_.size() >= kAccountsMax && wanted_.count(account) == 0) return;
    wanted_[account] = {text_of(payload, "Token"), 0, Clock::now()};
  }
  wake_.notify_one();
}

// The account that is due, taken off; waits for one. None: it stops.
std::optional<std::pair<std::string, WecomPuller::Wanted>> WecomPuller::next() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    const auto first =
        std::min_element(wanted_.begin(), wanted_.end(),
                         [](const auto& a, const auto& b) { return a.second.due < b.second.due; });
    const Clock::time_point now = Clock::now();
    if (first != wanted_.end() && first->second.due <= now) {
      auto taken = wanted_.extract(first);
      return std::pair(std::move(taken.key()), std::move(taken.mapped()));
    }
    wake_.wait_for(lock, first == wanted_.end() ? std::chrono::hours(1) : first->second.due - now);
  }
  return std::nullopt;
}

void WecomPuller::try_again(const std::string& account, Wanted wanted, Outcome outcome) {
  constexpr int kDoublingsMax = 10, kTriesWithToken = 10;
  const std::int64_t longest = options_.busy_wait.ms;
  const std::int64_t wait =
      outcome == Outcome::kBusy
          ? longest
          : std::min(longest, options_.retry_wait.ms << std::min(wanted.failures, kDoublingsMax));
  ++wanted.failures;
  // A token is good for ten minutes; without it the vendor lets us ask less often, but does answer.
  if (outcome == Outcome::kFailed && wanted.failures > kTriesWithToken) wanted.token.clear();
  wanted.due = Clock::now() + std::chrono::milliseconds(wait);
  const MutexLock lock(mutex_);
  wanted_.emplace(account, std::move(wanted));  // unless a newer event came
}

void WecomPuller::run() {
  while (auto taken = next()) {
    const Outcome outcome = pull(taken->first, taken->second.token);
    if (outcome != Outcome::kDone) try_again(taken->first, std::move(taken->second), outcome);
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

// One page, with an access token that is fetched anew where the vendor no longer takes ours.
WecomPuller::Outcome WecomPuller::sync(const std::string& account, const std::string& token,
                                       std::string& answer) {
  std::string body, why;
  const std::string& cursor = cursors_[account];
  JsonObject ask(body);
  if (!cursor.empty()) ask.text("cursor", cursor);
  if (!token.empty()) ask.text("token", token);
  ask.number("limit", 1000).text("open_kfid", account).close();
  for (int tokens = 0; tokens < 2; ++tokens) {
    if (access_token_.empty() && !fetch_token()) {
      why = "no access token";
      break;
    }
    CallAnswer got =
        caller_.call("POST", options_.url + "/cgi-bin/kf/sync_msg?access_token=" + access_token_,
                     {{"Content-Type", "application/json"}}, body, kPatience);
    Payload page;
    if (got.status != 200 || !page.read(got.body).empty()) {
      why = got.status == 0 ? got.error : "status " + std::to_string(got.status);
      break;
    }
    const std::string code = text_of(page, "errcode");
    if (code.empty() || code == "0") {
      answer = std::move(got.body);
      return Outcome::kDone;
    }
    why = "errcode " + code;
    if (code == "45009" || code == "45033") {
      options_.report("warn", "wecom", "sync_msg: we ask too often (" + why + ")");
      return Outcome::kBusy;
    }
    if (code != "40001" && code != "40014" && code != "42001") break;
    access_token_.clear();
  }
  options_.report("warn", "wecom", "sync_msg: " + why + ", tried again");
  return Outcome::kFailed;
}

// Pages until there are no more.
WecomPuller::Outcome WecomPuller::pull(const std::string& account, const std::string& token) {
  for (int pages = 0; pages < kPagesMax; ++pages) {
    std::string answer;
    const Outcome outcome = sync(account, token, answer);
    if (outcome != Outcome::kDone) return outcome;
    Payload page;
    page.read(answer);
    std::string cursor = text_of(page, "next_cursor");
    const bool more = text_of(page, "has_more") == "1";
    if (!give(std::move(answer))) {
      options_.report("warn", "wecom", "sync_msg: its facts are not durable, tried again");
      return Outcome::kFailed;
    }
    cursors_[account] = std::move(cursor);
    write_cursors();
    if (!more) break;
  }
  return Outcome::kDone;
}

void WecomPuller::read_cursors() {
  std::ifstream in(options_.cursors, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  Payload file;
  if (!file.read(text).empty()) return;
  for (const JsonNode* n = file.child(file.root()); n != nullptr; n = file.next(*n))
    cursors_[std::string(n->name)] = n->text;
}

// A cursor that could not be kept is as if there were none.
void WecomPuller::write_cursors() const {
  if (options_.cursors.empty()) return;
  std::string text = "{";
  for (const auto& [account, cursor] : cursors_) {
    if (text.size() > 1) text += ',';
    append_json_string(text, account);
    text += ':';
    append_json_string(text, cursor);
  }
  text += "}\n";
  std::filesystem::path fresh = options_.cursors;
  fresh += ".new";
  if (!(std::ofstream(fresh, std::ios::binary | std::ios::trunc) << text).flush()) return;
  std::error_code ignored;
  std::filesystem::rename(fresh, options_.cursors, ignored);
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
