// Who is to be told of what, when, and by which channel: the notifier's rules, without any I/O.
//
// The outbox is fed with what the log holds (raised steps, their ends, outcomes), the roster, the
// results of sends and the time; it gives out sends to begin, outcomes to put into the log and the
// instant at which it wants to be asked again. What it knows comes from the log alone, so that after
// a crash, or on another node, feeding it the log makes the same outbox.
//
// Promises
//  1. Each message of a raised step (step, person, channel) that the rules call for and that has no
//     outcome is sent, while its group is open and where the step was raised after notifying was
//     switched on (`switched_on` of its partition). One that has an outcome is not begun again.
//  2. `high`: a person's first channel at once, each next one `after` it, or at once when the one
//     before failed for good or three times, until the group is closed. `low`: the first channel
//     that delivers, at the person's hour where there is one.
//  3. Attempts of a message at 0, 5, 15, 45 s, 2 min and every 2 min, not before what Retry-After
//     asked for; the third failure is recorded as `failed`, later ones may still deliver.
//  4. Where nobody of a step was reached the fallback of its roles, then the last resort are told;
//     where that fails too the step is unheard.
//  5. Ready messages go urgent first, newest first. Beyond a destination's limit several go as one
//     digest; `high` ones never wait for one. What is not urgent leaves a quarter of a limit free.
//  6. Only partitions that are `own`ed send.
//  7. Of one channel no more than kPerChannel sends are under way, of what is not urgent
//     kLowPerChannel, so that one that hangs holds no other up. While urgent ones wait for room in a
//     channel that moves, nothing that is not urgent begins.
//
// Example: wang has [desk, call]; P1 raised at 09:00:00: desk at once; at 09:02:00 call, unless
// somebody acknowledged by then; desk fails for good at 09:00:01: call at 09:00:01.
//
// Threads: one. Memory: open groups, and closed ones of which somebody is still to be told. Bounds:
// kPostsMax messages wait at a time (more are told by the digest of the first), kPersonsMax a step.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "connectors/notify/channel.h"
#include "connectors/notify/message.h"
#include "engine/log_port.h"
#include "engine/policy/roster.h"

namespace tocsin::notify {

// What the log is told of one message.
struct Told {
  PartitionId partition = 0;
  std::string account, entity_kind, entity_id, group;
  int step = 0;
  std::string person, channel;
  About about = About::kRaised;  // else: that it is over
  bool delivered = false;
  int attempts = 0;
  std::string error;
  Instant raised;     // for figures
  bool high = false;  // the same
};

struct Send {
  std::uint64_t id = 0;
  std::string channel;
  Message message;
  int attempt = 1;
};

struct OutboxFigures {
  std::int64_t owed = 0, unheard = 0;
  Instant oldest_high{kNever};  // raised, of what is owed
};

class Outbox {
 public:
  static constexpr std::size_t kPostsMax = 200'000;
  static constexpr std::size_t kPersonsMax = 200;
  static constexpr int kStumbles = 3;  // failures after which the next channel is tried
  static constexpr int kAttemptsMax = 30;
  static constexpr std::size_t kPerChannel = 64, kLowPerChannel = 48;  // sends under way

  struct ChannelTraits {
    Limit limit;
    bool shared = false, tells_all_clear = true, tells_taker = false;
  };
  struct Options {
    std::map<std::string, ChannelTraits> channels;
    Duration after = minutes(2);
    // Fills in what a message needs besides: links, subscriptions.
    std::function<void(Message&)> complete;
  };

  explicit Outbox(Options options);
  ~Outbox();

  // ---- what the log holds, in its order
  void switched_on(PartitionId partition);
  bool is_on(PartitionId partition) const { return on_.count(partition) != 0; }
  void raised(PartitionId partition, Alarm alarm);
  // By an acknowledgement (of `by`), or because it is over.
  void closed(const std::string& group, About about, const std::string& by, Instant at);
  void reopened(const std::string& group);
  void told(const Told& outcome, Instant at);
  // A partition's records are thrown away and told again from the start (a rebuild, a reset).
  void forget(PartitionId partition);

  // ---- the world
  void roster(std::shared_ptr<const Roster> roster) { roster_ = std::move(roster); }
  void policy(std::shared_ptr<const Policy> policy) { policy_ = std::move(policy); }
  // Those partitions whose log was read to its end and that this node owns.
  void own(const std::set<PartitionId>& partitions, Instant now);
  // Tells it to the last resort, in each one's language, by any channel but `except`.
  struct Notice {
    std::string en, zh;
  };
  void notice(const Notice& notice, const std::string& except, Instant now);
  void test(const std::string& person, Instant now);

  // ---- sending
  std::vector<Send> take_sends(Instant now, std::size_t most);
  void result(std::uint64_t send, const Verdict& verdict, Instant now);
  std::vector<Told> take_told();
  // When to ask for sends again; kNever: not before something is fed.
  Instant next_wake() const;
  OutboxFigures figures() const;
  // Everybody who was called for the group, in the order of the calls, as the log names them.
  std::vector<std::string> called(const std::string& group) const;

 private:
  struct Try;
  struct PersonState;
  struct StepState;
  struct Group;
  struct Post;
  struct Destination;
  struct Order {  // of ready messages
    bool low = false;
    std::int64_t age = 0;  // minus the instant at which it was raised
    std::uint64_t id = 0;
    friend auto operator<=>(const Order&, const Order&) = default;
  };

  struct Sending {
    std::vector<std::uint64_t> posts;
    std::string channel;
    bool low = false;
  };
  struct UnderWay {
    std::size_t all = 0, low = 0;
    Instant moved{kAlways};  // the last answer, or the first send without one
  };

  void settle(Group& group, Instant now);
  void settle_step(Group& group, StepState& step, Instant now);
  void settle_person(Group& group, StepState& step, std::size_t person, Instant now);
  void hasten(const Group& group, int step, const std::string& person, const std::string& channel,
              Instant now);
  void look_further(Group& group, StepState& step, Instant now);
  bool add_persons(StepState& step, const Roster::Persons& persons);
  void all_clear(Group& group, Instant now);
  void post(Post made);
  Destination& destination_of(const Post& post);
  void make_ready(Post& post);
  void leave_ready(Post& post);
  void drop(std::uint64_t id);
  // Those of a group; `to_send`: but for those that are being sent, and all-clears.
  void drop_all(const std::string& group, bool to_send);
  void drop_if_done(const std::string& group);
  void tell(const Post& post, bool delivered, const std::string& error);
  bool may_send(Destination& destination, bool low, Instant now);
  std::vector<std::uint64_t> gathered(const Post& first, Destination& destination, Instant now);
  Send made(const std::vector<std::uint64_t>& ids, Instant now);
  void concluded(Post post, Verdict verdict, Instant now);
  StepState* step_of(const Post& post);
  Instant digest_at(const Person* person, Instant raised) const;

  Options options_;
  std::shared_ptr<const Roster> roster_ = std::make_shared<const Roster>();
  std::shared_ptr<const Policy> policy_;  // null: none is known yet
  std::set<PartitionId> on_, owned_;
  std::unordered_map<std::string, std::unique_ptr<Group>> groups_;
  std::unordered_map<std::uint64_t, Post> posts_;
  std::set<std::pair<Instant, std::uint64_t>> waiting_;
  std::map<std::string, std::unique_ptr<Destination>> destinations_;
  std::set<std::pair<Order, std::string>> heads_;  // the best ready message of each destination
  std::unordered_map<std::uint64_t, Sending> sending_;
  std::unordered_map<std::string, UnderWay> under_way_;  // by channel
  std::vector<Told> told_;
  std::uint64_t next_id_ = 1;
  std::int64_t unheard_ = 0;
  Instant blocked_until_{kNever};  // of destinations at their limit, the first
};

// `tn_` and 32 digits: what a receiver knows a repeat by.
std::string message_id(const std::string& group, int step, const std::string& person,
                       const std::string& channel, About about);

}  // namespace tocsin::notify
