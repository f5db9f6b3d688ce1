// The demonstration: a shipped story of two days in about a minute.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "app/clock.h"
#include "app/node.h"

namespace tocsin {

// A directory of its own, which goes with it.
class DemoDirectory {
 public:
  DemoDirectory();
  ~DemoDirectory();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::shared_ptr<Clock> demo_clock();
std::string demo_welcome(const std::string& url);

// Submits the story's facts when their time has come, from its own thread.
class Demo {
 public:
  Demo(Node& node, std::shared_ptr<Clock> clock);
  ~Demo();

 private:
  void run();
  Node& node_;
  std::shared_ptr<Clock> clock_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tocsin
