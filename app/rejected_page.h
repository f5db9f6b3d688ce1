// What was rejected, for people: `GET /v1/rejected?reason=&limit=&cursor=`, the newest first.
//
// Reads all of what was rejected for each page (it is the log of mistakes, and short); keeps `limit` records of it and at
// most kPageBytesMax of their originals. Blocks: not for an io thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/log_source.h"
#include "connectors/http/message.h"

namespace tocsin {

struct RejectedQuery {
  std::string reason;  // `bad_data`, or `bad_data:priority`; empty: all
  std::size_t limit = 100;
  std::string cursor;  // as a page gave it; empty: the newest
};

inline constexpr std::size_t kRejectedLimitMax = 1000;
inline constexpr std::size_t kPageBytesMax = 8u << 20;

// Or what is wrong with a parameter: its name, and what it must be.
std::optional<std::pair<std::string, std::string>> read_rejected_query(const HttpRequest& request,
                                                                       RejectedQuery& query);

HttpResponse rejected_page(LogSource& source, const RejectedQuery& query, Instant now);

}  // namespace tocsin
