// `tocsin import servicenow FILE --compare`: our verdicts beside the file's own `made_sla`, and in
// words why they differ.
//
// Ours is the verdict of an incident's last `ticket.resolution` cycle: its `limit`, or its `target`
// where there is no limit. The file's is `made_sla` of its last row. The rule behind that is not in
// the file, so a difference is explained by what is known: how long the incident waited, how much
// of the time was out of hours, whether it was reopened.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "connectors/crm/servicenow/import.h"

namespace tocsin {

// Prints the comparison; `verdicts` are the lines of `simulate --emit verdicts`. Returns what is
// wrong with them, or an empty text.
std::string compare_servicenow(const IncidentLog& log, std::string_view verdicts,
                               std::ostream& out);

}  // namespace tocsin
