// Random stories for any policy: facts with clustered times, and two ways in which they arrive.
//
// The generator reads the policy, so that a new kind, verb or field is covered without a change
// here. Times cluster where clocks are decided: equal instants, the usual allowances after another
// fact, and one millisecond before and after. Some entities are never created, some facts come
// before their creation, some twice.
//
// What depends on arrival by the contract stays the same in both ways: an account's tiers agree
// with the one that it had first, and facts that begin a life of period clocks keep their arrival.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/property_world.h"

namespace tocsin {

struct Delivery {
  std::size_t fact;
  Instant arrival;
};

struct Story {
  std::vector<Given> facts;
  std::vector<Delivery> in_order;  // as they happened
  std::vector<Delivery> late;      // late, in any order, some twice
  Instant until;

  Story without(std::size_t dropped) const {
    Story less;
    less.until = until;
    for (std::size_t i = 0; i < facts.size(); ++i) {
      if (i != dropped) less.facts.push_back(facts[i]);
    }
    const auto copy = [&](const std::vector<Delivery>& from, std::vector<Delivery>& to) {
      for (Delivery d : from) {
        if (d.fact == dropped) continue;
        if (d.fact > dropped) --d.fact;
        to.push_back(d);
      }
    };
    copy(in_order, less.in_order);
    copy(late, less.late);
    return less;
  }

  std::string text() const {
    std::string out = "until " + format_rfc3339(until) + "\n";
    const auto list = [&](const char* title, const std::vector<Delivery>& deliveries) {
      out += title;
      for (const Delivery& d : deliveries) {
        out += format_rfc3339(d.arrival) + " " + line_of(facts[d.fact]) + "\n";
      }
    };
    list("in order:\n", in_order);
    list("late:\n", late);
    return out;
  }
};

class StoryTeller {
 public:
  StoryTeller(const Policy& policy, std::uint64_t seed) : policy_(policy), random_(seed) {}

  Story tell() {
    story_ = Story{};
    begin_ = at_random_begin();
    const Duration spans[] = {hours(6), days(2), days(14), days(70)};
    span_ = spans[below(4)];
    story_.until = begin_ + span_ + spans[below(3)];
    times_ = {begin_};
    const std::size_t accounts = 1 + below(2);
    for (std::size_t a = 0; a < accounts; ++a) tell_account(a == 0 ? "K-1" : "K/2%");
    deliver();
    return story_;
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  template <class C, class T>
  const T& one_of(const Coded<C, T>& table) {
    return table[C(below(table.size()))];
  }
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }

  Instant at_random_begin() {
    // A Monday, the day before Spring Festival, a year's end, National Day, and the change to
    // winter time in Europe.
    const char* days_of_interest[] = {"2026-03-02T00:00:00Z", "2026-02-13T00:00:00Z",
                                      "2025-12-29T00:00:00Z", "2026-09-30T00:00:00Z",
                                      "2026-10-23T00:00:00Z"};
    const Instant day = *parse_rfc3339(days_of_interest[below(5)]);
    if (chance(40)) return day + hours(between(0, 11));  // 08:00 to 19:00 in Shanghai
    return day + milliseconds(between(0, days(1).ms - 1));
  }

  Instant some_time() {
    static constexpr std::int64_t kMinutes[] = {0,  0,   5,   10,  15,  20,  30,   45,   60,   80,
                                                90, 120, 180, 240, 300, 480, 1440, 2880, 10080};
    Instant t;
    if (chance(65)) {
      t = times_[below(times_.size())] + minutes(kMinutes[below(std::size(kMinutes))]);
      if (chance(35)) t = t + milliseconds(between(-1, 1));
    } else {
      t = begin_ + milliseconds(between(0, span_.ms));
      if (chance(50)) t = {t.ms / 900'000 * 900'000};
    }
    t = std::clamp(t, begin_, begin_ + span_);
    times_.push_back(t);
    return t;
  }

  void tell_account(const std::string& account) {
    account_ = account;
    tier_ = one_of(policy_.tiers);
    times_.resize(1);
    for (const KindSpec& kind : policy_.kinds) {
      if (kind.on_account) {
        if (kind.tiers != 0 && chance(60)) tell_first_tier(kind);
        if (chance(kind.tiers != 0 ? 50 : 20)) tell_entity(kind, account);
      } else {
        std::size_t n = chance(60) ? below(3) : 0;
        if (kind.fault.enabled && chance(10)) n = 8;  // a fault that keeps coming back
        for (; n > 0; --n) {
          tell_entity(kind, kind.name.substr(0, 1) + "-" + std::to_string(n));
        }
      }
    }
  }

  // Before everything else: the tier that the account's entities are stamped with.
  void tell_first_tier(const KindSpec& kind) {
    for (const VerbCode v : kind.verbs.codes()) {
      if (!has(kind.tiers, v)) continue;
      tell_fact(kind, v, account_, begin_ - milliseconds(between(1, days(40).ms)));
      story_.facts.back().first = true;
      return;
    }
  }

  void tell_entity(const KindSpec& kind, const std::string& id) {
    if (chance(93)) {
      for (const VerbCode v : kind.verbs.codes()) {
        if (kind.verbs[v].creates) tell_fact(kind, v, id, chance(60) ? begin_ : some_time());
      }
    }
    std::vector<VerbCode> urn;
    const int used = chance(50) ? 100 : 35;  // few verbs lead deeper than all of them
    for (const VerbCode v : kind.verbs.codes()) {
      if (!chance(used)) continue;
      const bool rare = has(kind.ends, v) || kind.verbs[v].creates;
      const bool often = has(kind.pauses | kind.resumes | kind.reopens, v);
      urn.insert(urn.end(), rare ? 1U : often ? 4U : 3U, v);
    }
    for (std::size_t n = urn.empty() ? 0 : below(chance(80) ? 12 : 30); n > 0; --n) {
      tell_fact(kind, urn[below(urn.size())], id, some_time());
    }
  }

  void tell_fact(const KindSpec& kind, VerbCode v, const std::string& id, Instant t) {
    const VerbSpec& verb = kind.verbs[v];
    Given g;
    g.account = account_;
    const std::size_t dot = verb.name.find('.');
    g.kind = dot == std::string::npos ? kind.name : verb.name.substr(0, dot);
    g.verb = dot == std::string::npos ? verb.name : verb.name.substr(dot + 1);
    g.subject = !verb.subjects.empty() ? one_of(verb.subjects) : id;
    g.id = std::to_string(random_() % 1'000'000) + "-" + std::to_string(story_.facts.size());
    if (chance(20)) g.sequence = std::to_string(below(20));
    g.time = t;
    g.first = has(kind.tiers | kind.life, v);
    g.data = data_of(kind, verb, id, t);
    story_.facts.push_back(std::move(g));
  }

  std::string data_of(const KindSpec& kind, const VerbSpec& verb, const std::string& id,
                      Instant t) {
    std::string out;
    for (const Field& field : verb.fields) {
      if (!field.required && chance(30)) continue;
      const std::string value = value_of(kind, field, id, t);
      if (value.empty()) continue;
      out += out.empty() ? "{" : ",";
      append_json_string(out, field.name);
      out += ":" + value;
    }
    return out.empty() ? out : out + "}";
  }

  std::string value_of(const KindSpec& kind, const Field& field, const std::string& id, Instant t) {
    static const std::vector<std::string> people = {"Li Wei", "Ana", "Chen Jie"};
    const auto text = [](const std::string& s) {
      std::string out;
      append_json_string(out, s);
      return out;
    };
    const auto one_word = [&](const std::vector<std::string>& words) {
      return text(words[below(words.size())]);
    };
    switch (field.form) {
      case Form::kPriority:
        return text(one_of(policy_.priorities));
      case Form::kTier:
        return kind.tiers != 0 ? text(tier_) : text(one_of(policy_.tiers));
      case Form::kChoice:
        return text(one_of(field.words));
      case Form::kDue: {
        const std::int64_t some_hours[] = {-5, 0, 1, 4, 24, 30, 50, 200};
        const Instant due = t + hours(some_hours[below(8)]);
        return text(chance(30) ? format_rfc3339(due).substr(0, 10) : format_rfc3339(due));
      }
      case Form::kPersons:
        return chance(30) ? "[]" : chance(50) ? one_word(people) : R"(["Bo","Li Wei"])";
      case Form::kWait:
        return one_word({"customer", "vendor"});
      case Form::kRole:
        return text(one_of(policy_.roles));
      case Form::kModule:
        return one_word({"login", "pay/one"});
      case Form::kGroup:
        return text(some_group(kind, id));
      case Form::kScore:
        return std::to_string(between(field.low, field.high));
      case Form::kNumber:
        return std::to_string(between(1, 3));
      case Form::kClock:
        if (kind.clocks.empty()) return {};
        clock_ = ClockCode(below(kind.clocks.size()));
        return text(kind.clocks[clock_].name);
      case Form::kCycle:
        return chance(20) ? text("2026-W10") : std::to_string(between(1, 3));
      case Form::kLimit:
        return kind.clocks.empty() ? "" : text(some_threshold(kind.clocks[clock_]));
      default:
        return one_word(people);
    }
  }

  std::string some_threshold(const ClockSpec& clock) {
    const auto& limits = clock.allowance[ThresholdCode(1)];
    const bool has_second = std::any_of(limits.begin(), limits.end(), [](const Allowance& a) {
      return a.kind != Allowance::Kind::kNothing;
    });
    const auto& targets = clock.allowance[ThresholdCode(0)];
    const bool has_first = std::any_of(targets.begin(), targets.end(), [](const Allowance& a) {
      return a.kind != Allowance::Kind::kNothing;
    });
    return policy_.thresholds[ThresholdCode(!has_first || (has_second && chance(50)) ? 1 : 0)];
  }

  // A group that may well have been raised.
  std::string some_group(const KindSpec& kind, const std::string& id) {
    std::string out;
    append_entity_path(out, account_, kind.name, id);
    if (kind.clocks.empty() || chance(40)) {
      if (!kind.stages.empty()) return out + "/routed/stage:" + one_of(kind.stages);
      return out + "/routed/" + one_of(policy_.priorities);
    }
    const ClockSpec& clock = one_of(kind.clocks);
    out += "/" + clock.name + "/1/" + one_of(policy_.thresholds);
    return chance(40) ? out + "/warned" : out;
  }

  void deliver() {
    const std::size_t n = story_.facts.size();
    for (std::size_t i = 0; i < n; ++i) story_.in_order.push_back({i, story_.facts[i].time});
    std::stable_sort(story_.in_order.begin(), story_.in_order.end(),
                     [](const Delivery& a, const Delivery& b) { return a.arrival < b.arrival; });
    const bool all_at_once = chance(30);
    std::vector<Instant> moments;  // several facts arrive together
    for (int i = 0; i < 4; ++i)
      moments.push_back(begin_ + milliseconds(between(0, story_.until.ms - begin_.ms)));
    for (std::size_t i = 0; i < n; ++i) {
      const Given& g = story_.facts[i];
      for (int copies = g.first || chance(85) ? 1 : 2; copies > 0; --copies) {
        story_.late.push_back({i, g.first       ? g.time
                                  : all_at_once ? story_.until
                                                : late(g, moments)});
      }
    }
    std::shuffle(story_.late.begin(), story_.late.end(), random_);
    std::stable_sort(story_.late.begin(), story_.late.end(),
                     [](const Delivery& a, const Delivery& b) { return a.arrival < b.arrival; });
  }

  Instant late(const Given& g, const std::vector<Instant>& moments) {
    if (chance(40)) return g.time;
    if (chance(30)) return std::max(g.time, moments[below(moments.size())]);
    if (chance(40)) return std::min(story_.until, g.time + milliseconds(between(0, hours(3).ms)));
    return g.time + milliseconds(between(0, story_.until.ms - g.time.ms));
  }

  const Policy& policy_;
  std::mt19937_64 random_;
  Story story_;
  Instant begin_;
  Duration span_;
  std::vector<Instant> times_;
  std::string account_, tier_;
  ClockCode clock_{0};  // that an excuse named last
};

}  // namespace tocsin
