// The log as Server-Sent Events: what happens now, to whoever listens, and what they missed.
//
// The node publishes every record after it has folded it. A client gets those that pass its filter,
// each as
//
//   id: 0:17
//   data: {"specversion":"1.0",…}
//
// where the id is the position reached: `partition:offset`, of several partitions a list
// `0:17,1:5`. A client that comes back with it (Last-Event-ID) gets everything after it: from the
// log, at the client's own pace, until it has caught up with what is published.
//
// Promises:
//  1. Between its position and the end of the stream a client misses no record that passes its
//     filter, gets those of a partition in order, and each once, also where it resumes. What is
//     replayed to the node (Committed::replayed) is history to it, however far its position lies
//     behind.
//  2. A client for whom more than queue_bytes_max waits while it is caught up is dropped and told
//     so (`event: dropped`); it can resume.
//  3. With no clients `publish` costs some 30 ns and keeps nothing.
//  4. A client whose filter lets little pass still gets its position moved, by frames with an id
//     alone, which EventSource takes without an event.
//  5. Nothing is sent to a client that is not admitted any more, whose token has expired or is gone; its
//     stream ends within a second.
//
// The engine's own records (`tocsin.engine.…`) are not for this stream. A client whose scope has sources
// gets what it may see once the views have applied it, a moment later than others.
//
// Threads: any; publish from one thread a partition, in offset order.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "connectors/http/message.h"
#include "connectors/http/stream_reply.h"
#include "engine/committed.h"
#include "engine/log_port.h"
#include "events/mutex.h"
#include "projections/rows/read_view.h"

namespace tocsin {

using Positions = std::map<PartitionId, Offset>;

// `0:17,1:5`. nullopt: not of that form.
std::optional<Positions> parse_positions(std::string_view text);
std::string format_positions(const Positions& positions);

struct FeedOptions {
  std::size_t clients_max = 200;
  std::size_t queue_bytes_max = 1 << 20;
  // Of one moment, from the feed's own thread: tells a scope of sources what it lets see.
  std::function<ReadView()> views;
  // `stream_opened`, `stream_dropped`, `stream_closed`, `stream_failed`.
  std::function<void(std::string_view event, std::string_view client, std::string_view detail)> log;
};

struct FeedRequest {
  std::string client;                  // for the log: `board 10.0.0.7:4711`
  std::optional<Positions> after;      // the last record seen in each partition; none: from now on
  std::string account;                 // only its records; empty: all
  std::vector<std::string> types;      // prefixes of which one must fit; empty: all
  std::shared_ptr<const Scope> scope;  // what lies outside is left out; null: nothing
  // Whether it may still read: where it may no more the stream ends. Called from several threads; empty: it
  // may always.
  std::function<bool()> admitted;
};

class EventFeed {
 public:
  // `history` is read from the feed's own thread.
  EventFeed(FeedOptions options, LogReader& history);
  ~EventFeed();

  // The end of each partition of the log, before the first publish.
  void begin(const Positions& next);
  void publish(const Committed& record);

  // nullptr: there are clients_max already.
  std::shared_ptr<StreamReply> subscribe(FeedRequest request);
  // Ends all streams; no more are taken.
  void stop();

  struct Stats {
    std::int64_t clients = 0, opened = 0, dropped = 0, sent = 0;
  };
  Stats stats() const;

 private:
  struct Client;
  struct Entry;
  struct Signal;
  using EntryPtr = std::shared_ptr<const Entry>;
  using ClientPtr = std::shared_ptr<Client>;

  // One frame for all clients who are equally far.
  struct SharedFrame {
    const Positions& next;
    StreamReply::Chunk chunk;
  };
  // Sends the entry if it is new to the client and passes its filter.
  void deliver(Client& client, const Entry& entry, SharedFrame* shared);
  // Ends its stream where it may read no more.
  static bool is_admitted(const Client& client);
  void end_unadmitted() const;
  void catch_up();
  bool advance(const ClientPtr& client);
  bool try_join(Client& client);
  static bool is_behind(const Client& client, const Positions& end);
  bool read_slice(Client& client);
  void reap(std::uint64_t number, const std::string& reason);
  std::vector<ClientPtr> behind() const;

  const FeedOptions options_;
  LogReader& history_;
  const std::shared_ptr<Signal> signal_;  // wakes the catch-up thread; outlives us in callbacks

  mutable Mutex mutex_;
  std::map<std::uint64_t, ClientPtr> clients_ GUARDED_BY(mutex_);
  std::uint64_t next_client_ GUARDED_BY(mutex_) = 0;
  Positions next_ GUARDED_BY(mutex_);   // offset after the last published record
  Positions floor_ GUARDED_BY(mutex_);  // the ring holds everything published from here on
  std::deque<EntryPtr> ring_
      GUARDED_BY(mutex_);  // what was published lately, so that those who catch up can join
  std::size_t ring_bytes_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  Stats stats_ GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace tocsin
