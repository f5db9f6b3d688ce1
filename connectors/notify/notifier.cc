#include "connectors/notify/notifier.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>

#include "connectors/notify/crypto.h"
#include "connectors/notify/naming.h"
#include "connectors/notify/notifier_events.h"
#include "connectors/notify/pagerduty_key.h"
#include "events/duration.h"
#include "events/log_record.h"
#include "events/mutex.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

constexpr Duration kTick =
    milliseconds(200);  // wall time between looks at what nobody wakes us for
constexpr Duration kBeat = minutes(1);
constexpr Duration kSwitchAgain = seconds(10);
constexpr std::uint64_t kHeartbeat = 0;  // the flight without a send

Instant wall_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

std::map<std::string, std::unique_ptr<Channel>> made_channels(const Settings& settings,
                                                              const PushStore* push) {
  std::map<std::string, std::unique_ptr<Channel>> out;
  for (ChannelSettings channel : settings.channels) {
    if (channel.type == "webpush" && push != nullptr) {
      channel.values["vapid.private"] = crypto::base64url(push->keys().private_key);
      channel.values["vapid.public"] = crypto::base64url(push->keys().public_key);
    }
    const std::string name = channel.name;
    out.emplace(name, make_channel(std::move(channel)));
  }
  return out;
}

Outbox::Options outbox_options(const std::map<std::string, std::unique_ptr<Channel>>& channels,
                               std::function<void(Message&)> complete) {
  Outbox::Options options;
  for (const auto& [name, channel] : channels)
    options.channels[name] = {channel->limit(), channel->shared(), channel->tells_all_clear(),
                              channel->tells_taker()};
  options.complete = std::move(complete);
  return options;
}

bool host_allowed(const std::string& url, const std::vector<std::string>& hosts) {
  const std::size_t begin = url.find("://");
  if (begin == std::string::npos) return false;
  const std::string rest = url.substr(begin + 3, url.find_first_of("/?#", begin + 3) - begin - 3);
  const std::string host = rest.substr(0, rest.rfind(':'));
  return std::find(hosts.begin(), hosts.end(), rest) != hosts.end() ||
         std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

}  // namespace

Notifier::Notifier(Settings settings, const std::string& data, NotifierPorts ports)
    : settings_(std::move(settings)),
      ports_(std::move(ports)),
      push_(settings_.many_nodes ? PushStore(PushStore::Shared{settings_.secret})
                                 : PushStore(data)),
      tokens_(settings_.secret.empty() ? push_.link_secret() : settings_.secret),
      channels_(made_channels(settings_, &push_)),
      outbox_(outbox_options(channels_, [this](Message& message) { complete(message); })) {
  if (!settings_.templates.empty()) texts_.load(settings_.templates);
  for (const auto& [name, channel] : channels_) figures_.channel_failing(name, false);
}

Notifier::~Notifier() { stop(); }

void Notifier::start(std::map<PartitionId, Offset> ends) {
  ends_ = std::move(ends);
  thread_ = std::thread([this] { run(); });
}

void Notifier::stop() {
  {
    const MutexLock lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  transport_.wake();
  if (thread_.joinable()) thread_.join();
}

// ---- hearing -----------------------------------------------------------------------------------

bool Notifier::concerns(std::string_view type) {
  return type.starts_with("tocsin.escalation.") || type.starts_with("tocsin.notification.") ||
         type.ends_with(".notified") || type == kSwitchedOnType || type == kBrowserType ||
         type == kAllClearType;
}

void Notifier::observe(PartitionId partition, Offset offset, std::string_view type,
                       std::string_view record) {
  if (!concerns(type)) return;
  {
    const MutexLock lock(mutex_);
    if (fed_bytes_ + record.size() > kFeedBytesMax) {
      overflowed_.insert(partition);  // it stands in the log
      return;
    }
    fed_bytes_ += record.size();
    fed_.push_back({partition, offset, std::string(record)});
  }
  transport_.wake();
}

// The log from where this partition's reading stands, at least up to `end`.
void Notifier::read_log(PartitionId partition, Offset end) {
  Offset& next = next_[partition];
  while (next < end) {
    const Offset after = ports_.log->read(
        partition, next, [&](Offset offset, std::string_view, std::string_view record) {
          // Told without parsing: most records are none of ours.
          if (record.find("escalation") != std::string_view::npos ||
              record.find("tocsin.engine.notify") != std::string_view::npos)
            take(partition, offset, record);
          const MutexLock lock(mutex_);
          return !stopping_;
        });
    if (after <= next) break;
    next = std::max(next, after);
    const MutexLock lock(mutex_);
    if (stopping_) return;
  }
}

void Notifier::take(PartitionId partition, Offset offset, std::string_view record) {
  Offset& next = next_[partition];
  if (offset < next) return;  // read of the log already
  next = offset + 1;
  try {
    take_event(partition, record);
  } catch (const std::exception& e) {  // one record that cannot be read holds nothing else up
    ports_.report("error", "notify_record",
                  std::to_string(partition) + ":" + std::to_string(offset) + " " + e.what());
  }
}

void Notifier::take_fed() {
  std::vector<Fed> fed;
  std::set<PartitionId> overflowed;
  {
    const MutexLock lock(mutex_);
    fed.swap(fed_);
    fed_bytes_ = 0;
    overflowed.swap(overflowed_);
  }
  for (const Fed& one : fed) {
    if (overflowed.count(one.partition) == 0) take(one.partition, one.offset, one.record);
  }
  for (const PartitionId partition : overflowed) {
    Offset end = 0;
    for (const Fed& one : fed) end = one.partition == partition ? one.offset + 1 : end;
    read_log(partition, std::max(end, next_[partition] + 1));
  }
}

void Notifier::take_event(PartitionId partition, std::string_view record) {
  LogEvent event;
  if (!read_log_record(record, event) || !concerns(event.type)) return;
  if (event.type == kSwitchedOnType) return outbox_.switched_on(partition);
  const json::object data = json::parse(event.data).as_object();
  if (event.type == kBrowserType) {
    const std::string person = text_of(data, "person"), endpoint = text_of(data, "endpoint");
    if (data.contains("gone")) return push_.remove(person, endpoint);
    push_.add(person, {endpoint, text_of(data, "p256dh"), text_of(data, "auth")});
    return;
  }
  if (event.type == "tocsin.escalation.raised") {
    Alarm alarm = alarm_of(event, data);
    ended_.erase(alarm.group);
    alarms_[alarm.group] = alarm;
    return outbox_.raised(partition, std::move(alarm));
  }
  const std::string group = text_of(data, "escalation");
  if (event.type == "tocsin.escalation.reopened") {
    ended_.erase(group);
    return outbox_.reopened(group);
  }
  if (event.type.starts_with("tocsin.escalation.")) {
    const bool taken = event.type.ends_with(".acknowledged");
    const std::string by = text_of(data, "by");
    const auto alarm = alarms_.find(group);
    if (alarm == alarms_.end()) return;
    if (taken) figures_.acknowledged_after(event.recorded - alarm->second.recorded);
    ended_[group] = {taken ? About::kAcknowledged : About::kCleared, by};
    ended_order_.push_back(group);
    if (ended_order_.size() > kRememberedMax) {
      const std::string oldest = ended_order_.front();
      ended_order_.pop_front();
      if (ended_.erase(oldest) > 0) alarms_.erase(oldest);
    }
    return outbox_.closed(group, taken ? About::kAcknowledged : About::kCleared, by, ports_.now());
  }
  Told told = told_of(partition, event, data);
  if (const auto roster = ports_.roster()) told.person = roster->id_of(told.person);
  const auto channel = channels_.find(told.channel);
  if (told.about == About::kRaised) {
    remember(told, event.recorded);
    if (channel != channels_.end() && channel->second->type() == "pagerduty" && told.delivered) {
      const std::string key = pagerduty_key(told.group, told.step, told.person);
      incidents_[key] = {told.group,     told.account, told.entity_kind,
                         told.entity_id, told.step,    told.person,
                         "en",           kNever};
      incidents_order_.push_back(key);
      if (incidents_order_.size() > kRememberedMax) {
        incidents_.erase(incidents_order_.front());
        incidents_order_.pop_front();
      }
    }
  }
  outbox_.told(told, event.recorded);
}

std::vector<Reached> Notifier::reached(const std::string& group) const {
  std::vector<Reached> out;
  const MutexLock lock(reached_mutex_);
  for (auto it = reached_.lower_bound({group, 0, {}});
       it != reached_.end() && std::get<0>(it->first) == group; ++it)
    out.push_back(it->second);
  return out;
}

void Notifier::remember(const Told& told, Instant at) {
  {
    const MutexLock lock(reached_mutex_);
    const Call key{told.group, told.step, told.person};
    const auto [it, added] = reached_.try_emplace(key);
    if (added) reached_order_.push_back(key);
    if (told.delivered || !it->second.got_through)
      it->second = {told.step,      told.person,
                    told.channel,   told.delivered ? "delivered" : "failed",
                    told.delivered, at};
    if (reached_order_.size() > kReachedMax) {
      reached_.erase(reached_order_.front());
      reached_order_.pop_front();
    }
  }
  deliveries_.push_back({next_delivery_++, told, at});
  if (deliveries_.size() > kRememberedMax) deliveries_.pop_front();
}

bool Notifier::ask(std::function<void()> task) {
  {
    const MutexLock lock(mutex_);
    if (stopping_ || tasks_.size() >= kTasksMax) return false;
    tasks_.push_back(std::move(task));
  }
  transport_.wake();
  return true;
}

void Notifier::take_tasks() {
  std::vector<std::function<void()>> tasks;
  {
    const MutexLock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) task();
}

// ---- the thread --------------------------------------------------------------------------------

void Notifier::run() {
  try {
    for (const auto& [partition, end] : ends_) {
      read_log(partition, end);
      read_.insert(partition);
    }
    for (;;) {
      {
        const MutexLock lock(mutex_);
        if (stopping_) break;
      }
      take_fed();
      take_tasks();
      const Instant now = ports_.now();
      if (auto roster = ports_.roster()) outbox_.roster(std::move(roster));
      if (auto policy = ports_.policy()) outbox_.policy(std::move(policy));
      std::set<PartitionId> own;
      const OwnedPartitions owned = ports_.owned();
      for (const PartitionId partition : owned.partitions) {
        if (read_.insert(partition).second) read_log(partition, ends_[partition]);
        own.insert(partition);
      }
      outbox_.own(own, now);
      switch_on(now);
      send_ready(now, owned.until_ms);
      record_told(now);
      beat(now);
      const OutboxFigures figures = outbox_.figures();
      figures_.now(figures.owed, figures.unheard,
                   figures.oldest_high == kNever
                       ? 0
                       : static_cast<double>((now - figures.oldest_high).ms) / 1000);
      const Instant wake = outbox_.next_wake();
      take_answers(wake == kNever ? kTick : std::clamp(wake - now, Duration{0}, kTick));
    }
  } catch (const std::exception& e) {
    ports_.report("error", "notifier_ended", e.what());
  }
}

void Notifier::switch_on(Instant now) {
  const std::set<PartitionId> owned = ports_.owned().partitions;
  if (settings_.dry_run) {  // from now on, without a record
    for (const PartitionId partition : owned) outbox_.switched_on(partition);
    return;
  }
  if (now < next_switch_) return;
  const bool off = std::any_of(owned.begin(), owned.end(),
                               [&](PartitionId partition) { return !outbox_.is_on(partition); });
  if (!off || !ports_.healthy()) return;
  next_switch_ = now + kSwitchAgain;
  ports_.record_everywhere(std::string(kSwitchedOnType), "{\"on\":true}", [](bool) {});
}

void Notifier::beat(Instant now) {
  if (settings_.heartbeat.empty() || now < next_beat_ || !ports_.healthy()) return;
  next_beat_ = now + kBeat;
  Outgoing ping;
  ping.method = "GET";
  ping.url = settings_.heartbeat;
  transport_.begin(kHeartbeat, std::move(ping));
}

// ---- sending -----------------------------------------------------------------------------------

// The record's page in the CRM, else the board's.
std::string Notifier::page_of(const Alarm& alarm) const {
  if (alarm.link.starts_with("https://") || alarm.link.starts_with("http://")) return alarm.link;
  if (settings_.public_url.empty()) return {};
  return settings_.public_url + "/e/" + url_segment(alarm.account) + "/" +
         url_segment(alarm.entity_kind) + "/" + url_segment(alarm.entity_id);
}

void Notifier::complete(Message& message) const {
  if (const auto channel = channels_.find(message.channel); channel != channels_.end()) {
    if (channel->second->type() == "webpush") message.subscriptions = push_.of(message.person);
  }
  if (message.alarms.size() == 1) message.page_url = page_of(message.alarms.front());
  if (settings_.public_url.empty()) return;
  if (message.page_url.empty()) message.page_url = settings_.public_url + "/";
  if (message.alarms.size() != 1 || message.about != About::kRaised) return;
  const Alarm& alarm = message.alarms.front();
  const auto channel = channels_.find(message.channel);
  const bool shared =
      channel != channels_.end() && channel->second->shared() && !message.is_private;
  AckClaim claim{alarm.group,       alarm.account,
                 alarm.entity_kind, alarm.entity_id,
                 alarm.step,        shared ? std::string() : message.person,
                 message.language,  ports_.now() + AckTokens::kGood};
  message.acknowledge_url = settings_.public_url + "/a/" + tokens_.make(claim);
}

void Notifier::send_ready(Instant now, std::int64_t owned_until_ms) {
  const std::size_t busy = flights_.size();
  if (busy >= kParallel || ports_.since_boot_ms() >= owned_until_ms) return;
  for (Send& send : outbox_.take_sends(now, kParallel - busy)) begin(std::move(send), now);
}

void Notifier::begin(Send send, Instant now) {
  Flight flight;
  flight.send = send.id;
  flight.person = send.message.person;
  const auto channel = channels_.find(send.channel);
  if (channel == channels_.end())
    return outbox_.result(send.id, {Verdict::Kind::kNever, "no_such_channel", {}, false}, now);
  flight.channel = channel->second.get();
  try {
    send.message.at = now;
    // Signatures go by the wall clock, whatever time the story of a demonstration has.
    flight.rest =
        flight.channel->requests(send.message, texts_.words(send.message, now), wall_now());
  } catch (const std::exception& e) {
    return concluded(std::move(flight), {Verdict::Kind::kNever, e.what(), {}, false}, now);
  }
  if (settings_.dry_run) {
    ports_.report("info", "notify_dry_run",
                  send.channel + " " + send.message.person + " " + send.message.id);
    flight.rest.clear();
  }
  std::reverse(flight.rest.begin(), flight.rest.end());
  const std::uint64_t id = next_flight_++;
  flights_.emplace(id, std::move(flight));
  next_request(id);
}

void Notifier::next_request(std::uint64_t id) {
  const auto it = flights_.find(id);
  Flight& flight = it->second;
  if (flight.rest.empty()) {
    Flight done = std::move(flight);
    flights_.erase(it);
    return concluded(std::move(done), {Verdict::Kind::kDelivered, {}, {}, false}, ports_.now());
  }
  Outgoing request = std::move(flight.rest.back());
  flight.rest.pop_back();
  flight.endpoint = request.url;
  if (request.by == Outgoing::By::kConsole) {
    ports_.print(request.body);
    return next_request(id);
  }
  request.public_only =
      flight.channel->type() == "webpush" && !host_allowed(request.url, settings_.allow_hosts);
  transport_.begin(id, std::move(request));
}

void Notifier::take_answers(Duration most) {
  for (auto& [id, answer] : transport_.wait(most)) {
    if (id == kHeartbeat) {
      if (answer.status / 100 != 2)
        ports_.report(
            "warn", "heartbeat",
            answer.status == 0 ? answer.error : "status " + std::to_string(answer.status));
      continue;
    }
    const auto it = flights_.find(id);
    if (it == flights_.end()) continue;
    const Instant now = ports_.now();
    const Verdict verdict = it->second.channel->judge(answer, now);
    if (verdict.gone) forget_browser(it->second.person, it->second.endpoint);
    // Of several browsers one that is gone does not keep the message from the others.
    if (verdict.kind == Verdict::Kind::kDelivered || (verdict.gone && !it->second.rest.empty())) {
      next_request(id);
      continue;
    }
    Flight flight = std::move(it->second);
    flights_.erase(it);
    concluded(std::move(flight), verdict, now);
  }
}

void Notifier::concluded(Flight flight, const Verdict& verdict, Instant now) {
  const bool delivered = verdict.kind == Verdict::Kind::kDelivered;
  if (!delivered)
    ports_.report("warn", "notify_failed",
                  flight.channel->name() + " " + flight.person + ": " + cut(verdict.error, 200));
  if (!settings_.dry_run) watch_channel(flight.channel->name(), delivered, now);
  outbox_.result(flight.send, verdict, now);
}

// A channel at which nothing was delivered for so long though it was tried is told of once.
void Notifier::watch_channel(const std::string& channel, bool delivered, Instant now) {
  Health& health = health_[channel];
  if (delivered) {
    if (std::exchange(health, {}).told) {
      figures_.channel_failing(channel, false);
      ports_.report("info", "channel_works_again", channel);
    }
    return;
  }
  if (health.failing_since == kNever) health.failing_since = now;
  if (health.told || now - health.failing_since < settings_.failing_after) return;
  health.told = true;
  figures_.channel_failing(channel, true);
  ports_.report("error", "channel_fails", channel);
  outbox_.notice(
      {"channel `" + channel + "` has failed for " + format_duration(settings_.failing_after),
       "渠道 `" + channel + "` 已连续 " + span_words(settings_.failing_after, "zh") + "发送失败"},
      channel, now);
}

// ---- into the log ------------------------------------------------------------------------------

void Notifier::record_told(Instant now) {
  std::vector<Told> told = outbox_.take_told();
  if (settings_.dry_run) return;
  for (const Told& one : told) {
    if (one.about == About::kRaised) {
      figures_.delivery(one.channel, one.delivered);
      if (one.delivered && one.high) figures_.reached_after(now - one.raised);
    }
  }
  unrecorded_.insert(unrecorded_.end(), std::make_move_iterator(told.begin()),
                     std::make_move_iterator(told.end()));
  std::vector<Told> batch;
  {
    const MutexLock lock(mutex_);
    unrecorded_.insert(unrecorded_.begin(), not_recorded_.begin(), not_recorded_.end());
    not_recorded_.clear();
    if (recording_ || unrecorded_.empty() || !ports_.healthy()) return;
    recording_ = true;
    batch.swap(unrecorded_);
  }
  std::vector<OutcomeRecord> records;
  const std::set<PartitionId> own = ports_.owned().partitions;
  // What was sent for a partition that this node has lost meanwhile is sent again by its owner.
  std::erase_if(batch, [&](const Told& one) { return own.count(one.partition) == 0; });
  for (const Told& one : batch) records.push_back(record_of(one));
  ports_.record(std::move(records), [this, batch = std::move(batch)](bool durable) mutable {
    {
      const MutexLock lock(mutex_);
      recording_ = false;
      if (!durable) not_recorded_ = std::move(batch);
    }
    transport_.wake();
  });
}

void Notifier::submit_acknowledged(const AckClaim& claim, const std::string& person,
                                   std::function<void(bool)> done) {
  const Instant now = ports_.now();
  const json::object event{{"specversion", "1.0"},
                           {"id", claim.group + "/" + person + "/" + std::to_string(now.ms)},
                           {"source", "urn:tocsin:notify"},
                           {"type", "tocsin." + claim.entity_kind + ".acknowledged"},
                           {"time", format_rfc3339(now)},
                           {"subject", claim.entity_id},
                           {"partitionkey", claim.account},
                           {"data", {{"by", person}, {"escalation", claim.group}}}};
  ports_.submit_fact(json::serialize(event), std::move(done));
}

std::string Notifier::preview(const Settings& settings, const std::string& channel,
                              const std::string& language, std::shared_ptr<const Policy> policy,
                              Instant now) {
  const auto channels = made_channels(settings, nullptr);
  const auto it = channels.find(channel);
  if (it == channels.end()) throw std::runtime_error("no channel `" + channel + "`");
  Texts texts;
  if (!settings.templates.empty()) texts.load(settings.templates);
  Message message = example_message(language, now);
  message.policy = std::move(policy);
  const Words words = texts.words(message, now);
  std::string out = words.subject + "\n\n" + words.text + "\n";
  if (it->second->type() == "webpush") return out;
  for (const Outgoing& request : it->second->requests(message, words, now))
    out += "\n" + request.body + "\n";
  // A secret that stands in a body (PagerDuty's key) is not shown.
  for (const ChannelSettings& one : settings.channels) {
    for (const auto& [key, value] : one.values) {
      if (value.size() < 8 ||
          (key.find("key") == std::string::npos && key.find("secret") == std::string::npos))
        continue;
      for (std::size_t at; (at = out.find(value)) != std::string::npos;)
        out.replace(at, value.size(), "***");
    }
  }
  return out;
}

}  // namespace tocsin::notify
