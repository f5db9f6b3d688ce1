// A store in memory, for tests that forget entities or start anew from what was stored, and what it
// takes to compare two of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/cold_port.h"
#include "engine/entity/entity_codec.h"
#include "engine/partition.h"
#include "events/time.h"

namespace tocsin {

// What a store keeps, in a map.
class MapStore final : public ColdPort {
 public:
  std::optional<std::string> load_entity(std::string_view account, std::string_view kind,
                                         std::string_view id) override {
    const auto it = entities.find({std::string(account), std::string(kind), std::string(id)});
    return it == entities.end() ? std::nullopt : std::optional(it->second.first);
  }
  std::optional<std::string> load_account(std::string_view account) override {
    const auto it = accounts.find(std::string(account));
    return it == accounts.end() || it->second.empty() ? std::nullopt : std::optional(it->second);
  }
  void each_entity(const std::function<void(std::string_view, std::string_view, std::string_view)>&
                       visit) override {
    for (const auto& [key, _] : entities)
      visit(std::get<0>(key), std::get<1>(key), std::get<2>(key));
  }
  std::optional<std::uint64_t> seen(std::string_view, const Hash128&) override {
    return std::nullopt;
  }

  std::map<std::tuple<std::string, std::string, std::string>, std::pair<std::string, Instant>>
      entities;  // and when each falls due
  std::map<std::string, std::string> accounts;
};

// Puts what changed into the store. Returns the hand-over's number.
inline std::uint64_t hand_over(Partition& partition, MapStore& store) {
  std::vector<Entity*> entities;
  std::vector<Account*> accounts;
  const std::uint64_t number = partition.take_changes(entities, accounts);
  for (Entity* e : entities)
    store.entities[{e->account, e->spec().name, e->id}] = {encode_entity(*e), partition.due_of(*e)};
  for (Account* a : accounts) {
    for (const AccountPiece& piece : encode_account(*a)) store.accounts[piece.name] = piece.bytes;
  }
  return number;
}

// What needs no word, up to `as_of`; `partition` has `store` as its own.
inline void pass_silently(Partition& partition, MapStore& store, Instant as_of) {
  partition.settle(as_of, false);
  while (partition.settle_moves(SIZE_MAX)) {
  }
  const auto stored = store.entities;
  for (const auto& [key, row] : stored) {
    const auto& [account, kind, id] = key;
    if (row.second <= as_of) partition.settle_due({account, kind, id});
  }
  hand_over(partition, store);
}

inline std::string hexadecimal(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += kDigits[static_cast<unsigned char>(c) >> 4U];
    out += kDigits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

// The first difference; empty: none.
inline std::string difference(MapStore want, MapStore have) {
  const auto text = [](Instant t) {
    return t == kNever ? "never" : t == kAlways ? "always" : format_rfc3339(t);
  };
  for (const auto& [key, stored] : want.entities) {
    const std::string name = std::get<0>(key) + "/" + std::get<1>(key) + "/" + std::get<2>(key);
    const auto found = have.entities.find(key);
    if (found == have.entities.end()) return name + " is not stored";
    if (found->second.first != stored.first)
      return name + " is stored otherwise, " + hexadecimal(found->second.first) +
             ", the log says " + hexadecimal(stored.first);
    // One that stands too early is looked at then, and nothing comes of it.
    if (found->second.second > stored.second)
      return name + " falls due at another instant: " + text(found->second.second) +
             " is stored, the log says " + text(stored.second);
  }
  if (want.entities.size() != have.entities.size()) return "an entity is stored without a log";
  for (MapStore* store : {&want, &have})
    std::erase_if(store->accounts, [](const auto& piece) { return piece.second.empty(); });
  for (const auto& [name, bytes] : want.accounts) {
    const auto found = have.accounts.find(name);
    const std::string stored =
        found == have.accounts.end() ? "nothing" : hexadecimal(found->second);
    if (stored != hexadecimal(bytes))
      return "of an account the piece " + name + " is stored otherwise, " + stored +
             ", the log says " + hexadecimal(bytes);
  }
  for (const auto& [name, _] : have.accounts) {
    if (!want.accounts.contains(name))
      return "of an account the piece " + name + " is stored, the log has none";
  }
  return "";
}

}  // namespace tocsin
