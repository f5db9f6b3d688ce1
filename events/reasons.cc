#include "events/reasons.h"

#include <utility>

namespace tocsin {

std::string_view explain(std::string_view reason) {
  static constexpr std::pair<std::string_view, std::string_view> kTexts[] = {
      {kTooLarge, "an event may have at most 256 KiB as sent"},
      {kMalformed, "the event is not one JSON object in valid UTF-8, or its data is not JSON"},
      {kTimeInFuture, "time is more than 5 minutes ahead of our clock"},
      {kBadData, "data must be a JSON object"},
      {kBad[0], "specversion must be the text 1.0"},
      {kBad[1], "id must be a non-empty text without control characters, 512 bytes at most"},
      {kBad[2],
       "source must be a non-empty text without control characters, 512 bytes at most, and none of "
       "ours (/tocsin/…)"},
      {kBad[3],
       "type must be a non-empty text, 512 bytes at most, and none that the engine itself writes"},
      {kBad[4],
       "time must be RFC 3339 with an offset, such as 2026-03-02T09:15:00+08:00, and lie in 1970 "
       "to "
       "2099"},
      {kBad[5],
       "subject must be a non-empty text, 512 bytes at most; for account and org facts the same as "
       "partitionkey"},
      {kBad[6],
       "partitionkey, the account id, must be a non-empty text without control characters, 512 "
       "bytes "
       "at most"},
      {kBad[7], "sequence must be a non-empty text when it is given"},
      {kBad[8],
       "recordedtime must be RFC 3339 with an offset when it is given, and lie in 1970 to 2099"},
  };
  for (const auto& [known, text] : kTexts) {
    if (reason == known) return text;
  }
  if (reason.starts_with("missing_attribute:")) return "the attribute is required";
  if (reason.starts_with(kForbiddenPrefix)) return "the token of this request may not send it";
  if (reason.starts_with(kBadDataPrefix)) return "the field of data is missing or has another form";
  return {};
}

}  // namespace tocsin
