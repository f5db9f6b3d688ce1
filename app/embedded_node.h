// The node on its embedded log: one partition, one data directory, in which log and store lie.
#pragma once

#include "app/embedded_loop.h"
#include "app/loop_node.h"

namespace tocsin {

// Of the store beside an embedded log: timelines hold positions, the records are read from the log.
StoreOptions embedded_store_options();

struct EmbeddedNodeOptions : EmbeddedLoopOptions {
  EmbeddedLogOptions log;
  StoreOptions store = embedded_store_options();
};

class EmbeddedNode final : public LoopNode {
 public:
  // Opens log and store. Throws std::runtime_error in words for whoever starts the node.
  explicit EmbeddedNode(EmbeddedNodeOptions options);
  ~EmbeddedNode() override { stop(); }

  void submit(std::unique_ptr<Submission> submission, SubmitDone done) override {
    loop_->submit(std::move(submission), std::move(done));
  }
  void submit_own(OwnRecord record, OwnDone done) override {
    loop_->submit_own(std::move(record), std::move(done));
  }
  bool knows_duplicates() const override { return true; }
  NodeStatus status() override;
  Store& store() override { return *store_; }
  LogReader& log() override { return *log_; }
  // Applies what the store has not seen of the log, and begins to decide.
  void start() override;

 private:
  NodeLoop& loop() const override { return *loop_; }

  std::shared_ptr<EmbeddedLog> log_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<EmbeddedLoop> loop_;
};

}  // namespace tocsin
