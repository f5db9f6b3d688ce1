// What a room's partition reads of the store: entities and accounts that are not in memory, and whether
// a fact is known. Included by room.cc alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "app/room.h"
#include "engine/cold_port.h"

namespace tocsin {

class Room::Cold final : public ColdPort {
 public:
  Cold(StorePort& store, PartitionId partition) : store_(store), partition_(partition) {}
  std::optional<std::string> load_entity(std::string_view account, std::string_view kind,
                                         std::string_view id) override {
    return store_.load_entity(partition_, {account, kind, id});
  }
  std::optional<std::string> load_account(std::string_view account) override {
    return store_.load_account(partition_, account);
  }
  void each_entity(const std::function<void(std::string_view, std::string_view, std::string_view)>&
                       visit) override {
    store_.each_entity(partition_, [&](const EntityKey& entity) {
      visit(entity.account, entity.kind, entity.id);
    });
  }
  std::optional<std::uint64_t> seen(std::string_view account, const Hash128& identity) override {
    return store_.seen(partition_, account, identity);
  }

 private:
  StorePort& store_;
  PartitionId partition_;
};

}  // namespace tocsin
