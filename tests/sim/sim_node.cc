#include "tests/sim/sim_node.h"

#include <numeric>
#include <utility>

namespace tocsin::sim {

namespace {

WallClockOptions clock_options(SimTime& time, std::optional<ClockMemory>& memory) {
  WallClockOptions options;
  options.wall = [&time] { return time.read() + time.wall_error; };
  options.since_boot = [&time] { return time.since_boot; };
  options.boot = time.boot;
  options.memory = memory;
  options.keep = [&memory](const ClockMemory& kept) { memory = kept; };
  return options;
}

EmbeddedLogOptions log_options(SimDisk& disk) {
  EmbeddedLogOptions options;
  options.segment_bytes_max = 64 << 10;
  options.allocate_bytes = 16 << 10;
  options.direct_bytes = SIZE_MAX;
  options.verify_bytes_at_open = 32 << 10;
  options.disk = disk.calls();
  return options;
}

}  // namespace

SimNode::SimNode(const SimNodeOptions& options, SimTime& time, SimDisk& disk, SimStore& store,
                 std::optional<ClockMemory>& memory, Acknowledge acknowledge)
    : acknowledge_(std::move(acknowledge)),
      clock_(std::make_shared<WallClock>(clock_options(time, memory))),
      log_(EmbeddedLog::open(options.data / "log", log_options(disk))) {
  EmbeddedLoopOptions loop;
  loop.policy = options.policy;
  loop.data = options.data;
  loop.hot_entities = options.hot_entities;
  loop.look_ahead_rows = 5;
  loop.round_events_max = options.round_events_max;
  loop.round_fires_max = 50;
  loop.clock = clock_;
  loop.report = options.report;
  loop.commits = CommitBy::kHand;
  loop_ = std::make_unique<EmbeddedLoop>(std::move(loop), log_, store, CommittedListener{});
  loop_->begin();
  loop_->open_door();
}

void SimNode::submit(std::vector<std::string> facts) {
  auto submission = std::make_unique<Submission>();
  submission->body = std::accumulate(facts.begin(), facts.end(), std::string());
  std::size_t at = 0;
  for (const std::string& fact : facts) {
    SubmittedEvent& event = submission->events.emplace_back();
    event.original = std::string_view(submission->body).substr(at, fact.size());
    decoder_.structured(event.original, {}, event.decoded);
    at += fact.size();
  }
  loop_->submit(std::move(submission), [this, facts = std::move(facts)](const SubmitResult& r) {
    if (r.status != SubmitResult::Status::kJudged) return;
    for (std::size_t i = 0; i < facts.size(); ++i) {
      if (r.events[i].verdict != EventVerdict::kRejected) acknowledge_(facts[i]);
    }
  });
}

void SimNode::hand_in(OwnRecord record) {
  loop_->submit_own(std::move(record), [](const OwnResult&) {});
}

}  // namespace tocsin::sim
