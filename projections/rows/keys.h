// The keys of the store: which rows there are, and the order in which they lie.
//
// A key is [partition, 4 bytes][family, 1 byte] and then the family's parts. A text part ends with
// 00 01 and holds 00 FF for each zero byte; an instant is 8 bytes, big-endian, sign flipped; both
// sort as their values do, and no part can be mistaken for the next.
//
// Which rows there are is one table, families.h: all else that depends on the family of a row (its
// key's form, filters, what is remembered, which ranges are queues) follows from it.
//
// Pure; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "engine/entity/entity_name.h"
#include "engine/log_port.h"
#include "events/hash.h"
#include "events/time.h"
#include "projections/rows/families.h"

namespace tocsin {

struct EntityKey {
  std::string account, kind, id;
  EntityKey() = default;
  EntityKey(std::string account, std::string kind, std::string id)
      : account(std::move(account)), kind(std::move(kind)), id(std::move(id)) {}
  explicit EntityKey(const EntityName& name)
      : account(name.account), kind(name.kind), id(name.id) {}
  operator EntityName() const { return {account, kind, id}; }
  friend auto operator<=>(const EntityKey&, const EntityKey&) = default;
};

inline constexpr std::size_t kKeyPrefixBytes = 5;

// Builds a key part by part: Key(0, Family::kDue).instant(due).entity(e).take().
class Key {
 public:
  Key(PartitionId partition, Family family);
  explicit Key(std::string begin) : bytes_(std::move(begin)) {}
  // Begins another key in the same memory.
  Key& start(PartitionId partition, Family family);

  Key& text(std::string_view part);
  Key& instant(Instant t);
  Key& offset(Offset offset) { return instant({offset}); }
  Key& day(std::int32_t day) { return instant({day}); }
  Key& letter(char c);
  Key& hash(const Hash128& hash);
  Key& entity(const EntityName& e) { return text(e.account).text(e.kind).text(e.id); }

  std::string take() { return std::move(bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads a key in the same order. Throws std::runtime_error when it holds something else.
class KeyReader {
 public:
  explicit KeyReader(std::string_view key);  // the key must outlive the reader
  explicit KeyReader(std::string&&) = delete;

  PartitionId partition() const { return partition_; }
  Family family() const { return family_; }
  std::string text();
  Instant instant();
  Offset offset() { return instant().ms; }
  std::int32_t day() { return static_cast<std::int32_t>(instant().ms); }
  char letter();
  Hash128 hash();
  EntityKey entity();
  std::string_view rest() const { return left_; }

 private:
  std::string_view left_;
  PartitionId partition_;
  Family family_;
};

// Where the instant, or the day, stands in a key that has one before its entity (D, C, G, B); 0 in
// others.
std::size_t place_of_instant(std::string_view key);
// The instant at a place in the key. Throws std::runtime_error when the key ends before its end.
Instant instant_at(std::string_view key, std::size_t place);

// Whether it is a key of that family, whole, with what cursors name behind it, and nothing more.
bool is_cursor_key(std::string_view key, Family family);

// The first key after all that begin with `prefix`.
std::string after_prefix(std::string prefix);

}  // namespace tocsin
