// Policies that change among random facts, late facts, restarts and rebuilds (contract §11): live,
// replayed and rebuilt state are equal, no derived id occurs twice, no fact that an entity's own
// policy knows is ignored, nothing that is open loses its name.
//
// TOCSIN_SEED repeats a run, TOCSIN_ROUNDS sets how many stories there are.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/entity/entity_codec.h"
#include "engine/entity/follow.h"
#include "engine/partition.h"
#include "engine/policy/translate.h"
#include "engine/said/derived.h"
#include "events/log_record.h"
#include "tests/engine/policy_fixture.h"
#include "tests/engine/property_world.h"

namespace tocsin {
namespace {

constexpr Instant kBegin{1'772'416'800'000};  // 2026-03-02T02:00:00Z, a Monday
constexpr int kFactsMax = 60;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  template <class T>
  const T& of(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(below(static_cast<int>(values.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

// A policy in which what the dice say is there, gone or named otherwise.
std::string random_policy(Dice& dice) {
  const bool poked = dice.one_in(2), greeting = dice.one_in(2), stages = dice.one_in(2);
  const bool fourth = dice.one_in(3), problem = dice.one_in(2), weekly = dice.one_in(2);
  const std::string answered = dice.one_in(3) ? "replied" : "answered";
  const std::string allowed = std::to_string(5 + dice.below(4) * 10) + "m";
  const std::string manager = dice.one_in(3) ? "boss" : "manager";
  std::string out = "policy: random\nthresholds: [target, limit]\n";
  out += fourth ? "priorities: [P1, P2, P3, P4]\n" : "priorities: [P1, P2, P3]\n";
  out += "urgent: [P1]\ntiers: [A, B]\ndefault_tier: B\n";
  out += "roles: [assignee, lead, " + manager + "]\nhours: {A: 24x7, B: 24x7}\n";
  out += "calendars:\n  24x7: always\nkinds:\n  ticket:\n";
  out += "    priorities: {default: P3, changed_by: prioritized}\n    assignee: assigned\n";
  out += "    resolved: [solved]\n    reopened: [reopened]\n    paused: [paused]\n";
  out += "    resumed: [resumed]\n    ended: {closed: [reopened], cancelled: []}\n";
  out += "    cancelled: [cancelled]\n    facts:\n";
  out += "      opened: {creates: true, data: {priority: priority, tier: tier}}\n";
  out += "      prioritized: {data: {priority!: priority}}\n";
  out += "      assigned: {always: true, data: {person!: person}}\n";
  out += "      " + answered + ":\n";
  if (poked) out += "      poked:\n";
  for (const char* verb : {"paused", "resumed", "solved", "reopened", "closed", "cancelled"})
    out += std::string("      ") + verb + ":\n";
  out += "      acknowledged: {acknowledges: true, data: {by!: person, escalation!: group}}\n";
  if (stages) {
    out += "    stages: [first, second]\n    moves:\n";
    out += "      - {on: opened, to: first}\n      - {on: " + answered +
           ", from: first, to: second}\n";
  }
  out +=
      "    routing:\n      P1: {on: [opened, raised, reopened], steps: [{tell: [lead]}, {after: "
      "5m, "
      "tell: [" +
      manager + "]}]}\n";
  out += "      cleared_by: [" + answered + ", solved]\n";
  out += "    warning: {steps: [{tell: [assignee]}]}\n";
  out += "    breach: {steps: [{tell: [assignee, lead]}, {after: 30m, tell: [" + manager + "]}]}\n";
  if (problem) {
    out += "  problem:\n    ended: {ended: []}\n    facts:\n      found: {creates: true}\n";
    out += "      looked:\n      ended:\n    breach: {steps: [{tell: [lead]}]}\n";
  }
  out += "  account:\n    about: account\n    ended: {closed: []}\n    tier: tiered\n";
  out += "    team: assigned\n    facts:\n";
  out += "      tiered: {creates: true, data: {tier!: tier}}\n";
  out += "      assigned: {always: true, data: {role!: role, person!: persons}}\n";
  out += "      closed:\n      visited:\n";
  out += "    breach: {steps: [{tell: [lead]}, {after: 2h, tell: [" + manager + "]}]}\n";
  out += "clocks:\n  ticket.answer:\n    start: [opened]\n    stop: [" + answered +
         ", solved, closed]\n    hours: tier\n    allow: {P1: {target: " + allowed +
         "}, P2: {target: 30m}, P3: {target: 2h}}\n    warn: 2/3\n";
  out += "  ticket.solution:\n    start: [opened]\n    stop: [solved, closed]\n";
  out += "    runs_on: [reopened]\n    pauses: true\n    hours: tier\n";
  out += "    allow: {P1: {target: 1h, limit: 3h}, P2: {target: " + allowed +
         ", limit: 8h}, P3: {limit: 40h}}\n";
  if (poked) out += "  ticket.poke: {start: [opened], stop: [poked], allow: {target: 50m}}\n";
  if (greeting)
    out += "  ticket.aaa: {start: [opened], stop: [closed], allow: {target: " + allowed + "}}\n";
  if (problem) out += "  problem.look: {start: [found], stop: [looked], allow: {target: 1h}}\n";
  if (weekly) out += "  account.visit: {every: week, count: 1, match: visited}\n";
  return out;
}

PolicyText text_named(const std::string& text) {
  PolicyText out;
  out.name = "random.yaml";
  out.text = text;
  return out;
}

// What a store keeps, in a map.
class MapStore final : public ColdPort {
 public:
  std::optional<std::string> load_entity(std::string_view account, std::string_view kind,
                                         std::string_view id) override {
    const auto it = entities.find({std::string(account), std::string(kind), std::string(id)});
    return it == entities.end() ? std::nullopt : std::optional(it->second.first);
  }
  std::optional<std::string> load_account(std::string_view account) override {
    const auto it = accounts.find(std::string(account));
    return it == accounts.end() ? std::nullopt : std::optional(it->second);
  }
  void each_entity(const std::function<void(std::string_view, std::string_view, std::string_view)>&
                       visit) override {
    for (const auto& [key, _] : entities)
      visit(std::get<0>(key), std::get<1>(key), std::get<2>(key));
  }
  std::optional<std::uint64_t> seen(std::string_view, const Hash128&) override {
    return std::nullopt;
  }

  std::map<std::tuple<std::string, std::string, std::string>, std::pair<std::string, Instant>>
      entities;  // and when each falls due
  std::map<std::string, std::string> accounts;
};

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

  // From the log alone, as when the store was removed.
  void replay() {
    finish(now_);
    const auto before = views();
    store_ = MapStore();
    begin();
    LogEvent record;
    for (const auto& [line, policy] : log_) {
      if (line.empty()) {
        if (policy > 0) partition_->adopt(policies_[policy]);
        continue;
      }
      if (!read_log_record(line, record)) return wrong("cannot be read back: " + line);
      partition_->evolve(record);
    }
    partition_->settle(now_, true);
    nothing_new("a replay");
    same(before, "a replay");
  }

  // From what was stored.
  void restart() {
    finish(now_);
    const auto before = views();
    const std::int32_t moved = partition_->moved_until();
    begin();
    for (std::size_t i = 1; i < policies_.size(); ++i) partition_->adopt(policies_[i]);
    partition_->moved_until(moved);
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
        const std::string& verb = at(known->verbs, fact.other_verb).name;
        if (created != kAlways && kind != nullptr && !kind->retired &&
            verb_named(*kind, verb) != kNone)
          wrong("a fact is ignored: " + verb + " of " + e.id);
      }
    });
  }

  const std::string& wrong() const { return wrong_; }
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
    ++said_;
  }

  void keep() {
    std::vector<Entity*> entities;
    std::vector<Account*> accounts;
    partition_->take_changes(entities, accounts);
    for (Entity* e : entities)
      store_.entities[{e->account, e->spec().name, e->id}] = {encode_entity(*e),
                                                              partition_->due_of(*e)};
    for (Account* a : accounts) {
      for (const AccountPiece& piece : encode_account(*a))
        store_.accounts[piece.name] = piece.bytes;
    }
  }

  void nothing_new(const std::string& after) {
    const std::size_t before = log_.size();
    partition_->decide(now_, now_, sink_);
    while (partition_->next_due() <= now_) partition_->fire(now_, now_, sink_);
    if (log_.size() > before) wrong("said again after " + after + ": " + log_[before].first);
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

  void same(const std::map<std::string, EntityView>& before, const std::string& after) {
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
  std::vector<std::pair<std::string, std::size_t>> log_;  // a record, or a policy's place
  std::set<std::string> ids_;
  std::size_t said_ = 0;
  std::string wrong_;
};

Given random_fact(Dice& dice, int number, Instant now, const std::vector<std::string>& groups) {
  static const std::vector<std::string> kVerbs = {
      "opened", "opened",  "opened", "prioritized", "assigned", "answered",  "replied",     "poked",
      "paused", "resumed", "solved", "reopened",    "closed",   "cancelled", "acknowledged"};
  static const std::vector<std::string> kPriorities = {"P1", "P1", "P2", "P3", "P4"};
  Given given;
  given.account = dice.one_in(3) ? "B" : "A";
  given.id = "f" + std::to_string(number);
  given.time = {now.ms - (dice.one_in(3) ? dice.below(7200) * 1000 : 0)};
  const int kind = dice.below(8);
  if (kind == 0) {
    given.kind = "account";
    given.subject = given.account;
    given.verb = dice.of(std::vector<std::string>{"tiered", "visited", "assigned", "closed"});
    if (given.verb == "tiered") given.data = "{\"tier\":\"A\"}";
    if (given.verb == "assigned") given.data = R"({"role":"lead","person":["Li","Wu"]})";
  } else if (kind == 1) {
    given.kind = "problem";
    given.subject = "Q" + std::to_string(dice.below(2));
    given.verb = dice.of(std::vector<std::string>{"found", "looked", "ended"});
  } else {
    given.kind = "ticket";
    given.subject = "T" + std::to_string(dice.below(3));
    given.verb = dice.of(kVerbs);
    if (given.verb == "opened" || given.verb == "prioritized")
      given.data = "{\"priority\":\"" + dice.of(kPriorities) + "\"}";
    if (given.verb == "assigned") given.data = R"({"person":"Chen"})";
    if (given.verb == "acknowledged") {
      const std::string group = groups.empty() ? "none" : dice.of(groups);
      given.data = "{\"by\":\"Chen\",\"escalation\":\"" + group + "\"}";
    }
  }
  return given;
}

std::string live_through(std::uint64_t seed) {
  Dice dice(seed);
  Life life(random_policy(dice));
  int changes = 1 + dice.below(3);
  Instant now = kBegin;
  for (int i = 0; i < kFactsMax && life.wrong().empty(); ++i) {
    now = {std::max(now, life.now()).ms + dice.below(20) * 60'000 * (dice.one_in(6) ? 40 : 1)};
    if (changes > 0 && dice.one_in(12)) {
      life.finish(now);
      life.put_in_force(random_policy(dice), dice.one_in(2));
      --changes;
    }
    life.arrive(random_fact(dice, i, now, life.open_groups()), now);
    if (dice.one_in(4)) life.nothing_is_ignored();
    if (dice.one_in(10)) life.replay();
    if (dice.one_in(10)) life.restart();
  }
  life.finish({now.ms + 10 * 86'400'000});
  life.nothing_is_ignored();
  life.replay();
  life.restart();
  return life.wrong();
}

TEST(PolicyChanges, LiveReplayedAndRebuiltAreEqual) {
  const char* given = std::getenv("TOCSIN_SEED");
  const std::uint64_t seed = given ? std::stoull(given) : std::random_device{}();
  const char* rounds = std::getenv("TOCSIN_ROUNDS");
  std::cout << "seed " << seed << " (TOCSIN_SEED=" << seed << " repeats it)\n";
  const int count = rounds ? std::atoi(rounds) : 200;
  for (int round = 0; round < count; ++round) {
    const std::uint64_t mixed = seed + static_cast<std::uint64_t>(round) * 0x9E3779B97F4A7C15U;
    const std::string wrong = live_through(mixed);
    ASSERT_EQ(wrong, "") << "round " << round << " of TOCSIN_SEED=" << seed
                         << "; alone: TOCSIN_SEED=" << mixed << " TOCSIN_ROUNDS=1";
  }
}

}  // namespace
}  // namespace tocsin
