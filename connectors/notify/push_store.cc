#include "connectors/notify/push_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "connectors/notify/crypto.h"
#include "events/mutex.h"

namespace tocsin::notify {

namespace json = boost::json;

PushStore::PushStore(const std::string& directory) {
  std::filesystem::create_directories(directory);
  path_ = (std::filesystem::path(directory) / "notify.json").string();
  if (!std::filesystem::exists(path_)) {
    keys_ = make_push_keys();
    link_secret_ = crypto::hex(crypto::random_bytes(32));
    write();
    return;
  }
  std::ifstream in(path_, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  try {
    const json::value root = json::parse(text.str());
    link_secret_ = root.at("linkSecret").as_string();
    keys_.private_key = crypto::from_base64(root.at("vapid").at("private").as_string());
    keys_.public_key = crypto::from_base64(root.at("vapid").at("public").as_string());
    for (const auto& [person, list] : root.at("people").as_object()) {
      for (const json::value& one : list.as_array()) {
        people_[person].push_back({std::string(one.at("endpoint").as_string()),
                                   std::string(one.at("p256dh").as_string()),
                                   std::string(one.at("auth").as_string())});
      }
    }
  } catch (const std::exception& e) {
    throw std::runtime_error(path_ + " cannot be read (" + e.what() +
                             "); without it links and browsers of people are made anew");
  }
}

PushStore::PushStore(const Shared& shared)
    : link_secret_(shared.secret), keys_(push_keys_of(shared.secret)) {}

std::vector<PushSubscription> PushStore::of(const std::string& person) const {
  const MutexLock lock(mutex_);
  const auto it = people_.find(person);
  return it == people_.end() ? std::vector<PushSubscription>{} : it->second;
}

bool PushStore::add(const std::string& person, PushSubscription subscription) {
  const MutexLock lock(mutex_);
  if (people_.count(person) == 0 && people_.size() >= kPeopleMax) return false;
  auto& list = people_[person];
  std::erase_if(list, [&](const auto& one) { return one.endpoint == subscription.endpoint; });
  list.push_back(std::move(subscription));
  if (list.size() > kPerPerson) list.erase(list.begin());
  write();
  return true;
}

void PushStore::remove(const std::string& person, const std::string& endpoint) {
  const MutexLock lock(mutex_);
  const auto it = people_.find(person);
  if (it == people_.end()) return;
  std::erase_if(it->second, [&](const auto& one) { return one.endpoint == endpoint; });
  if (it->second.empty()) people_.erase(it);
  write();
}

void PushStore::write() const {
  if (path_.empty()) return;
  json::object people;
  for (const auto& [person, list] : people_) {
    json::array subscriptions;
    for (const PushSubscription& one : list) {
      subscriptions.push_back(
          {{"endpoint", one.endpoint}, {"p256dh", one.p256dh}, {"auth", one.auth}});
    }
    people[person] = std::move(subscriptions);
  }
  const std::string text =
      json::serialize(json::object{{"linkSecret", link_secret_},
                                   {"vapid",
                                    {{"private", crypto::base64url(keys_.private_key)},
                                     {"public", crypto::base64url(keys_.public_key)}}},
                                   {"people", std::move(people)}});
  const std::string next = path_ + ".new";
  const int file = open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(file) == 0;
  if (file >= 0) close(file);
  if (!written || rename(next.c_str(), path_.c_str()) != 0)
    throw std::runtime_error("cannot write " + path_);
}

}  // namespace tocsin::notify
