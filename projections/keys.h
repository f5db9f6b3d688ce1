// The keys of the store: which rows there are, and the order in which they lie.
//
// A key is [partition, 4 bytes][family, 1 byte] and then the family's parts. A text part ends with
// 00 01 and holds 00 FF for each zero byte; an instant is 8 bytes, big-endian, sign flipped; both
// sort as their values do, and no part can be mistaken for the next.
//
//   m bookkeeping: name
//   A the engine's state of an account: account
//   E an entity: the engine's state, what its views are made of, its newest timeline: account,
//     kind, id
//   D dues: due, account, kind, id
//   S identities seen, with the hash of their content: account, 16 bytes
//   T blocks of an entity's timeline (timeline_rows.h): account, kind, id, first offset
//   H history of an account (timeline_rows.h): account, row number
//   R records, where the store keeps them (timeline_rows.h): row number
//   C clocks, with what filters need: class, kind, clock, due, account, id, cycle
//   G groups: p or r, person or role, urgency, begun, account, kind, id, group's name
//   O open entities: account, kind, id
//   N counts: account or empty, name
//   K figures: account or empty, day, clock, threshold, priority, tier
//   Q satisfaction: account or empty, day, tier
//   F recurring faults, with the event's data: time, account, id
//   a account summary: account
//   U subjects of CRMs (subjects.h): 16 bytes
//
// Pure; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/log_port.h"
#include "events/hash.h"
#include "events/time.h"

namespace tocsin {

struct EntityKey {
  std::string account, kind, id;
  friend auto operator<=>(const EntityKey&, const EntityKey&) = default;
};

enum class Family : char {
  kMeta = 'm',
  kAccount = 'A',
  kEntity = 'E',
  kDue = 'D',
  kSeen = 'S',
  kTimeline = 'T',
  kHistory = 'H',
  kRecord = 'R',
  kClock = 'C',
  kGroup = 'G',
  kOpen = 'O',
  kCount = 'N',
  kFigure = 'K',
  kSatisfaction = 'Q',
  kFault = 'F',
  kSummary = 'a',
  kSubject = 'U',
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
  Key& entity(const EntityKey& e) { return text(e.account).text(e.kind).text(e.id); }

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
  EntityKey entity();
  std::string_view rest() const { return left_; }

 private:
  std::string_view left_;
  PartitionId partition_;
  Family family_;
};

// Where the instant stands in a key that has one before its entity (D, C, G); 0 in others.
std::size_t place_of_instant(std::string_view key);
// The instant at a place in the key. Throws std::runtime_error when the key ends before its end.
Instant instant_at(std::string_view key, std::size_t place);

// Whether it is a key of that family, whole and nothing more.
bool is_whole_key(std::string_view key, Family family);

// The first key after all that begin with `prefix`.
std::string after_prefix(std::string prefix);

}  // namespace tocsin
