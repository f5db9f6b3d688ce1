#include "app/roster_commands.h"

#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <tuple>

#include "app/log_source.h"
#include "app/policy_load.h"
#include "events/log_record.h"

namespace tocsin {

namespace {

constexpr int kFailed = 1, kUnusable = 2;

Instant wall_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read the roster " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::shared_ptr<const Policy> policy_or_throw(const std::string& path) {
  auto policy = load_policy(path);
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&policy))
    throw std::runtime_error(describe(*errors));
  return std::get<std::shared_ptr<const Policy>>(policy);
}

// Who plays which role for an account, by the facts of the log: the last of each role by (time,
// source, sequence, id).
using Assigned = std::map<std::string, std::vector<std::string>, std::less<>>;
Assigned assigned_roles(const Config& config, const std::string& account) {
  std::map<std::string, std::tuple<Instant, std::string>> latest;
  Assigned out;
  const auto source = open_log_source(config);
  simdjson::dom::parser parser;
  LogEvent event;
  for (const PartitionId partition : source->partitions()) {
    source->read(partition, 0, [&](Offset, std::string_view of, std::string_view record) {
      if (of != account || record.find("account.assigned") == std::string_view::npos) return true;
      if (!read_log_record(record, event) || event.type != "tocsin.account.assigned") return true;
      simdjson::dom::element data;
      std::string_view role;
      if (parser.parse(simdjson::padded_string(event.data)).get(data) != simdjson::SUCCESS ||
          data["role"].get(role) != simdjson::SUCCESS)
        return true;
      std::string order(event.source);
      order += '\0' + std::string(event.sequence) + '\0' + std::string(event.id);
      const auto [it, first] = latest.try_emplace(std::string(role), event.time, order);
      if (!first && it->second >= std::tuple(event.time, order)) return true;
      it->second = {event.time, order};
      auto& persons = out[std::string(role)];
      persons.clear();
      std::string_view name;
      if (data["person"].get(name) == simdjson::SUCCESS) persons.emplace_back(name);
      simdjson::dom::array names;
      if (data["person"].get(names) != simdjson::SUCCESS) return true;
      for (const auto one : names) {
        if (one.get(name) == simdjson::SUCCESS) persons.emplace_back(name);
      }
      return true;
    });
  }
  return out;
}

}  // namespace

CheckedRoster checked_roster(const std::string& path, const Policy& policy, Instant now,
                             const std::vector<std::string>* channels) {
  CheckedRoster checked;
  RosterReading read = read_roster(path, file_text(path), load_zone_for_policy);
  checked.findings = check_roster(*read.roster, policy, now, path, channels);
  if (read.errors.empty()) {
    checked.roster = std::move(read.roster);
    return checked;
  }
  // Of what could be read its mistakes are told too; what it leaves open may be what could not be read.
  std::vector<PolicyError> all = std::move(read.errors);
  const bool of_last_resort = std::any_of(all.begin(), all.end(), [](const PolicyError& e) {
    return e.reason.find("last_resort") != std::string::npos;
  });
  for (PolicyError& mistake : checked.findings.mistakes) {
    if (mistake.line > 0 || !of_last_resort) all.push_back(std::move(mistake));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const PolicyError& a, const PolicyError& b) { return a.line < b.line; });
  checked.findings = {};
  checked.errors = std::move(all);
  return checked;
}

bool report_roster(const CheckedRoster& checked, std::ostream& out) {
  out << describe(checked.errors) << describe(checked.findings.mistakes);
  for (const auto* list : {&checked.findings.empty, &checked.findings.notes}) {
    for (const PolicyError& e : *list) out << "warning: " << describe({e});
  }
  return checked.errors.empty() && checked.findings.mistakes.empty();
}

bool roster_is_good(const Config& config, std::ostream& out) {
  if (config.roster.empty()) return true;
  try {
    return report_roster(checked_roster(config.roster, *policy_or_throw(config.policy), wall_now()),
                         out);
  } catch (const std::exception& e) {
    out << e.what() << "\n";
    return false;
  }
}

int command_roster_check(const std::string& file, const std::string& policy) {
  try {
    const CheckedRoster checked = checked_roster(file, *policy_or_throw(policy), wall_now());
    const bool good = report_roster(checked, std::cerr);
    if (!checked.errors.empty()) return kUnusable;
    if (!good || !checked.findings.empty.empty()) return kFailed;
    std::cout << file << ": " << checked.roster->people.size() << " people, "
              << checked.roster->roles.size() << " roles\n";
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "tocsin roster check: " << e.what() << "\n";
    return kUnusable;
  }
}

int command_oncall(const Config& config, const OncallFlags& flags) {
  try {
    const std::string path = flags.roster.empty() ? config.roster : flags.roster;
    if (path.empty())
      throw std::runtime_error("no roster: give --roster FILE, or `roster:` in the configuration");
    const auto policy = policy_or_throw(flags.policy.empty() ? config.policy : flags.policy);
    const RosterReading read = read_roster(path, file_text(path), load_zone_for_policy);
    if (!read.errors.empty()) throw std::runtime_error(describe(read.errors));
    const Roster& roster = *read.roster;
    Instant at = wall_now();
    if (!flags.at.empty()) {
      const auto given = roster_instant(flags.at, *roster.zone, false);
      if (!given)
        throw std::runtime_error("--at must be an instant like 2026-03-02T09:00+08:00, or a date");
      at = *given;
    }
    const Assigned assigned =
        flags.account.empty() ? Assigned{} : assigned_roles(config, flags.account);
    bool known = flags.role.empty();
    for (const RoleCode code : policy->roles.codes()) {
      const std::string& role = policy->roles[code];
      if (code == policy->assignee_role || code == policy->owner_role) continue;
      if (!flags.role.empty() && flags.role != role) continue;
      known = true;
      Roster::Persons persons;
      const auto of_account = assigned.find(role);
      roster.resolve(role,
                     of_account == assigned.end() ? std::vector<std::string>{} : of_account->second,
                     at, persons);
      if (persons.empty()) roster.everybodys_last_resort(at, persons);
      std::cout << role << '\t';
      for (std::size_t p = 0; p < persons.size(); ++p)
        std::cout << (p > 0 ? ", " : "") << persons[p];
      std::cout << '\n';
    }
    if (!known) throw std::runtime_error("the policy has no role `" + flags.role + "`");
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "tocsin oncall: " << e.what() << "\n";
    return kUnusable;
  }
}

}  // namespace tocsin
