// The questions of the HTTP API, answered from the node's store (docs/openapi.yaml).
//
// Threads: any.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "app/node.h"
#include "connectors/http/ports.h"

namespace tocsin {

class Queries final : public QueryPort {
 public:
  explicit Queries(Node& node) : node_(node) {}

  std::string clocks(const ClocksRequest& request) override;
  std::string board(const BoardRequest& request) override;
  std::string inbox(const InboxRequest& request) override;
  std::string accounts(const PageRequest& request) override;
  std::string kpis(const KpisRequest& request) override;
  std::string faults(const std::string& account, std::size_t limit) override;
  std::optional<std::string> entity(const std::string& account, const std::string& kind, const std::string& id) override;
  std::optional<std::string> entity_timeline(const std::string& account, const std::string& kind, const std::string& id,
                                             const TimelineRequest& request) override;
  std::optional<std::string> account(const std::string& account) override;
  std::optional<std::string> account_timeline(const std::string& account, const TimelineRequest& request) override;
  std::map<PartitionId, Offset> applied() override;

 private:
  Node& node_;
};

}  // namespace tocsin
