#include "app/rejected_page.h"

#include <charconv>
#include <map>
#include <tuple>

#include "connectors/http/problem.h"
#include "events/base64.h"
#include "events/writer.h"

namespace tocsin {
namespace {

// In the order of arrival; records of one millisecond by where they lie.
using Place = std::tuple<std::int64_t, PartitionId, Offset>;

bool read_number(std::string_view text, auto& value) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

// `1800000000000:0:17`
std::optional<Place> place_of(std::string_view text) {
  Place place;
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos || !read_number(text.substr(0, first), std::get<0>(place)) ||
      !read_number(text.substr(first + 1, second - first - 1), std::get<1>(place)) ||
      !read_number(text.substr(second + 1), std::get<2>(place)))
    return std::nullopt;
  return place;
}

std::string text_of(const Place& place) {
  return std::to_string(std::get<0>(place)) + ":" + std::to_string(std::get<1>(place)) + ":" +
         std::to_string(std::get<2>(place));
}

// `bad_data` is also said of `bad_data:priority`.
bool fits(std::string_view reason, std::string_view wanted) {
  return wanted.empty() || reason == wanted ||
         (reason.starts_with(wanted) && reason[wanted.size()] == ':');
}

void append_record(std::string& out, const Place& place, const RejectedRecord& record) {
  JsonObject row(out);
  row.text("position",
           std::to_string(std::get<1>(place)) + ":" + std::to_string(std::get<2>(place)))
      .time("time", record.arrived)
      .text("reason", valid_utf8(record.reason))
      .text("source", valid_utf8(record.source));
  row.name("headers");
  out += '{';
  bool first = true;
  for (const auto& [name, value] : record.headers) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, valid_utf8(name));
    out += ':';
    append_json_string(out, valid_utf8(value));
  }
  out += '}';
  row.text("original", base64(record.original));
  row.close();
}

}  // namespace

std::optional<std::pair<std::string, std::string>> read_rejected_query(const HttpRequest& request,
                                                                       RejectedQuery& query) {
  for (const auto& [name, value] : request.query) {
    if (name == "reason") {
      query.reason = value;
    } else if (name == "limit") {
      if (!read_number(value, query.limit) || query.limit < 1 || query.limit > kRejectedLimitMax)
        return std::pair{name, "must be 1 to " + std::to_string(kRejectedLimitMax)};
    } else if (name == "cursor") {
      query.cursor = value;
      if (!value.empty() && !place_of(value))
        return std::pair{name, std::string("must be one that a page gave")};
    } else {
      return std::pair{name, std::string("is no parameter; there are reason, limit, cursor")};
    }
  }
  return std::nullopt;
}

HttpResponse rejected_page(LogSource& source, const RejectedQuery& query, Instant now) {
  const auto before = place_of(query.cursor);
  std::map<Place, RejectedRecord> newest;
  std::size_t bytes = 0;
  bool more = false;
  for (const PartitionId partition : source.partitions()) {
    source.read_rejected(partition, 0, [&](Offset offset, const RejectedRecord& record) {
      const Place place{record.arrived.ms, partition, offset};
      if (!fits(record.reason, query.reason) || (before && place >= *before)) return true;
      bytes += record.original.size();
      newest.emplace(place, record);
      while (newest.size() > query.limit || (bytes > kPageBytesMax && newest.size() > 1)) {
        bytes -= newest.begin()->second.original.size();
        newest.erase(newest.begin());
        more = true;
      }
      return true;
    });
  }
  HttpResponse response;
  response.content_type = "application/json";
  JsonObject page(response.body);
  page.time("now", now);
  page.name("rejected");
  response.body += '[';
  for (auto it = newest.rbegin(); it != newest.rend(); ++it) {
    if (it != newest.rbegin()) response.body += ',';
    append_record(response.body, it->first, it->second);
  }
  response.body += ']';
  if (more) {
    page.text("cursor", text_of(newest.begin()->first));
  } else {
    page.null("cursor");
  }
  page.close();
  return response;
}

}  // namespace tocsin
