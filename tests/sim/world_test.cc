// Worlds: a seed makes a node on the embedded log, what customers send it, and everything that goes
// wrong on the way; at the end, and on the way, what must hold is looked at.
#include "tests/sim/world.h"

#include <gtest/gtest.h>

#include <set>

#include "app/policy_record.h"
#include "events/log_record.h"
#include "tests/engine/property_facts.h"
#include "tests/projections/temp_directory.h"
#include "tests/sim/checks.h"
#include "tests/sim/settings.h"
#include "tests/sim/sim_node.h"

namespace tocsin::sim {
namespace {

constexpr Duration kPatience = minutes(10);

class EmbeddedWorld : public TroubledWorld {
 public:
  EmbeddedWorld(std::uint64_t seed, bool loud) : TroubledWorld(seed, loud), disk_(random_) {
    const ConfiguredPolicy& first = one_of_them();
    story_ = StoryTeller(*first.policy(), seed).tell();
    time_.truth = story_.in_order.empty() ? 1'772'000'000'000 : story_.in_order.front().arrival.ms;
    options_.data = directory_.path();
    options_.report = [this](std::string_view level, std::string_view event,
                             std::string_view detail) {
      say(std::string(level) + " " + std::string(event) + " " + std::string(detail));
    };
    options_.policy = first;
    calm_ = random_.chance(20);
    sets_back_ = random_.chance(50);
  }

  void run() {
    start();
    const auto& deliveries = random_.chance(50) ? story_.in_order : story_.late;
    for (const Delivery& delivery : deliveries) {
      pass_until(std::max(delivery.arrival.ms, time_.truth));
      send(story_.facts[delivery.fact]);
      trouble();
      step();
      if (time_.wall_error < 0 && wants_dues_) dues_are_told();
      if (!wrong_.empty()) return;
    }
    settle();
  }

 private:
  // In steps, so that dues are told on the way as a node tells them.
  void pass_until(std::int64_t truth) {
    for (int steps = 0; time_.truth < truth && wrong_.empty(); ++steps) {
      const std::int64_t left = truth - time_.truth;
      pass(steps > 40 ? left
                      : std::min<std::int64_t>(
                            left, random_.between(1, std::max<std::int64_t>(2, left / 4))));
      if (random_.chance(30)) step();
    }
  }

  void start() {
    for (int tries = 0; node_ == nullptr; ++tries) {
      if (tries > 30) disk_.no_crash();
      try {
        node_ = std::make_unique<SimNode>(
            options_, time_, disk_, store_, memory_,
            [this](const std::string& fact) { acknowledged_.insert(id_of(fact)); });
        if (node_->sick()) node_.reset();
      } catch (const Crash&) {
        say("crash at the start");
        die(random_.chance(50));
      } catch (const std::exception& error) {  // a flush that fails is one; it is tried again
        if (tries > 5) return wrong(std::string("the node does not start: ") + error.what());
      }
    }
  }

  void die(bool power) {
    say(power ? "the power fails" : "kill -9");
    node_.reset();
    if (power) {
      time_.wall_error = 0;  // another boot believes its wall clock
      disk_.lose_power();
      time_.boot += "'";
      time_.since_boot = 1'000;
      mark_falls_behind();
    }
    store_.die();
  }

  // The count of durable batches survives the process, not the power.
  void mark_falls_behind() {
    const std::filesystem::path log = options_.data / "log";
    if (!std::filesystem::exists(log / "durable")) return;
    if (random_.chance(30)) {
      std::filesystem::remove(log / "durable");
    } else if (random_.chance(50)) {
      auto mark = DurableMark::open_for_writer(log);
      mark.set_batches(random_.below(mark.batches() + 1));
    }
  }

  void step() {
    if (node_ == nullptr) start();
    if (!wrong_.empty()) return;
    try {
      if (random_.chance(70)) node_->end_write();
      node_->round();
    } catch (const Crash&) {
      die(random_.chance(50));
      return start();
    } catch (const std::exception& error) {
      return wrong(std::string("the engine stopped: ") + error.what());
    }
    if (node_->sick()) {
      say("sick: started again");
      die(random_.chance(20));
      start();
    }
    if (node_) written_.emplace_back(node_->room().next(), time_.truth);
    if (random_.chance(40)) store_.write(random_.below(6));
    if (!settling_ && random_.chance(10)) store_.be_busy(random_.chance(60));
  }

  static std::string id_of(const std::string& fact) {
    const std::size_t at = fact.find("\"id\":\"") + 6;
    return fact.substr(at, fact.find('"', at) - at);
  }

  void send(const Given& given) {
    sent_.push_back(line_of(senders_.say(given, {time_.truth + time_.wall_error})));
    if (node_ == nullptr) return;
    node_->submit({sent_.back()});
    // The client did not hear the answer.
    if (random_.chance(10)) node_->submit({sent_[random_.below(sent_.size())]});
  }

  void trouble() {
    if (calm_) return;
    if (random_.chance(6)) {
      disk_.crash_in(1 + random_.below(12));
    } else if (random_.chance(3)) {
      say("the disk is full for a while");
      disk_.full(true);
      for (int i = 0; i < 3; ++i) step();
      disk_.full(false);
    } else if (random_.chance(2)) {
      say("a flush fails");
      disk_.break_next_flush();
    } else if (random_.chance(4)) {
      die(random_.chance(50));
      if (random_.chance(30)) pass(random_.between(0, hours(1).ms));
      if (random_.chance(10)) store_.lose_everything();
      start();
    } else if (random_.chance(3)) {
      glitch();
    } else if (random_.chance(3)) {
      hand_in();
    } else if (random_.chance(2)) {
      put_back_without_the_end();
    } else if (sets_back_ && random_.chance(10)) {
      set_the_clock_back();
    }
  }

  // Somebody puts back a copy of the log that lacks the last of what was acknowledged: nobody starts
  // on it.
  void put_back_without_the_end() {
    if (node_ == nullptr) return;
    die(false);
    const std::uint64_t cut = random_.below(1'000'000);
    const TempDirectory looked_at, started_on;
    EmbeddedLogOptions anyway;
    anyway.accept_loss = true;
    copy_cut(looked_at, cut);
    copy_cut(started_on, cut);
    SimNodeOptions options = options_;
    options.data = started_on.path();
    try {
      const auto log = EmbeddedLog::open(looked_at.path() / "log", anyway);
      if (log->recovery().missing_batches == 0) return;
      SimStore empty;
      std::optional<ClockMemory> memory = memory_;
      SimNode(options, time_, disk_, empty, memory, [](const std::string&) {});
      wrong("a node starts on a log without its end");
    } catch (const Crash&) {
    } catch (const AcknowledgedLost& error) {
      say(error.what());
    } catch (const LogDamaged& error) {  // cut within a frame's first bytes
      say(error.what());
    }
  }

  // The log's directory under `to`, of which the newest file ends somewhere earlier.
  void copy_cut(const TempDirectory& to, std::uint64_t cut) const {
    const std::filesystem::path log = to.path() / "log";
    std::filesystem::copy(options_.data / "log", log);
    std::filesystem::path newest;
    for (const auto& file : std::filesystem::directory_iterator(log)) {
      if (file.path().filename().string().starts_with("log-"))
        newest = std::max(newest, file.path());
    }
    if (newest.empty()) return;
    const auto frames = std::filesystem::file_size(newest) - kSegmentHeaderBytes;
    if (frames > 0) std::filesystem::resize_file(newest, kSegmentHeaderBytes + cut % frames);
  }

  // The wall clock leaps and is right again before anybody believes it.
  void glitch() {
    const std::int64_t leap = random_.chance(60) ? days(1).ms : -days(1).ms;
    say("the wall clock leaps by " + std::to_string(leap) + " ms");
    time_.wall_error = leap;
    leapt_ = true;
    for (int i = 0; i < 3; ++i) {
      pass(random_.between(1, kPatience.ms / 4));
      step();
    }
    time_.wall_error = 0;
    step();
  }

  // Somebody sets the clock back, so long that the node comes to believe it.
  void set_the_clock_back() {
    time_.wall_error = -random_.between(minutes(10).ms, hours(3).ms);
    say("the wall clock is set back by " + std::to_string(-time_.wall_error) + " ms");
    leapt_ = true;
    for (int i = 0; i < 4; ++i) {
      pass(random_.between(1, kPatience.ms));
      step();
    }
    wants_dues_ = true;
  }

  // Nothing that is due waits for instants that came before.
  void dues_are_told() {
    for (int i = 0; i < 100 && wrong_.empty(); ++i) {
      step();
      if (node_ == nullptr || node_->room().wants_to_look_ahead(node_->clock().now())) continue;
      const Instant now = node_->room().moment(node_->clock().now());
      bool due = false;
      Partition& partition = node_->room().partition();
      partition.each_entity([&](Entity& e) { due = due || partition.due_of(e) <= now; });
      if (!due) return;
    }
    if (wrong_.empty()) wrong("what is due is not told");
  }

  const ConfiguredPolicy& one_of_them() { return policies()[random_.below(policies().size())]; }

  void hand_in() {
    OwnRecord record{"tocsin.engine.roster", "", R"({"text":"away: [Li Wei]\n"})"};
    if (random_.chance(50)) {
      const ConfiguredPolicy& next = one_of_them();
      record = {"tocsin.engine.policy", "",
                policy_data(next.text(), *next.policy(), 0, random_.chance(40), "the test")};
    }
    say("hand in " + record.type);
    node_->hand_in(std::move(record));
  }

  // No more trouble: everything sent again until it is there, and every due told.
  void settle() {
    say("settle");
    settling_ = true;
    store_.be_busy(false);
    disk_.no_crash();
    disk_.full(false);
    time_.wall_error = 0;
    for (const std::string& fact : sent_) {
      if (node_ == nullptr) start();
      node_->submit({fact});
      step();
      if (!wrong_.empty()) return;
    }
    for (int i = 0; i < 3; ++i) {  // until the clock that is right again is believed
      pass(kPatience.ms);
      step();
    }
    pass_until(std::max(story_.until.ms, time_.truth + 1));
    for (int i = 0; i < 2000 && wrong_.empty(); ++i) {
      step();
      const Instant now = node_->room().moment(node_->clock().now());
      if (node_->idle() && node_->room().next_due() > now && !node_->room().has_batch()) break;
    }
    if (!wrong_.empty()) return;
    if (node_->room().keeps_back())
      return wrong("what was decided is kept from a store that is ready");
    check();
  }

  void check() {
    std::vector<LogLine> log;
    node_->log().read(0, 0, [&](Offset offset, std::string_view, std::string_view value) {
      log.push_back({offset, std::string(value)});
      return true;
    });
    for (const LogLine& line : log) say(line.record);
    for (std::size_t i = 0; i < log.size(); ++i) {
      if (log[i].offset != static_cast<Offset>(i)) return wrong("an offset is left out");
    }
    if (node_->room().next() != static_cast<Offset>(log.size()))
      return wrong("the room is not at the log's end");
    if (const std::string early = not_in_the_future(log); !early.empty()) return wrong(early);
    LogChecks checks(0, std::move(log), options_.policy);
    if (const std::string found = checks.form(time_.truth, leapt_); !found.empty())
      return wrong(found);
    for (const std::string& id : acknowledged_) {
      if (checks.facts().count(id) == 0) return wrong("acknowledged and not in the log: " + id);
    }
    const Instant now = node_->room().moment(node_->clock().now());
    if (const std::string found = checks.replay(now); !found.empty()) return wrong(found);
    if (const std::string found = checks.verdicts(node_->room(), now, false); !found.empty())
      wrong(found);
  }

  // Nothing was decided at an instant that had not come.
  std::string not_in_the_future(const std::vector<LogLine>& log) const {
    auto at = written_.begin();
    LogEvent event;
    for (const LogLine& line : log) {
      while (at != written_.end() && at->first <= line.offset) ++at;
      if (at == written_.end()) return {};
      if (read_log_record(line.record, event) && event.decided.ms > at->second)
        return "decided at an instant that had not come: " + line.record;
    }
    return {};
  }

  TempDirectory directory_;
  SimDisk disk_;
  SimStore store_;
  bool settling_ = false;
  std::optional<ClockMemory> memory_;
  SimNodeOptions options_;
  Story story_;
  std::unique_ptr<SimNode> node_;
  std::vector<std::string> sent_;
  std::set<std::string> acknowledged_;
  std::vector<std::pair<Offset, std::int64_t>> written_;  // how far the log was, when
  bool calm_ = false, leapt_ = false;
  bool sets_back_ = false;   // the clock
  bool wants_dues_ = false;  // it was set back
};

TEST(World, AnEmbeddedNodeSaysWhatIsTrueOnceWhateverBreaks) {
  const Seeds some = seeds(300);
  for (std::uint64_t seed = some.first; seed < some.end; ++seed) {
    EmbeddedWorld world(seed, some.loud);
    world.run();
    ASSERT_EQ(world.found_wrong(), "") << "again: TOCSIN_SIM_SEED=" << seed;
  }
}

}  // namespace
}  // namespace tocsin::sim
