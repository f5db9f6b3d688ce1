// Which rows of a list pass its filter: the part of the questions that clocks and alarms share.
//
// One query's; not thread safe. Cost: teams and names of accounts are read once. Words are sought in
// the rows of what is open (each_narrowed), or row by row in the entity, which is a Get each.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "projections/read/query.h"
#include "projections/rows/views.h"

namespace tocsin {

// An entity as its row has it; nullopt when there is none, or its kind is in no policy.
std::optional<Projection> find_projection(const ReadView& view, PartitionId partition,
                                          const EntityKey& entity);
// The same from its row.
std::optional<Projection> projection_in(std::string_view row, const EntityKey& entity);
// What people call the account; empty: unknown.
std::string account_name(const ReadView& view, PartitionId partition, const std::string& account);

// Whether the person plays the role for the account; without a person: whether anybody does; without
// a role: whether the person plays any.
bool fits_team(const AccountSummary& of, const PersonWords& person, const std::string& role);

class FilteredList {
 public:
  // Beyond so many entities in which the words stand a list is not sorted in memory.
  static constexpr std::size_t kWordsMax = 1'000;

  using Visit = std::function<bool(PartitionId, const EntityKey&, const Projection&)>;

  FilteredList(const ReadView& view, const ListFilter& filter);

  bool passes(PartitionId partition, const EntityKey& entity, const std::string& clock,
              const ClockSummary& summary);
  bool passes(PartitionId partition, const EntityKey& entity, const GroupSummary& summary);
  // Of whom a row of another person's or role's inbox passes too.
  bool was_called(const GroupRow& group) const;
  // Whether the words stand in it.
  bool has_words(PartitionId partition, const EntityKey& entity, std::string_view title);
  // Calls `visit` with each entity that can be in the list, read, when account, scope or words
  // narrow it to few: at most `most`. `ended`: those too of which nothing is open any more; only
  // accounts narrow these. False: it is about more, or narrowed by nothing; `visit` may have been
  // called for some. `visit` returns false to end it so.
  bool each_narrowed(bool ended, std::size_t most, const Visit& visit);
  bool seeks_words() const { return !words_.empty(); }

  const AccountSummary& account(PartitionId partition, const std::string& name);

 private:
  bool read_narrowed(bool ended, std::size_t most, const Visit& visit);
  // Of what the summaries of clocks and groups share.
  template <typename Summary>
  bool is_of(const EntityKey& entity, std::string_view clock, const Summary& summary) const;

  const ReadView& view_;
  const ListFilter& filter_;
  const std::string words_;  // in lower case
  std::map<std::string, AccountSummary> accounts_;
};

// ASCII letters in lower case; all else as it is.
std::string lower_case(std::string_view text);
// Whether `words`, in lower case, stand in the text, however it writes its ASCII letters.
bool contains_words(std::string_view text, std::string_view words);

}  // namespace tocsin
