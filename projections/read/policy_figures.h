// The key figures of a policy: how many promises were kept, by the names that the policy gives them
// (contract §6), and what stands behind a number.
//
// A figure counts the thresholds of its clocks whose due lies in a period (a due at a period's
// first instant belongs to the one before), or is the mean of a score. Excused breaches are in
// neither sum; a promise that is past its due counts as breached, announced or not.
//
// Example: `resolution: {clock: ticket.resolution, threshold: limit, beside: target}` makes the
// figures `resolution`, of the limit, and `resolution_target`.
//
// Threads: any. Cost: by account, tier and priority a sum a day; by person or module it walks what
// was decided in the period, 1 µs each, at most kBehindRowsMax.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/policy/policy.h"
#include "projections/read/query.h"

namespace tocsin {

struct NamedFigure {
  std::string name;
  double target = 0;
  std::vector<std::pair<std::string, std::string>> counts;  // clock and threshold
  std::string score_type;                                   // `ticket.closed`: a mean instead

  bool is_mean() const { return !score_type.empty(); }
  bool has(std::string_view clock, std::string_view threshold) const;
};
std::vector<NamedFigure> named_figures(const Policy& policy);
// nullopt: the policy has no figure of that name.
std::optional<NamedFigure> find_figure(const Policy& policy, std::string_view name);
// `response, resolution, …`
std::string figure_names(const Policy& policy);

struct FigureQuery {
  std::string figure;  // empty: all
  KpiQuery of;         // its `clock` is not used
  PersonWords person;
  std::string module;
  bool by_person = false, by_module = false;
  PersonShown person_shown{};  // facts name one person by several words
};

struct FigureRow {
  std::string figure, period, account, tier, priority, person, module;  // empty: all together
  double target = 0;
  bool is_mean = false;
  std::int64_t met = 0, breached = 0, excused = 0;
  ScoreSum scores;
};
// By figure in the policy's order, then period. Of each figure a row at least: what there is none
// of is zero in the last period.
std::vector<FigureRow> figures(const ReadView& view, const Policy& policy,
                               const FigureQuery& query);

inline constexpr std::size_t kBehindRowsMax = 1'000'000;

struct BehindQuery {
  Day from = 0, to = 0;  // from ≤ day < to
  std::string outcome;   // met, breached, excused; empty: all
  std::string account, tier, priority, module;
  PersonWords person;
  std::string kind, clock;  // of a score no clock
  std::string role;         // somebody plays it for the account; with `person`: that person does
  std::string q;            // stands in the title, the id or the account's name
  PersonShown person_shown{};
  std::size_t limit = kPageDefault;
  std::string cursor;
  std::shared_ptr<const Scope> scope{};  // of who asks
};

struct BehindRow {
  EntityKey entity;
  std::string clock, threshold, cycle;
  Behind behind;
  std::string title, link, account_name;
};

struct BehindPage {
  std::vector<BehindRow> rows;  // by day, clock, threshold, account, kind, id
  std::string cursor;
};
BehindPage list_behind(const ReadView& view, const NamedFigure& figure, const BehindQuery& query);

std::string_view outcome_name(Behind::What what);

// The same rows for spreadsheets: a head, then a line each (RFC 4180).
std::string figures_csv(const std::vector<FigureRow>& rows);
std::string behind_csv(const std::vector<BehindRow>& rows);

}  // namespace tocsin
