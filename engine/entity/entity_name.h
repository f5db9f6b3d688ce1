// What an entity is called: views of its account, its kind's name and its id.
#pragma once

#include <cstdint>
#include <string_view>

#include "events/hash.h"

namespace tocsin {

struct EntityName {
  std::string_view account, kind, id;
  std::uint64_t hash() const { return hash128(id, hash128(kind, hash128(account))).low; }
  friend bool operator==(const EntityName&, const EntityName&) = default;
};

}  // namespace tocsin
