// Answers as compact JSON: the bodies of the query routes, member names as the contract has them.
//
// A clock row is that of contract §8 `verdicts`, `append_clock_row` exactly so; in lists it also
// has what the entity adds (tier, priority, assignee, entityState). Instants are RFC 3339, absent
// values null. Every body has `as_of_offset`: for each partition the offset after the last applied
// record.
//
// Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "projections/query.h"

namespace tocsin {

// {"account","entity","clock","cycle","state","start","thresholds":[{"name","due","verdict"}],
//  "stopped","elapsedMs"}
void append_clock_row(std::string& out, const EntityKey& entity, const ClockRow& clock);

// {"0":17}
std::string as_of_offset(const ReadView& view);

std::string clocks_json(const ReadView& view, const ClockPage& page);
// {"running","at_risk","overdue": pages of clocks, "counts", "as_of_offset"}
std::string board_json(const ReadView& view, const ClockPage& running, const ClockPage& at_risk,
                       const ClockPage& overdue);
std::string inbox_json(const ReadView& view, const InboxPage& page);
// State, clocks, escalations; `facts` are the timeline's entries that are facts, `timeline` is all.
std::string entity_json(const ReadView& view, const EntityView& entity,
                        const std::vector<TimelineEntry>& timeline);
std::string timeline_json(const ReadView& view, const std::vector<TimelineEntry>& timeline);
std::string account_json(const ReadView& view, const AccountView& account);
std::string accounts_json(const ReadView& view, const AccountPage& page);
// `target`: the ratio wanted, 0.95.
std::string kpis_json(const ReadView& view, const std::vector<KpiRow>& rows,
                      const std::vector<SatisfactionRow>& satisfaction, double target);
std::string faults_json(const ReadView& view, const std::vector<FaultRow>& faults);

}  // namespace tocsin
