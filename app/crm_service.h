// Adapters in a running node: read with their secrets, their door at /v1/in/, what they must know
// of the log.
//
// Made before the API, stopped after it and before the node.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/crm_replay.h"
#include "app/node.h"
#include "connectors/crm/inbound.h"
#include "connectors/crm/pusher.h"
#include "connectors/crm/wecom_puller.h"
#include "connectors/http/module_route.h"
#include "connectors/kafka/foreign_topic.h"
#include "events/mutex.h"

namespace tocsin {

// Reads the configured adapters and their secrets. Every problem is one line of the error that is
// thrown (std::runtime_error).
std::map<std::string, InboundAdapter> load_adapters(const Config& config, const Policy& policy,
                                                    bool with_secrets);

// The configured pushes, or what is wrong with them (std::runtime_error).
std::vector<std::shared_ptr<const PushRule>> load_pushes(const Config& config);

class CrmService {
 public:
  using Report =
      std::function<void(std::string_view level, std::string_view event, std::string_view detail)>;
  // `node` must have its policy: it is started, or `policy` says what takes force.
  CrmService(const Config& config, std::shared_ptr<const Policy> policy, Node& node, NodePort& port,
             Report report);

  std::vector<ModuleRoute> routes();
  std::string metrics() const;
  // When the node runs.
  void start();
  // A record was committed.
  void committed(const Committed& record);
  void stop();

 private:
  SubjectHistory history(const Adapter& adapter, const std::string& account,
                         const std::string& subject);

  void start_pullers();
  void start_topics();
  void start_pushes();
  void pull(const std::string& name, const std::string& event);

  const Config& config_;
  Node& node_;
  NodePort& port_;
  Report report_;
  std::shared_ptr<const Policy> configured_;
  std::unique_ptr<Inbound> inbound_;
  std::unique_ptr<CrmReplay> replay_;
  Mutex pullers_mutex_;
  std::map<std::string, std::unique_ptr<WecomPuller>> pullers_ GUARDED_BY(pullers_mutex_);
  std::vector<std::unique_ptr<ForeignTopic>> topics_;
  std::vector<std::shared_ptr<const PushRule>> rules_;
  std::vector<std::unique_ptr<Pusher>> pushers_;
  std::atomic<bool> pushing_{false};
};

}  // namespace tocsin
