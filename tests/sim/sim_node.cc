#include "tests/sim/sim_node.h"

#include <algorithm>

namespace tocsin::sim {

WallClockOptions SimNode::clock_options(SimTime& time, std::optional<ClockMemory>& memory) {
  WallClockOptions options;
  options.wall = [&time] { return time.truth + time.wall_error; };
  options.since_boot = [&time] { return time.since_boot; };
  options.boot = time.boot;
  options.memory = memory;
  options.keep = [&memory](const ClockMemory& kept) { memory = kept; };
  return options;
}

SimNode::SimNode(SimNodeOptions options, SimTime& time, SimDisk& disk, SimStore& store,
                 std::optional<ClockMemory>& memory, Answer answer)
    : options_(std::move(options)),
      store_(store),
      answer_(std::move(answer)),
      clock_(clock_options(time, memory)) {
  EmbeddedLogOptions log;
  log.segment_bytes_max = 64 << 10;
  log.allocate_bytes = 16 << 10;
  log.direct_bytes = SIZE_MAX;
  log.verify_bytes_at_open = 32 << 10;
  log.disk = disk.calls();
  log_ = EmbeddedLog::open(options_.directory, log);
  RoomOptions room;
  room.policy = options_.policy;
  room.hot_entities = options_.hot_entities;
  room.look_ahead_rows = 5;
  room_ = std::make_unique<Room>(room, &store_, CommittedListener{});
  catch_up();
}

void SimNode::catch_up() {
  follow_to_end(*log_, *room_, 0, true, 7, [] {});
  learn_latest(*log_, *room_, 0, 0);
  const Instant now = room_->moment(clock_.now());
  room_->ensure_policy(now);
  room_->look_ahead(now);
  if (!room_->has_batch()) return;
  under_way_ = Round{room_->take_decided(), {}};
  commit_under_way();
}

void SimNode::take(SimRequest request, Instant arrival, Round& round) {
  std::vector<Outcome> outcomes;
  if (request.own) {
    room_->decide(arrival, arrival);
    const std::string why = room_->take_own(*request.own, arrival);
    outcomes.push_back(why.empty() ? Outcome::kAccepted : Outcome::kRejected);
  }
  Decoded decoded;
  for (const std::string& fact : request.facts) {
    decoder_.structured(fact, {}, decoded);
    const Judged judged = room_->arrive(decoded, arrival, std::max(arrival, clock_.facts_now()));
    outcomes.push_back(judged.outcome);
  }
  round.requests.emplace_back(std::move(request), std::move(outcomes));
}

void SimNode::step() {
  if (sick_) return;
  if (stalled_) {
    queue_.clear();  // answered: not kept
    room_->reset();
    stalled_ = false;
    return catch_up();
  }
  const Instant began = room_->moment(clock_.now());
  if (room_->wants_to_look_ahead(began)) {
    drain();
    if (sick_ || stalled_) return;
    room_->look_ahead(began);
  }
  Round round;
  std::size_t taken = 0;
  const std::size_t most = std::min(queue_.size(), options_.round_requests_max);
  while (taken < most) {
    const Instant arrival = room_->moment(queue_[taken].arrived);
    tell_before(*room_, arrival, arrival, 50);
    for (; taken < most && room_->moment(queue_[taken].arrived) <= arrival; ++taken)
      take(std::move(queue_[taken].request), arrival, round);
    room_->decide(arrival, arrival);
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(taken));
  if (queue_.empty()) {
    const Instant now = room_->moment(clock_.now());
    room_->decide(now, now);
    tell_due(*room_, now, now, 50);
  }
  if (room_->has_batch()) round.decided = room_->take_decided();
  commit_under_way();
  if (sick_ || stalled_) return;  // what was decided since stands on what is not in the log
  under_way_ = std::move(round);
}

void SimNode::drain() { commit_under_way(); }

void SimNode::commit_under_way() {
  if (!under_way_) return;
  Round round = std::move(*under_way_);
  under_way_.reset();
  if (!round.decided.batch.empty()) {
    const CommitResult result = log_->commit(round.decided.batch);
    if (result.status != CommitStatus::kDurable) {
      sick_ = result.status == CommitStatus::kUnknown;
      stalled_ = !sick_;
      return;
    }
    room_->committed(std::move(round.decided), result.first, result.next);
  }
  for (const auto& [request, outcomes] : round.requests) answer_(request, outcomes);
}

}  // namespace tocsin::sim
