// The keys of the store: which rows there are, and the order in which they lie.
//
// A key is [partition, 4 bytes][family, 1 byte] and then the family's parts. A text part ends with
// 00 01 and holds 00 FF for each zero byte; an instant is 8 bytes, big-endian, sign flipped; both
// sort as their values do, and no part can be mistaken for the next.
//
//   family              parts                                            value
//   m meta              name                                             applied offset, low-water
//   keys A account           account                                          the engine's state of
//   it E entity            account, kind, id                                the engine's state of
//   it V projection        account, kind, id                                what views are made of
//   D due               due, account, kind, id                           –
//   S seen              account, 16 bytes                                hash of the fact's content
//   T timeline          account, kind, id, offset                        the record, if events are
//   kept H history           account, offset                                  kind, id C clocks
//   class, clock, due, account, kind, id, cycle      what filters need G groups            p or r,
//   person or role, urgency, begun, account,
//                       kind, id, escalation                             –
//   O open entities     account, kind, id                                –
//   N counts            account or empty, name                           number
//   K figures           account or empty, day, clock, threshold,
//                       priority, tier                                   KpiValue
//   Q satisfaction      account or empty, day, tier                      sum and count
//   F recurring faults  time, account, module, week                      the event's data
//   a account summary   account                                          AccountSummary
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
  kProjection = 'V',
  kDue = 'D',
  kSeen = 'S',
  kTimeline = 'T',
  kHistory = 'H',
  kClock = 'C',
  kGroup = 'G',
  kOpen = 'O',
  kCount = 'N',
  kFigure = 'K',
  kSatisfaction = 'Q',
  kFault = 'F',
  kSummary = 'a',
};

inline constexpr std::size_t kKeyPrefixBytes = 5;

// Builds a key part by part: Key(0, Family::kDue).instant(due).entity(e).take().
class Key {
 public:
  Key(PartitionId partition, Family family);
  explicit Key(std::string begin) : bytes_(std::move(begin)) {}

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

// The first key after all that begin with `prefix`.
std::string after_prefix(std::string prefix);

}  // namespace tocsin
