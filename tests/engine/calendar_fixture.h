// Calendars for tests: zones of this machine, and the shipped business calendar as its file has it.
#pragma once

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/calendar/calendar.h"
#include "engine/calendar/zone_load.h"
#include "events/time.h"

namespace tocsin {

// Of a random test: TOCSIN_SEED when set, to repeat a run, else a fresh one; printed.
inline std::uint64_t test_seed() {
  const char* given = std::getenv("TOCSIN_SEED");
  const std::uint64_t seed = given ? std::stoull(given) : std::random_device{}();
  std::cout << "seed " << seed << " (TOCSIN_SEED=" << seed << " repeats it)" << std::endl;
  return seed;
}

inline Instant at(std::string_view text) {
  const auto t = parse_rfc3339(text);
  if (!t) throw std::invalid_argument("not an instant: " + std::string(text));
  return *t;
}

inline LocalDate date(std::string_view text) {
  const auto d = parse_date(text);
  if (!d) throw std::invalid_argument("not a date: " + std::string(text));
  return *d;
}

inline void PrintTo(Instant t, std::ostream* out) {
  if (t == kNever) {
    *out << "never";
  } else if (t == kAlways) {
    *out << "always";
  } else {
    *out << format_rfc3339(t);
  }
}
inline void PrintTo(Duration d, std::ostream* out) { *out << d.ms << " ms"; }
inline void PrintTo(LocalDate d, std::ostream* out) { *out << format_date(d); }
inline void PrintTo(LocalTime t, std::ostream* out) { *out << format_rfc3339({t.ms}) << " local"; }

inline Zone zone(std::string_view name) {
  auto loaded = load_zone(name);
  if (auto* error = std::get_if<std::string>(&loaded)) throw std::runtime_error(*error);
  return std::get<Zone>(std::move(loaded));
}

inline Calendar build(const CalendarSpec& spec) {
  auto built = build_calendar(spec, spec.always ? Zone{} : zone(spec.zone));
  if (auto* error = std::get_if<std::string>(&built)) throw std::runtime_error(*error);
  return std::get<Calendar>(std::move(built));
}

// `09:00-12:00`, `00:00-24:00`.
inline LocalInterval interval(const std::string& text) {
  const auto minute = [&](std::size_t i) {
    return std::stoi(text.substr(i, 2)) * 60 + std::stoi(text.substr(i + 3, 2));
  };
  return {minutes(minute(0)), minutes(minute(6))};
}

// The same hours on each of `weekdays` (0 = Monday).
inline CalendarSpec weekly(std::string zone_name, const std::vector<std::string>& hours,
                           const std::vector<int>& weekdays) {
  CalendarSpec spec;
  spec.name = "test";
  spec.zone = std::move(zone_name);
  for (const int day : weekdays) {
    for (const auto& text : hours) {
      spec.weekly[static_cast<std::size_t>(day)].push_back(interval(text));
    }
  }
  return spec;
}

inline const std::vector<int> kMonFri = {0, 1, 2, 3, 4};
inline const std::vector<int> kEveryDay = {0, 1, 2, 3, 4, 5, 6};

inline CalendarSpec business_spec() {
  const auto root = YAML::LoadFile(TOCSIN_SOURCE_DIR "/policy/calendars/cn-business.yaml");
  CalendarSpec spec = weekly(root["zone"].as<std::string>(),
                             root["hours"]["mon-fri"].as<std::vector<std::string>>(), kMonFri);
  spec.name = "business";
  for (const auto& text : root["holidays"].as<std::vector<std::string>>()) {
    spec.holidays.push_back(date(text));
  }
  for (const auto& text : root["workdays"].as<std::vector<std::string>>()) {
    spec.workdays.push_back({date(text), {}});
  }
  spec.confirmed = root["confirmed"].as<std::vector<std::int32_t>>();
  return spec;
}

inline const Calendar& business() {
  static const Calendar calendar = build(business_spec());
  return calendar;
}

}  // namespace tocsin
