// What the engine asks of the store that holds what is not in memory.
//
// Answers include everything that was handed over for storing before the call, written or not.
// Called by the partition's thread; may block for a read from disk.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "events/hash.h"

namespace tocsin {

class ColdPort {
 public:
  virtual ~ColdPort() = default;
  virtual std::optional<std::string> load_entity(std::string_view account, std::string_view kind,
                                                 std::string_view id) = 0;
  virtual std::optional<std::string> load_account(std::string_view account) = 0;
  // All entities that are stored or about to be.
  virtual void each_entity(const std::function<void(std::string_view account, std::string_view kind,
                                                    std::string_view id)>& visit) = 0;
  // The content hash of the fact accepted under this identity in the account.
  virtual std::optional<std::uint64_t> seen(std::string_view account, const Hash128& identity) = 0;
};

}  // namespace tocsin
