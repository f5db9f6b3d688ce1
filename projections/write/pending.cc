#include "projections/write/pending.h"

namespace tocsin {

void Pending::add(AppliedBatch batch) {
  const bool kept = keep(batch.bytes);
  const bool kept_records = batch.records == nullptr ? kept : keep(batch.records);
  const auto of = [this](std::string_view text, bool stays) {
    return stays ? text : arena_.keep(text);
  };
  applied_[batch.partition] = batch.next;
  if (days_.empty() || days_.back() != batch.business_day) days_.push_back(batch.business_day);
  const BusinessDay* const day = days_.back().get();

  for (const EntityChange& c : batch.entities) {
    Entity& e = entity(batch.partition, c.key, c.first_row);
    e.state = of(c.state, kept);
    e.view = of(c.view, kept);
    e.next_due = c.next_due;
    e.business_day = day;
  }
  const auto replace = [this](ByKey<std::string_view>& rows, const Key& key,
                              const std::string& value) {
    const auto at = rows.find(key.bytes());
    if (at != rows.end()) {
      at->second = arena_.keep(value);
    } else {
      rows.emplace(arena_.keep(key.bytes()), arena_.keep(value));
    }
  };
  for (const AccountChange& a : batch.accounts)
    replace(accounts_, Key(batch.partition, Family::kAccount).text(a.account), a.state);
  for (const SummaryChange& s : batch.summaries)
    replace(summaries_, Key(batch.partition, Family::kSummary).text(s.account), s.summary);
  for (const SeenRow& s : batch.seen) {
    const Key key = Key(batch.partition, Family::kSeen).text(s.account).hash(s.identity);
    seen_.insert_or_assign(arena_.keep(key.bytes()), s.content);
  }
  for (const SubjectRow& s : batch.subjects) {
    const Key key = Key(batch.partition, Family::kSubject).hash(s.subject);
    subjects_.insert_or_assign(arena_.keep(key.bytes()), arena_.keep(encode_subject(s)));
  }
  const EntityName* last = nullptr;
  Entity* entity_of = nullptr;
  for (const TimelineRow& row : batch.timeline) {
    // What is decided about an entity comes in one piece.
    if (last == nullptr || *last != row.entity)
      entity_of = &entity(batch.partition, row.entity, false);
    last = &row.entity;
    const auto number = static_cast<std::uint32_t>(events_.size());
    if (entity_of->last_event == kNoEvent) {
      entity_of->first_event = number;
    } else {
      events_[entity_of->last_event].next = number;
    }
    entity_of->last_event = number;
    Event& event = events_.emplace_back();
    event.entity = last_key_;
    event.offset = row.offset;
    event.business_day = day;
    event.record = of(row.record, kept_records);
  }
}

// Not what holds little, or little of what it could: that would hold memory for nothing.
bool Pending::keep(const std::shared_ptr<const Arena>& bytes) {
  constexpr std::size_t kLittle = 32 << 10;
  if (bytes == nullptr || bytes->bytes() < kLittle || bytes->bytes() < bytes->memory() / 4)
    return false;
  kept_bytes_ += bytes->memory();
  kept_.push_back(bytes);
  return true;
}

Pending::Entity& Pending::entity(PartitionId partition, const EntityName& key, bool first_row) {
  const Key row = Key(partition, Family::kEntity).entity(key);
  auto at = entities_.find(row.bytes());
  if (at == entities_.end()) {
    at = entities_.emplace(arena_.keep(row.bytes()), Entity{}).first;
    at->second.first_row = first_row;
  }
  last_key_ = at->first;
  return at->second;
}

void Pending::clear() {
  arena_.clear();
  kept_.clear();
  kept_bytes_ = 0;
  days_.clear();
  entities_.clear();
  accounts_.clear();
  summaries_.clear();
  seen_.clear();
  subjects_.clear();
  events_.clear();
  applied_.clear();
}

std::size_t Pending::bytes() const {
  constexpr std::size_t kAccount = 64;
  return arena_.bytes() + kept_bytes_ + entities_.size() * sizeof(ByKey<Entity>::value_type) +
         (seen_.size() + subjects_.size() + accounts_.size()) * kAccount +
         events_.size() * sizeof(Event);
}

}  // namespace tocsin
