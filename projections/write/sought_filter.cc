#include "projections/write/sought_filter.h"

#include <cstdlib>
#include <new>

namespace tocsin {
namespace {

constexpr std::size_t kLine = 64;

// Which bits of a block: six times nine of these, the upper three a word's number.
std::uint64_t places_of(std::uint64_t mark) { return mark * 0x9E3779B97F4A7C15ULL; }

}  // namespace

void SoughtFilter::Free::operator()(void* memory) const { std::free(memory); }

SoughtFilter::Layer::Layer(std::size_t keys_of_it)
    : keys(keys_of_it), blocks(keys_of_it * kBitsPerKey / (kLine * 8) + 1) {
  // Pages that nobody touched yet are not there yet.
  memory.reset(std::calloc(blocks + 1, kLine));
  if (memory == nullptr) throw std::bad_alloc();
  const auto at = reinterpret_cast<std::uintptr_t>(memory.get());
  begin = reinterpret_cast<std::uint64_t*>((at + kLine - 1) & ~std::uintptr_t{kLine - 1});
}

std::uint64_t* SoughtFilter::Layer::block(std::uint64_t mark) const {
  __extension__ using Wide = unsigned __int128;
  return begin + static_cast<std::size_t>(static_cast<Wide>(mark) * blocks >> 64) * kBlockWords;
}

bool SoughtFilter::Layer::has(std::uint64_t mark) const {
  std::uint64_t* const words = block(mark);
  std::uint64_t places = places_of(mark);
  for (int k = 0; k < kBits; ++k, places >>= 9) {
    const std::uint64_t word =
        std::atomic_ref(words[places >> 6 & 7]).load(std::memory_order_relaxed);
    if ((word >> (places & 63) & 1) == 0) return false;
  }
  return true;
}

void SoughtFilter::Layer::set(std::uint64_t mark) const {
  std::uint64_t* const words = block(mark);
  std::uint64_t places = places_of(mark);
  for (int k = 0; k < kBits; ++k, places >>= 9) {
    std::atomic_ref(words[places >> 6 & 7])
        .fetch_or(std::uint64_t{1} << (places & 63), std::memory_order_relaxed);
  }
}

SoughtFilter::SoughtFilter(std::size_t first_keys, std::size_t bytes_max) : bytes_max_(bytes_max) {
  layers_[0] = std::make_unique<Layer>(first_keys);
  bytes_ = layers_[0]->blocks * kLine;
  layer_count_.store(1, std::memory_order_release);
}

bool SoughtFilter::may_hold(std::uint64_t mark) const {
  for (std::size_t i = layer_count_.load(std::memory_order_acquire); i-- > 0;) {
    if (layers_[i]->has(mark)) return true;
  }
  return false;
}

bool SoughtFilter::insert(std::uint64_t mark) {
  if (may_hold(mark)) return false;
  const Layer& to = newest();
  to.set(mark);
  if (to.count.fetch_add(1, std::memory_order_relaxed) + 1 == to.keys) grow();
  return true;
}

void SoughtFilter::prefetch(std::uint64_t mark) const {
  for (std::size_t i = layer_count_.load(std::memory_order_acquire); i-- > 0;)
    __builtin_prefetch(layers_[i]->block(mark));
}

// Where there is no room the newest layer goes on being filled.
void SoughtFilter::grow() {
  const MutexLock lock(growing_);
  const std::size_t count = layer_count_.load(std::memory_order_relaxed);
  const std::size_t keys = layers_[count - 1]->keys * 2;
  if (count == kLayersMax || bytes() + keys * kBitsPerKey / 8 > bytes_max_) return;
  try {
    layers_[count] = std::make_unique<Layer>(keys);
  } catch (const std::bad_alloc&) {
    return;
  }
  bytes_ += layers_[count]->blocks * kLine;
  layer_count_.store(count + 1, std::memory_order_release);
}

}  // namespace tocsin
