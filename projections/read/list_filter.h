// Which rows of a list pass its filter: the part of the questions that clocks and alarms share.
//
// One query's; not thread safe. Cost: words are sought in the entity, which is a Get a row; teams
// and names of accounts are read once.
#pragma once

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

class FilteredList {
 public:
  FilteredList(const ReadView& view, const ListFilter& filter);

  bool passes(PartitionId partition, const EntityKey& entity, const std::string& clock,
              const ClockSummary& summary);
  bool passes(PartitionId partition, const EntityKey& entity, const GroupSummary& summary);
  // Of whom a row of another person's or role's inbox passes too.
  bool was_called(const GroupRow& group) const;
  // Whether the words stand in it.
  bool has_words(PartitionId partition, const EntityKey& entity, const EntityView& view);
  bool seeks_words() const { return !words_.empty(); }

  const AccountSummary& account(PartitionId partition, const std::string& name);

 private:
  bool is_of(const EntityKey& entity, std::string_view clock, const std::string& tier,
             const std::string& priority) const;

  const ReadView& view_;
  const ListFilter& filter_;
  const std::string words_;  // in lower case
  std::map<std::string, AccountSummary> accounts_;
};

// ASCII letters in lower case; all else as it is.
std::string lower_case(std::string_view text);

}  // namespace tocsin
