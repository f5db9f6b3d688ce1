#include "app/room.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "app/engine_record.h"
#include "app/policy_record.h"
#include "app/room_cold.h"
#include "app/roster_record.h"
#include "engine/entity/entity_codec.h"
#include "engine/fetch_ahead.h"
#include "engine/pushed_record.h"
#include "engine/said/derived.h"
#include "events/check.h"
#include "events/log_record.h"
#include "events/vocabulary.h"
#include "events/writer.h"
#include "projections/rows/account_summary.h"

namespace tocsin {

namespace {

// Looking ahead reads all that waits to be written: where that is much it may wait as long as what
// is in memory lasts for so long.
constexpr std::size_t kMuchWaits = 64u << 20;
constexpr Duration kNear = minutes(10);

// The store's account under which the policies so far are kept: no account has a control character.
const std::string kPoliciesKey = "\x01policies";
const std::string kRosterKey = "\x01roster";
const std::string kPushedKey = "\x01pushed:";  // and the push's name
const std::string kIntakeKey = "\x01intake";
const std::string kControlKey = "\x01control";
const std::string kMovedKey = "\x01moved";

EntityName name_of(const Entity& entity) { return {entity.account, entity.spec().name, entity.id}; }
EntityName name_of(const EntityHome& home) { return {home.account, home.kind, home.id}; }

// What readers see of an account.
AccountSummary summarize(const Account& account) {
  AccountSummary summary{account.title, account.tier, {}};
  for (const auto& [role, holder] : account.roles) summary.team[role] = holder.persons;
  return summary;
}

}  // namespace

Room::Room(RoomOptions options, StorePort* store, CommittedListener listener)
    : options_(std::move(options)),
      store_(store),
      listener_(std::move(listener)),
      handed_over_(store) {
  if (store_ != nullptr) cold_ = std::make_unique<Cold>(*store_, options_.partition);
  sink_ = [this](const Entity& entity, const Derived& event, Instant recorded) {
    if (const auto year = years_.notice(entity, event); year && options_.on_unconfirmed)
      options_.on_unconfirmed(*year);
    scratch_.clear();
    encode(scratch_, entity, *entity.policy, event, recorded_, true,
           believed_stamp(recorded, recorded_));
    Decided::Place& place = append(entity.account, scratch_, RecordKind::kDerived, event.time);
    place.entity = keep(name_of(entity));
    place.type = is_of_stage(event.type) ? batch_.keep(event_type(entity.spec(), event.type))
                                         : name(event.type);
    place.derived = events_.size();
    events_.push_back({kept(event, *batch_.bytes), entity.policy, &entity.spec()});
  };
  reset();
}

Room::~Room() = default;

void Room::reset() {
  begin_round();
  gathered_ = begin_changes();
  pushed_.clear();
  policies_.clear();
  stored_policies_ = 0;
  refusals_.clear();
  roster_ = {};
  stored_roster_.clear();
  horizon_ = kAlways;
  looking_ahead_ = false;
  owed_.clear();
  part_changes_.clear();
  part_shown_.clear();
  part_ = part_rounds_ = part_facts_ = kept_facts_ = 0;
  handed_over_.forget();
  auto old =
      std::exchange(partition_, std::make_unique<Partition>(options_.policy.policy(), cold_.get()));
  // A takeover does not wait until what many entities held is freed.
  if (old) freeing_ = std::jthread([old = std::move(old)] {});
  partition_->on_fired(options_.on_fired);
  partition_->before_change([this](Entity& entity) { before_change(entity); });
  if (store_ != nullptr) {
    partition_->set_horizon(kAlways);
    // What was handed over counts, written or not: loads include it.
    next_ = std::max(handed_over_.given(), store_->applied(options_.partition));
    load_policies();
    const auto moved = store_->load_account(options_.partition, kMovedKey);
    stored_moved_ = moved ? std::stoi(*moved) : 0;
    partition_->moved_until(stored_moved_);
    const auto intake = store_->load_account(options_.partition, kIntakeKey);
    intake_next_ = stored_intake_ = intake ? std::stoll(*intake) : -1;
    const auto control = store_->load_account(options_.partition, kControlKey);
    control_next_ = stored_control_ = control ? std::stoll(*control) : 0;
  } else {
    next_ = control_next_ = 0;
  }
}

void Room::load_policies() {
  const auto known = store_->load_account(options_.partition, kPoliciesKey);
  if (!known) return;
  for (std::size_t at = 0; at < known->size();) {
    const std::size_t end = known->find('\n', at);
    adopt(std::string_view(*known).substr(at, end - at));
    at = end + 1;
  }
  stored_policies_ = policies_.size();
  if (const auto roster = store_->load_account(options_.partition, kRosterKey)) {
    roster_ = RosterInForce::of_text(*roster);
    partition_->adopt(roster_.roster());
  }
  stored_roster_ = roster_.text();
}

void Room::adopt_roster(std::string_view record) {
  roster_.take(record);
  partition_->adopt(roster_.roster());
}

void Room::adopt(std::string_view record) {
  LogEvent event;
  if (!read_log_record(record, event))
    throw std::runtime_error("a policy record of the log cannot be read");
  partition_->adopt(policy_of_record(event.data, event.decided));
  policies_.append(record).append("\n");
  latest_ = std::max(latest_, event.decided);
  recorded_ = std::max(recorded_, event.recorded);
  business_day_ =
      std::make_shared<BusinessDay>([calendar = partition_->policy().working()](Instant t) {
        return Day{calendar.local_date(t).day};
      });
}

// ---- following ---------------------------------------------------------------------------------

void Room::follow(Offset offset, std::string_view record, bool owned) {
  if (!read_log_record(record, event_)) {
    throw std::runtime_error("record " + std::to_string(options_.partition) + ":" +
                             std::to_string(offset) + " of the log cannot be read");
  }
  if (event_.format > kLogFormat) {
    throw std::runtime_error("record " + std::to_string(options_.partition) + ":" +
                             std::to_string(offset) + " has format " +
                             std::to_string(event_.format) + "; this version reads up to " +
                             std::to_string(kLogFormat));
  }
  if (event_.type == kPolicyType && !gathered_.timeline.empty()) followed(offset, false);
  learn(event_);
  if (event_.type == kPolicyType) adopt(record);
  if (event_.type == kPushedType) note_pushed(record);
  if (is_roster_type(event_.type)) adopt_roster(record);
  if (is_engine_type(event_.type)) follow_own();
  Committed told;
  told.partition = options_.partition;
  told.offset = offset;
  told.owned = owned;
  told.replayed = offset < std::max(replay_end_, told_.load());
  told_ = std::max(told_.load(), offset + 1);
  told.type = event_.type;
  told.time = event_.time;
  told.account = event_.account;
  told.bytes = record;
  if (is_engine_type(event_.type)) {
    told.kind = RecordKind::kEngine;
    if (listener_) listener_(told);
    return;
  }
  EntityName name;
  partition_->evolve(event_);
  if (event_.is_fact()) {
    const Partition::Replayed replayed = partition_->replayed();
    const EntityHome home = partition_->home_of(replayed.fact);
    name = gathered_.keep(name_of(home));
    gathered_.add_seen(replayed.fact.account, replayed.identity, replayed.content);
    if (auto row = subject_row(replayed.fact, event_.stamps))
      gathered_.subjects.push_back(std::move(*row));
  } else {
    name = gathered_.keep({event_.account, kind_in(event_), event_.subject});
    const auto [event, entity] = partition_->replayed_event();
    told.kind = RecordKind::kDerived;
    told.derived = event;
    told.policy = entity == nullptr ? nullptr : entity->policy;
    told.spec = entity == nullptr ? nullptr : &entity->spec();
  }
  told.entity_kind = name.kind;
  told.entity_id = name.id;
  if (listener_) listener_(told);
  gathered_.timeline.push_back(
      {offset, name, is_read_by_store(event_.type) ? gathered_.keep(record) : std::string_view()});
}

Room::Gathered Room::gathered() const {
  const std::size_t records = gathered_.timeline.size();
  const std::size_t bytes = gathered_.bytes->bytes() + records * sizeof(TimelineRow) +
                            gathered_.seen.size() * sizeof(SeenRow) +
                            gathered_.subjects.size() * sizeof(SubjectRow);
  return {records, partition_->evolved(), bytes};
}

void Room::followed(Offset next, bool own) {
  partition_->settle(latest_, own);
  std::uint64_t hand_over = 0;
  CHECK(places_.empty());                 // names of what was decided are of what is handed over
  CHECK(!keeps_back() && next >= next_);  // who follows has given everything
  AppliedBatch applied = take_changes(hand_over);
  handed_over_.add(0, std::move(applied), next, hand_over);
  next_ = next;
}

// ---- owning ------------------------------------------------------------------------------------

Decided::Place& Room::append(std::string_view account, std::string_view value, RecordKind kind,
                             Instant time) {
  batch_.append(account, value);
  Decided::Place& place = places_.emplace_back();
  place.kind = kind;
  place.time = time;
  return place;
}

// The engine's instants may be set back by this much less and no more: clocks of several machines
// differ by some.
constexpr Duration kSetBack = minutes(5);

Instant Room::moment(Instant now) const {
  return now + kSetBack < latest_ ? now : std::max(now, latest_);
}

// How far a push came in this partition; a record may be about others only.
void Room::note_pushed(std::string_view record) {
  LogEvent event;
  if (!read_log_record(record, event)) return;
  const auto next = pushed_offset(event.data, options_.partition);
  if (next) pushed_[std::string(event.subject)] = *next;
}

std::optional<Offset> pushed_position(const Store& store, PartitionId partition,
                                      const std::string& push) {
  const auto known = store.load_account(partition, kPushedKey + push);
  return known ? std::optional<Offset>(std::stoll(*known)) : std::nullopt;
}

void Room::use(Instant now) {
  CHECK(now >= latest_ ||
        now + kSetBack < latest_);  // an instant goes back only where the clock was set back
  if (now < latest_) partition_->set_back(now);
  latest_ = now;
  recorded_ = std::max(recorded_, now);
}

void Room::learn(const LogEvent& last) {
  latest_ = last.decided;
  recorded_ = std::max(recorded_, last.recorded);
  knows_latest_ = true;
}

Judged& Room::arrive(Decoded& decoded, Instant arrival, Instant facts_now) {
  use(arrival);
  Judged& judged = judged_;
  partition_->check(decoded, facts_now, true, judged);
  if (judged.outcome != Outcome::kAccepted) return judged;
  decoded.fact.recorded = arrival;
  partition_->take(decoded, judged);
  if (auto row = subject_row(decoded.fact, decoded.fact.extensions))
    gathered_.subjects.push_back(std::move(*row));
  scratch_.clear();
  Fact& fact = decoded.fact;
  if (const std::string believed = believed_stamp(arrival, recorded_); !believed.empty())
    judged.stamps += (judged.stamps.empty() ? "" : ",") + believed;
  fact.recorded = recorded_;
  append_fact_record(scratch_, fact, judged.stamps);
  Decided::Place& place = append(fact.account, scratch_, RecordKind::kFact, fact.time);
  const Entity* const entity = judged.entity;
  place.entity = keep(entity != nullptr ? name_of(*entity) : name_of(partition_->home_of(fact)));
  place.type = batch_.keep(fact.type);
  gathered_.add_seen(fact.account, judged.identity, judged.content);
  return judged;
}

void Room::decide(Instant now, Instant release) {
  use(now);
  partition_->decide(now, release, sink_);
}

bool Room::fire(Instant until, Instant now, std::size_t most) {
  use(now);
  return partition_->fire(until, now, sink_, most);
}

bool Room::wants_to_look_ahead(Instant now) const {
  if (store_ == nullptr) return false;
  if (horizon_ >= now + kNear && (keeps_back() || store_->waiting_bytes() > kMuchWaits))
    return false;
  return looking_ahead_ || horizon_ == kAlways ||
         now + Duration{options_.horizon.ms / 2} >= horizon_;
}

void Room::look_ahead(Instant now) {
  if (!wants_to_look_ahead(now)) return;
  const Instant to = now + options_.horizon;
  std::size_t rows = 0;
  Instant last = horizon_;
  looking_ahead_ = false;
  store_->scan_due(options_.partition, horizon_, to, [&](Instant due, const EntityKey& key) {
    // Those of one instant stay together.
    if (rows >= options_.look_ahead_rows && due > last) {
      looking_ahead_ = true;
      return false;
    }
    ++rows;
    last = due;
    partition_->expect(due, key.account, key.kind, key.id);
    return true;
  });
  horizon_ = looking_ahead_ ? last + milliseconds(1) : to;
  std::vector<Entity*> not_given = part_shown_;
  for (const Owed& owed : owed_)
    not_given.insert(not_given.end(), owed.entities.begin(), owed.entities.end());
  partition_->set_horizon(horizon_, not_given);
}

Decided Room::take_decided(Offset intake_next, bool keep_back) {
  batch_.intake_next = intake_next;
  if (intake_next >= 0) intake_next_ = intake_next;
  knows_latest_ = knows_latest_ || !batch_.log.empty();
  Decided decided;
  decided.batch = std::move(batch_);
  decided.places = std::move(places_);
  decided.events = std::move(events_);
  begin_round();
  if (store_ == nullptr || (!keep_back && !keeps_back() && part_changes_.empty())) {
    decided.applied = take_changes(decided.hand_over);
    return decided;
  }
  // Behind what is kept back everything is, until all of that is encoded.
  const bool alone = !keep_back && !keeps_back();
  if (part_ == 0) {
    part_ = ++parts_;
    part_since_ = std::chrono::steady_clock::now();
  }
  decided.part = part_;
  ++part_rounds_;
  part_facts_ += gathered_.seen.size();
  kept_facts_ += gathered_.seen.size();
  decided.applied = take_gathered();
  if ((!keep_back && owed_.empty()) || part_is_full()) close_part();
  if (alone) encode_owed(SIZE_MAX);
  partition_->evict(options_.hot_entities, handed_over_.number());
  return decided;
}

void Room::begin_round() {
  batch_ = {};
  batch_.partition = options_.partition;
  batch_.bytes = options_.arenas->take();
  const MutexLock lock(spare_mutex_);
  batch_.log = std::move(spare_.log);
  places_ = std::move(spare_.places);
  events_ = std::move(spare_.events);
}

void Room::give_back(Decided& decided) {
  Spare spare{std::move(decided.batch.log), std::move(decided.places), std::move(decided.events)};
  spare.log.clear();
  spare.places.clear();
  spare.events.clear();
  const MutexLock lock(spare_mutex_);
  std::swap(spare_, spare);
}

void Room::tell(const Decided& decided, Offset first) const {
  CHECK(decided.places.size() == decided.batch.log.size());  // each record of a batch has its place
  Committed told;
  told.partition = options_.partition;
  told.owned = true;
  for (std::size_t i = 0; i < decided.places.size(); ++i) {
    const Decided::Place& place = decided.places[i];
    told.offset = first + static_cast<Offset>(i);
    told.kind = place.kind;
    told.time = place.time;
    told.account = decided.batch.log[i].key;
    told.entity_kind = place.entity.kind;
    told.entity_id = place.entity.id;
    told.bytes = decided.batch.log[i].value;
    const bool derived = place.kind == RecordKind::kDerived;
    const Decided::Event* event =
        derived && place.derived != Decided::kNoEvent ? &decided.events[place.derived] : nullptr;
    told.type = place.type;
    told.derived = event != nullptr ? &event->said : nullptr;
    told.policy = event != nullptr ? event->policy : nullptr;
    told.spec = event != nullptr ? event->spec : nullptr;
    listener_(told);
  }
  told = {};
  told.partition = options_.partition;
  told.owned = true;
  told.kind = RecordKind::kRejected;
  for (const RejectedRecord& rejected : decided.batch.rejected) {
    told.type = rejected.reason;
    told.time = rejected.arrived;
    told.bytes = rejected.original;
    listener_(told);
  }
}

void Room::committed(Decided decided, Offset first, Offset next) {
  if (listener_) tell(decided, first);
  told_ = std::max(told_.load(), next);
  AppliedBatch& applied = decided.applied;
  const std::vector<LogRecord>& records = decided.batch.log;
  const bool keeps_records = store_ != nullptr && store_->keeps_records();
  applied.timeline.reserve(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Decided::Place& place = decided.places[i];
    if (place.entity.kind.empty()) continue;
    std::string_view record;
    if (keeps_records) {
      record = records[i].value;
      if (applied.records == nullptr) applied.records = decided.batch.bytes;
    } else if (is_read_by_store(place.type)) {
      record = applied.keep(records[i].value);
    }
    applied.timeline.push_back({first + static_cast<Offset>(i), place.entity, record});
  }
  give_back(decided);
  handed_over_.add(decided.part, std::move(applied), next, decided.hand_over);
  next_ = next;
}

bool Room::is_read_by_store(std::string_view type) const {
  return store_ != nullptr && (store_->keeps_records() || is_read_by_views(type));
}

EntityName Room::keep(const EntityName& name) {
  // What is decided about an entity comes in one piece.
  if (places_.size() > 1) {
    const EntityName& last = places_[places_.size() - 2].entity;
    if (last == name) return last;
  }
  return gathered_.keep(name);
}

// Everything that changed since the last time, as it is now.
AppliedBatch Room::take_changes(std::uint64_t& hand_over) {
  std::vector<Entity*> entities;
  std::vector<Account*> accounts;
  hand_over = partition_->take_changes(entities, accounts);
  AppliedBatch applied = take_gathered();
  if (store_ == nullptr) return applied;
  applied.entities.reserve(entities.size());
  for (std::size_t i = 0; i < entities.size(); ++i) {
    fetch_ahead(entities, i);
    add_entity(applied, *entities[i]);
  }
  add_accounts(applied, accounts);
  partition_->evict(options_.hot_entities, handed_over_.number());
  return applied;
}

AppliedBatch Room::take_gathered() {
  AppliedBatch taken = std::exchange(gathered_, begin_changes());
  taken.business_day = business_day_;
  return taken;
}

AppliedBatch Room::begin_changes() {
  AppliedBatch batch;
  batch.partition = options_.partition;
  batch.bytes = options_.arenas->take();
  batch.business_day = business_day_;
  return batch;
}

void Room::add_entity(AppliedBatch& to, Entity& e) {
  partition_->view(e, view_);
  encoded_.clear();
  encode_entity(encoded_, e);
  encoded_view_.clear();
  encode_view(encoded_view_, view_);
  to.add_entity(name_of(e), encoded_, encoded_view_, partition_->due_of(e));
}

// And what else the store keeps under the names of accounts, where it changed.
void Room::add_accounts(AppliedBatch& applied, const std::vector<Account*>& accounts) {
  for (Account* a : accounts) {
    auto pieces = encode_account(*a);  // its own first, empty of who came to nothing
    applied.summaries.push_back({a->name, pieces[0].bytes.empty() ? "" : encode(summarize(*a))});
    for (auto& piece : pieces) applied.accounts.push_back({piece.name, std::move(piece.bytes)});
  }
  if (policies_.size() != stored_policies_) applied.accounts.push_back({kPoliciesKey, policies_});
  stored_policies_ = policies_.size();
  for (const auto& [push, next] : std::exchange(pushed_, {}))
    applied.accounts.push_back({kPushedKey + push, std::to_string(next)});
  if (std::string roster = roster_.text(); roster != stored_roster_) {
    applied.accounts.push_back({kRosterKey, roster});
    stored_roster_ = std::move(roster);
  }
  if (intake_next_ != stored_intake_)
    applied.accounts.push_back({kIntakeKey, std::to_string(intake_next_)});
  stored_intake_ = intake_next_;
  if (const std::int32_t moved = partition_->moved_until(); moved != stored_moved_) {
    applied.accounts.push_back({kMovedKey, std::to_string(moved)});
    stored_moved_ = moved;
  }
  if (control_next_ != stored_control_)
    applied.accounts.push_back({kControlKey, std::to_string(control_next_)});
  stored_control_ = control_next_;
}

}  // namespace tocsin
