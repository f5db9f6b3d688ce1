// Random histories for tests of the store: entities that change, clocks in every state, facts and
// derived events, all following from a seed; and what the views must show in the end, added up from
// the last state of each entity without any of the store's code.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "events/log_record.h"
#include "projections/rows/account_summary.h"
#include "projections/store.h"

namespace tocsin {

inline constexpr std::int64_t kDayMs = 86'400'000;
inline constexpr Instant kBegin{1'772'323'200'000};  // 2026-03-01T00:00:00Z

inline std::shared_ptr<const BusinessDay> shanghai_day() {
  static const auto day = std::make_shared<const BusinessDay>(
      [](Instant t) { return static_cast<Day>((t.ms + 8 * 3'600'000) / kDayMs); });
  return day;
}

inline std::string fact_record(const EntityKey& e, const std::string& verb, const std::string& id,
                               Instant time, const std::string& data) {
  Fact fact;
  fact.account = e.account;
  fact.subject = e.kind == "account" ? e.account : e.id;
  fact.type = "tocsin." + e.kind + "." + verb;
  fact.source = "/test";
  fact.id = id;
  fact.time = time;
  fact.recorded = time;
  fact.data = data;
  std::string out;
  append_fact_record(out, fact, "");
  return out;
}

inline std::string own_record(const EntityKey& e, const std::string& type, const std::string& id,
                              Instant time, const std::string& data) {
  std::string out;
  append_own_event(out, {id, type, e.id, e.account, time, time, data});
  return out;
}

inline std::string encoded(const EntityView& view) { return encode_view(view); }

class RandomBatches {
 public:
  explicit RandomBatches(unsigned seed) : random_(seed) {}

  // The views as after the last batch.
  std::map<EntityKey, EntityView> views;
  std::map<EntityKey, Instant> dues;
  std::map<EntityKey, std::vector<Withdrawn>> withdrawn;

  AppliedBatch next() {
    AppliedBatch batch;
    batch.business_day = shanghai_day();
    std::map<EntityKey, Changed> changes;
    for (int n = 1 + pick(6); n > 0; --n) {
      const EntityKey key = random_entity();
      if (pick(3) != 0) change(key, changes);
      if (pick(2) != 0) add_event(key, batch);
    }
    for (auto& [key, c] : changes) {
      views[key] = c.view;
      dues[key] = c.next_due;
      batch.add_entity(key, c.state, encoded(c.view), c.next_due);
    }
    if (pick(2) != 0) batch.accounts.push_back({account(), word() + word()});
    if (pick(2) != 0)
      batch.summaries.push_back({account(), encode(AccountSummary{word(), "A", {}})});
    const std::string seen_of = account();
    const Hash128 identity = hash128(word());
    batch.add_seen(seen_of, identity, random_());
    batch.next = ++offset_;
    return batch;
  }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::string word() { return std::to_string(pick(1000)); }
  std::string account() { return std::string(1, static_cast<char>('a' + pick(3))); }
  std::string source() { return pick(8) == 0 ? "" : "/crm/" + std::to_string(pick(3)); }
  Instant instant() { return kBegin + milliseconds(pick(40) * kDayMs / 2 + pick(1000)); }

  EntityKey random_entity() {
    static const char* const kKinds[] = {"ticket", "complaint", "milestone"};
    const std::string a = account();
    if (pick(8) == 0) return {a, "account", a};
    return {a, kKinds[pick(3)], "T-" + std::to_string(pick(12))};
  }

  struct Changed {
    std::string state;
    EntityView view;
    Instant next_due{kNever};
  };

  void change(const EntityKey& key, std::map<EntityKey, Changed>& changes) {
    Changed& c = changes[key];
    c.state = "state " + word();
    c.next_due = pick(4) == 0 ? kNever : instant();
    // Half of the time only a part of the entity changes, as it is in life.
    if (const auto old = views.find(key); old != views.end() && pick(2) == 0) {
      c.view = old->second;
      if (pick(2) == 0) {
        // As when the account gets its first tier, or a priority changes after the end.
        if (c.view.created) c.view.tier = std::string(1, static_cast<char>('A' + pick(3)));
        if (pick(3) == 0) c.view.source = source();  // a creation before the one that was known
        c.view.priority = "P" + std::to_string(1 + pick(4));
      } else if (!c.view.clocks.empty()) {
        c.view.clocks.back() = clock(key, 99);
      }
      return;
    }
    c.view = view(key);
  }

  EntityView view(const EntityKey& key) {
    static const char* const kStates[] = {"open", "resolved", "closed", "cancelled"};
    EntityView v;
    v.account = key.account;
    v.kind = key.kind;
    v.id = key.id;
    v.created = pick(8) != 0;
    v.tier = v.created ? std::string(1, static_cast<char>('A' + pick(3))) : "";
    v.provisional = pick(5) == 0;
    const int state = pick(4);
    v.state = kStates[state];
    v.over = state >= 2;
    v.source = source();
    v.rank = static_cast<std::uint8_t>(pick(5));
    v.title = pick(2) == 0 ? "" : "title " + word();
    v.module = pick(2) == 0 ? "" : "module " + word();
    v.priority = "P" + std::to_string(1 + pick(4));
    v.assignee = pick(2) == 0 ? "" : person();
    v.opened = instant();
    v.facts = pick(20);
    for (int n = pick(4), i = 0; i < n; ++i) v.clocks.push_back(clock(key, i));
    for (int n = pick(3), i = 0; i < n; ++i) v.groups.push_back(group(key, i));
    if (pick(3) == 0) v.scores.push_back({key.kind + ".closed", 1 + pick(5), instant(), person()});
    if (pick(3) == 0) v.contacts.push_back({"weekly_contact", instant()});
    return v;
  }

  ClockRow clock(const EntityKey& key, int number) {
    ClockRow c;
    c.clock = key.kind + (pick(2) == 0 ? ".response" : ".resolution");
    c.cycle = std::to_string(number);
    c.state = static_cast<ClockState>(pick(4));
    c.start = instant();
    c.calendar = "24x7";
    for (int n = 1 + pick(2), i = 0; i < n; ++i) {
      ThresholdRow t;
      t.name = i == 0 ? "target" : "limit";
      t.verdict = static_cast<Verdict>(pick(3));
      t.warned = pick(2) == 0;
      if (t.verdict == Verdict::kBreached && pick(3) == 0) t.excused = instant();
      if (t.verdict != Verdict::kPending && pick(2) == 0) t.person = person();
      if (c.state == ClockState::kPaused && t.verdict == Verdict::kPending)
        t.remaining_ms = pick(1000);
      if (c.state != ClockState::kPaused || t.verdict != Verdict::kPending) t.due = instant();
      c.thresholds.push_back(t);
    }
    if (c.state == ClockState::kStopped) {
      c.stopped = instant();
      c.elapsed_ms = pick(100'000'000);
    }
    return c;
  }

  std::string person() { return "person-" + std::to_string(pick(4)); }

  GroupRow group(const EntityKey& key, int number) {
    GroupRow g;
    g.escalation = key.account + "/" + key.kind + "/" + key.id + "/g" + std::to_string(number);
    g.clock = key.kind + ".response";
    g.step = 1;
    g.roles = {"assignee", "executive"};
    for (int n = pick(3); n > 0; --n) g.persons.push_back(person());
    g.urgency = pick(2) == 0 ? "high" : "low";
    g.state = static_cast<GroupState>(pick(4));
    g.begun = g.raised = instant();
    if (pick(2) == 0) g.called.push_back({person(), "executive", 1, g.begun, "mail", "failed", {}});
    if (pick(3) == 0) g.next = NextRow{2, instant(), {"executive"}, {person()}};
    if (g.state == GroupState::kAcknowledged) {
      g.by = person();
      g.acknowledged_at = instant();
    }
    return g;
  }

  void add_event(const EntityKey& key, AppliedBatch& batch) {
    const Instant time = instant();
    const std::string id = "e" + std::to_string(offset_) + "-" + std::to_string(events_++);
    const auto add = [&](const std::string& record) { batch.add_event(offset_++, key, record); };
    if (key.kind == "account") {
      if (views.count(key) != 0 && pick(3) == 0) {
        add(own_record(key, "tocsin.fault.recurring", id, time,
                       R"({"entity":"account/)" + key.account + R"(","module":"m","weeks":[]})"));
      } else if (pick(2) == 0) {
        add(fact_record(key, "assigned", id, time,
                        R"({"role":"account_manager","person":[")" + person() + R"("]})"));
      } else {
        add(fact_record(key, pick(4) == 0 ? "closed" : "tiered", id, time, R"({"tier":"B"})"));
      }
    } else if (pick(2) == 0) {
      withdrawn[key].push_back({key.kind + ".response", "target", (*shanghai_day())(time), 1});
      add(own_record(key, "tocsin.clock.withdrawn", id, time,
                     R"({"entity":"x","clock":")" + key.kind +
                         R"(.response","cycle":1,"threshold":"target","reason":"late"})"));
    } else {
      add(fact_record(key, "progressed", id, time, "{}"));
    }
  }

  std::mt19937 random_;
  Offset offset_ = 0;
  int events_ = 0;
};

}  // namespace tocsin
