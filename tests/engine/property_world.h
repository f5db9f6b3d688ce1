// A partition for random tests: facts arrive, decisions fall, and all that was said is kept.
//
// Time moves as in `simulate`: facts of one arrival instant are read together, then dues up to the
// next arrival fire one by one. After every decision the checks of `World::Checks` run.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/partition.h"
#include "engine/said/announce.h"
#include "engine/said/derived.h"
#include "engine/said/group_steps.h"
#include "engine/views.h"
#include "events/codec.h"
#include "events/id.h"
#include "events/log_record.h"
#include "events/writer.h"

namespace tocsin {

// A fact before it is told to anybody.
struct Given {
  std::string account, kind, verb, subject, id, sequence, data;
  Instant time;
  bool first = false;  // its arrival matters to stamps or periods: keeps its place
  std::string type() const { return "tocsin." + kind + "." + verb; }
};

inline std::string line_of(const Given& g) {
  std::string out = "{\"specversion\":\"1.0\",\"source\":\"/random\"";
  const auto member = [&](const char* name, const std::string& value) {
    out += ",\"";
    out += name;
    out += "\":";
    append_json_string(out, value);
  };
  member("id", g.id);
  member("type", g.type());
  member("time", format_rfc3339(g.time));
  member("subject", g.subject);
  member("partitionkey", g.account);
  if (!g.sequence.empty()) member("sequence", g.sequence);
  if (!g.data.empty()) out += ",\"data\":" + g.data;
  return out + "}";
}

struct SaidEvent {
  std::string id, type;
  std::string text;      // as readers see it
  std::string extended;  // as the log has it
  Instant time, recorded;
};

class World {
 public:
  // Where a check of `after_decision` puts what is wrong; empty: nothing.
  using Check = std::function<std::string(World&, Entity&, Instant now)>;

  explicit World(std::shared_ptr<const Policy> policy)
      : policy_(std::move(policy)),
        partition_(std::make_unique<Partition>(policy_)),
        sink_(
            [this](const Entity& e, const Derived& d, Instant recorded) { hear(e, d, recorded); }),
        decoder_(RecordedTime::kRead) {}

  void check_with(Check check) { checks_.push_back(std::move(check)); }
  // Forgets every Truth before each decision, as a restart or an eviction does.
  void forget_always() { forget_ = true; }

  void arrive(const Given& given, Instant arrival) {
    if (arrival > now_) {
      finish({arrival.ms - 1});
      now_ = arrival;
    }
    decoder_.structured(line_of(given), {}, decoded_);
    partition_->check(decoded_, arrival, true, judged_);
    if (judged_.outcome == Outcome::kDuplicate) return;
    if (judged_.outcome != Outcome::kAccepted) {
      wrong("refused as " + judged_.reason + ": " + line_of(given));
      return;
    }
    partition_->take(decoded_, judged_);
    append_fact_record(log_.emplace_back(), decoded_.fact, judged_.stamps);
  }

  // Forgets everything and reads the log again, as a new owner of the partition does.
  void restart() {
    if (now_ == kAlways) return;
    finish(now_);
    partition_ = std::make_unique<Partition>(policy_);
    LogEvent record;
    for (const std::string& line : log_) {
      if (!read_log_record(line, record)) return wrong("cannot be read back: " + line);
      partition_->evolve(record);
    }
    const std::size_t before = said_.size();
    partition_->settle(now_, true);
    partition_->decide(now_, now_, sink_);
    if (said_.size() > before) wrong("said again after a restart: " + said_[before].text);
    check_all(now_);
  }

  // Decides what is left to decide and fires every due up to `until`, one by one.
  void finish(Instant until) {
    decide();
    for (Instant due = partition_->next_due(); due <= until; due = partition_->next_due()) {
      const Instant now = std::max(due, now_);
      if (forget_) forget();
      partition_->fire(now, now, sink_);
      check_all(now);
      if (!wrong_.empty()) return;
    }
  }

  std::string verdicts() {
    std::vector<EntityView> all;
    EntityView used;  // by those before
    each_entity([&](Entity& e) {
      all.push_back(partition_->view(e));
      partition_->view(e, used);
      if (used != all.back()) wrong("a view made in place of another: " + e.id);
    });
    std::sort(all.begin(), all.end(), [](const EntityView& a, const EntityView& b) {
      return std::tie(a.account, a.kind, a.id) < std::tie(b.account, b.kind, b.id);
    });
    std::string out;
    for (const EntityView& view : all) {
      for (const ClockRow& row : view.clocks) {
        append_verdict(out, view, row);
        out += '\n';
      }
    }
    return out;
  }

  template <typename F>
  void each_entity(const F& visit) {
    std::map<std::tuple<std::string, std::string, std::string>, Entity*> sorted;
    partition_->each_entity([&](Entity& e) { sorted[{e.account, e.spec().name, e.id}] = &e; });
    for (auto& [name, entity] : sorted) visit(*entity);
  }

  EntityView view(Entity& entity) { return partition_->view(entity); }

  const std::vector<SaidEvent>& said() const { return said_; }
  // As readers see it; which entity speaks first at an instant is left open.
  std::vector<std::string> told() const {
    std::vector<std::string> out;
    for (const SaidEvent& e : said_) out.push_back(format_rfc3339(e.recorded) + " " + e.text);
    std::sort(out.begin(), out.end());
    return out;
  }
  const Policy& policy() const { return *policy_; }
  const std::string& wrong() const { return wrong_; }
  void wrong(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

 private:
  void hear(const Entity& e, const Derived& event, Instant recorded) {
    SaidEvent said;
    encode(said.text, e, *policy_, event, recorded, false);
    encode(said.extended, e, *policy_, event, recorded, true);
    LogEvent read;
    if (!read_log_record(said.text, read)) return wrong("no record: " + said.text);
    said.id = read.id;
    said.type = read.type;
    said.time = event.time;
    said.recorded = recorded;
    if (!ids_.insert(said.id).second) wrong("id occurs twice: " + said.text);
    if (recorded < last_) wrong("recordedtime goes back: " + said.text);
    if (event.time > recorded) wrong("told before it is true: " + said.text);
    if (event.type == DerivedType::kClockBreached && event.time < event.due[event.threshold]) {
      wrong("breached before its due: " + said.text);
    }
    last_ = recorded;
    log_.push_back(said.extended);
    said_.push_back(std::move(said));
  }

  void decide() {
    if (now_ == kAlways) return;
    if (forget_) forget();
    partition_->decide(now_, now_, sink_);
    check_all(now_);
  }

  void forget() {
    each_entity([](Entity& e) { e.truth.reset(); });
  }

  void check_all(Instant now) {
    each_entity([&](Entity& e) {
      // Others of this instant have their turn yet.
      if (e.truth && std::min(e.truth->next_due(), next_step(e, *e.truth)) <= now) return;
      for (const Check& check : checks_) {
        if (wrong_.empty()) wrong(check(*this, e, now));
      }
    });
  }

  std::shared_ptr<const Policy> policy_;
  std::unique_ptr<Partition> partition_;
  DerivedSink sink_;
  Decoder decoder_;
  Decoded decoded_;
  Judged judged_;
  std::vector<Check> checks_;
  bool forget_ = false;
  Instant now_{kAlways}, last_{kAlways};
  std::vector<SaidEvent> said_;
  std::vector<std::string> log_;
  std::set<std::string> ids_;
  std::string wrong_;
};

}  // namespace tocsin
