// The queue of the outbox: what is ready, in which order, within which limits; and what came of it.
#include <algorithm>

#include "connectors/notify/crypto.h"
#include "connectors/notify/outbox_state.h"

namespace tocsin::notify {

namespace {

constexpr std::size_t kFew = 5;          // ready for one destination; more go as a digest
constexpr Duration kStale = hours(1);    // age from which what is not urgent goes as a digest
constexpr std::size_t kDigestMax = 500;  // messages that one digest stands for
constexpr int kAllClearAttempts = 5;
constexpr Duration kHangs = seconds(1);  // a channel without an answer for so long
constexpr double kReserved = 0.25;       // of a limit, for what is urgent

// Of attempt n, counted from 0, after the first.
Duration attempt_at(int n) {
  static constexpr std::int64_t kSeconds[] = {0, 5, 15, 45, 120};
  if (n < 5) return seconds(kSeconds[n]);
  return seconds(120) + seconds(std::int64_t{120} * (n - 4));
}

}  // namespace

bool Outbox::Group::owes_all_clear(const Options& options) const {
  for (const auto& [number, step] : steps) {
    if (!step.owed || step.stopped || !step.alarm.high) continue;
    for (const PersonState& person : step.persons) {
      for (const auto& [via, one] : person.tries) {
        const auto traits = options.channels.find(via);
        if (one.state == Try::State::kDelivered && !one.over_told &&
            traits != options.channels.end() && traits->second.tells_all_clear)
          return true;
      }
    }
  }
  return false;
}

// ---- posts -------------------------------------------------------------------------------------

void Outbox::post(Post made) {
  made.id = next_id_++;
  const auto group = groups_.find(made.group);
  if (posts_.size() >= kPostsMax) {
    if (group != groups_.end()) tell(made, false, "too_many");
    return;
  }
  if (group != groups_.end()) group->second->posts.insert(made.id);
  const auto traits = options_.channels.find(made.channel.via);
  const bool limited = traits != options_.channels.end() && traits->second.limit.per_minute > 0;
  made.destination = made.channel.via + '\0' + (limited ? std::string() : made.channel.to);
  waiting_.emplace(made.at, made.id);
  posts_.emplace(made.id, std::move(made));
}

Outbox::Destination& Outbox::destination_of(const Post& post) {
  auto& place = destinations_[post.destination];
  if (place) return *place;
  place = std::make_unique<Destination>();
  const auto traits = options_.channels.find(post.channel.via);
  if (traits != options_.channels.end()) {
    place->limit = traits->second.limit;
    place->shared = traits->second.shared && !post.channel.is_private;
  }
  place->tokens = place->limit.burst;
  return *place;
}

void Outbox::make_ready(Post& post) {
  post.state = Post::State::kReady;
  Destination& place = destination_of(post);
  if (!place.ready.empty()) heads_.erase({*place.ready.begin(), post.destination});
  place.ready.insert(post.order());
  heads_.emplace(*place.ready.begin(), post.destination);
}

void Outbox::leave_ready(Post& post) {
  const auto it = destinations_.find(post.destination);
  Destination& place = *it->second;
  heads_.erase({*place.ready.begin(), it->first});
  place.ready.erase(post.order());
  if (!place.ready.empty()) {
    heads_.emplace(*place.ready.begin(), it->first);
  } else if (place.limit.per_minute == 0 && place.blocked == kAlways) {
    destinations_.erase(it);  // nothing to remember of it
  }
}

void Outbox::drop(std::uint64_t id) {
  const auto it = posts_.find(id);
  if (it == posts_.end()) return;
  Post& post = it->second;
  if (post.state == Post::State::kWaiting) waiting_.erase({post.at, id});
  if (post.state == Post::State::kReady) leave_ready(post);
  if (const auto group = groups_.find(post.group); group != groups_.end())
    group->second->posts.erase(id);
  posts_.erase(it);
}

void Outbox::drop_all(const std::string& group, bool to_send) {
  const auto it = groups_.find(group);
  if (it == groups_.end()) return;
  const std::set<std::uint64_t> ids = it->second->posts;
  for (const std::uint64_t id : ids) {
    const Post& post = posts_.at(id);
    if (to_send && (post.state == Post::State::kSending || post.about != About::kRaised)) continue;
    if (StepState* step = step_of(post); step != nullptr && post.about == About::kRaised) {
      for (PersonState& person : step->persons) {  // as if it had not been begun
        if (person.id != post.person) continue;
        Try& one = person.tries[post.channel.via];
        if (one.state == Try::State::kUnderWay) one.state = Try::State::kNone;
      }
    }
    drop(id);
  }
}

void Outbox::drop_if_done(const std::string& id) {
  const auto it = groups_.find(id);
  if (it == groups_.end() || it->second->open || !it->second->posts.empty()) return;
  if (!it->second->owes_all_clear(options_)) groups_.erase(it);
}

Outbox::StepState* Outbox::step_of(const Post& post) {
  const auto group = groups_.find(post.group);
  if (group == groups_.end()) return nullptr;
  const auto step = group->second->steps.find(post.step);
  return step == group->second->steps.end() ? nullptr : &step->second;
}

void Outbox::tell(const Post& post, bool delivered, const std::string& error) {
  const StepState* step = step_of(post);
  if (step == nullptr) return;
  told_.push_back({groups_.at(post.group)->partition, step->alarm.account, step->alarm.entity_kind,
                   step->alarm.entity_id, post.group, post.step, post.person, post.channel.via,
                   post.about, delivered, post.attempts, error, step->alarm.recorded,
                   step->alarm.high});
}

// ---- sending -----------------------------------------------------------------------------------

// Takes a token where the destination's limit allows.
bool Outbox::may_send(Destination& place, bool low, Instant now) {
  if (now < place.blocked) {
    blocked_until_ = std::min(blocked_until_, place.blocked);
    return false;
  }
  if (place.limit.per_minute == 0) return true;
  if (place.filled != kAlways) {
    const double gone = static_cast<double>((now - place.filled).ms) / 60'000;
    place.tokens = std::min(place.limit.burst, place.tokens + gone * place.limit.per_minute);
  }
  place.filled = now;
  const double needed = 1 + (low ? kReserved * place.limit.burst : 0);
  if (place.tokens >= needed) {
    place.tokens -= 1;
    return true;
  }
  const double wait_ms = (needed - place.tokens) / place.limit.per_minute * 60'000;
  blocked_until_ =
      std::min(blocked_until_, now + milliseconds(static_cast<std::int64_t>(wait_ms) + 1));
  return false;
}

// The message itself, or it and those that go with it as one digest.
std::vector<std::uint64_t> Outbox::gathered(const Post& first, Destination& place, Instant now) {
  std::vector<std::uint64_t> ids{first.id};
  if (first.about != About::kRaised || first.attempts > 0) return ids;
  std::vector<std::uint64_t> others;
  for (const Order& order : place.ready) {
    const Post& post = posts_.at(order.id);
    if (post.id != first.id && post.about == About::kRaised && post.high == first.high &&
        (post.person == first.person || place.shared) && post.attempts == 0)
      others.push_back(post.id);
    if (others.size() + 1 >= kDigestMax) break;
  }
  const bool many = others.size() >= kFew;
  const bool limited =
      place.limit.per_minute > 0 && many && place.tokens < static_cast<double>(others.size());
  const bool together = first.high ? limited : first.digest || many || now - first.raised >= kStale;
  if (together) ids.insert(ids.end(), others.begin(), others.end());
  return ids;
}

Send Outbox::made(const std::vector<std::uint64_t>& ids, Instant now) {
  const Post& first = posts_.at(ids.front());
  Send send;
  send.id = next_id_++;
  send.channel = first.channel.via;
  send.attempt = first.attempts + 1;
  Message& message = send.message;
  message.channel = first.channel.via;
  message.about = first.about;
  message.by = first.by;
  message.notice = first.notice;
  message.high = first.high;
  message.person = first.person;
  message.to = first.channel.to;
  message.mention = first.channel.mention;
  message.is_private = first.channel.is_private;
  message.policy = policy_;
  const Person* const person = roster_->person(first.person);
  message.zone = roster_->readers_zone(person);
  if (person != nullptr) {
    message.person_name = person->name;
    message.language = person->language;
  }
  std::string id;
  for (const std::uint64_t one : ids) {
    const Post& post = posts_.at(one);
    id += message_id(post.group, post.step, post.person, post.channel.via, post.about);
    const StepState* step = step_of(post);
    if (step == nullptr) continue;
    message.alarms.push_back(step->alarm);
    if (ids.size() > 1) continue;
    for (const PersonState& person : step->persons) {
      const Person* known = roster_->person(person.id);
      if (person.id != first.person)
        message.others.push_back(known != nullptr && !known->name.empty() ? known->name
                                                                          : person.id);
    }
  }
  if (first.group.empty()) id += std::to_string(now.ms) + std::to_string(first.id);
  message.id = ids.size() == 1 && !first.group.empty()
                   ? id
                   : "tn_" + crypto::hex(crypto::sha256(id)).substr(0, 32);
  if (options_.complete) options_.complete(message);
  return send;
}

std::vector<Send> Outbox::take_sends(Instant now, std::size_t most) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    Post& post = posts_.at(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    make_ready(post);
  }
  std::vector<Send> sends;
  blocked_until_ = kNever;
  bool urgent_waits = false;
  for (auto head = heads_.begin(); head != heads_.end() && sends.size() < most;) {
    const auto [order, name] = *head;
    Destination& place = *destinations_.at(name);
    UnderWay& busy = under_way_[name.substr(0, name.find('\0'))];
    const bool full = busy.all >= kPerChannel || (order.low && busy.low >= kLowPerChannel);
    urgent_waits = urgent_waits || (full && !order.low && now - busy.moved < kHangs);
    if (full || (order.low && urgent_waits) || !may_send(place, order.low, now)) {
      ++head;
      continue;
    }
    const std::vector<std::uint64_t> ids = gathered(posts_.at(order.id), place, now);
    sends.push_back(made(ids, now));
    for (const std::uint64_t id : ids) {
      Post& post = posts_.at(id);
      leave_ready(post);
      post.state = Post::State::kSending;
      if (post.first == kNever) post.first = now;
      if (StepState* step = step_of(post); step != nullptr && post.about == About::kRaised) {
        for (std::size_t i = 0; i < step->persons.size(); ++i) {
          if (step->persons[i].id != post.person) continue;
          Try& one = step->persons[i].tries[post.channel.via];
          if (one.began == kNever) one.began = now;
          settle_step(*groups_.at(post.group), *step, now);
          break;
        }
      }
    }
    if (busy.all++ == 0) busy.moved = now;
    if (order.low) ++busy.low;
    sending_.emplace(sends.back().id, Sending{ids, sends.back().channel, order.low});
    head = heads_.begin();  // what was looked at may have changed
  }
  return sends;
}

void Outbox::result(std::uint64_t send, const Verdict& verdict, Instant now) {
  const auto it = sending_.find(send);
  if (it == sending_.end()) return;
  const std::vector<std::uint64_t> ids = std::move(it->second.posts);
  UnderWay& busy = under_way_[it->second.channel];
  --busy.all;
  busy.moved = now;
  if (it->second.low) --busy.low;
  sending_.erase(it);
  blocked_until_ = std::min(blocked_until_, now);  // what had no room may go
  for (const std::uint64_t id : ids) {
    const auto found = posts_.find(id);
    if (found == posts_.end()) continue;  // of a partition that this node lost
    Post post = found->second;
    drop(id);
    if (verdict.retry_after && verdict.kind == Verdict::Kind::kTryAgain) {
      Destination& place = destination_of(post);
      place.blocked = std::max(place.blocked, now + *verdict.retry_after);
    }
    ++post.attempts;
    concluded(std::move(post), verdict, now);
  }
}

void Outbox::concluded(Post post, Verdict verdict, Instant now) {
  using Kind = Verdict::Kind;
  if (verdict.attempts_max > 0 && post.attempts >= verdict.attempts_max &&
      verdict.kind == Kind::kTryAgain)
    verdict.kind = Kind::kNever;
  const bool delivered = verdict.kind == Kind::kDelivered;
  const std::string group_id = post.group;
  const auto again = [&](Post next) {
    next.state = Post::State::kWaiting;
    next.at = std::max(next.first + attempt_at(next.attempts), now + seconds(1));
    if (verdict.retry_after) next.at = std::max(next.at, now + *verdict.retry_after);
    this->post(std::move(next));
  };
  const auto group = groups_.find(group_id);
  StepState* step = step_of(post);
  if (post.about != About::kRaised) {
    if (!delivered && verdict.kind == Kind::kTryAgain && post.attempts < kAllClearAttempts)
      return again(std::move(post));
    if (!delivered && !post.further.empty()) {  // a notice: the next channel
      post.channel = post.further.front();
      post.further.erase(post.further.begin());
      post.attempts = 0;
      post.first = kNever;
      post.at = now;
      post.state = Post::State::kWaiting;
      return this->post(std::move(post));
    }
    tell(post, delivered, verdict.error);
    return drop_if_done(group_id);
  }
  if (step == nullptr || group == groups_.end()) return;
  const auto person = std::find_if(step->persons.begin(), step->persons.end(),
                                   [&](const PersonState& p) { return p.id == post.person; });
  Try& one = person->tries[post.channel.via];
  if (delivered) {
    one.state = Try::State::kDelivered;
    one.recorded = true;
    tell(post, true, {});
  } else if (verdict.kind == Kind::kNever || post.attempts >= kStumbles) {
    one.state = Try::State::kFailed;
    one.failed = now;
    if (!std::exchange(one.recorded, true)) tell(post, false, verdict.error);
  }
  const bool open = group->second->open;
  if (open && verdict.kind == Kind::kTryAgain && post.attempts < kAttemptsMax) again(post);
  settle_step(*group->second, *step, now);
  if (!open) {
    step->stopped = false;  // it reached somebody after it was over
    all_clear(*group->second, now);
  }
  drop_if_done(group_id);
}

std::vector<Told> Outbox::take_told() { return std::exchange(told_, {}); }

Instant Outbox::next_wake() const {
  const Instant waiting = waiting_.empty() ? kNever : waiting_.begin()->first;
  return heads_.empty() ? waiting : std::min(waiting, blocked_until_);
}

OutboxFigures Outbox::figures() const {
  OutboxFigures out;
  out.owed = static_cast<std::int64_t>(posts_.size());
  out.unheard = unheard_;
  for (const auto& [order, name] : heads_) {
    if (!order.low) out.oldest_high = std::min(out.oldest_high, Instant{-order.age});
  }
  return out;
}

std::vector<std::string> Outbox::called(const std::string& group) const {
  std::vector<std::string> out;
  const auto found = groups_.find(group);
  if (found == groups_.end()) return out;
  for (const auto& [number, step] : found->second->steps) {
    for (const PersonState& person : step.persons) {
      if (std::find(out.begin(), out.end(), person.id) == out.end()) out.push_back(person.id);
    }
  }
  return out;
}

}  // namespace tocsin::notify
