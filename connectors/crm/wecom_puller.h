// Fetches the messages of 微信客服: its callback only says that there are some.
//
// On an event `kf_msg_or_event` the messages of that account are fetched (`/cgi-bin/kf/sync_msg`),
// page by page; each page is a payload of the adapter, and the next one is asked for when its facts
// are durable. Then the cursor is written to a file, from which a restart goes on: it asks at once
// for every account in it, since events that came meanwhile are not sent again. Without the file
// (a new disk) the next event brings up to three days once more; they are duplicates by their msgid.
//
// What fails is tried again, later and later, at most busy_wait apart, until it works: no further
// event may come. The access token is fetched once and again when the vendor says so.
//
// Threads: one of its own; `event` from any. Bounds: kAccountsMax accounts are wanted at a time, each
// once, since a pull fetches all there is.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "connectors/crm/http_call.h"
#include "connectors/crm/inbound.h"
#include "events/mutex.h"

namespace tocsin {

struct WecomPullerOptions {
  std::string adapter;  // its name in the config
  std::string url = "https://qyapi.weixin.qq.com";
  std::string corp_id, secret;
  std::function<Instant()> now;
  std::function<void(std::string_view level, std::string_view event, std::string_view detail)>
      report;
  std::filesystem::path cursors;    // the file; empty: none
  Duration busy_wait = minutes(1);  // when the vendor says that we ask too often
  Duration retry_wait = seconds(2);
};

class WecomPuller {
 public:
  static constexpr std::size_t kAccountsMax = 1'000;
  static constexpr int kPagesMax = 1'000;  // of one pull

  // `inbound` must outlive it.
  WecomPuller(WecomPullerOptions options, Inbound& inbound);
  ~WecomPuller();

  // The callback's event as JSON; others than kf_msg_or_event are left alone.
  void event(const std::string& json);
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Wanted {
    std::string token;  // of the event, good for ten minutes; empty: without
    int failures = 0;
    Clock::time_point due;
  };
  enum class Outcome { kDone, kBusy, kFailed };

  void run();
  std::optional<std::pair<std::string, Wanted>> next();
  void try_again(const std::string& account, Wanted wanted, Outcome outcome);
  Outcome pull(const std::string& account, const std::string& token);
  Outcome sync(const std::string& account, const std::string& token, std::string& answer);
  bool fetch_token();
  bool give(std::string page);
  void read_cursors();
  void write_cursors() const;

  WecomPullerOptions options_;
  Inbound& inbound_;
  HttpCaller caller_;
  std::string access_token_;
  std::map<std::string, std::string> cursors_;  // by OpenKfId
  Mutex mutex_;
  Changed wake_;
  std::map<std::string, Wanted> wanted_ GUARDED_BY(mutex_);  // by OpenKfId
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin
