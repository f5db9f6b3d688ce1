#include "connectors/notify/outbox.h"

#include <algorithm>

#include "connectors/notify/crypto.h"
#include "connectors/notify/outbox_state.h"

namespace tocsin::notify {

std::string message_id(const std::string& group, int step, const std::string& person,
                       const std::string& channel, About about) {
  const std::string text =
      group + '\0' + std::to_string(step) + '\0' + person + '\0' + channel + '\0' + word_of(about);
  return "tn_" + crypto::hex(crypto::sha256(text)).substr(0, 32);
}

Outbox::Outbox(Options options) : options_(std::move(options)) {}
Outbox::~Outbox() = default;

// ---- what the log holds ------------------------------------------------------------------------

void Outbox::switched_on(PartitionId partition) { on_.insert(partition); }

void Outbox::raised(PartitionId partition, Alarm alarm) {
  auto& group = groups_[alarm.group];
  if (!group) {
    group = std::make_unique<Group>();
    group->id = alarm.group;
  }
  group->partition = partition;
  group->open = true;
  group->last = alarm;
  const auto [it, added] = group->steps.try_emplace(alarm.step);
  StepState& step = it->second;
  if (!added) return;  // told twice: by the log's end and by who listens
  step.owed = on_.count(partition) != 0;
  for (const std::string& person : alarm.persons) {
    if (step.persons.size() < kPersonsMax) step.persons.emplace_back().id = person;
  }
  step.alarm = std::move(alarm);
  if (owned_.count(partition) != 0) settle_step(*group, step, step.alarm.recorded);
}

void Outbox::closed(const std::string& id, About about, const std::string& by, Instant at) {
  const auto it = groups_.find(id);
  if (it == groups_.end() || !it->second->open) return;
  Group& group = *it->second;
  group.open = false;
  group.closed = about;
  group.by = by;
  drop_all(id, true);
  if (owned_.count(group.partition) != 0) all_clear(group, at);
  drop_if_done(id);
}

void Outbox::reopened(const std::string& id) {
  const auto it = groups_.find(id);
  if (it == groups_.end()) return;
  it->second->open = true;  // its earlier steps stay as they were: the next one calls
}

void Outbox::told(const Told& outcome, Instant at) {
  const auto it = groups_.find(outcome.group);
  if (it == groups_.end()) return;
  const auto found = it->second->steps.find(outcome.step);
  if (found == it->second->steps.end()) return;
  StepState& step = found->second;
  const std::string_view id = roster_->id_of(outcome.person);  // an outsider may use a name
  auto person = std::find_if(step.persons.begin(), step.persons.end(), [&](const PersonState& p) {
    return p.id == outcome.person || roster_->id_of(p.id) == id;
  });
  if (person == step.persons.end()) {
    if (step.persons.size() >= kPersonsMax) return;
    person = step.persons.insert(person, PersonState{});
    person->id = outcome.person;
  }
  Try& one = person->tries[outcome.channel];
  if (outcome.about != About::kRaised) {
    one.over_told = true;
    return drop_if_done(outcome.group);
  }
  one.recorded = true;
  if (outcome.delivered) {
    one.state = Try::State::kDelivered;
  } else if (one.state != Try::State::kDelivered) {
    one.state = Try::State::kFailed;
    if (one.failed == kNever) one.failed = at;
  }
  if (one.began == kNever) one.began = at;
  if (owned_.count(it->second->partition) != 0) settle_step(*it->second, step, at);
}

void Outbox::forget(PartitionId partition) {
  owned_.erase(partition);
  on_.erase(partition);
  for (auto it = groups_.begin(); it != groups_.end();) {
    if (it->second->partition != partition) {
      ++it;
      continue;
    }
    drop_all(it->first, false);
    it = groups_.erase(it);
  }
}

// ---- the world ---------------------------------------------------------------------------------

void Outbox::own(const std::set<PartitionId>& partitions, Instant now) {
  if (partitions == owned_) return;
  const std::set<PartitionId> before = std::exchange(owned_, partitions);
  std::vector<std::string> ids;
  for (const auto& [id, group] : groups_) {
    if (before.count(group->partition) != owned_.count(group->partition)) ids.push_back(id);
  }
  for (const std::string& id : ids) {
    Group& group = *groups_.at(id);
    if (owned_.count(group.partition) == 0) {
      drop_all(id, false);
    } else if (group.open) {
      settle(group, now);
    } else {
      all_clear(group, now);
    }
    drop_if_done(id);
  }
}

void Outbox::notice(const Notice& notice, const std::string& except, Instant now) {
  Roster::Persons persons;
  roster_->everybodys_last_resort(now, persons);
  for (const std::string_view id : persons) {
    const Person* person = roster_->person(id);
    if (person == nullptr) continue;
    Post made;
    made.person = id;
    made.notice = person->language == "zh" ? notice.zh : notice.en;
    made.about = About::kNotice;
    made.high = true;
    made.raised = made.at = now;
    for (const PersonChannel& channel : person->channels) {
      if (channel.via != except) made.further.push_back(channel);
    }
    if (made.further.empty()) continue;
    made.channel = made.further.front();
    made.further.erase(made.further.begin());
    post(std::move(made));
  }
}

void Outbox::test(const std::string& id, Instant now) {
  const Person* person = roster_->person(id);
  if (person == nullptr) return;
  for (const PersonChannel& channel : person->channels) {
    Post made;
    made.person = person->id;
    made.about = About::kTest;
    made.high = true;
    made.raised = made.at = now;
    made.channel = channel;
    post(std::move(made));
  }
}

// ---- what the rules call for -------------------------------------------------------------------

void Outbox::settle(Group& group, Instant now) {
  for (auto& [number, step] : group.steps) settle_step(group, step, now);
}

void Outbox::settle_step(Group& group, StepState& step, Instant now) {
  if (!group.open || !step.owed || step.stopped) return;
  for (std::size_t i = 0; i < step.persons.size(); ++i) settle_person(group, step, i, now);
  look_further(group, step, now);
}

void Outbox::settle_person(Group& group, StepState& step, std::size_t index, Instant now) {
  PersonState& person = step.persons[index];
  const Person* known = roster_->person(person.id);
  if (!person.planned) {
    person.planned = true;
    if (known != nullptr) person.channels = known->channels;
    if (person.channels.empty()) {
      Try& none = person.tries["none"];
      none.state = Try::State::kFailed;
      if (!std::exchange(none.recorded, true)) {
        told_.push_back({group.partition, step.alarm.account, step.alarm.entity_kind,
                         step.alarm.entity_id, group.id, step.alarm.step, person.id, "none",
                         About::kRaised, false, 0, "no_channel", step.alarm.recorded,
                         step.alarm.high});
      }
    }
  }
  const Try* before = nullptr;
  for (const PersonChannel& channel : person.channels) {
    Try& one = person.tries[channel.via];
    if (one.state == Try::State::kNone) {
      Instant at = step.alarm.high ? now : std::max(now, digest_at(known, step.alarm.recorded));
      if (before != nullptr && before->state != Try::State::kFailed) {
        if (!step.alarm.high || before->began == kNever) return;  // not yet known
        at = before->began + channel.after.value_or(options_.after);
      }
      one.state = Try::State::kUnderWay;
      Post made;
      made.group = group.id;
      made.step = step.alarm.step;
      made.person = person.id;
      made.channel = channel;
      made.high = step.alarm.high;
      made.digest = !step.alarm.high && known != nullptr && known->digest.has_value();
      made.raised = step.alarm.recorded;
      made.at = at;
      post(std::move(made));
    } else if (one.state == Try::State::kUnderWay && one.began == kNever && before != nullptr &&
               before->state == Try::State::kFailed) {
      hasten(group, step.alarm.step, person.id, channel.via, now);
    }
    if (!step.alarm.high && one.state != Try::State::kFailed) return;  // one is enough
    before = &one;
  }
}

// The one before failed meanwhile: what waits for its time goes now.
void Outbox::hasten(const Group& group, int step, const std::string& person,
                    const std::string& channel, Instant now) {
  for (const std::uint64_t id : group.posts) {
    Post& post = posts_.at(id);
    if (post.step != step || post.person != person || post.channel.via != channel ||
        post.about != About::kRaised || post.state != Post::State::kWaiting || post.at <= now)
      continue;
    waiting_.erase({post.at, id});
    post.at = now;
    waiting_.emplace(post.at, id);
  }
}

Instant Outbox::digest_at(const Person* person, Instant raised) const {
  if (person == nullptr || !person->digest) return raised;
  const auto own = roster_->readers_zone(person);
  const Zone& zone = own ? *own : policy_ ? policy_->zone() : *roster_->zone;
  const LocalDate date = zone.local_date(raised);
  for (std::int32_t day = 0; day < 2; ++day) {
    const Instant at = zone.to_utc(local_time(date + day, *person->digest), Edge::kOpening);
    if (at >= raised) return at;
  }
  return raised;
}

// Nobody was reached and no channel is left: who else could be told.
void Outbox::look_further(Group& group, StepState& step, Instant now) {
  const auto exhausted = [](const PersonState& person) {
    return std::all_of(person.tries.begin(), person.tries.end(),
                       [](const auto& one) { return one.second.state == Try::State::kFailed; });
  };
  while (step.looked_further < 3) {
    for (const PersonState& person : step.persons) {
      if (person.reached() || !exhausted(person)) return;
    }
    Roster::Persons more;
    ++step.looked_further;
    if (step.looked_further == 1) {
      for (const std::string& role : step.alarm.roles) roster_->fallback(role, now, more);
    } else if (step.looked_further == 2) {
      roster_->everybodys_last_resort(now, more);
    } else {
      ++unheard_;
    }
    if (!add_persons(step, more)) continue;
    for (std::size_t i = 0; i < step.persons.size(); ++i) settle_person(group, step, i, now);
  }
}

bool Outbox::add_persons(StepState& step, const Roster::Persons& persons) {
  bool added = false;
  for (const std::string_view id : persons) {
    const bool known = std::any_of(step.persons.begin(), step.persons.end(),
                                   [&](const PersonState& p) { return p.id == id; });
    if (known || step.persons.size() >= kPersonsMax) continue;
    step.persons.emplace_back().id = id;
    added = true;
  }
  return added;
}

void Outbox::all_clear(Group& group, Instant now) {
  const std::string_view by = roster_->id_of(group.by);
  for (auto& [number, step] : group.steps) {
    if (step.stopped || !step.owed) continue;
    step.stopped = true;
    if (!step.alarm.high) continue;
    for (PersonState& person : step.persons) {
      const bool taker = group.closed == About::kAcknowledged && roster_->id_of(person.id) == by;
      const Person* known = roster_->person(person.id);
      for (auto& [via, one] : person.tries) {
        const auto traits = options_.channels.find(via);
        if (one.state != Try::State::kDelivered || one.over_told || known == nullptr ||
            traits == options_.channels.end() || !traits->second.tells_all_clear ||
            (taker && !traits->second.tells_taker))
          continue;
        const auto channel =
            std::find_if(known->channels.begin(), known->channels.end(),
                         [&, name = via](const PersonChannel& c) { return c.via == name; });
        if (channel == known->channels.end()) continue;
        one.over_told = true;
        Post made;
        made.group = group.id;
        made.step = number;
        made.person = person.id;
        made.channel = *channel;
        made.about = group.closed;
        made.by = group.by;
        made.raised = made.at = now;
        post(std::move(made));
      }
    }
  }
}

}  // namespace tocsin::notify
