// Fetches the messages of 微信客服: its callback only says that there are some.
//
// On an event `kf_msg_or_event` the messages of that account are fetched (`/cgi-bin/kf/sync_msg`),
// page by page; each page is a payload of the adapter, and the next one is asked for when its facts
// are durable. The cursor is kept in memory: after a restart up to three days come again and are
// duplicates by their msgid. The access token is fetched once and again when the vendor says so.
//
// Threads: one of its own; `event` from any. Bounds: kEventsMax events wait; more are dropped, since
// each fetches all there is.
#pragma once

#include <deque>
#include <functional>
#include <map>
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
  Duration busy_wait = minutes(1);  // when the vendor says that we ask too often
  Duration retry_wait = seconds(2);
};

class WecomPuller {
 public:
  static constexpr std::size_t kEventsMax = 1'000;
  static constexpr int kPagesMax = 1'000, kTriesMax = 5;

  // `inbound` must outlive it.
  WecomPuller(WecomPullerOptions options, Inbound& inbound);
  ~WecomPuller();

  // The callback's event as JSON; others than kf_msg_or_event are left alone.
  void event(const std::string& json);
  void stop();

 private:
  struct Wanted {
    std::string account, token;  // OpenKfId; good for ten minutes
  };
  void run();
  void pull(const Wanted& wanted);
  bool fetch_token();
  bool give(std::string page);
  bool pause(Duration how_long);

  WecomPullerOptions options_;
  Inbound& inbound_;
  HttpCaller caller_;
  std::string access_token_;
  std::map<std::string, std::string> cursors_;  // by OpenKfId
  Mutex mutex_;
  Changed wake_;
  std::deque<Wanted> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin
