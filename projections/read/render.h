// Answers as JSON: what the API's GET routes send. Names are the contract's; instants, ids and
// numbers are written as everywhere else (events/writer.h). Each answer says what time it was for
// the engine (`now`) and of which moment it is (`as_of_offset`).
//
// Any thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "projections/read/policy_figures.h"
#include "projections/read/query.h"

namespace tocsin {

// What an answer is of.
struct Shown {
  const ReadView& view;
  const Policy& policy;    // in force
  Instant now;             // the engine's
  ReachedBy reached = {};  // empty: of calls only the facts of other notifiers are known
};

// {"account","entity","clock","cycle","state","start","thresholds":[{"name","due","verdict"}],
//  "stopped","elapsedMs"}
void append_clock_row(std::string& out, const EntityKey& entity, const ClockRow& clock);

// {"0":17}
std::string as_of_offset(const ReadView& view);

using CountsByName = std::map<std::string, std::int64_t>;

std::string clocks_json(const Shown& shown, const ClockPage& page, const CountsByName& counts);
// {"running","at_risk","overdue": pages of clocks, "counts"}
std::string board_json(const Shown& shown, const ClockPage& running, const ClockPage& at_risk,
                       const ClockPage& overdue, const CountsByName& counts);
std::string inbox_json(const Shown& shown, const InboxPage& page, const CountsByName& counts);
// State, clocks, escalations; `facts` are the timeline's entries that are facts, `timeline` is all.
std::string entity_json(const Shown& shown, const EntityView& entity,
                        const std::vector<TimelineEntry>& timeline);
std::string timeline_json(const Shown& shown, const std::vector<TimelineEntry>& timeline);
std::string account_json(const Shown& shown, const AccountView& account);
std::string accounts_json(const Shown& shown, const AccountPage& page);
std::string kpis_json(const Shown& shown, const std::vector<KpiRow>& rows,
                      const std::vector<ScoreRowSum>& scores,
                      const std::vector<FigureRow>& figures);
std::string figures_json(const Shown& shown, const std::vector<FigureRow>& figures);
std::string behind_json(const Shown& shown, const BehindPage& page);
std::string faults_json(const Shown& shown, const FaultPage& page);

}  // namespace tocsin
