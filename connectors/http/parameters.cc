#include <date/date.h>

#include <algorithm>
#include <charconv>

#include "connectors/http/event_feed.h"
#include "connectors/http/problem.h"
#include "connectors/http/question.h"
#include "projections/read/merged_rows.h"

namespace tocsin {
namespace {

using WordList = std::span<const std::string_view>;

std::string join(WordList words) {
  std::string out;
  for (const std::string_view word : words) {
    if (!out.empty()) out += ", ";
    out += word;
  }
  return out;
}

bool among(std::string_view word, WordList words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Whether the cursor is one of a list of that family. One of another list, or of another program, is
// refused, not taken for the beginning.
bool is_cursor_of(const std::string& cursor, Family family) {
  const auto key = from_cursor(cursor);
  return key && is_cursor_key(*key, family);
}

}  // namespace

HttpResponse json_response(std::string body, int status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

HttpResponse bad_parameter(const BadParameter& error) {
  return problem(400, "bad-parameter", error.name + ": " + error.what())
      .field(error.name)
      .response();
}

void refuse_unknown(const HttpRequest& request, WordList known) {
  const HttpFields& query = request.query;
  for (std::size_t i = 0; i < query.size(); ++i) {
    const std::string& name = query[i].first;
    if (!among(name, known)) {
      throw BadParameter(name, known.empty() ? "this route takes no parameters"
                                             : "no such parameter; there are " + join(known));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (query[j].first == name) throw BadParameter(name, "is given twice");
    }
  }
}

Parameters::Parameters(const HttpRequest& request, Words known) : query_(request.query) {
  std::vector<std::string_view> names(known);
  names.push_back(kMinOffset);
  refuse_unknown(request, names);
}

std::string Parameters::text(std::string_view name) const {
  for (const auto& [key, value] : query_) {
    if (key == name) return value;
  }
  return {};
}

std::string Parameters::word(std::string_view name, Words words) const {
  const std::string value = text(name);
  if (!value.empty() && !among(value, words))
    throw BadParameter(std::string(name), "must be one of " + join(words));
  return value;
}

bool Parameters::flag(std::string_view name) const {
  return word(name, {"true", "false"}) == "true";
}

std::vector<std::string> Parameters::list(std::string_view name, Words words) const {
  const std::string value = text(name);
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < value.size();) {
    const std::size_t comma = std::min(value.find(',', begin), value.size());
    if (comma > begin) parts.push_back(value.substr(begin, comma - begin));
    begin = comma + 1;
    if (!parts.empty() && !among(parts.back(), words))
      throw BadParameter(std::string(name), "must be a list of " + join(words));
  }
  return parts;
}

std::size_t Parameters::limit() const {
  const std::string value = text("limit");
  if (value.empty()) return kPageDefault;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
  if (error != std::errc{} || end != value.data() + value.size() || limit < 1 || limit > kPageMax)
    throw BadParameter("limit", "must be a whole number from 1 to " + std::to_string(kPageMax));
  return limit;
}

std::string Parameters::cursor(Family family) const {
  std::string cursor = text("cursor");
  if (!cursor.empty() && !is_cursor_of(cursor, family))
    throw BadParameter("cursor", "is none that this list gave");
  return cursor;
}

std::optional<Day> Parameters::day(std::string_view name) const {
  const std::string value = text(name);
  if (value.empty()) return std::nullopt;
  const auto digits = [](char c) { return c == '-' || (c >= '0' && c <= '9'); };
  if (value.size() != 10 || value[4] != '-' || value[7] != '-' ||
      !std::all_of(value.begin(), value.end(), digits))
    throw BadParameter(std::string(name), "must be a date such as 2026-03-02");
  int year = 0;
  unsigned month = 0, day = 0;
  const char* const p = value.data();
  std::from_chars(p, p + 4, year);
  std::from_chars(p + 5, p + 7, month);
  std::from_chars(p + 8, p + 10, day);
  const date::year_month_day date{date::year(year), date::month(month), date::day(day)};
  if (!date.ok()) throw BadParameter(std::string(name), "is no day of the calendar");
  return static_cast<Day>(date::sys_days(date).time_since_epoch().count());
}

TimelineQuery Parameters::timeline() const {
  TimelineQuery query;
  query.limit = limit();
  query.newest_first = word("order", {"oldest", "newest"}) == "newest";
  const std::string after = text("after");
  if (after.empty()) return query;
  const auto positions = parse_positions(after);
  if (!positions || positions->size() != 1)
    throw BadParameter("after", "must be a position partition:offset such as 0:17");
  query.after = positions->begin()->second;
  return query;
}

}  // namespace tocsin
