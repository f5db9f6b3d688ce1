// Key figures, satisfaction and recurring faults.
#include <algorithm>
#include <array>
#include <tuple>

#include "events/json_walk.h"
#include "projections/read/list_filter.h"
#include "projections/read/merged_rows.h"
#include "projections/read/query.h"
#include "projections/read/sums_asked.h"

namespace tocsin {
namespace {

bool passes(const std::string& filter, const std::string& value) {
  return filter.empty() || filter == value;
}

// Calls visit(account, day, words, value) for the rows of a family of sums with from ≤ day < to, of
// whom they are asked about, or of each account. `words`: the N texts behind the day.
template <std::size_t N, typename Visit>
void walk_days(const ReadView& view, Family family, const KpiQuery& query, Visit visit) {
  const SumsAsked asked(query.account, query.scope);
  const auto walk = [&](PartitionId partition, const SumsAsked::Owner& of) {
    const std::string prefix = of.prefix(partition, family);
    for (RowCursor rows = view.rows(prefix, Key(prefix).day(query.from).take()); rows.valid();
         rows.next()) {
      KeyReader key(rows.key());
      key.text();
      key.text();
      const Day day = key.day();
      if (day >= query.to) break;
      std::array<std::string, N> words;
      for (std::string& word : words) word = key.text();
      if (asked.has_part(of, key)) visit(of.account, day, words, rows.value());
    }
  };
  for (const PartitionId partition : view.partitions()) {
    if (!asked.all() || !query.by_account) {
      for (const SumsAsked::Owner& of : asked.owners()) walk(partition, of);
      continue;
    }
    const std::string accounts = Key(partition, family).text("").take();
    // The rows of everybody, under the empty name, come first and are passed over.
    for (std::string account(1, '\0');; account.push_back('\0')) {  // the least greater name
      RowCursor next = view.rows(accounts, Key(accounts).text(account).take());
      if (!next.valid()) break;
      KeyReader key(next.key());
      key.text();
      account = key.text();
      walk(partition, {"", account});
    }
  }
}

using KpiGroup = std::tuple<Day, std::string, std::string, std::string, std::string, std::string>;

class KpiAdder {
 public:
  explicit KpiAdder(const KpiQuery& query) : query_(query) {}

  void add(const std::string& account, Day day, const std::string& clock,
           const std::string& threshold, const std::string& priority, const std::string& tier,
           const KpiValue& value) {
    if (!query_.lets_clock(clock) || !passes(query_.priority, priority) ||
        !passes(query_.tier, tier)) {
      return;
    }
    const bool with_account = query_.by_account || !query_.account.empty();
    sums_[{period_begin(query_.period, day), clock, threshold, with_account ? account : "",
           query_.by_tier ? tier : "", query_.by_priority ? priority : ""}]
        .add(value);
  }

  std::vector<KpiRow> take() {
    std::vector<KpiRow> rows;
    for (auto& [group, value] : sums_) {
      const auto& [day, clock, threshold, account, tier, priority] = group;
      rows.push_back(
          {period_name(query_.period, day), clock, threshold, account, tier, priority, value});
    }
    return rows;
  }

 private:
  const KpiQuery& query_;
  std::map<KpiGroup, KpiValue> sums_;
};

// A text in a recurring fault's data.
std::string text_of_fault(std::string_view data, std::string_view wanted) {
  std::string text;
  JsonWalker walker;
  walker.walk_object(data, [&](std::string_view name, JsonWalker::Value value) {
    if (name == wanted && JsonWalker::is_string(value)) return walker.read_string(value, text);
    std::string ignored;
    return walker.copy(value, ignored);
  });
  return text;
}

std::string kind_of_fault(std::string_view data) {
  const std::string entity = text_of_fault(data, "entity");
  return entity.substr(0, entity.find('/'));
}

}  // namespace

std::vector<KpiRow> kpis(const ReadView& view, const KpiQuery& query) {
  KpiAdder adder(query);
  walk_days<4>(view, Family::kFigure, query,
               [&](const std::string& account, Day day, const auto& words, std::string_view value) {
                 const auto& [clock, threshold, priority, tier] = words;
                 adder.add(account, day, clock, threshold, priority, tier, decode_kpi(value));
               });
  if (query.now) {
    each_unannounced(view, query, [&](const Unannounced& u) {
      KpiValue one;
      one.breached = 1;
      adder.add(u.of.account, u.day, u.clock, u.threshold, u.of.priority, u.of.tier, one);
    });
  }
  return adder.take();
}

// They stand at the front of the running clocks, for a clock is listed under its earliest pending
// due.
void each_unannounced(const ReadView& view, const KpiQuery& query,
                      const std::function<void(const Unannounced&)>& visit) {
  const Instant now = query.now.value_or(kAlways);
  std::size_t scanned = 0;
  for (const auto& [prefix, low] : view.low_water()) {
    KeyReader of(prefix);
    if (of.family() != Family::kClock || of.letter() != static_cast<char>(ClockClass::kRunning)) {
      continue;
    }
    const std::string kind = of.text(), name = of.text();
    if (!query.lets_clock(name)) continue;
    if (query.scope != nullptr && !query.scope->has_kind(kind)) continue;
    for (RowCursor rows = view.rows(prefix); rows.valid() && scanned < kRowsScannedMax;
         rows.next(), ++scanned) {
      KeyReader key(rows.key());
      key.letter();
      key.text();
      key.text();
      if (key.instant() >= now) break;  // those with none pending come behind all instants
      const std::string account = key.text(), id = key.text(), cycle = key.text();
      if (!passes(query.account, account)) continue;
      if (query.scope != nullptr && !query.scope->has_account(account)) continue;
      if (query.scope != nullptr &&
          !query.scope->has_source(decode_clock_summary(rows.value()).source)) {
        continue;
      }
      const auto p = find_projection(view, key.partition(), {account, kind, id});
      if (!p) continue;
      const Day* days = p->due_days.data();
      for (const ClockRow& clock : p->view.clocks) {
        for (const ThresholdRow& t : clock.thresholds) {
          const Day day = *days++;
          if (clock.clock == name && clock.cycle == cycle && t.verdict == Verdict::kPending &&
              t.due && *t.due < now && day >= query.from && day < query.to) {
            visit({p->view, name, t.name, day});
          }
        }
      }
    }
  }
}

std::vector<ScoreRowSum> scores(const ReadView& view, const KpiQuery& query) {
  using Group = std::tuple<Day, std::string, std::string, std::string, std::string>;
  std::map<Group, ScoreSum> sums;
  walk_days<3>(
      view, Family::kScore, query,
      [&](const std::string& account, Day day, const auto& words, std::string_view value) {
        const auto& [type, priority, tier] = words;
        if (!passes(query.tier, tier) || !passes(query.priority, priority)) return;
        if (query.scope != nullptr && !query.scope->has_kind(type.substr(0, type.find('.'))))
          return;
        const bool with_account = query.by_account || !query.account.empty();
        sums[{period_begin(query.period, day), type, with_account ? account : "",
              query.by_tier ? tier : "", query.by_priority ? priority : ""}]
            .add(decode_score(value));
      });
  std::vector<ScoreRowSum> rows;
  for (const auto& [group, value] : sums) {
    const auto& [day, type, account, tier, priority] = group;
    rows.push_back({period_name(query.period, day), type, account, tier, priority, value});
  }
  return rows;
}

FaultPage recurring_faults(const ReadView& view, const FaultQuery& query) {
  // Newest first; of one instant by partition, in each the last first.
  struct Found {
    Instant time;
    PartitionId partition;
    std::string key;
    FaultRow row;
  };
  const ListFilter& wanted = query.filter;
  const std::size_t most = std::clamp<std::size_t>(query.limit, 1, kPageMax);
  const std::string words = lower_case(wanted.q);
  const std::string after = from_cursor(query.cursor).value_or("");  // empty: from the first
  FilteredList list(view, wanted);
  std::vector<Found> found;
  // It is told on an entity, which says of which source it is.
  const auto sees = [&](PartitionId partition, const EntityKey& entity) {
    if (wanted.scope == nullptr) return true;
    std::string source;
    if (!wanted.scope->sources.empty()) {
      if (const auto told_on = find_projection(view, partition, entity))
        source = told_on->view.source;
    }
    return wanted.lets(entity, source);
  };
  // Nothing is of a clock or has a priority.
  if (!wanted.clock.empty() || !wanted.priority.empty()) return {};
  for (const PartitionId partition : view.partitions()) {
    const std::string prefix = Key(partition, Family::kFault).take();
    std::string end = after_prefix(prefix);
    if (!after.empty()) {
      KeyReader last(after);
      const Instant time = last.instant();
      end = Key(partition, Family::kFault).instant(time).take();
      if (partition == last.partition()) end = after;
      if (partition > last.partition()) end = after_prefix(end);
    }
    RowCursor rows = view.rows(prefix);
    rows.seek_before(end);
    // One more than is shown: whether there are more.
    for (std::size_t n = 0; rows.valid() && rows.key().starts_with(prefix) && n <= most;
         rows.previous()) {
      KeyReader key(rows.key());
      const Instant time = key.instant();
      const std::string account = key.text();
      if (!passes(wanted.account, account)) continue;
      const std::string kind = kind_of_fault(rows.value());
      if (!passes(wanted.kind, kind) || !sees(partition, {account, kind, account})) continue;
      const AccountSummary& of = list.account(partition, account);
      if (!passes(wanted.tier, of.tier) || !fits_team(of, wanted.person, wanted.role)) continue;
      if (!contains_words(text_of_fault(rows.value(), "module"), words) &&
          !contains_words(account, words) && !contains_words(of.name, words)) {
        continue;
      }
      found.push_back(
          {time, partition, std::string(rows.key()), {time, account, std::string(rows.value())}});
      ++n;
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& a, const Found& b) { return a.time > b.time; });
  FaultPage page;
  for (Found& one : found) {
    if (page.faults.size() == most) break;
    page.faults.push_back(std::move(one.row));
  }
  if (found.size() > most) page.cursor = to_cursor(found[most - 1].key);
  return page;
}

}  // namespace tocsin
