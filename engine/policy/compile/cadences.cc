// Cadences: clocks that cover calendar periods.
#include <algorithm>

#include "engine/policy/compile/reader.h"

namespace tocsin {

namespace {

constexpr std::int64_t kCountMax = 1000;

std::optional<PeriodKind> period_kind(const std::string& word) {
  if (word == "week") return PeriodKind::kWeek;
  if (word == "month") return PeriodKind::kMonth;
  if (word == "quarter") return PeriodKind::kQuarter;
  if (word == "half-year") return PeriodKind::kHalfYear;
  return std::nullopt;
}

class CadenceReader : OneOfKindReader {
 public:
  using OneOfKindReader::OneOfKindReader;

  void read() {
    reader_.map(
        node_, name_,
        {"every", "count", "match", "due", "warn", "breach", "warning", "urgency", "grace"});
    if (kind_.life == 0)
      reader_.error(
          node_, name_ + ": " + kind_.name + " has no `periods_begin`: no period would ever begin");
    read_periods();
    ClockSpec clock;
    clock.name = name_;
    clock.period = true;
    const Yaml& match = reader_.required(node_, "match", name_);
    const std::string text = reader_.text(match, name_ + " match");
    if (!text.empty()) {
      if (const auto trigger = read_trigger(reader_, {text, match.line}, name_ + " match", kind_,
                                            TriggerUse::kMatch)) {
        clock.cadence.match = *trigger;
      }
    }
    read_due(clock.cadence);
    clock.calendar.assign(policy_.priorities.size(), policy_.always_calendar);
    Allowance given;
    given.kind = Allowance::Kind::kGiven;
    Allowances& due = clock.allowance[ThresholdCode(0)];
    due.resize(policy_.priorities.size(), policy_.tiers.size(), false);
    for (const PriorityCode p : policy_.priorities.codes()) due.put(p, kNone, given);
    clock.warnings = read_warnings(reader_, node_["warn"], name_);
    clock.grace = read_grace(reader_, node_["grace"], name_);
    clock.low = read_low(reader_, node_["urgency"], name_);
    read_clock_ladders(reader_, node_, of_kind_, kind_, policy_, clock);
    if (clock.breach_enters != kNone)
      reader_.error(node_["breach"], name_ + ": the end of a period enters no stage");
    kind_.has_periods = true;
    add(clock);
  }

 private:
  template <typename F>
  void each_tier(const char* key, const F& take) {
    const Yaml& node = reader_.required(node_, key, name_);
    if (node.is_text()) {
      for (const TierCode t : policy_.tiers.codes()) take(t, node);
    } else if (reader_.map(node, at(key))) {
      for (const Yaml& member : node.values) {
        const TierCode t =
            reader_.code(member.key_line, at(key), "tier", member.key, policy_.tiers);
        if (t != kNone) take(t, member);
      }
    }
  }

  // How a message calls the value for all tiers, or for one.
  std::string of_tier(const char* key, const Yaml& node) const {
    return node.key == key ? at(key) : at(key) + " " + node.key;
  }

  void read_periods() {
    periods_.resize(policy_.tiers.size());
    counts_.resize(policy_.tiers.size());
    Coded<TierCode, bool> named(policy_.tiers.size());
    each_tier("every", [&](TierCode t, const Yaml& n) {
      named[t] = true;
      periods_[t] = n.is_text() ? period_kind(n.text) : std::nullopt;
      if (!periods_[t]) reader_.wrong(n, of_tier("every", n), "week, month, quarter or half-year");
    });
    each_tier("count", [&](TierCode t, const Yaml& n) {
      counts_[t] = static_cast<int>(reader_.integer(n, of_tier("count", n), 0, kCountMax));
      if (counts_[t] > 0 && !named[t])
        reader_.error(n, name_ + ": a count for tier `" + policy_.tiers[t] +
                             "`, but no period under `every`");
    });
    const bool any =
        std::any_of(counts_.begin(), counts_.end(), [](int count) { return count > 0; });
    if (!any && !node_["count"].absent())
      reader_.error(node_["count"], name_ + ": nothing is ever to be counted");
  }

  void read_due(PeriodSpec& cadence) {
    const Yaml& node = node_["due"];
    const std::string due = reader_.text(node, name_ + " due");
    if (due.empty()) return;
    if (due == "first working day") {
      cadence.due = PeriodSpec::Due::kFirstWorkingDay;
      return;
    }
    const auto day =
        due.starts_with("day ") ? whole_number(std::string_view(due).substr(4), 31) : std::nullopt;
    if (!day || *day == 0)
      return reader_.wrong(node, at("due"),
                           "like `day 5`, day 1 to day 31, or `first working day`");
    cadence.due = PeriodSpec::Due::kDay;
    cadence.day = static_cast<int>(*day);
    if (std::find(periods_.begin(), periods_.end(), PeriodKind::kWeek) != periods_.end()) {
      reader_.error(node, name_ + ": `day N` counts in months; a week has `first working day`");
    }
  }

  // A cadence whose period depends on the tier becomes one clock a period, under one name.
  void add(ClockSpec& clock) {
    const std::size_t tiers = policy_.tiers.size();
    for (const PeriodKind period :
         {PeriodKind::kWeek, PeriodKind::kMonth, PeriodKind::kQuarter, PeriodKind::kHalfYear}) {
      clock.cadence.kind = period;
      clock.cadence.count.assign(tiers, 0);
      bool any = false;
      for (const TierCode t : policy_.tiers.codes()) {
        if (periods_[t] != period || counts_[t] == 0) continue;
        clock.cadence.count[t] = counts_[t];
        any = true;
      }
      if (any) kind_.clocks.push_back(clock);
    }
  }

  Coded<TierCode, std::optional<PeriodKind>> periods_;
  Coded<TierCode, int> counts_;
};

}  // namespace

void read_cadence(PolicyReader& reader, const Yaml& node, const Yaml& of_kind, KindSpec& kind,
                  const Policy& policy) {
  CadenceReader(reader, node, of_kind, kind, policy).read();
}

}  // namespace tocsin
