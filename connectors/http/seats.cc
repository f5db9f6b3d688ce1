#include "connectors/http/seats.h"

namespace tocsin::http {

Seat Seats::take(const std::string& address) {
  const MutexLock lock(mutex_);
  Taken& its = by_address_[address];
  const auto seat = [&](int& all, int& of_address, Seat seat) {
    ++all;
    ++of_address;
    return seat;
  };
  if (taken_.served < all_ && its.served < per_address_)
    return seat(taken_.served, its.served, Seat::kServed);
  if (taken_.vital < kVitalSeats && its.vital < kVitalSeatsOfAddress)
    return seat(taken_.vital, its.vital, Seat::kVitalOnly);
  if (taken_.refused < refused_max_) return seat(taken_.refused, its.refused, Seat::kRefused);
  if (its.none()) by_address_.erase(address);
  return Seat::kNone;
}

void Seats::give_back(const std::string& address, Seat seat) {
  const MutexLock lock(mutex_);
  const auto its = by_address_.find(address);
  if (its == by_address_.end() || seat == Seat::kNone) return;
  const auto part = seat == Seat::kServed      ? &Taken::served
                    : seat == Seat::kVitalOnly ? &Taken::vital
                                               : &Taken::refused;
  --(taken_.*part);
  --(its->second.*part);
  if (its->second.none()) by_address_.erase(its);
}

bool BodyBytes::Share::grow_to(std::size_t bytes) {
  if (of_ == nullptr || bytes <= bytes_) return true;
  const std::size_t more = bytes - bytes_;
  if (of_->held_.fetch_add(more) + more > of_->most_) {
    of_->held_.fetch_sub(more);
    return false;
  }
  bytes_ = bytes;
  return true;
}

void BodyBytes::Share::release() {
  if (of_ != nullptr) of_->held_.fetch_sub(std::exchange(bytes_, 0));
}

}  // namespace tocsin::http
