// A partition that lives through policies, restarts and rebuilds, with its log and store beside it.
//
// Time moves as in `simulate`. What is said is kept as lines `TIME TYPE ID REASON`.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/entity/entity_codec.h"
#include "engine/entity/follow.h"
#include "engine/explain.h"
#include "engine/partition.h"
#include "engine/policy/translate.h"
#include "engine/said/derived.h"
#include "events/log_record.h"
#include "tests/engine/map_store.h"
#include "tests/engine/policy_fixture.h"
#include "tests/engine/property_world.h"

namespace tocsin {

inline constexpr Instant kBegin{1'772'416'800'000};  // 2026-03-02T02:00:00Z, a Monday

// A small policy up to its kinds.
inline const std::string kDeskBegin = R"(policy: desk
thresholds: [target, limit]
priorities: [P1, P2]
urgent: [P1]
tiers: [A]
default_tier: A
roles: [lead, manager]
hours: {A: 24x7}
calendars:
  24x7: always
kinds:
)";

inline PolicyText text_named(const std::string& text) {
  PolicyText out;
  out.name = "random.yaml";
  out.text = text;
  return out;
}

// A partition that lives through everything, with its log beside it.
class Life {
 public:
  explicit Life(const std::string& first) : decoder_(RecordedTime::kRead) {
    sink_ = [this](const Entity& e, const Derived& d, Instant recorded) { hear(e, d, recorded); };
    put_in_force(first, false);
    begin();
  }

  void put_in_force(const std::string& text, bool to_open) {
    auto policy = std::make_shared<Policy>(*compiled(text_named(text)));
    policy->version = static_cast<std::int32_t>(policies_.size()) + 1;
    policy->in_force_from = now_;
    policy->to_open = to_open;
    policies_.push_back(policy);
    log_.push_back({"", policies_.size() - 1});
    if (partition_) partition_->adopt(policy);
  }

  // Nothing happens from now until `now`.
  void wait_until(Instant now) {
    finish({now.ms - 1});
    now_ = std::max(now_, now);
  }

  // The clock is set back, and believed: instants come twice. Until they are over, what was said of
  // them may be taken back at any time. Which facts and moves a decision knew is stored a little
  // otherwise than the log tells from then on, so stored bytes are compared no more.
  void set_back(Instant now) {
    finish(now_);
    again_until_ = std::max(again_until_, now_);
    now_ = now;
    partition_->set_back(now);
  }

  bool arrive(const Given& given, Instant arrival) {
    if (arrival > now_) {
      finish({arrival.ms - 1});
      now_ = arrival;
    }
    decoder_.structured(line_of(given), {}, decoded_);
    partition_->check(decoded_, arrival, true, judged_);
    if (judged_.outcome != Outcome::kAccepted) return false;
    partition_->take(decoded_, judged_);
    std::string record;
    append_fact_record(record, decoded_.fact, judged_.stamps);
    log_.push_back({record, 0});
    return true;
  }

  void finish(Instant until) {
    partition_->decide(now_, now_, sink_);
    for (Instant due = partition_->next_due(); due <= until && wrong_.empty();
         due = partition_->next_due()) {
      const Instant now = std::max(due, now_);
      partition_->fire(now, now, sink_);
      now_ = now;
    }
    keep();
  }

  // Of the log's facts alone, with nothing said: as `verify` computes verdicts.
  void decide_anew() {
    MapStore none;
    Partition core(policies_.front(), &none);
    follow(core, false);
    core.settle(now_, true);
    core.decide(now_, now_, [](const Entity&, const Derived&, Instant) {});
  }

  // As who reads the log from its begin sees it.
  std::map<std::string, EntityView> views_by_the_log() {
    MapStore none;
    Partition anew(policies_.front(), &none);
    anew.settle(follow(anew, true), false);
    std::map<std::string, EntityView> out;
    anew.each_entity(
        [&](Entity& e) { out[e.account + "/" + e.spec().name + "/" + e.id] = anew.view(e); });
    return out;
  }

  // What is stored, against what the log alone leads to.
  void compare() {
    MapStore want, have = store_;
    Partition anew(policies_.front(), &want), as_stored(policies_.front(), &have);
    const Instant last = follow(anew, true);
    for (std::size_t i = 1; i < policies_.size(); ++i) as_stored.adopt(policies_[i]);
    as_stored.moved_until(moved_);
    anew.settle(last, false);
    hand_over(anew, want);
    pass_silently(anew, want, last);
    pass_silently(as_stored, have, last);
    if (const std::string differs = difference(want, have); !differs.empty()) wrong(differs);
  }

  // From the log alone, as when the store was removed.
  void replay() {
    finish(now_);
    decide_anew();
    if (again_until_ == kAlways) compare();
    const auto before = views();
    store_ = MapStore();
    kept_ = 0;
    begin();
    const Instant last = follow(*partition_, true);
    partition_->settle(last, true);
    keep();
    nothing_new("a replay");
    same(before, "a replay");
  }

  // From what was stored.
  void restart() {
    finish(now_);
    const auto before = views();
    begin();
    for (std::size_t i = 1; i < policies_.size(); ++i) partition_->adopt(policies_[i]);
    partition_->moved_until(moved_);
    for (const auto& [key, stored] : store_.entities) {
      const auto& [account, kind, id] = key;
      partition_->find({account, kind, id});
      partition_->expect(stored.second, account, kind, id);
    }
    partition_->settle(now_, false);
    nothing_new("a restart");
    same(before, "a restart");
  }

  // Every fact that the policy knows by which its entity lives counts for it.
  void nothing_is_ignored() {
    each([&](Entity& e) {
      const Instant created =
          e.facts.empty() || !e.facts.front().creates ? kAlways : e.facts.front().time;
      for (const EntityFact& fact : e.facts) {
        if (fact.verb != kNone) continue;
        const Policy& its =
            created == kAlways ? *policies_.back() : policy_at(e, std::max(fact.time, created));
        const Policy* reader = partition_->policy(fact.version);
        const KindSpec* known = reader->kind_named(e.spec().name);
        const KindSpec* kind = its.kind_named(e.spec().name);
        const std::string& verb = known->verbs[fact.other_verb].name;
        if (created != kAlways && kind != nullptr && !kind->retired &&
            verb_named(*kind, verb) != kNone)
          wrong("a fact is ignored: " + verb + " of " + e.id);
      }
    });
  }

  // The proof of each due that is shown ends at it.
  void every_due_is_explained() {
    finish(now_);
    if (now_ <= again_until_) return;
    each([&](Entity& e) {
      const EntityView view = partition_->view(e);
      const std::vector<ExplainedClock> proofs = explain(e, now_, "", "");
      for (const ClockRow& clock : view.clocks) {
        if (clock.state != ClockState::kRunning) continue;
        const auto proof = std::find_if(proofs.begin(), proofs.end(), [&](const auto& p) {
          return p.clock == clock.clock && p.cycle == clock.cycle && p.period == clock.period;
        });
        if (proof == proofs.end())
          return wrong("not explained: " + clock.clock + " " + clock.cycle + " of " + e.id);
        for (const ThresholdRow& t : clock.thresholds) {
          const auto same = [&](const ExplainedThreshold& x) {
            return x.name == t.name && x.due == t.due;
          };
          if (std::none_of(proof->thresholds.begin(), proof->thresholds.end(), same))
            wrong("explained otherwise: " + clock.clock + " " + t.name + " of " + e.id);
        }
      }
    });
  }

  const std::string& wrong() const { return wrong_; }
  // What was said since the last call.
  std::vector<std::string> heard() { return std::exchange(said_, {}); }
  Instant now() const { return now_; }
  std::vector<std::string> open_groups() {
    std::vector<std::string> out;
    each([&](Entity& e) {
      for (const SaidGroup& group : e.groups) {
        if (group.state == GroupState::kOpen)
          out.push_back(group_id(e, *e.policy, group.key, group.instance));
      }
    });
    return out;
  }

  template <typename F>
  void each(const F& visit) {
    std::map<std::tuple<std::string, std::string, std::string>, Entity*> sorted;
    partition_->each_entity([&](Entity& e) { sorted[{e.account, e.spec().name, e.id}] = &e; });
    for (auto& [name, entity] : sorted) visit(*entity);
  }

  std::map<std::string, EntityView> views() {
    std::map<std::string, EntityView> out;
    each([&](Entity& e) {
      out[e.account + "/" + e.spec().name + "/" + e.id] = partition_->view(e);
    });
    return out;
  }

 private:
  void begin() {
    partition_ = std::make_unique<Partition>(policies_.front(), &store_);
    partition_->set_horizon(kNever);
  }

  void hear(const Entity& e, const Derived& event, Instant recorded) {
    std::string line;
    encode(line, e, *e.policy, event, recorded, true);
    LogEvent read;
    if (!read_log_record(line, read)) return wrong("no record: " + line);
    if (!ids_.insert(std::string(read.id)).second) wrong("id occurs twice: " + line);
    log_.push_back({line, 0});
    said_.push_back(format_rfc3339(event.time) + " " + std::string(read.type) + " " +
                    std::string(read.id) +
                    (event.reason.empty() ? "" : " " + std::string(event.reason)));
  }

  // Without a record there is nothing to write.
  void keep() {
    if (kept_ == log_.size()) return;
    kept_ = log_.size();
    hand_over(*partition_, store_);
    moved_ = partition_->moved_until();
  }

  // Applies the log. Returns the last record's instant.
  Instant follow(Partition& partition, bool all) {
    Instant last = kBegin;
    LogEvent record;
    for (const auto& [line, policy] : log_) {
      if (line.empty()) {
        if (policy > 0) partition.adopt(policies_[policy]);
        last = policies_[policy]->in_force_from;
      } else if (read_log_record(line, record)) {
        if (all || record.is_fact()) partition.evolve(record);
        last = record.decided;
      } else {
        wrong("cannot be read back: " + line);
      }
    }
    return last;
  }

  void nothing_new(const std::string& after) {
    const std::size_t before = log_.size();
    partition_->decide(now_, now_, sink_);
    while (partition_->next_due() <= now_) partition_->fire(now_, now_, sink_);
    if (log_.size() > before && now_ > again_until_)
      wrong("said again after " + after + ": " + log_[before].first);
  }

  void same(const std::map<std::string, EntityView>& before, const std::string& after) {
    if (now_ <= again_until_) return;
    const auto now = views();
    for (const auto& [name, view] : before) {
      const auto it = now.find(name);
      if (it == now.end()) return wrong(name + " is gone after " + after);
      if (!(it->second == view)) return wrong(name + " is another after " + after);
    }
  }

  void wrong(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

  MapStore store_;
  std::vector<std::shared_ptr<const Policy>> policies_;
  std::unique_ptr<Partition> partition_;
  DerivedSink sink_;
  Decoder decoder_;
  Decoded decoded_;
  Judged judged_;
  Instant now_{kBegin};
  Instant again_until_{kAlways};                          // instants up to then came before
  std::vector<std::pair<std::string, std::size_t>> log_;  // a record, or a policy's place
  std::int32_t moved_ = 0;
  std::size_t kept_ = 0;  // records that were handed over to the store
  std::set<std::string> ids_;
  std::vector<std::string> said_;
  std::string wrong_;
};

}  // namespace tocsin
