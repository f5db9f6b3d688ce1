// What a room keeps back from a store that is busy (app/hand_over.h, adr/0218).
#include <algorithm>
#include <utility>

#include "app/room.h"
#include "engine/fetch_ahead.h"
#include "events/check.h"

namespace tocsin {

namespace {

// Of a part, and of all that is kept back: a Partition has the identities of the last million in memory.
constexpr std::size_t kPartEntities = 1 << 14, kPartFacts = 1 << 16, kKeptFacts = 1 << 19;

}  // namespace

// An entity is encoded within some two microseconds: a part's within what a round takes.
std::size_t Room::part_entities() const {
  return std::min<std::size_t>(kPartEntities, options_.hot_entities / 8 + 1);
}

bool Room::part_is_full() const {
  return partition_->changes() >= part_entities() || part_facts_ >= kPartFacts;
}

std::chrono::steady_clock::time_point Room::kept_since() const {
  return owed_.empty() ? part_since_ : owed_.front().since;
}

// Its entities stay in memory, and so must the identities of its facts, which the store does not know.
bool Room::keeps_back_much() const {
  std::size_t entities = partition_->changes();
  for (const Owed& owed : owed_) entities += owed.entities.size() - owed.at;
  return entities >= options_.hot_entities || kept_facts_ >= kKeptFacts ||
         partition_->entities_in_memory() > options_.hot_entities / 2 * 3;
}

// Of all rounds so far; nothing was decided since the last.
void Room::close_part() {
  Owed owed;
  owed.part = part_;
  owed.since = part_since_;
  owed.facts = part_facts_;
  std::vector<Account*> accounts;
  owed.hand_over = partition_->owe_changes(owed.entities, accounts);
  owed.changes = std::exchange(part_changes_, {});
  // Encoded already, and like the others in no index yet.
  owed.entities.insert(owed.entities.end(), part_shown_.begin(), part_shown_.end());
  part_shown_.clear();
  owed.changes.push_back(begin_changes());
  add_accounts(owed.changes.back(), accounts);
  handed_over_.close(part_, part_rounds_, owed.hand_over);
  owed_.push_back(std::move(owed));
  part_ = part_rounds_ = part_facts_ = 0;
}

void Room::hand_over(bool all) {
  if (part_ != 0 && batch_.empty() && (all || owed_.empty())) close_part();
  encode_owed(all ? SIZE_MAX : std::max<std::size_t>(1, part_entities() / 32));
}

void Room::encode_owed(std::size_t most) {
  for (; !owed_.empty(); owed_.pop_front()) {
    Owed& first = owed_.front();
    for (; first.at < first.entities.size(); ++first.at) {
      if (most == 0) return;
      fetch_ahead(first.entities, first.at);
      Entity& e = *first.entities[first.at];
      if (!Partition::take_owed(e, first.hand_over)) continue;
      add_entity(first.changes.back(), e);
      --most;
    }
    kept_facts_ -= first.facts;
    handed_over_.complete(first.part, std::move(first.changes));
  }
}

// What is owed of it is its state until now.
void Room::before_change(Entity& e) {
  const auto of = std::lower_bound(
      owed_.begin(), owed_.end(), e.owed,
      [](const Owed& owed, std::uint64_t hand_over) { return owed.hand_over < hand_over; });
  CHECK(of != owed_.end() && of->hand_over == e.owed);  // the part to which it is owed is there
  Partition::take_owed(e, of->hand_over);
  add_entity(of->changes.back(), e);
}

// Before a policy or roster changes how entities are shown: those that changed before are shown by what
// was in force then, as a replay has it.
void Room::show_as_it_was() {
  encode_owed(SIZE_MAX);
  if (store_ == nullptr || partition_->changes() == 0 || partition_->has_undecided()) return;
  std::vector<Entity*> entities;
  std::vector<Account*> accounts;
  partition_->take_changes(entities, accounts);
  part_changes_.push_back(begin_changes());
  for (Entity* e : entities) add_entity(part_changes_.back(), *e);
  part_shown_.insert(part_shown_.end(), entities.begin(), entities.end());
  add_accounts(part_changes_.back(), accounts);
}

}  // namespace tocsin
