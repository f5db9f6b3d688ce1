// What the records of a stretch of the log changed, as it is handed to a store.
//
// A value; who hands it over gives it away. Its views are of `bytes`, which copies share, or of `records`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/log_port.h"
#include "events/arena.h"
#include "events/hash.h"
#include "events/time.h"
#include "projections/rows/keys.h"
#include "projections/rows/projection.h"
#include "projections/rows/subjects.h"

namespace tocsin {

using BusinessDay = std::function<Day(Instant)>;
// Gets dues in their order; false ends the walk.
using DueSink = std::function<bool(Instant, const EntityKey&)>;

struct EntityChange {
  EntityName key;
  std::string_view state;    // the engine's, opaque
  std::string_view view;     // as encode_view makes it
  Instant next_due{kNever};  // the entity's timer
  bool first_row = false;    // the store knew of no such entity; set by the store
};

// A fact or derived event on the timeline of an entity.
struct TimelineRow {
  Offset offset = 0;
  EntityName entity;
  std::string_view record;  // as in the log; empty when nobody reads it (StorePort::keeps_records)
};

struct SeenRow {
  std::string_view account;
  Hash128 identity;           // identity_hash(source, id)
  std::uint64_t content = 0;  // content_hash
};

struct AccountChange {
  std::string account;  // or the name of a piece of one
  std::string state;    // the engine's, opaque; empty: it is no more
};

struct SummaryChange {
  std::string account;
  std::string summary;  // what readers see of it, by encode(AccountSummary); empty: nothing
};

// What records […, next) of a partition changed. An entity that changed several times is listed
// once, as it is after the batch.
struct AppliedBatch {
  PartitionId partition = 0;
  Offset next = 0;
  std::vector<EntityChange> entities;
  std::vector<AccountChange> accounts;
  std::vector<SummaryChange> summaries;
  std::vector<TimelineRow> timeline;
  std::vector<SeenRow> seen;
  std::vector<SubjectRow> subjects;
  // Days of the business zone as of these records; pure and callable from any thread.
  std::shared_ptr<const BusinessDay> business_day;
  std::shared_ptr<Arena> bytes;          // null while nothing is of it
  std::shared_ptr<const Arena> records;  // null: records are of `bytes` too

  std::string_view keep(std::string_view text) {
    if (bytes == nullptr) bytes = std::make_shared<Arena>();
    return bytes->keep(text);
  }
  EntityName keep(const EntityName& name) {
    return {keep(name.account), keep(name.kind), keep(name.id)};
  }
  // Each with copies of what it is told.
  void add_entity(const EntityName& name, std::string_view state, std::string_view view,
                  Instant next_due) {
    entities.push_back({keep(name), keep(state), keep(view), next_due});
  }
  void add_event(Offset offset, const EntityName& name, std::string_view record) {
    timeline.push_back({offset, keep(name), keep(record)});
  }
  void add_seen(std::string_view account, const Hash128& identity, std::uint64_t content) {
    seen.push_back({keep(account), identity, content});
  }
};

}  // namespace tocsin
