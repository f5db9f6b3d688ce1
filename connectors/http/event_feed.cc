#include "connectors/http/event_feed.h"

#include <algorithm>
#include <charconv>

#include "events/log_record.h"
#include "events/mutex.h"
#include "events/vocabulary.h"
#include "projections/read/query.h"

namespace tocsin {
namespace {

constexpr std::size_t kPartitionsMax = 10'000;
// One client's turn of reading from the log.
constexpr int kSliceRecords = 500;
// How long a client that has room, but for whom the log shows nothing new, waits for its next turn.
constexpr auto kRetry = std::chrono::milliseconds(50);
// How often streams on which nothing happens are asked whether they may go on.
constexpr auto kAdmissionCheck = std::chrono::milliseconds(1000);
// After so many records that did not pass the filter the client's position is moved.
constexpr int kSkippedMax = 256;

constexpr std::string_view kHeartbeat = ": alive\n\n";
constexpr std::string_view kFarewell =
    "event: dropped\ndata: {\"reason\":\"this client reads more slowly than events happen\"}\n\n";

template <class Number>
bool take_number(std::string_view& text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::optional<Positions> parse_positions(std::string_view text) {
  Positions positions;
  while (true) {
    PartitionId partition = 0;
    Offset offset = 0;
    if (!take_number(text, partition) || partition < 0 || !text.starts_with(':'))
      return std::nullopt;
    text.remove_prefix(1);
    if (!take_number(text, offset) || offset < -1) return std::nullopt;
    if (!positions.emplace(partition, offset).second || positions.size() > kPartitionsMax)
      return std::nullopt;
    if (text.empty()) return positions;
    if (!text.starts_with(',')) return std::nullopt;
    text.remove_prefix(1);
  }
}

std::string format_positions(const Positions& positions) {
  std::string out;
  for (const auto& [partition, offset] : positions) {
    if (!out.empty()) out += ',';
    out += std::to_string(partition) + ":" + std::to_string(offset);
  }
  return out;
}

struct EventFeed::Entry {
  PartitionId partition = 0;
  Offset offset = 0;
  std::string account, record;
  std::string type;  // empty for what is not for the stream

  explicit Entry(const Committed& committed)
      : partition(committed.partition),
        offset(committed.offset),
        account(committed.account),
        record(committed.bytes) {
    if (committed.kind != RecordKind::kEngine) type = committed.type;
  }
  // Of history.
  Entry(PartitionId p, Offset o, std::string_view key, std::string_view value)
      : partition(p), offset(o), account(key), record(value) {
    LogEvent event;
    if (read_log_record(record, event) && !is_engine_type(event.type)) type = event.type;
  }

  // Reads the record again, which few clients ask for. `view`: knows of which source entities are; for
  // scopes that have sources.
  bool is_inside(const Scope& scope, const ReadView* view) const {
    if (!scope.has_account(account)) return false;
    if (scope.kinds.empty() && scope.sources.empty()) return true;
    LogEvent event;
    if (!read_log_record(record, event)) return false;
    if (event.is_fact() && !scope.has_source(event.source)) return false;
    const std::string_view kind = kind_of(event);
    if (kind.empty() ? !scope.kinds.empty() : !scope.has_kind(kind)) return false;
    if (view == nullptr) return true;
    const auto found = find_entity(*view, {account, std::string(kind), std::string(event.subject)});
    return found ? scope.has_source(found->source) : event.is_fact();
  }

 private:
  static std::string_view kind_of(const LogEvent& event) {
    if (event.is_fact()) return split_type(event.type).kind;
    if (!event.data.starts_with(kEntity)) return {};
    const std::string_view entity = event.data.substr(kEntity.size());
    return entity.substr(0, entity.find('/'));
  }
  // How the data of every derived event begins.
  static constexpr std::string_view kEntity = "{\"entity\":\"";
};

// While `live` is false a client belongs to the catch-up thread, but for `live` itself; then to
// whoever holds the feed's mutex.
struct EventFeed::Client {
  std::uint64_t number = 0;
  FeedRequest request;
  std::shared_ptr<StreamReply> reply;
  Positions next;     // the offset to go on from, by partition
  bool live = false;  // gets what is published as it is
  int skipped = 0;
  const ReadView* view = nullptr;  // while it is read for, where it asks the views

  // Of which source an entity is the views tell, once they have applied what is about it: such a client
  // is always read for from the log, as far as they are.
  bool asks_views() const { return request.scope && !request.scope->sources.empty(); }

  bool wants(const Entry& entry) const {
    if (entry.type.empty()) return false;
    if (!request.account.empty() && entry.account != request.account) return false;
    if (request.scope && !entry.is_inside(*request.scope, view)) return false;
    return request.types.empty() ||
           std::any_of(request.types.begin(), request.types.end(),
                       [&](const std::string& type) { return entry.type.starts_with(type); });
  }

  std::string id_line() const {
    Positions last = next;
    for (auto& [partition, offset] : last) --offset;
    return "id: " + format_positions(last) + "\n";
  }
};

// What streams tell the catch-up thread. Their callbacks take this lock only, so they may come
// while the feed's is held.
struct EventFeed::Signal {
  Mutex mutex;
  Changed raised;
  bool work GUARDED_BY(mutex) = false;
  std::vector<std::pair<std::uint64_t, std::string>> ended GUARDED_BY(mutex);

  void raise() {
    const MutexLock lock(mutex);
    work = true;
    raised.notify_one();
  }
};

EventFeed::EventFeed(FeedOptions options, LogReader& history)
    : options_(std::move(options)),
      history_(history),
      signal_(std::make_shared<Signal>()),
      thread_([this] { catch_up(); }) {}

EventFeed::~EventFeed() {
  stop();
  thread_.join();
}

void EventFeed::begin(const Positions& next) {
  const MutexLock lock(mutex_);
  for (const auto& [partition, offset] : next) next_[partition] = floor_[partition] = offset;
}

void EventFeed::publish(const Committed& record) {
  if (record.replayed || record.kind == RecordKind::kRejected) return;
  const MutexLock lock(mutex_);
  const PartitionId partition = record.partition;
  const Offset offset = record.offset;
  next_[partition] = offset + 1;
  if (clients_.empty()) {
    floor_[partition] = offset + 1;
    ring_.clear();
    ring_bytes_ = 0;
    return;
  }
  floor_.try_emplace(partition, offset);
  const auto entry = std::make_shared<const Entry>(record);
  ring_.push_back(entry);
  ring_bytes_ += entry->record.size();
  while (ring_bytes_ > options_.queue_bytes_max / 2) {
    const Entry& oldest = *ring_.front();
    floor_[oldest.partition] = oldest.offset + 1;
    ring_bytes_ -= oldest.record.size();
    ring_.pop_front();
  }
  SharedFrame shared{next_, {}};
  for (const auto& [number, client] : clients_) {
    if (client->live) deliver(*client, *entry, &shared);
  }
}

void EventFeed::deliver(Client& client, const Entry& entry, SharedFrame* shared) {
  const auto next = client.next.find(entry.partition);
  if (next != client.next.end() && entry.offset < next->second) return;
  client.next[entry.partition] = entry.offset + 1;
  if (client.wants(entry)) {
    if (!is_admitted(client)) return;
    client.skipped = 0;
    const auto frame = [&] {
      return std::make_shared<const std::string>(client.id_line() + "data: " + entry.record +
                                                 "\n\n");
    };
    if (shared == nullptr || client.next != shared->next) {
      client.reply->send(frame());
    } else {
      if (!shared->chunk) shared->chunk = frame();
      client.reply->send(shared->chunk);
    }
  } else if (++client.skipped >= kSkippedMax) {
    client.skipped = 0;
    client.reply->send(client.id_line() + "\n");
  }
}

bool EventFeed::is_admitted(const Client& client) {
  if (!client.request.admitted || client.request.admitted()) return true;
  client.reply->cut("its token is not known any more");
  return false;
}

void EventFeed::end_unadmitted() const {
  const MutexLock lock(mutex_);
  for (const auto& [number, client] : clients_) is_admitted(*client);
}

std::shared_ptr<StreamReply> EventFeed::subscribe(FeedRequest request) {
  const auto client = std::make_shared<Client>();
  {
    const MutexLock lock(mutex_);
    if (stopping_ || clients_.size() >= options_.clients_max) return nullptr;
    client->number = next_client_++;
    client->next = next_;
    if (request.after) {
      // A partition that is not named goes on from now; one that is not ours is none.
      for (const auto& [partition, last] : *request.after) {
        const auto known = next_.find(partition);
        if (known != next_.end()) client->next[partition] = std::min(last + 1, known->second);
      }
    }
    client->request = std::move(request);
    client->live = client->next == next_ && !client->asks_views();
    StreamReplyOptions options;
    options.queue_bytes_max = options_.queue_bytes_max;
    options.heartbeat = kHeartbeat;
    options.farewell = kFarewell;
    options.on_end = [signal = signal_, number = client->number](std::string_view reason) {
      {
        const MutexLock guard(signal->mutex);
        signal->ended.emplace_back(number, reason);
      }
      signal->raise();
    };
    options.on_empty = [signal = signal_] { signal->raise(); };
    client->reply = std::make_shared<StreamReply>(std::move(options));
    clients_.emplace(client->number, client);
    ++stats_.opened;
    // Bytes at once, so that nothing between us and the client waits for some.
    client->reply->send("retry: 2000\n" + client->id_line() + "\n");
  }
  signal_->raise();
  if (options_.log) options_.log("stream_opened", client->request.client, "");
  return client->reply;
}

void EventFeed::stop() {
  std::vector<ClientPtr> clients;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& [number, client] : clients_) clients.push_back(client);
  }
  for (const auto& client : clients) client->reply->finish();
  signal_->raise();
}

EventFeed::Stats EventFeed::stats() const {
  const MutexLock lock(mutex_);
  Stats stats = stats_;
  stats.clients = static_cast<std::int64_t>(clients_.size());
  return stats;
}

void EventFeed::reap(std::uint64_t number, const std::string& reason) {
  ClientPtr client;
  {
    const MutexLock lock(mutex_);
    const auto found = clients_.find(number);
    if (found == clients_.end()) return;
    client = found->second;
    clients_.erase(found);
    if (reason == "too slow") ++stats_.dropped;
  }
  if (options_.log) {
    options_.log(reason == "too slow" ? "stream_dropped" : "stream_closed", client->request.client,
                 reason);
  }
}

std::vector<EventFeed::ClientPtr> EventFeed::behind() const {
  const MutexLock lock(mutex_);
  std::vector<ClientPtr> clients;
  for (const auto& [number, client] : clients_) {
    if (!client->live) clients.push_back(client);
  }
  return clients;
}

// The catch-up thread: gives those who are behind their turns, and buries those who have left.
void EventFeed::catch_up() {
  bool retry = false;
  while (true) {
    std::vector<std::pair<std::uint64_t, std::string>> ended;
    {
      MutexLock lock(signal_->mutex);
      const auto raised = [this]() REQUIRES(signal_->mutex) { return signal_->work; };
      signal_->raised.wait_for(lock, retry ? kRetry : kAdmissionCheck, raised);
      signal_->work = false;
      ended.swap(signal_->ended);
    }
    for (const auto& [number, reason] : ended) reap(number, reason);
    end_unadmitted();
    {
      const MutexLock lock(mutex_);
      if (stopping_ && clients_.empty()) return;
    }
    retry = false;
    bool advanced = false;
    for (const ClientPtr& client : behind()) {
      // One without room is waited for: its stream raises the signal when it is empty.
      if (client->reply->over() || client->reply->waiting_bytes() > options_.queue_bytes_max / 2)
        continue;
      advance(client) ? advanced = true : retry = true;
    }
    if (advanced) signal_->raise();
  }
}

// False: there was nothing to do for it just now.
bool EventFeed::advance(const ClientPtr& client) {
  if (!client->asks_views() && try_join(*client)) return true;
  try {
    return read_slice(*client);
  } catch (const std::exception& error) {
    if (options_.log) options_.log("stream_failed", client->request.client, error.what());
    client->reply->finish();
    return true;
  }
}

// From where the ring begins a client can go on live. The ring is no larger than half of its queue,
// and the other half is free.
bool EventFeed::try_join(Client& client) {
  const MutexLock lock(mutex_);
  for (const auto& [partition, floor] : floor_) {
    const auto next = client.next.find(partition);
    if (next != client.next.end() && next->second < floor) return false;
  }
  for (const EntryPtr& entry : ring_) deliver(client, *entry, nullptr);
  client.live = true;
  return true;
}

bool EventFeed::is_behind(const Client& client, const Positions& end) {
  return std::any_of(client.next.begin(), client.next.end(), [&](const auto& position) {
    const auto there = end.find(position.first);
    return there != end.end() && position.second < there->second;
  });
}

bool EventFeed::read_slice(Client& client) {
  // As far as it is read for here: those who go on live need no more than what the ring lacks.
  Positions end;
  {
    const MutexLock lock(mutex_);
    end = client.asks_views() ? next_ : floor_;
  }
  std::optional<ReadView> view;
  if (client.asks_views() && is_behind(client, end)) {
    view = options_.views();
    for (auto& [partition, offset] : end) {
      const auto applied = view->applied().find(partition);
      offset = std::min(offset, applied == view->applied().end() ? 0 : applied->second);
    }
    client.view = &*view;
  }
  bool advanced = false;
  for (const auto& position : Positions(client.next)) {
    const PartitionId partition = position.first;
    const Offset from = position.second;
    const Offset until = end[partition];
    if (from >= until) continue;
    int records = 0;
    std::size_t bytes = 0;
    const Offset next = history_.read(
        partition, from, [&](Offset offset, std::string_view key, std::string_view value) {
          if (view && offset >= until) return false;
          deliver(client, Entry(partition, offset, key, value), nullptr);
          bytes += value.size();
          return ++records < kSliceRecords && bytes < options_.queue_bytes_max / 4;
        });
    Offset& reached = client.next[partition];
    reached = std::max(reached, view ? std::min(next, until) : next);
    if (reached > from) advanced = true;
    // The others' turn is when this one has room again.
    if (records > 0) break;
  }
  client.view = nullptr;
  return advanced;
}

}  // namespace tocsin
