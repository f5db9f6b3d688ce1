// A node as a loop and the store that it keeps: what is the same over every backend.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/node_loop.h"

namespace tocsin {

class LoopNode : public Node {
 public:
  void submit_outcomes(std::vector<OutcomeRecord> records, OwnDone done) override {
    loop().submit_outcomes(std::move(records), std::move(done));
  }
  Readiness ready() const override { return loop().ready(); }
  std::string sick() const override { return loop().sick(); }
  std::string metrics() const override { return {}; }
  NodeStatus status() override { return loop().status(); }
  void listen(CommittedListener listener) override { listener_ = std::move(listener); }
  std::map<PartitionId, Offset> log_found() const override { return loop().log_found(); }
  void stop() override;
  std::shared_ptr<const Policy> policy() override { return loop().policy(); }
  std::shared_ptr<const Roster> roster() override { return loop().roster(); }
  Instant now() override { return clock_->now(); }
  Clock& clock() override { return *clock_; }

 protected:
  LoopNode(std::shared_ptr<Clock> clock, NodeReport report)
      : clock_(std::move(clock)), report_(std::move(report)) {}
  virtual NodeLoop& loop() const = 0;
  // For the loop: whoever listens is known only later.
  CommittedListener teller() {
    return [this](const Committed& record) {
      if (listener_) listener_(record);
    };
  }
  void report(std::string_view level, std::string_view event, const std::string& detail) const {
    if (report_) report_(level, event, detail);
  }

  const std::shared_ptr<Clock> clock_;

 private:
  const NodeReport report_;
  CommittedListener listener_;
};

}  // namespace tocsin
