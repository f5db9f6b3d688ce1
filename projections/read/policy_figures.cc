#include "projections/read/policy_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

#include "projections/read/list_filter.h"
#include "projections/read/merged_rows.h"

namespace tocsin {
namespace {

constexpr std::size_t kDayBytes = 8;

bool passes(const std::string& filter, const std::string& value) {
  return filter.empty() || filter == value;
}

bool passes(const PersonWords& filter, const std::string& value) {
  return filter.empty() || std::find(filter.begin(), filter.end(), value) != filter.end();
}

std::string shown_as(const PersonShown& shown, const std::string& person) {
  return shown && !person.empty() ? shown(person) : person;
}

void add_counts(NamedFigure& figure, const FigureSpec& spec, const Policy& policy,
                ThresholdCode threshold) {
  for (const std::string& clock : spec.clocks) {
    for (const ThresholdCode t : policy.thresholds.codes()) {
      if (threshold == kNone || threshold == t)
        figure.counts.emplace_back(clock, policy.thresholds[t]);
    }
  }
}

// Adds up what belongs to one row.
class FigureAdder {
 public:
  FigureAdder(const std::vector<NamedFigure>& figures, const FigureQuery& query)
      : figures_(figures), query_(query) {}

  // The row of the figure at `place` with these attributes, as far as it is to be shown by them.
  FigureRow& row(std::size_t place, const std::string& period, const std::string& account,
                 const std::string& tier, const std::string& priority, const std::string& person,
                 const std::string& module) {
    const auto [entry, fresh] = rows_.try_emplace(
        Place{place, period, account, tier, priority, person, module}, FigureRow{});
    FigureRow& row = entry->second;
    if (!fresh) return row;
    row.figure = figures_[place].name;
    row.target = figures_[place].target;
    row.is_mean = figures_[place].is_mean();
    row.period = period;
    row.account = account;
    row.tier = tier;
    row.priority = priority;
    row.person = person;
    row.module = module;
    return row;
  }

  std::vector<FigureRow> take() {
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      const auto first = rows_.lower_bound(Place{i, "", "", "", "", "", ""});
      if (first == rows_.end() || std::get<0>(first->first) != i)
        row(i, period_name(query_.of.period, query_.of.to - 1), query_.of.account, "", "", "", "");
    }
    std::vector<FigureRow> rows;
    for (auto& [place, row] : rows_) rows.push_back(std::move(row));
    return rows;
  }

 private:
  using Place = std::tuple<std::size_t, std::string, std::string, std::string, std::string,
                           std::string, std::string>;
  const std::vector<NamedFigure>& figures_;
  const FigureQuery& query_;
  std::map<Place, FigureRow> rows_;
};

void add_sums(const ReadView& view, const std::vector<NamedFigure>& figures,
              const FigureQuery& query, FigureAdder& adder) {
  for (const KpiRow& kpi : kpis(view, query.of)) {
    for (std::size_t i = 0; i < figures.size(); ++i) {
      if (!figures[i].has(kpi.clock, kpi.threshold)) continue;
      FigureRow& row = adder.row(i, kpi.period, kpi.account, kpi.tier, kpi.priority, "", "");
      row.met += kpi.value.met;
      row.breached += kpi.value.breached;
      row.excused += kpi.value.excused;
    }
  }
  for (const ScoreRowSum& sum : scores(view, query.of)) {
    for (std::size_t i = 0; i < figures.size(); ++i) {
      if (figures[i].score_type == sum.type)
        adder.row(i, sum.period, sum.account, sum.tier, sum.priority, "", "").scores.add(sum.value);
    }
  }
}

// ---- by what sums do not know: persons and modules

// Walks what stands behind a figure from a day on, in order of days.
MergedRows rows_behind(const ReadView& view, const NamedFigure& figure, Day from,
                       const std::string& after) {
  std::vector<std::string> prefixes;
  for (const PartitionId partition : view.partitions()) {
    if (figure.is_mean()) {
      prefixes.push_back(behind_prefix(partition, figure.score_type, kScoreThreshold).take());
    } else {
      for (const auto& [clock, threshold] : figure.counts)
        prefixes.push_back(behind_prefix(partition, clock, threshold).take());
    }
  }
  std::sort(prefixes.begin(), prefixes.end());
  std::string begin = after;
  if (begin.empty() && !prefixes.empty()) begin = Key(prefixes.front()).day(from).take();
  return MergedRows(view, std::move(prefixes), kDayBytes, begin);
}

struct BehindPlace {
  PartitionId partition = 0;
  Day day = 0;
  BehindRow row;
};

BehindPlace behind_place_of(std::string_view key, std::string_view value) {
  KeyReader reader(key);
  BehindPlace place;
  place.partition = reader.partition();
  place.row.clock = reader.text();
  place.row.threshold = reader.text();
  place.day = reader.day();
  place.row.entity = reader.entity();
  place.row.cycle = reader.text();
  place.row.behind = decode_behind(value);
  return place;
}

void add_behind(FigureRow& row, const Behind& behind) {
  switch (behind.what) {
    case Behind::What::kMet:
      ++row.met;
      break;
    case Behind::What::kBreached:
      ++row.breached;
      break;
    case Behind::What::kExcused:
      ++row.excused;
      break;
    case Behind::What::kScore:
      row.scores.add({behind.score, 1});
      break;
  }
}

void add_walked(const ReadView& view, const std::vector<NamedFigure>& figures,
                const FigureQuery& query, FigureAdder& adder) {
  const KpiQuery& of = query.of;
  const std::string asked = query.person.empty() ? "" : query.person.front();
  const auto add = [&](std::size_t i, Day day, const std::string& account, const Behind& b) {
    if (!passes(of.account, account) || !passes(of.tier, b.tier) ||
        !passes(of.priority, b.priority) || !passes(query.person, b.person) ||
        !passes(query.module, b.module)) {
      return;
    }
    const auto shown = [](bool by, const std::string& filter, const std::string& value) {
      return by ? value : filter;
    };
    add_behind(adder.row(i, period_name(of.period, day), shown(of.by_account, of.account, account),
                         of.by_tier ? b.tier : "", of.by_priority ? b.priority : "",
                         shown(query.by_person, asked, shown_as(query.person_shown, b.person)),
                         shown(query.by_module, query.module, b.module)),
               b);
  };
  std::size_t walked = 0;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    MergedRows rows = rows_behind(view, figures[i], of.from, "");
    for (; rows.valid() && walked < kBehindRowsMax; rows.next(), ++walked) {
      const BehindPlace place = behind_place_of(rows.key(), rows.value());
      if (place.day >= of.to) break;
      if (of.scope != nullptr &&
          !of.scope->has_entity(place.row.entity.account, place.row.entity.kind,
                                place.row.behind.source))
        continue;
      add(i, place.day, place.row.entity.account, place.row.behind);
    }
  }
  if (!of.now) return;
  each_unannounced(view, of, [&](const Unannounced& u) {
    const Behind b{Behind::What::kBreached, 0,           kAlways,    u.of.priority, u.of.tier,
                   u.of.assignee,           u.of.module, u.of.source};
    for (std::size_t i = 0; i < figures.size(); ++i) {
      if (figures[i].has(u.clock, u.threshold)) add(i, u.day, u.of.account, b);
    }
  });
}

// A spreadsheet takes a cell that begins so for a formula: a `'` before it says that it is text.
constexpr std::string_view kFormulaBegins = "=+-@\t\r";

std::string csv_field(const std::string& text) {
  const bool formula = !text.empty() && kFormulaBegins.find(text[0]) != std::string_view::npos;
  const std::string shown = (formula ? "'" : "") + text;
  if (shown.find_first_of(",\"\r\n") == std::string::npos) return shown;
  std::string out = "\"";
  for (const char c : shown) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace

bool NamedFigure::has(std::string_view clock, std::string_view threshold) const {
  return std::any_of(counts.begin(), counts.end(), [&](const auto& one) {
    return one.first == clock && one.second == threshold;
  });
}

std::vector<NamedFigure> named_figures(const Policy& policy) {
  std::vector<NamedFigure> figures;
  for (const FigureSpec& spec : policy.figures) {
    NamedFigure figure;
    figure.name = spec.name;
    figure.target = spec.target.value_or(policy.target);
    figure.score_type = spec.mean_type;
    add_counts(figure, spec, policy, spec.threshold);
    figures.push_back(std::move(figure));
    if (spec.beside == kNone) continue;
    NamedFigure& beside = figures.emplace_back();
    beside.name = spec.name + "_" + policy.thresholds[spec.beside];
    beside.target = figures[figures.size() - 2].target;
    add_counts(beside, spec, policy, spec.beside);
  }
  return figures;
}

std::optional<NamedFigure> find_figure(const Policy& policy, std::string_view name) {
  for (NamedFigure& figure : named_figures(policy)) {
    if (figure.name == name) return std::move(figure);
  }
  return std::nullopt;
}

std::string figure_names(const Policy& policy) {
  std::string names;
  for (const NamedFigure& figure : named_figures(policy))
    names += (names.empty() ? "" : ", ") + figure.name;
  return names;
}

std::vector<FigureRow> figures(const ReadView& view, const Policy& policy,
                               const FigureQuery& query) {
  std::vector<NamedFigure> wanted = named_figures(policy);
  std::erase_if(wanted, [&](const NamedFigure& f) { return !passes(query.figure, f.name); });
  FigureAdder adder(wanted, query);
  const bool walks =
      query.by_person || query.by_module || !query.person.empty() || !query.module.empty();
  walks ? add_walked(view, wanted, query, adder) : add_sums(view, wanted, query, adder);
  return adder.take();
}

BehindPage list_behind(const ReadView& view, const NamedFigure& figure, const BehindQuery& query) {
  BehindPage page;
  std::string last;
  ListFilter words;
  words.q = query.q;
  FilteredList list(view, words);
  MergedRows rows = rows_behind(view, figure, query.from, from_cursor(query.cursor).value_or(""));
  for (std::size_t scanned = 0; rows.valid(); rows.next(), ++scanned) {
    if (page.rows.size() == std::clamp<std::size_t>(query.limit, 1, kPageMax) ||
        scanned == kRowsScannedMax) {
      page.cursor = to_cursor(last);
      return page;
    }
    last = rows.key();
    BehindPlace place = behind_place_of(last, rows.value());
    if (place.day >= query.to) break;
    const Behind& b = place.row.behind;
    if (query.scope != nullptr &&
        !query.scope->has_entity(place.row.entity.account, place.row.entity.kind, b.source))
      continue;
    if ((!query.outcome.empty() && query.outcome != outcome_name(b.what)) ||
        !passes(query.account, place.row.entity.account) || !passes(query.tier, b.tier) ||
        !passes(query.priority, b.priority) || !passes(query.module, b.module) ||
        (query.role.empty() && !passes(query.person, b.person)) ||
        !passes(query.kind, place.row.entity.kind) ||
        (!query.clock.empty() &&
         (b.what == Behind::What::kScore || query.clock != place.row.clock))) {
      continue;
    }
    const AccountSummary& of = list.account(place.partition, place.row.entity.account);
    if (!query.role.empty() && !fits_team(of, query.person, query.role)) continue;
    if (const auto found = find_projection(view, place.partition, place.row.entity)) {
      place.row.title = found->view.title;
      place.row.link = found->view.link;
      place.row.account_name = of.name;
    }
    if (!list.has_words(place.partition, place.row.entity, place.row.title)) continue;
    place.row.behind.person = shown_as(query.person_shown, b.person);
    page.rows.push_back(std::move(place.row));
  }
  return page;
}

std::string behind_csv(const std::vector<BehindRow>& rows) {
  std::string out =
      "account,accountName,entity,title,outcome,clock,cycle,threshold,due,score,priority,tier,"
      "person,module,link\r\n";
  for (const BehindRow& row : rows) {
    const Behind& b = row.behind;
    const bool is_score = b.what == Behind::What::kScore;
    const std::string columns[] = {row.entity.account,
                                   row.account_name,
                                   row.entity.kind + "/" + row.entity.id,
                                   row.title,
                                   std::string(outcome_name(b.what)),
                                   row.clock,
                                   row.cycle,
                                   is_score ? "" : row.threshold,
                                   format_rfc3339(b.at),
                                   is_score ? std::to_string(b.score) : "",
                                   b.priority,
                                   b.tier,
                                   b.person,
                                   b.module,
                                   row.link};
    for (const std::string& column : columns)
      out += (&column == columns ? "" : ",") + csv_field(column);
    out += "\r\n";
  }
  return out;
}

std::string_view outcome_name(Behind::What what) {
  switch (what) {
    case Behind::What::kMet:
      return "met";
    case Behind::What::kBreached:
      return "breached";
    case Behind::What::kExcused:
      return "excused";
    case Behind::What::kScore:
      return "score";
  }
  return "";
}

std::string figures_csv(const std::vector<FigureRow>& rows) {
  std::string out =
      "figure,period,account,tier,priority,person,module,target,met,breached,excused,ratio,count,"
      "mean\r\n";
  for (const FigureRow& row : rows) {
    for (const std::string* text : {&row.figure, &row.period, &row.account, &row.tier,
                                    &row.priority, &row.person, &row.module}) {
      out += csv_field(*text) + ",";
    }
    const auto share = [](std::int64_t part, std::int64_t whole) {
      return whole == 0
                 ? std::string()
                 : fmt::format("{:.4f}", static_cast<double>(part) / static_cast<double>(whole));
    };
    out += fmt::format("{},", row.target);
    if (row.is_mean) {
      out +=
          fmt::format(",,,,{},{}\r\n", row.scores.count, share(row.scores.sum, row.scores.count));
    } else {
      out += fmt::format("{},{},{},{},,\r\n", row.met, row.breached, row.excused,
                         share(row.met, row.met + row.breached));
    }
  }
  return out;
}

}  // namespace tocsin
