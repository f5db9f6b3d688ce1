// Which rows the store has: a table, one line a family. What else depends on a row's family is
// derived from it.
//
// Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace tocsin {

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
  kScore = 'Q',
  kBehind = 'B',
  kFault = 'F',
  kSummary = 'a',
  kSubject = 'U',
};

struct FamilySpec {
  Family family;
  // The parts of its key: `t` a text, `i` an instant, day, offset or row number, `l` a letter, `h`
  // a hash.
  std::string_view parts;
  // Where a row holds several of what is listed: the parts that follow its key in a cursor.
  std::string_view item = {};
  // Rows of one write come in order when those with the same parts before the first instant are
  // sorted by it: behind it comes the entity (row_runs.h).
  bool by_instant = false;
  // Rows at the front of such a range come and go: where it begins is kept (read_view.h).
  bool queue = false;
  bool remembered = false;  // read to be changed: what was written lately is kept in memory
  bool sought = false;      // asked for by whole keys, many of which are not there: with filters
};

inline constexpr std::array<FamilySpec, 18> kFamilies = {{
    // bookkeeping: name and more, which differ
    {Family::kMeta, ""},
    // the engine's state of an account: account
    {.family = Family::kAccount, .parts = "t", .sought = true},
    // an entity: the engine's state, what its views are made of, its newest timeline: account,
    // kind, id
    {.family = Family::kEntity, .parts = "ttt", .remembered = true, .sought = true},
    // dues: due, account, kind, id
    {.family = Family::kDue, .parts = "ittt", .by_instant = true, .queue = true},
    // identities seen, with the hash of their content: account, 16 bytes
    {.family = Family::kSeen, .parts = "th", .sought = true},
    // blocks of an entity's timeline (timeline_rows.h): account, kind, id, first offset
    {Family::kTimeline, "ttti"},
    // history of an account (timeline_rows.h): account, row number
    {Family::kHistory, "ti"},
    // records, where the store keeps them (timeline_rows.h): row number
    {Family::kRecord, "i"},
    // clocks, with what filters need: class, kind, clock, place in the list, account, id, cycle
    {.family = Family::kClock, .parts = "lttittt", .by_instant = true, .queue = true},
    // groups of inboxes: whose (InboxOf), name, state, called, rank, acknowledged, next due,
    // account, kind, id; those of an entity that share these are one row, by their names
    {.family = Family::kGroup, .parts = "ltllllittt", .item = "t", .by_instant = true},
    // open entities, those that have clocks or are in an inbox, with their title: account, kind, id
    {Family::kOpen, "ttt"},
    // sums, each of everybody, of a source, or of an account and a source (SumOf): source or empty,
    // account or empty; behind what follows the account's source, else empty
    // counts: kind, tier, priority, clock or empty
    {.family = Family::kCount, .parts = "ttttttt", .remembered = true},
    // figures: day, clock, threshold, priority, tier
    {.family = Family::kFigure, .parts = "ttittttt", .remembered = true},
    // scores: day, type, priority, tier
    {.family = Family::kScore, .parts = "ttitttt", .remembered = true},
    // what stands behind figures: clock, threshold, day, account, kind, id, cycle
    {.family = Family::kBehind, .parts = "ttitttt", .by_instant = true},
    // recurring faults, with the event's data: time, account, id
    {Family::kFault, "itt"},
    // what readers see of an account: account
    {Family::kSummary, "t"},
    // subjects of CRMs (subjects.h): 16 bytes
    {.family = Family::kSubject, .parts = "h", .sought = true},
}};

// By its letter; null for a letter that is none.
constexpr const FamilySpec* family_of(char letter) {
  for (const FamilySpec& spec : kFamilies) {
    if (static_cast<char>(spec.family) == letter) return &spec;
  }
  return nullptr;
}

namespace families {
constexpr bool letters_differ() {
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (kFamilies[i].family == kFamilies[j].family) return false;
    }
  }
  return true;
}
constexpr bool queues_are_by_instant() {
  for (const FamilySpec& spec : kFamilies) {
    const bool has_instant = spec.parts.find('i') != std::string_view::npos;
    if ((spec.queue && !spec.by_instant) || (spec.by_instant && !has_instant)) return false;
  }
  return true;
}
static_assert(letters_differ() && queues_are_by_instant());

// Letter to place, so that asking for a row's family is one step.
constexpr std::array<const FamilySpec*, 128> by_letter() {
  std::array<const FamilySpec*, 128> table{};
  for (const FamilySpec& spec : kFamilies) table[static_cast<unsigned char>(spec.family)] = &spec;
  return table;
}
inline constexpr std::array<const FamilySpec*, 128> kByLetter = by_letter();
}  // namespace families

// Of a whole key, whose family's letter stands behind the partition; null when it has none.
inline const FamilySpec* family_of_key(std::string_view key, std::size_t prefix_bytes) {
  if (key.size() < prefix_bytes) return nullptr;
  const auto letter = static_cast<unsigned char>(key[prefix_bytes - 1]);
  return letter < families::kByLetter.size() ? families::kByLetter[letter] : nullptr;
}

}  // namespace tocsin
