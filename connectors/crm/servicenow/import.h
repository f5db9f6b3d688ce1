// `tocsin import servicenow FILE`: an audit log of ServiceNow incidents as facts.
//
// Reads the CSV of the "Incident management process enriched event log" (one row per update of an
// incident, the rows of an incident sharing `number`, times day-first, local, to the minute, `?`
// for missing) and writes facts as JSON lines in order of arrival, ready for `tocsin simulate
// --events -`. docs/servicenow.md has the mapping, row by row, and what the file cannot say.
//
// Cost: the whole file is held in memory, about 300 bytes a row.
#pragma once

#include <functional>
#include <istream>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "events/time.h"

namespace tocsin {

struct ImportOptions {
  std::string file;                    // `-`: standard input
  std::string zone = "Asia/Shanghai";  // in which the file's times are local
  std::string account = "servicenow";  // one account: the callers are people, not customers
  std::string tier = "B";              // an IT service desk keeps office hours
  bool compare = false;                // print the comparison instead of the facts
  std::string verdicts;                // compare with this output of `simulate --emit verdicts` …
  // … or, when that is empty, with what this gives of the facts; nullopt: some were refused.
  std::function<std::optional<std::string>(std::istream& facts)> simulate;
};

// The whole command. Returns 0; 2 when a file, zone or tier is unusable; 3 when rows had to be left
// out (each is named on `errors`).
int import_servicenow(const ImportOptions& options, std::ostream& out, std::ostream& errors);

// One row of the log, as far as it is used.
struct IncidentRow {
  std::string state, priority, caller, category, channel, assigned_to, updated_by, closed_code,
      made_sla;
  int reopen_count = 0, mod_count = 0;
  Instant opened, updated;
};

// An incident: its rows in the order of sys_mod_count.
struct Incident {
  std::string number;
  std::vector<IncidentRow> rows;
};

struct IncidentLog {
  std::vector<Incident> incidents;  // in order of number
  long rows = 0;
  long left_out = 0;
};

// Reads the log; an error text when it is not one. Rows that cannot be used are named on `errors`.
std::variant<IncidentLog, std::string> read_incidents(std::istream& in, const std::string& zone,
                                                      std::ostream& errors);

// The facts of a log as JSON lines in order of arrival.
void write_facts(const IncidentLog& log, const ImportOptions& options, std::ostream& out);

// `P1` … `P4` of `1 - Critical` …; empty for another text.
std::string priority_of(const IncidentRow& row);

bool is_waiting(const IncidentRow& row);  // one of the `Awaiting …` states

}  // namespace tocsin
