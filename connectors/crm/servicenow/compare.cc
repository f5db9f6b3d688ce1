#include "connectors/crm/servicenow/compare.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace tocsin {
namespace {

struct Ours {
  std::string threshold, verdict, state;
  Instant start;
  std::optional<Instant> stopped, due;
  std::int64_t elapsed_ms = 0;
};

// The rule that a pair of verdicts differs by; the order is that of the printed table.
enum Why : std::size_t {
  kWaiting,
  kClosedHours,
  kTheirsShorter,
  kReopened,
  kOursShorter,
  kNoPromise,
  kWhys,
};

constexpr std::array<std::string_view, kWhys> kWords = {
    "They missed, we met: the incident waited for somebody else, and we do not count waiting. "
    "Their verdict does.",
    "They missed, we met: nights, weekends and holidays passed, and we count the hours of the "
    "policy's calendar.\n"
    "       Their verdict goes by the clock on the wall.",
    "They missed, we met: without waiting or closed hours to speak of. Their limit is shorter than "
    "ours.",
    "They made it, we breached: it was reopened, and our clock runs on from where it stopped.",
    "They made it, we breached: our limit at this priority is shorter than theirs.",
    "No verdict of ours: the policy promises no resolution at this priority.",
};

struct Group {
  int count = 0;
  std::int64_t wall_ms = 0, waiting_ms = 0, counted_ms = 0;
  std::string example;
};

struct Totals {
  int incidents = 0, made = 0, missed = 0, met = 0, breached = 0, none = 0, agree = 0, differ = 0;
};

std::string in_hours(std::int64_t ms) {
  return fmt::format("{:.1f} h", static_cast<double>(ms) / 3'600'000);
}

// The last resolution cycle of each incident. Lines of the same clock come in order of start.
std::string read_verdicts(std::string_view text,
                          std::map<std::string, Ours, std::less<>>& verdicts) {
  simdjson::dom::parser parser;
  long number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    ++number;
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line(text.substr(begin, end - begin));
    begin = end + 1;
    if (line.empty()) continue;
    simdjson::dom::element row;
    std::string_view entity, clock, state, start;
    if (parser.parse(line).get(row) || row["entity"].get(entity) || row["clock"].get(clock) ||
        row["state"].get(state) || row["start"].get(start)) {
      return "line " + std::to_string(number) + " of the verdicts is no verdict";
    }
    constexpr std::string_view kTicket = "ticket/";
    if (clock != "ticket.resolution" || !entity.starts_with(kTicket)) continue;
    Ours ours;
    ours.state = state;
    ours.start = parse_rfc3339(start).value_or(Instant{});
    std::string_view stopped, due;
    if (!row["stopped"].get(stopped)) ours.stopped = parse_rfc3339(stopped);
    if (row["elapsedMs"].get(ours.elapsed_ms)) ours.elapsed_ms = 0;
    simdjson::dom::array thresholds;
    if (row["thresholds"].get(thresholds))
      return "line " + std::to_string(number) + ": no thresholds";
    for (const simdjson::dom::element threshold :
         thresholds) {  // target before limit: the last one counts
      std::string_view name, verdict;
      if (threshold["name"].get(name) || threshold["verdict"].get(verdict)) continue;
      ours.threshold = name;
      ours.verdict = verdict;
      ours.due.reset();
      if (!threshold["due"].get(due)) ours.due = parse_rfc3339(due);
    }
    verdicts.insert_or_assign(std::string(entity.substr(kTicket.size())), std::move(ours));
  }
  return {};
}

// Time in the `Awaiting …` states between the clock's start and stop.
std::int64_t waiting_ms(const Incident& incident, const Ours& ours) {
  const Instant end = ours.stopped.value_or(incident.rows.back().updated);
  std::int64_t sum = 0;
  for (std::size_t i = 0; i + 1 < incident.rows.size(); ++i) {
    if (!is_waiting(incident.rows[i])) continue;
    const Instant from = std::max(incident.rows[i].updated, ours.start);
    const Instant to = std::min(incident.rows[i + 1].updated, end);
    if (to > from) sum += (to - from).ms;
  }
  return sum;
}

Why why_they_differ(const Incident& incident, bool made, std::int64_t wall, std::int64_t waiting,
                    std::int64_t counted) {
  if (made) return incident.rows.back().reopen_count > 0 ? kReopened : kOursShorter;
  const std::int64_t closed = wall - waiting - counted;
  constexpr std::int64_t kToSpeakOf = 3'600'000;
  if (waiting < kToSpeakOf && closed < kToSpeakOf) return kTheirsShorter;
  return waiting >= closed ? kWaiting : kClosedHours;
}

void print_totals(const std::map<std::string, Totals>& totals, std::ostream& out) {
  out << "Resolution, by the priority of the last row: the file's made_sla beside our verdict\n\n";
  out << fmt::format("{:<8} {:>9} {:>10} {:>12} {:>8} {:>9} {:>11} {:>7} {:>7}\n", "priority",
                     "incidents", "made (SN)", "missed (SN)", "met", "breached", "no verdict",
                     "agree", "differ");
  Totals all;
  const auto line = [&](const std::string& name, const Totals& t) {
    out << fmt::format("{:<8} {:>9} {:>10} {:>12} {:>8} {:>9} {:>11} {:>7} {:>7}\n", name,
                       t.incidents, t.made, t.missed, t.met, t.breached, t.none, t.agree, t.differ);
  };
  for (const auto& [priority, t] : totals) {
    line(priority, t);
    all.incidents += t.incidents;
    all.made += t.made;
    all.missed += t.missed;
    all.met += t.met;
    all.breached += t.breached;
    all.none += t.none;
    all.agree += t.agree;
    all.differ += t.differ;
  }
  line("all", all);
  const int judged = all.agree + all.differ;
  if (judged > 0) {
    out << fmt::format("\nOf {} incidents that both judge, {} agree ({:.1f} %).\n", judged,
                       all.agree, 100.0 * all.agree / judged);
  }
}

void print_whys(const std::array<Group, kWhys>& groups, std::ostream& out) {
  out << "\nWhy they differ\n";
  for (std::size_t why = 0; why < kWhys; ++why) {
    const Group& group = groups[why];
    if (group.count == 0) continue;
    out << fmt::format("\n{:>5}  {}\n", group.count, kWords[why]);
    if (why == kNoPromise) continue;
    out << fmt::format(
        "       On average {} from start to stop: {} of it waiting, {} counted by us.\n",
        in_hours(group.wall_ms / group.count), in_hours(group.waiting_ms / group.count),
        in_hours(group.counted_ms / group.count));
    out << "       For example " << group.example << '\n';
  }
}

}  // namespace

std::string compare_servicenow(const IncidentLog& log, std::string_view text, std::ostream& out) {
  std::map<std::string, Ours, std::less<>> verdicts;
  if (std::string why = read_verdicts(text, verdicts); !why.empty()) return why;
  std::map<std::string, Totals> totals;
  std::array<Group, kWhys> groups;
  for (const Incident& incident : log.incidents) {
    const IncidentRow& last = incident.rows.back();
    const bool made = last.made_sla == "TRUE" || last.made_sla == "true";
    Totals& t = totals[priority_of(last)];
    ++t.incidents;
    ++(made ? t.made : t.missed);
    const auto found = verdicts.find(incident.number);
    const bool judged = found != verdicts.end() && found->second.state != "cancelled" &&
                        (found->second.verdict == "met" || found->second.verdict == "breached");
    if (!judged) {
      ++t.none;
      ++groups[kNoPromise].count;
      continue;
    }
    const Ours& ours = found->second;
    const bool met = ours.verdict == "met";
    ++(met ? t.met : t.breached);
    if (met == made) {
      ++t.agree;
      continue;
    }
    ++t.differ;
    const std::int64_t wall = (ours.stopped.value_or(last.updated) - ours.start).ms;
    const std::int64_t waiting = waiting_ms(incident, ours);
    Group& group = groups[why_they_differ(incident, made, wall, waiting, ours.elapsed_ms)];
    ++group.count;
    group.wall_ms += wall;
    group.waiting_ms += waiting;
    group.counted_ms += ours.elapsed_ms;
    if (group.example.empty()) {
      group.example = fmt::format(
          "{} ({}): {} from start to stop, {} waiting, {} counted, {} due {}", incident.number,
          priority_of(last), in_hours(wall), in_hours(waiting), in_hours(ours.elapsed_ms),
          ours.threshold, ours.due ? format_rfc3339(*ours.due) : "unknown");
    }
  }
  print_totals(totals, out);
  print_whys(groups, out);
  out << "\nThe rule behind made_sla is not in the file; docs/servicenow.md says what its figures "
         "suggest.\n";
  return {};
}

}  // namespace tocsin
