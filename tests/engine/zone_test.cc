#include "engine/calendar/zone.h"

#include <date/tz.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <random>

#include "engine/calendar/zone_load.h"
#include "tests/engine/calendar_fixture.h"

namespace tocsin {
namespace {

LocalTime local(std::string_view text) { return {at(std::string(text) + "Z").ms}; }

std::string error_of(const std::variant<Zone, std::string>& made) {
  const auto* error = std::get_if<std::string>(&made);
  return error ? *error : "";
}

TEST(ZoneLoad, KnowsShanghaiAndItsTzData) {
  const Zone shanghai = zone("Asia/Shanghai");
  EXPECT_EQ(shanghai.name(), "Asia/Shanghai");
  EXPECT_NE(shanghai.version(), "");
  // Summer time from 1986 to 1991 only, UTC+9, else UTC+8.
  EXPECT_EQ(shanghai.changes().size(), 12U);
  EXPECT_EQ(shanghai.offset(at("1990-07-01T00:00:00Z")), hours(9));
  EXPECT_EQ(shanghai.offset(at("2026-03-02T00:00:00Z")), hours(8));
}

TEST(ZoneLoad, SaysWhyThereIsNone) {
  EXPECT_NE(error_of(load_zone("Asia/Atlantis")).find("Asia/Atlantis"), std::string::npos);
  EXPECT_NE(error_of(load_zone("")), "");
  EXPECT_NE(error_of(load_zone("../../etc/passwd")), "");
}

TEST(ZoneText, IsTheWholeZone) {
  for (const char* name : {"Asia/Shanghai", "America/New_York", "Australia/Lord_Howe",
                           "Pacific/Apia", "Africa/Casablanca", "Etc/UTC", "Asia/Kathmandu"}) {
    const Zone original = zone(name);
    const auto again = Zone::parse(original.text());
    ASSERT_EQ(error_of(again), "") << original.text();
    EXPECT_EQ(std::get<Zone>(again), original);
  }
}

TEST(ZoneText, IsWrittenAsDocumented) {
  const auto made =
      Zone::make("Europe/Berlin", "2026f", hours(1), {{at("1990-03-25T01:00:00Z"), hours(2)}});
  ASSERT_EQ(error_of(made), "");
  EXPECT_EQ(std::get<Zone>(made).text(), "Europe/Berlin;2026f;3600;638326800+7200");
  const auto west = Zone::make("X", "", hours(-5), {{at("2007-03-11T07:00:00Z"), hours(-4)}});
  EXPECT_EQ(std::get<Zone>(west).text(), "X;;-18000;1173596400-14400");
}

TEST(ZoneText, RefusesWhatIsNoZone) {
  for (const char* text : {"",
                           "X",
                           "X;2026f",
                           "X;2026f;",
                           "X;2026f;zero",
                           ";2026f;0",
                           "X Y;2026f;0",
                           "X;2 6;0",
                           "X;2026f;0;",
                           "X;2026f;0;1000000000",
                           "X;2026f;0;1000000000+",
                           "X;2026f;0;+3600",
                           "X;2026f;0;1000000000+0",
                           "X;2026f;0;1000000000+3600;1000000000+0",
                           "X;2026f;0;1000000000+3600;900000000+0",
                           "X;2026f;0;-1+3600",
                           "X;2026f;0;4102444800+3600",
                           "X;2026f;99999999",
                           "X;2026f;0;1000000000+99999999999999999999",
                           "X;2026f;0;;1000000000+1",
                           "X;2026f;0;1000000000+3600 ",
                           "X;2026f;00",
                           "X;2026f;0;1000000000+3600;"}) {
    EXPECT_NE(error_of(Zone::parse(text)), "") << text;
  }
  std::string many = "X;2026f;0";
  for (int i = 0; i < 2000; ++i) {
    many += ";" + std::to_string(700'000'000 + i * 10) + "+" + std::to_string(i % 2 + 1);
  }
  EXPECT_NE(error_of(Zone::parse(many)), "");
}

TEST(ZoneLocal, NewYorkChangesAtSeven) {
  const Zone z = zone("America/New_York");
  // 2026-03-08: 02:00 EST (−5) becomes 03:00 EDT (−4) at 07:00Z.
  EXPECT_EQ(z.to_local(at("2026-03-08T06:59:59.999Z")), local("2026-03-08T01:59:59.999"));
  EXPECT_EQ(z.to_local(at("2026-03-08T07:00:00Z")), local("2026-03-08T03:00:00"));
  EXPECT_EQ(z.local_date(at("2026-03-09T03:59:59.999Z")), date("2026-03-08"));
  EXPECT_EQ(z.local_date(at("2026-03-09T04:00:00Z")), date("2026-03-09"));
}

TEST(ZoneLocal, AGapMovesToItsEnd) {
  const Zone z = zone("America/New_York");
  for (const Edge edge : {Edge::kOpening, Edge::kClosing}) {
    EXPECT_EQ(z.to_utc(local("2026-03-08T01:59:59.999"), edge), at("2026-03-08T06:59:59.999Z"));
    EXPECT_EQ(z.to_utc(local("2026-03-08T02:00:00"), edge), at("2026-03-08T07:00:00Z"));
    EXPECT_EQ(z.to_utc(local("2026-03-08T02:30:00"), edge), at("2026-03-08T07:00:00Z"));
    EXPECT_EQ(z.to_utc(local("2026-03-08T02:59:59.999"), edge), at("2026-03-08T07:00:00Z"));
    EXPECT_EQ(z.to_utc(local("2026-03-08T03:00:00"), edge), at("2026-03-08T07:00:00Z"));
    EXPECT_EQ(z.to_utc(local("2026-03-08T03:00:00.001"), edge), at("2026-03-08T07:00:00.001Z"));
  }
}

TEST(ZoneLocal, AFoldTakesFirstForOpeningAndLastForClosing) {
  const Zone z = zone("America/New_York");
  // 2026-11-01: 02:00 EDT (−4) becomes 01:00 EST (−5) at 06:00Z; 01:00–02:00 occurs twice.
  EXPECT_EQ(z.to_utc(local("2026-11-01T01:30:00"), Edge::kOpening), at("2026-11-01T05:30:00Z"));
  EXPECT_EQ(z.to_utc(local("2026-11-01T01:30:00"), Edge::kClosing), at("2026-11-01T06:30:00Z"));
  EXPECT_EQ(z.to_utc(local("2026-11-01T00:59:59.999"), Edge::kClosing),
            at("2026-11-01T04:59:59.999Z"));
  EXPECT_EQ(z.to_utc(local("2026-11-01T01:00:00"), Edge::kOpening), at("2026-11-01T05:00:00Z"));
  EXPECT_EQ(z.to_utc(local("2026-11-01T01:00:00"), Edge::kClosing), at("2026-11-01T06:00:00Z"));
  // 02:00 itself occurs once: EDT ends just before it.
  EXPECT_EQ(z.to_utc(local("2026-11-01T02:00:00"), Edge::kOpening), at("2026-11-01T07:00:00Z"));
  EXPECT_EQ(z.to_utc(local("2026-11-01T02:00:00"), Edge::kClosing), at("2026-11-01T07:00:00Z"));
}

TEST(ZoneDay, ApiaLeftOutTheThirtiethOfDecember2011) {
  const Zone z = zone("Pacific/Apia");
  // At 2011-12-30T10:00Z the wall went from 2011-12-30 00:00 (−10) to 2011-12-31 00:00 (+14).
  EXPECT_EQ(z.local_date(at("2011-12-30T09:59:59.999Z")), date("2011-12-29"));
  EXPECT_EQ(z.local_date(at("2011-12-30T10:00:00Z")), date("2011-12-31"));
  EXPECT_EQ(z.start_of(date("2011-12-30")), at("2011-12-30T10:00:00Z"));
  EXPECT_EQ(z.start_of(date("2011-12-31")), at("2011-12-30T10:00:00Z"));
  EXPECT_EQ(z.start_of(date("2012-01-01")), at("2011-12-31T10:00:00Z"));
}

TEST(ZoneDay, MidnightInAGapIsTheGapsEnd) {
  // São Paulo 2018-11-04: 00:00 (−3) becomes 01:00 (−2) at 03:00Z.
  EXPECT_EQ(zone("America/Sao_Paulo").start_of(date("2018-11-04")), at("2018-11-04T03:00:00Z"));
}

TEST(ZoneDay, OfTwoMidnightsTheOneThatEndsTheDayForGood) {
  // Havana 2026-11-01: 01:00 (−4) becomes 00:00 (−5) at 05:00Z. The date is the 1st from the first
  // midnight on, 04:00Z, and stays.
  EXPECT_EQ(zone("America/Havana").start_of(date("2026-11-01")), at("2026-11-01T04:00:00Z"));
  // St John's 2008-11-02: 00:01 (−2:30) becomes 23:01 of the 1st (−3:30) at 02:31Z. The 1st ends
  // for good at the second midnight, 03:30Z.
  EXPECT_EQ(zone("America/St_Johns").start_of(date("2008-11-02")), at("2008-11-02T03:30:00Z"));
}

TEST(ZoneRange, BeyondTheRangeTheOffsetStays) {
  const Zone z = zone("America/New_York");
  EXPECT_EQ(z.offset(kAlways), hours(-5));
  EXPECT_EQ(z.offset(kNever), hours(-5));
  EXPECT_GT(z.to_local(kNever), local("9999-01-01T00:00:00"));
  EXPECT_LT(z.local_date(kAlways), date("0000-01-01"));
  EXPECT_GT(z.local_date(kNever), date("9999-12-31"));
}

constexpr Instant kListedEnd{2'114'380'800'000};  // 2037-01-01T00:00Z

// The listed changes against the library they came from, and to_utc against a search of all instants.
TEST(ZoneRandom, AgreesWithTheLibrary) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  for (const char* name : {"Asia/Shanghai", "America/New_York", "Europe/Berlin", "Pacific/Apia",
                           "Australia/Lord_Howe", "America/Sao_Paulo", "America/Havana",
                           "America/St_Johns", "Africa/Casablanca", "Antarctica/Troll"}) {
    const Zone z = zone(name);
    const auto* library = date::locate_zone(name);
    // Beyond its listed changes the library knows nothing (see below).
    std::uniform_int_distribution<std::int64_t> anywhere(kZoneBegin.ms, kListedEnd.ms - 1);
    const auto beyond = std::find_if(z.changes().begin(), z.changes().end(),
                                     [](const Zone::Change& c) { return c.at >= kListedEnd; });
    const auto listed = static_cast<std::size_t>(beyond - z.changes().begin());
    for (int i = 0; i < 20'000; ++i) {
      Instant t{anywhere(random)};
      // Half of them close to a change, where mistakes live.
      if (i % 2 == 0 && listed > 0) {
        const auto& change = z.changes()[random() % listed];
        t = {change.at.ms + static_cast<std::int64_t>(random() % 14'400'000) - 7'200'000};
      }
      if (i % 4 == 0) t = {t.ms / 1000 * 1000};
      const std::chrono::sys_time<std::chrono::milliseconds> sys{std::chrono::milliseconds{t.ms}};
      const auto expected = library->to_local(sys).time_since_epoch().count();
      ASSERT_EQ(z.to_local(t).ms, expected) << name << ' ' << format_rfc3339(t);

      const LocalTime wall{expected + static_cast<std::int64_t>(random() % 7'200'000) - 3'600'000};
      const date::local_time<std::chrono::milliseconds> l{std::chrono::milliseconds{wall.ms}};
      const auto info = library->get_info(l);
      auto first = wall.ms - info.first.offset.count() * 1000;
      auto last = first;
      if (info.result == date::local_info::ambiguous) {
        last = wall.ms - info.second.offset.count() * 1000;
      } else if (info.result == date::local_info::nonexistent) {
        first = last = info.second.begin.time_since_epoch().count() * 1000;
      }
      ASSERT_EQ(z.to_utc(wall, Edge::kOpening), Instant{first}) << name << ' ' << wall.ms;
      ASSERT_EQ(z.to_utc(wall, Edge::kClosing), Instant{last}) << name << ' ' << wall.ms;
    }
  }
}

// The offset by the machine's C library, which reads the same files and knows their rules.
std::int64_t offset_by_libc(Instant t) {
  const std::int64_t floor = t.ms / 1000 - (t.ms % 1000 < 0 ? 1 : 0);
  const auto seconds = static_cast<std::time_t>(floor);
  std::tm local{};
  localtime_r(&seconds, &local);
  return local.tm_gmtoff * 1000;
}

TEST(ZoneRandom, AgreesWithTheMachineFrom1970To2099) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  const char* const before = std::getenv("TZ");
  const std::string kept = before == nullptr ? "" : before;
  std::uniform_int_distribution<std::int64_t> anywhere(kZoneBegin.ms, kZoneEnd.ms - 1);
  for (const char* name :
       {"Asia/Shanghai", "America/New_York", "Europe/Berlin", "Europe/Dublin", "Pacific/Apia",
        "Australia/Lord_Howe", "America/Sao_Paulo", "America/Havana", "America/St_Johns",
        "Africa/Casablanca", "Antarctica/Troll", "Asia/Gaza", "America/Scoresbysund",
        "Pacific/Chatham", "Asia/Kathmandu", "Etc/UTC"}) {
    setenv("TZ", name, 1);
    tzset();
    const Zone z = zone(name);
    for (const Zone::Change& change : z.changes()) {
      ASSERT_EQ(offset_by_libc(change.at), change.offset.ms) << format_rfc3339(change.at);
      ASSERT_NE(offset_by_libc(change.at - seconds(1)), change.offset.ms) << name;
    }
    for (int i = 0; i < 20'000; ++i) {
      const Instant t{anywhere(random)};
      ASSERT_EQ(z.offset(t).ms, offset_by_libc(t)) << name << ' ' << format_rfc3339(t);
    }
  }
  if (before == nullptr) {
    unsetenv("TZ");
  } else {
    setenv("TZ", kept.c_str(), 1);
  }
  tzset();
}

}  // namespace
}  // namespace tocsin
