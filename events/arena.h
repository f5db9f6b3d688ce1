// Bytes that are made one after the other and go together: rows and changes come by the thousand,
// and a heap block for each would cost more than what is in it.
//
// What `keep` returned stays where it is until `clear`. Clearing holds on to some memory for the
// next round: what this one needed, so that it shrinks when rounds do. One thread at a time.
//
// Under ASan a view of what was cleared is reported, also where its memory is used again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define TOCSIN_POISONS_ARENAS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TOCSIN_POISONS_ARENAS
#endif
#endif
#ifdef TOCSIN_POISONS_ARENAS
#include <sanitizer/asan_interface.h>
#endif

namespace tocsin {

class Arena {
 public:
  std::string_view keep(std::string_view bytes) {
    if (bytes.size() > left_) add_block(bytes.size());
    char* const begin = next_;
    allow(begin, bytes.size());
    if (!bytes.empty()) std::memcpy(begin, bytes.data(), bytes.size());
    next_ += bytes.size();
    left_ -= bytes.size();
    used_ += bytes.size();
    return {begin, bytes.size()};
  }

  std::size_t bytes() const { return used_; }
  // What it holds of the system's, used or not.
  std::size_t memory() const {
    std::size_t bytes = 0;
    for (const Block& block : blocks_) bytes += block.size;
    return bytes;
  }

  void clear() {
    blocks_.resize(std::min(current_, kBlocksKept));
    std::erase_if(blocks_, [](const Block& b) { return b.size > kBlockBytes; });
    for (const Block& block : blocks_) forbid(block);
    current_ = used_ = left_ = 0;
    next_ = nullptr;
  }

 private:
  static constexpr std::size_t kBlockBytes = 256 << 10;
  static constexpr std::size_t kFirstBytes = 4 << 10;  // of one that holds little
  static constexpr std::size_t kBlocksKept = 32;

  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

#ifdef TOCSIN_POISONS_ARENAS
  static void allow(const char* begin, std::size_t bytes) {
    ASAN_UNPOISON_MEMORY_REGION(begin, bytes);
  }
  static void forbid(const Block& block) {
    ASAN_POISON_MEMORY_REGION(block.bytes.get(), block.size);
  }
#else
  static void allow(const char*, std::size_t) {}
  static void forbid(const Block&) {}
#endif

  void add_block(std::size_t at_least) {
    if (current_ == blocks_.size() || at_least > blocks_[current_].size) {
      const std::size_t size = std::max(at_least, std::clamp(used_, kFirstBytes, kBlockBytes));
      blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(current_),
                     {std::make_unique_for_overwrite<char[]>(size), size});
    }
    next_ = blocks_[current_].bytes.get();
    left_ = blocks_[current_].size;
    ++current_;
  }

  std::vector<Block> blocks_;  // the first `current_` are in use
  std::size_t current_ = 0;
  std::size_t used_ = 0;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace tocsin
