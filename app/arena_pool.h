// Arenas that are used again: memory that comes and goes with every round would else be asked of the
// system each time, and cleared by it.
//
// An arena comes back, emptied, when its last holder lets go of it; from any thread. What comes back
// beyond `bytes_max` is given up. Arenas may outlive their pool. Cost: a lock each way.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "events/arena.h"
#include "events/mutex.h"

namespace tocsin {

class ArenaPool {
 public:
  explicit ArenaPool(std::size_t bytes_max) : free_(std::make_shared<Free>(bytes_max)) {}

  std::shared_ptr<Arena> take() {
    return {free_->take().release(),
            [free = free_](Arena* arena) { free->give(std::unique_ptr<Arena>(arena)); }};
  }

 private:
  class Free {
   public:
    explicit Free(std::size_t bytes_max) : bytes_max_(bytes_max) {}
    std::unique_ptr<Arena> take() {
      const MutexLock lock(mutex_);
      if (arenas_.empty()) return std::make_unique<Arena>();
      auto arena = std::move(arenas_.back());
      arenas_.pop_back();
      bytes_ -= arena->memory();
      return arena;
    }
    void give(std::unique_ptr<Arena> arena) {
      arena->clear();
      const std::size_t bytes = arena->memory();
      const MutexLock lock(mutex_);
      if (bytes == 0 || bytes_ + bytes > bytes_max_) return;
      bytes_ += bytes;
      arenas_.push_back(std::move(arena));
    }

   private:
    const std::size_t bytes_max_;
    Mutex mutex_;
    std::vector<std::unique_ptr<Arena>> arenas_ GUARDED_BY(mutex_);
    std::size_t bytes_ GUARDED_BY(mutex_) = 0;
  };

  std::shared_ptr<Free> free_;
};

}  // namespace tocsin
