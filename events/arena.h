// Bytes that are made one after the other and go together: rows and changes come by the thousand,
// and a heap block for each would cost more than what is in it.
//
// What `keep` returned stays where it is until `clear`. Clearing holds on to some memory for the
// next round. One thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin {

class Arena {
 public:
  std::string_view keep(std::string_view bytes) {
    if (bytes.size() > left_) add_block(bytes.size());
    char* const begin = next_;
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
    std::erase_if(blocks_, [](const Block& b) { return b.size != kBlockBytes; });
    if (blocks_.size() > kBlocksKept) blocks_.resize(kBlocksKept);
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
