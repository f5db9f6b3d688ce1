// Where the subjects of each source were seen last, as the door must know it: what the log says,
// and over it what is on its way there.
//
// Promises
//  1. A subject whose facts were handed in is known at once; when they were not kept, it is as the
//     log says again.
//  2. Nothing is known here that the log does not hold or is about to: a restart knows the same.
//
// Threads: any. Memory: kSubjectsRemembered subjects, beside those under way.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "connectors/crm/evaluate.h"
#include "events/mutex.h"
#include "events/time.h"

namespace tocsin {

inline constexpr std::size_t kSubjectsRemembered = 100'000;

// As the log says, for the views of this node; some moments old.
using StoredAccount =
    std::function<std::optional<std::string>(const Adapter& adapter, const std::string& subject)>;

std::string subject_key(const Adapter& adapter, const std::string& subject);

class SubjectBook {
 public:
  explicit SubjectBook(StoredAccount stored) : stored_(std::move(stored)) {}

  std::optional<std::string> account_of(const Adapter& adapter, const std::string& subject);
  // Until nothing of it is under way, at most `timeout`; false: something still is.
  bool wait_until_settled(const std::string& key, Duration timeout);

  // Facts of it were handed in, and what became of them.
  void handed_in(const std::string& key, const std::string& account);
  void done(const std::string& key, bool kept);

 private:
  struct Known {
    std::string account;
    int under_way = 0;
  };
  void forget_some() REQUIRES(mutex_);

  StoredAccount stored_;
  Mutex mutex_;
  Changed settled_;
  std::unordered_map<std::string, Known> known_ GUARDED_BY(mutex_);
  std::deque<std::string> order_
      GUARDED_BY(mutex_);  // of those that may be forgotten, the oldest first
};

}  // namespace tocsin
