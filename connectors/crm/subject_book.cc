#include "connectors/crm/subject_book.h"

#include <chrono>

namespace tocsin {

std::string subject_key(const Adapter& adapter, const std::string& subject) {
  return adapter.source + '\0' + adapter.kind + '\0' + subject;
}

std::optional<std::string> SubjectBook::account_of(const Adapter& adapter,
                                                   const std::string& subject) {
  {
    const MutexLock lock(mutex_);
    const auto known = known_.find(subject_key(adapter, subject));
    if (known != known_.end()) return known->second.account;
  }
  return stored_ ? stored_(adapter, subject) : std::nullopt;
}

bool SubjectBook::wait_until_settled(const std::string& key, Duration timeout) {
  MutexLock lock(mutex_);
  return settled_.wait_for(lock, std::chrono::milliseconds(timeout.ms), [&]() REQUIRES(mutex_) {
    const auto known = known_.find(key);
    return known == known_.end() || known->second.under_way == 0;
  });
}

void SubjectBook::handed_in(const std::string& key, const std::string& account) {
  const MutexLock lock(mutex_);
  const auto [known, first] = known_.try_emplace(key);
  known->second.account = account;
  ++known->second.under_way;
  if (!first) return;
  order_.push_back(key);
  forget_some();
}

void SubjectBook::done(const std::string& key, bool kept) {
  {
    const MutexLock lock(mutex_);
    const auto known = known_.find(key);
    if (known == known_.end()) return;
    --known->second.under_way;
    if (!kept && known->second.under_way == 0) known_.erase(known);
  }
  settled_.notify_all();
}

// Those under way go to the end of the order, once a call.
void SubjectBook::forget_some() {
  for (std::size_t n = order_.size(); order_.size() > kSubjectsRemembered && n > 0; --n) {
    std::string key = std::move(order_.front());
    order_.pop_front();
    const auto known = known_.find(key);
    if (known == known_.end()) continue;
    if (known->second.under_way > 0) {
      order_.push_back(std::move(key));
    } else {
      known_.erase(known);
      return;
    }
  }
}

}  // namespace tocsin
