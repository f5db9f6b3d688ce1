// The standing rule of a zone: what its clocks do in all the years beyond its listed changes.
//
// A zone's file ends with it, written as POSIX writes TZ (RFC 8536 §3.3): `CST-8` is UTC+8 for ever;
// `EST5EDT,M3.2.0,M11.1.0` goes forward on March's second Sunday and back on November's first, at
// 02:00 local time each; `EET-2EEST,M3.4.4/50,M10.4.4/50` on the Saturday after a Thursday, `/50`
// being hours after its midnight. Offsets in it count west, an Instant's count east.
//
// Pure values; any thread.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/calendar/zone.h"

namespace tocsin {

class PosixRule {
 public:
  // nullopt for what is no such rule, and for summer time without the days on which it changes.
  static std::optional<PosixRule> parse(std::string_view text);

  // The changes of a year in order of time; none where there is no summer time.
  std::vector<Zone::Change> changes(int year) const;
  Duration standard() const { return standard_; }

 private:
  friend class PosixRuleReader;
  struct Day {
    enum class Form { kWeekday, kWithoutLeapDay, kWithLeapDay } form = Form::kWeekday;
    int month = 1, week = 1, weekday = 0;  // kWeekday: 1–12, 1–5 (5: the last), 0 = Sunday
    int day = 0;                           // else: 1–365, or 0–365
    Duration at{7'200'000};                // after its local midnight

    LocalTime in(int year) const;
  };

  Duration standard_, summer_;
  bool changes_ = false;
  Day begins_, ends_;  // summer time
};

}  // namespace tocsin
