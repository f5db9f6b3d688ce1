// Moves what channels made: many requests at once on libcurl's multi interface.
//
// No redirect is followed, no more than kAnswerMax of an answer is read, and a request has kPatience
// in all, whatever the far end does. Errors are libcurl's words, which hold no URL.
//
// Threads: one, but `wake` from any.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "connectors/notify/channel.h"

namespace tocsin::notify {

class Transport {
 public:
  static constexpr Duration kPatience = seconds(10);
  static constexpr Duration kConnect = seconds(5);
  static constexpr std::size_t kAnswerMax = 64u << 10;

  Transport();
  ~Transport();

  void begin(std::uint64_t id, Outgoing request);
  // Waits until something happened, at most `most`; gives what is done.
  std::vector<std::pair<std::uint64_t, Answer>> wait(Duration most);
  void wake();
  std::size_t under_way() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::notify
