// The routes of policies at run time (contract §11): what is in force and was, putting another in
// force, what that would do, what it would have done.
//
//   GET  /v1/policy[?version=N]   as JSON, with labels and line numbers
//   GET  /v1/policy/versions      who put which in force when
//   POST /v1/policy               ?to_open=&dry_run=&by=   admin
//   POST /v1/policy/check         mistakes, each with its line
//   POST /v1/policy/diff          what changes, in words
//   POST /v1/policy/try           ?since=                  the log's facts under it
//   GET  /v1/policy/try           how far the last trial is, or what it found
//
// A body is the policy as YAML, or {"text": "…"}. Trials are made by one thread of this object, all
// else by another, one thing at a time; kWaitingMax may wait for each.
//
// Threads: any. The node outlives it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/node.h"
#include "connectors/http/module_route.h"

namespace tocsin {

class PolicyRoutes {
 public:
  static constexpr std::size_t kWaitingMax = 8;
  explicit PolicyRoutes(Node& node);
  ~PolicyRoutes();  // what is under way ends early

  std::vector<ModuleRoute> routes();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tocsin
