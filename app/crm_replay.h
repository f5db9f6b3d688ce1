// What was rejected, given once more: `POST /v1/rejected/{position}/replay`, and all that an adapter
// rejected, `POST /v1/adapters/{name}/replay`. Payloads of adapters go through the adapter as it is
// now, other records through the door for events. What is rejected again is not written again.
// `GET /v1/rejected` lists it (rejected_page.h).
//
// Threads: routes from any; the work is done on a thread of its own, one request after the other.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/config.h"
#include "connectors/crm/inbound.h"
#include "connectors/http/module_route.h"
#include "connectors/http/ports.h"
#include "engine/log_port.h"
#include "events/mutex.h"

namespace tocsin {

class CrmReplay {
 public:
  static constexpr std::size_t kRequestsMax = 100;   // that wait
  static constexpr std::size_t kRecordsMax = 1'000;  // of one request

  CrmReplay(const Config& config, Inbound& inbound, NodePort& node, std::function<Instant()> now);
  ~CrmReplay();

  std::vector<ModuleRoute> routes();
  void stop();

 private:
  struct Totals;
  void later(std::function<void()> work, const Reply& reply);
  void one(const ModuleCall& call);
  void all(const ModuleCall& call);
  void list(const ModuleCall& call);
  // Waits for what becomes of it.
  void replay(const std::string& name, const RejectedRecord& record, Totals& totals);
  void run();

  const Config& config_;
  Inbound& inbound_;
  NodePort& node_;
  const std::function<Instant()> now_;
  Mutex mutex_;
  Changed wake_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// `tocsin adapter replay NAME`: asks the running node until all is done. Exit status.
int replay_adapter(const std::string& name, const std::string& url, const std::string& token);

}  // namespace tocsin
