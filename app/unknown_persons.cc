#include "app/unknown_persons.h"

#include <simdjson.h>

#include <array>

namespace tocsin {

namespace {

constexpr std::array<const char*, 3> kNames = {"person", "by", "owner"};
constexpr std::array<std::string_view, 3> kQuoted = {"\"person\"", "\"by\"", "\"owner\""};

bool is_unknown(simdjson::dom::element value, const Roster& roster) {
  std::string_view word;
  return value.get(word) == simdjson::SUCCESS && !word.empty() && roster.person(word) == nullptr;
}

}  // namespace

std::size_t unknown_persons(std::string_view record, const Roster& roster) {
  if (roster.people.empty()) return 0;
  bool names_somebody = false;
  for (const std::string_view name : kQuoted)
    names_somebody = names_somebody || record.find(name) != std::string_view::npos;
  if (!names_somebody) return 0;
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element data;
  if (parser.parse(record.data(), record.size()).at_key("data").get(data) != simdjson::SUCCESS)
    return 0;
  std::size_t unknown = 0;
  for (const char* const name : kNames) {
    simdjson::dom::element value;
    if (data.at_key(name).get(value) != simdjson::SUCCESS) continue;
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS) {
      unknown += is_unknown(value, roster) ? 1 : 0;
      continue;
    }
    for (const simdjson::dom::element one : list) unknown += is_unknown(one, roster) ? 1 : 0;
  }
  return unknown;
}

}  // namespace tocsin
