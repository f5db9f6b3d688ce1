// What the notifier keeps on disk: the secret of its links where none is configured, the keys of Web
// Push, and the browsers that people subscribed with. One file, 0600, written whole and renamed. Where
// several nodes share the work nothing is kept here: keys come of their common secret, and the browsers
// stand in the log.
//
// It holds nothing that an alarm depends on: without it browsers subscribe anew.
// Threads: any. Bounds: kPerPerson subscriptions a person (the oldest goes), kPeopleMax people.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "connectors/notify/message.h"
#include "connectors/notify/push_crypto.h"
#include "events/mutex.h"

namespace tocsin::notify {

class PushStore {
 public:
  static constexpr std::size_t kPerPerson = 10;
  static constexpr std::size_t kPeopleMax = 10'000;

  // Throws std::runtime_error when the file cannot be read or made.
  explicit PushStore(const std::string& directory);
  struct Shared {
    std::string secret;
  };
  explicit PushStore(const Shared& shared);

  const std::string& link_secret() const { return link_secret_; }
  const PushKeys& keys() const { return keys_; }
  std::vector<PushSubscription> of(const std::string& person) const;
  // False: too many people.
  bool add(const std::string& person, PushSubscription subscription);
  void remove(const std::string& person, const std::string& endpoint);

 private:
  void write() const REQUIRES(mutex_);

  std::string path_, link_secret_;  // path empty: nothing is kept
  PushKeys keys_;
  mutable Mutex mutex_;
  std::map<std::string, std::vector<PushSubscription>> people_ GUARDED_BY(mutex_);
};

}  // namespace tocsin::notify
