// The policy's key figures for Prometheus: `tocsin_figure_thresholds{figure, outcome, tier, priority,
// period}` and, for means, `tocsin_figure_scores` and `tocsin_figure_score_points`. Periods: all, and
// the present and the last day, week, month, quarter and year (`month`, `last_month`).
//
// The set of series follows the policy (figures, tiers, priorities), never what is sent.
//
// Any thread. Cost: a walk over the sums of all days.
#pragma once

#include <prometheus/registry.h>

#include "engine/policy/policy.h"
#include "projections/rows/read_view.h"

namespace tocsin {

// Adds the figures as they are at `now` to an empty registry.
void show_figures(prometheus::Registry& registry, const ReadView& view, const Policy& policy,
                  Instant now);

}  // namespace tocsin
