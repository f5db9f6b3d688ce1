// Which keys there may be: a filter in memory over the identities and entities of a store. Nearly every
// fact asks whether its id is known and each new ticket whether it exists, and nearly always the answer
// is no: here it costs a cache line and not a search through the files of the store.
//
// A blocked Bloom filter: a key sets kBits bits in one block of 64 bytes. It grows by layers, each twice
// as large as the one before, up to `bytes_max` in all; from there on the last layer holds more than it
// was made for, says "maybe" more often, and never anything wrong.
//
// Promises
//  1. `may_hold` is true of every key that was inserted before the call, by whatever thread.
//  2. Of other keys it is true of about one in 200 a layer while there is room.
//
// Threads: any. Cost: 50 to 100 ns where the filter is larger than the cache; 12 bits a key.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "events/hash.h"
#include "events/mutex.h"
#include "projections/rows/keys.h"

namespace tocsin {

// What stands for a key in the filter. Different keys may have the same mark, which costs a look.
inline std::uint64_t mark_of(PartitionId partition, const EntityName& entity) {
  const Hash128 account = hash128(entity.account, {0, static_cast<std::uint64_t>(partition) + 1});
  return hash128(entity.id, account).low;
}
// Of an identity (events/hash.h), which is a hash already.
inline std::uint64_t mark_of(const Hash128& identity) { return identity.low ^ identity.high; }

class SoughtFilter {
 public:
  static constexpr std::size_t kFirstKeys = std::size_t{1} << 20;
  static constexpr std::size_t kBytesMax = std::size_t{96} << 20;

  explicit SoughtFilter(std::size_t first_keys = kFirstKeys, std::size_t bytes_max = kBytesMax);

  // True when it held no such key before.
  bool insert(std::uint64_t mark);
  bool may_hold(std::uint64_t mark) const;
  // Before a number of keys are inserted or asked for: their cache lines are fetched meanwhile.
  void prefetch(std::uint64_t mark) const;
  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kLayersMax = 24;
  static constexpr std::size_t kBitsPerKey = 12;
  static constexpr std::size_t kBlockWords = 8;
  static constexpr int kBits = 6;

  struct Free {
    void operator()(void* memory) const;
  };
  struct Layer {
    explicit Layer(std::size_t keys_of_it);
    std::uint64_t* block(std::uint64_t mark) const;
    bool has(std::uint64_t mark) const;
    void set(std::uint64_t mark) const;

    std::size_t keys, blocks;
    std::unique_ptr<void, Free> memory;
    std::uint64_t* begin;                        // on a cache line
    mutable std::atomic<std::size_t> count = 0;  // keys that were set
  };

  const Layer& newest() const { return *layers_[layer_count_.load(std::memory_order_acquire) - 1]; }
  void grow();

  const std::size_t bytes_max_;
  std::array<std::unique_ptr<Layer>, kLayersMax> layers_;  // of which so many are there:
  std::atomic<std::size_t> layer_count_ = 0;
  std::atomic<std::size_t> bytes_ = 0;
  Mutex growing_;
};

}  // namespace tocsin
