#include "connectors/crm/servicenow/import.h"

#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "connectors/crm/csv.h"
#include "connectors/crm/servicenow/compare.h"
#include "engine/calendar/zone_load.h"
#include "events/writer.h"

namespace tocsin {
namespace {

constexpr int kUnusable = 2, kRowsLeftOut = 3;

bool is_missing(const std::string& text) { return text.empty() || text == "?"; }

// `29-02-2016 01:16`, a local time.
std::optional<Instant> local_instant(std::string_view text, const Zone& zone) {
  const auto digits = [&](std::size_t at, std::size_t count) {
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
      if (text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  constexpr std::string_view kForm = "dd-mm-yyyy hh:mm";
  if (text.size() != kForm.size()) return std::nullopt;
  if (digits(0, 2) < 0 || digits(3, 2) < 0 || digits(6, 4) < 0) return std::nullopt;
  // As if it were UTC, so that the rules for dates need not be written twice.
  const std::string utc = std::string(text.substr(6, 4)) + '-' + std::string(text.substr(3, 2)) +
                          '-' + std::string(text.substr(0, 2)) + 'T' +
                          std::string(text.substr(11)) + ":00Z";
  const auto wall = parse_rfc3339(utc);
  if (!wall || text[2] != '-' || text[5] != '-' || text[10] != ' ') return std::nullopt;
  return zone.to_utc(LocalTime{wall->ms}, Edge::kOpening);
}

struct Columns {
  explicit Columns(const CsvReader& csv) {
    for (const char* name :
         {"number", "incident_state", "priority", "reopen_count", "sys_mod_count", "made_sla",
          "caller_id", "category", "contact_type", "assigned_to", "sys_updated_by", "closed_code",
          "opened_at", "sys_updated_at"}) {
      const int column = csv.column(name);
      if (column < 0) missing += (missing.empty() ? "" : ", ") + std::string(name);
      places[name] = static_cast<std::size_t>(column);
    }
  }
  const std::string& operator()(const std::vector<std::string>& row, const char* name) const {
    return row[places.at(name)];
  }
  std::map<std::string, std::size_t> places;
  std::string missing;
};

// The row, or what is wrong with it.
std::variant<IncidentRow, std::string> row_of(const std::vector<std::string>& fields,
                                              const Columns& columns, const Zone& zone) {
  static const char* const kStates[] = {"New",
                                        "Active",
                                        "Awaiting User Info",
                                        "Awaiting Vendor",
                                        "Awaiting Problem",
                                        "Awaiting Evidence",
                                        "Resolved",
                                        "Closed"};
  for (const std::string& field : fields) {
    if (!simdjson::validate_utf8(field)) return "a field that is not UTF-8";
  }
  IncidentRow row;
  row.state = columns(fields, "incident_state");
  row.priority = columns(fields, "priority");
  row.caller = columns(fields, "caller_id");
  row.category = columns(fields, "category");
  row.channel = columns(fields, "contact_type");
  row.assigned_to = columns(fields, "assigned_to");
  row.updated_by = columns(fields, "sys_updated_by");
  row.closed_code = columns(fields, "closed_code");
  row.made_sla = columns(fields, "made_sla");
  if (is_missing(columns(fields, "number"))) return "no number";
  if (std::find(std::begin(kStates), std::end(kStates), row.state) == std::end(kStates)) {
    return "unknown incident_state `" + row.state + '`';
  }
  if (priority_of(row).empty()) return "unknown priority `" + row.priority + '`';
  try {
    row.reopen_count = std::stoi(columns(fields, "reopen_count"));
    row.mod_count = std::stoi(columns(fields, "sys_mod_count"));
  } catch (const std::exception&) {
    return "reopen_count or sys_mod_count is no number";
  }
  const auto opened = local_instant(columns(fields, "opened_at"), zone);
  const auto updated = local_instant(columns(fields, "sys_updated_at"), zone);
  if (!opened) return "opened_at is not dd-mm-yyyy hh:mm";
  if (!updated) return "sys_updated_at is not dd-mm-yyyy hh:mm";
  row.opened = std::min(*opened, *updated);
  row.updated = *updated;
  return row;
}

struct Line {
  Instant arrival;
  std::string json;
};

// Writes the facts of one incident, row after row.
class IncidentWriter {
 public:
  IncidentWriter(const Incident& incident, const ImportOptions& options, std::vector<Line>& lines)
      : incident_(incident), options_(options), lines_(lines) {}

  void write() {
    const IncidentRow* before = nullptr;
    for (const IncidentRow& row : incident_.rows) {
      ++ordinal_;
      step_ = 0;
      write_row(row, before);
      before = &row;
    }
  }

 private:
  static bool is_over(const std::string& state) { return state == "Resolved" || state == "Closed"; }

  void write_row(const IncidentRow& row, const IncidentRow* before) {
    if (before == nullptr) {
      open(row);
    } else if (row.priority != before->priority) {
      fact(row, "prioritized", [&](JsonObject& data) { data.text("priority", priority_of(row)); });
    }
    const bool reassigned = before == nullptr || row.assigned_to != before->assigned_to;
    if (reassigned && !is_missing(row.assigned_to)) {
      fact(row, "assigned", [&](JsonObject& data) { data.text("person", row.assigned_to); });
    }
    const bool was_over = before != nullptr && is_over(before->state);
    if (before != nullptr &&
        (row.reopen_count > before->reopen_count || (was_over && !is_over(row.state)))) {
      fact(row, "reopened", nullptr);
    }
    // Any state but New says that somebody took it up.
    if (!answered_ && row.state != "New") {
      answered_ = true;
      if (!is_over(row.state))
        fact(row, "responded", [&](JsonObject& data) { data.text("by", row.updated_by); });
    }
    const bool was_waiting = before != nullptr && is_waiting(*before);
    if (is_waiting(row) && !was_waiting) {
      fact(row, "paused", [&](JsonObject& data) { data.text("reason", row.state); });
    } else if (was_waiting && !is_waiting(row) && !is_over(row.state)) {
      fact(row, "resumed", nullptr);
    }
    if (before != nullptr && before->state == row.state) return;
    if (row.state == "Resolved") {
      fact(row, "resolved", [&](JsonObject& data) {
        if (!is_missing(row.closed_code)) data.text("solution", row.closed_code);
      });
    } else if (row.state == "Closed") {
      fact(row, "closed", nullptr);
    }
  }

  void open(const IncidentRow& row) {
    fact(
        row, "opened",
        [&](JsonObject& data) {
          data.text("priority", priority_of(row)).text("title", incident_.number);
          if (!is_missing(row.channel)) data.text("channel", row.channel);
          if (!is_missing(row.category)) data.text("module", row.category);
          if (!is_missing(row.caller)) data.text("contact", row.caller);
          // The tier of each ticket, instead of a tiered account with cadences that nobody
          // promised.
          data.text("tier", options_.tier);
        },
        row.opened);
  }

  template <class WriteData>
  void fact(const IncidentRow& row, const char* verb, WriteData&& write_data,
            std::optional<Instant> time = {}) {
    // Rows within a minute have the same time: their place in the log orders them.
    char sequence[32];
    std::snprintf(sequence, sizeof sequence, "%06d.%d", ordinal_, ++step_);
    std::string json;
    JsonObject event(json);
    event.text("specversion", "1.0")
        .text("id", incident_.number + '/' + std::to_string(ordinal_) + '/' + verb)
        .text("source", "/servicenow")
        .text("type", std::string("tocsin.ticket.") + verb)
        .time("time", time.value_or(row.updated))
        .text("subject", incident_.number)
        .text("partitionkey", options_.account)
        .text("sequence", sequence)
        .time("recordedtime", row.updated);
    if constexpr (!std::is_same_v<std::decay_t<WriteData>, std::nullptr_t>) {
      event.name("data");
      JsonObject data(json);
      write_data(data);
      data.close();
    }
    event.close();
    lines_.push_back({row.updated, std::move(json)});
  }

  const Incident& incident_;
  const ImportOptions& options_;
  std::vector<Line>& lines_;
  int ordinal_ = 0, step_ = 0;
  bool answered_ = false;
};

// `simulate --emit verdicts` of the log's own facts.
std::optional<std::string> simulated_verdicts(const IncidentLog& log,
                                              const ImportOptions& options) {
  std::stringstream facts;
  write_facts(log, options, facts);
  return options.simulate(facts);
}

std::optional<std::string> contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

std::string priority_of(const IncidentRow& row) {
  if (row.priority.size() < 2 || row.priority[0] < '1' || row.priority[0] > '4' ||
      row.priority[1] != ' ')
    return {};
  return std::string("P") + row.priority[0];
}

bool is_waiting(const IncidentRow& row) { return row.state.starts_with("Awaiting "); }

std::variant<IncidentLog, std::string> read_incidents(std::istream& in,
                                                      const std::string& zone_name,
                                                      std::ostream& errors) {
  const auto loaded = load_zone(zone_name);
  if (const auto* why = std::get_if<std::string>(&loaded)) return "zone " + zone_name + ": " + *why;
  const Zone& zone = std::get<Zone>(loaded);
  CsvReader csv(in);
  const Columns columns(csv);
  if (!columns.missing.empty()) return "not an incident log: no column " + columns.missing;
  IncidentLog log;
  std::map<std::string, Incident> incidents;
  std::vector<std::string> fields;
  while (csv.next(fields)) {
    ++log.rows;
    auto row = row_of(fields, columns, zone);
    if (const auto* why = std::get_if<std::string>(&row)) {
      ++log.left_out;
      errors << "line " << csv.line() << " left out: " << *why << '\n';
      continue;
    }
    Incident& incident = incidents[columns(fields, "number")];
    incident.rows.push_back(std::move(std::get<IncidentRow>(row)));
  }
  if (!csv.error().empty()) return "line " + std::to_string(csv.line()) + ": " + csv.error();
  for (auto& [number, incident] : incidents) {
    incident.number = number;
    // The counter is ServiceNow's own order; a few rows have a time that does not follow it.
    std::stable_sort(
        incident.rows.begin(), incident.rows.end(), [](const IncidentRow& a, const IncidentRow& b) {
          return a.mod_count != b.mod_count ? a.mod_count < b.mod_count : a.updated < b.updated;
        });
    log.incidents.push_back(std::move(incident));
  }
  return log;
}

void write_facts(const IncidentLog& log, const ImportOptions& options, std::ostream& out) {
  std::vector<Line> lines;
  for (const Incident& incident : log.incidents) {
    IncidentWriter(incident, options, lines).write();
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.arrival < b.arrival; });
  for (const Line& line : lines) out << line.json << '\n';
}

int import_servicenow(const ImportOptions& options, std::ostream& out, std::ostream& errors) {
  const auto unusable = [&](const std::string& why) {
    errors << "tocsin import servicenow: " << why << '\n';
    return kUnusable;
  };
  if (options.tier != "A" && options.tier != "B" && options.tier != "C")
    return unusable("--tier must be A, B or C");
  if (options.account.empty()) return unusable("--account must not be empty");
  std::ifstream file;
  if (options.file != "-") {
    file.open(options.file, std::ios::binary);
    if (!file) return unusable("cannot read " + options.file);
  }
  auto read = read_incidents(options.file == "-" ? std::cin : file, options.zone, errors);
  if (const auto* why = std::get_if<std::string>(&read)) return unusable(*why);
  const auto& log = std::get<IncidentLog>(read);
  const int status = log.left_out > 0 ? kRowsLeftOut : 0;
  if (!options.compare) {
    write_facts(log, options, out);
    return status;
  }
  std::optional<std::string> verdicts;
  if (!options.verdicts.empty()) {
    verdicts = contents(options.verdicts);
    if (!verdicts) return unusable("cannot read " + options.verdicts);
  } else {
    if (!options.simulate) return unusable("--compare needs a policy or --verdicts FILE");
    verdicts = simulated_verdicts(log, options);
    if (!verdicts) return unusable("the simulation refused some of the facts");
  }
  const auto why = compare_servicenow(log, *verdicts, out);
  return why.empty() ? status : unusable(why);
}

}  // namespace tocsin
