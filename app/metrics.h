// The node's figures for Prometheus. Names follow its conventions: base units, `_total`, `tocsin_`.
//
// Threads: observe from the node's threads, text from any.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/node.h"

namespace tocsin {

class Metrics {
 public:
  explicit Metrics(Node& node);
  ~Metrics();

  // Counts a committed record: by type; what became of thresholds and escalations.
  void observe(const Committed& record);
  // Text exposition format.
  std::string text();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The node with its figures, as the HTTP API asks for them.
class MeteredNode final : public NodePort {
 public:
  MeteredNode(Node& node, Metrics& metrics) : node_(node), metrics_(metrics) {}
  void submit(std::unique_ptr<Submission> submission, SubmitDone done) override {
    node_.submit(std::move(submission), std::move(done));
  }
  void submit_own(OwnRecord record, OwnDone done) override {
    node_.submit_own(std::move(record), std::move(done));
  }
  bool knows_duplicates() const override { return node_.knows_duplicates(); }
  Readiness ready() const override { return node_.ready(); }
  std::string sick() const override { return node_.sick(); }
  std::string metrics() const override {
    return more_ ? metrics_.text() + more_() : metrics_.text();
  }
  // Figures of others, in the text exposition format. Before anybody asks.
  void also(std::function<std::string()> more) { more_ = std::move(more); }

 private:
  std::function<std::string()> more_;
  Node& node_;
  Metrics& metrics_;
};

}  // namespace tocsin
