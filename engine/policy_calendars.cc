#include "engine/policy_reader.h"

namespace tocsin {

namespace {

const std::set<std::string> kCalendarKeys = {"zone", "hours", "holidays", "workdays", "confirmed"};
constexpr const char* kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

int day_code(const std::string& word) {
  for (int i = 0; i < 7; ++i) {
    if (word == kDays[i]) return i;
  }
  return -1;
}

std::optional<Duration> read_clock_time(const std::string& text) {
  int hour = 0, minute = 0;
  if (text.size() != 5 || text[2] != ':' || std::sscanf(text.c_str(), "%2d:%2d", &hour, &minute) != 2) return std::nullopt;
  if (hour < 0 || minute < 0 || minute > 59 || hour * 60 + minute > 24 * 60) return std::nullopt;
  return minutes(hour * 60 + minute);
}

// One calendar's map, in the policy or in a file of its own.
class CalendarReader {
 public:
  CalendarReader(PolicyReader& reader, std::string file, std::string name)
      : reader_(reader), file_(std::move(file)), name_(std::move(name)) {}

  CalendarSpec read(const YAML::Node& node) {
    CalendarSpec spec;
    spec.name = name_;
    if (!node.IsMap()) {
      error(node, "must be a map");
      return spec;
    }
    for (const auto& member : node) {
      if (kCalendarKeys.count(member.first.as<std::string>()) == 0) {
        error(member.first, "unknown key `" + member.first.as<std::string>() + "`");
      }
    }
    if (node["zone"].IsDefined() && node["zone"].IsScalar()) {
      spec.zone = node["zone"].Scalar();
    } else {
      error(node, "zone is missing");
    }
    read_week(node["hours"], spec);
    for (const auto& item : node["holidays"]) {
      if (const auto date = read_date(item)) spec.holidays.push_back(*date);
    }
    for (const auto& item : node["workdays"]) {
      CalendarSpec::Workday workday;
      const bool own = item.IsMap();
      const auto date = read_date(own ? item["date"] : item);
      if (!date) continue;
      workday.date = *date;
      if (own) workday.hours = read_hours(item["hours"]);
      spec.workdays.push_back(std::move(workday));
    }
    if (node["confirmed"].IsDefined()) {
      spec.confirmed.emplace();
      for (const auto& item : node["confirmed"]) {
        int year = 0;
        if (YAML::convert<int>::decode(item, year)) {
          spec.confirmed->push_back(year);
        } else {
          error(item, "confirmed is a list of years");
        }
      }
    }
    return spec;
  }

  void error(const YAML::Node& at, const std::string& reason) {
    reader_.error_in(file_, at.IsDefined() ? at.Mark().line + 1 : 0, "calendar " + name_ + ": " + reason);
  }

 private:
  std::optional<LocalDate> read_date(const YAML::Node& node) {
    std::optional<LocalDate> date;
    if (node.IsDefined() && node.IsScalar()) date = parse_date(node.Scalar());
    if (!date) error(node, "`" + (node.IsDefined() && node.IsScalar() ? node.Scalar() : std::string("?")) + "` is no date like 2026-02-17");
    return date;
  }

  std::vector<LocalInterval> read_hours(const YAML::Node& node) {
    std::vector<LocalInterval> hours;
    for (const auto& item : node) {
      const std::string text = item.IsScalar() ? item.Scalar() : "";
      const std::size_t dash = text.find('-');
      const auto open = dash == std::string::npos ? std::nullopt : read_clock_time(text.substr(0, dash));
      const auto close = dash == std::string::npos ? std::nullopt : read_clock_time(text.substr(dash + 1));
      if (open && close) {
        hours.push_back({*open, *close});
      } else {
        error(item, "`" + text + "` is no opening interval like 09:00-12:00");
      }
    }
    return hours;
  }

  void read_week(const YAML::Node& node, CalendarSpec& spec) {
    if (!node.IsDefined() || !node.IsMap()) {
      error(node, "hours must be a map of weekdays, like mon-fri: [\"09:00-18:00\"]");
      return;
    }
    for (const auto& member : node) {
      const auto days = member.first.as<std::string>();
      const std::size_t dash = days.find('-');
      const int from = day_code(days.substr(0, dash));
      const int to = dash == std::string::npos ? from : day_code(days.substr(dash + 1));
      if (from < 0 || to < from) {
        error(member.first, "`" + days + "` is no weekday or range like mon-fri");
        continue;
      }
      const auto hours = read_hours(member.second);
      for (int d = from; d <= to; ++d) {
        auto& day = spec.weekly[static_cast<std::size_t>(d)];
        day.insert(day.end(), hours.begin(), hours.end());
      }
    }
  }

  PolicyReader& reader_;
  std::string file_, name_;
};

}  // namespace

void read_calendars(PolicyReader& reader, const YAML::Node& root, const PolicyText& text, const ZoneSource& zones, Policy& policy) {
  const YAML::Node calendars = root["calendars"];
  if (!calendars.IsDefined() || !calendars.IsMap()) {
    reader.error(root, "calendars: a policy needs a map of calendars");
    policy.calendars.push_back({"24x7", std::make_shared<Calendar>()});
    return;
  }
  policy.always_calendar = kNone;
  for (const auto& member : calendars) {
    const auto name = member.first.as<std::string>();
    if (member.second.IsScalar() && member.second.Scalar() == "always") {
      policy.always_calendar = static_cast<std::int16_t>(policy.calendars.size());
      policy.calendars.push_back({name, std::make_shared<Calendar>()});
      continue;
    }
    YAML::Node node = member.second;
    std::string file = text.name;
    if (node.IsScalar()) {
      const auto found = text.files.find(node.Scalar());
      if (found == text.files.end()) {
        reader.error(node, "calendar " + name + ": no file `" + node.Scalar() + "`");
        continue;
      }
      file = node.Scalar();
      try {
        node = YAML::Load(found->second);
      } catch (const YAML::Exception& e) {
        reader.error_in(file, e.mark.line + 1, e.msg);
        continue;
      }
    }
    CalendarReader calendar(reader, file, name);
    const std::size_t before = reader.errors().size();
    const CalendarSpec spec = calendar.read(node);
    if (reader.errors().size() != before) continue;
    const auto mistakes = check_calendar(spec);
    for (const std::string& mistake : mistakes) calendar.error(node, mistake);
    if (!mistakes.empty()) continue;
    const auto zone = zones(spec.zone);
    if (const auto* why = std::get_if<std::string>(&zone)) {
      calendar.error(node["zone"], *why);
      continue;
    }
    auto built = build_calendar(spec, std::get<Zone>(zone));
    if (const auto* why = std::get_if<std::string>(&built)) {
      calendar.error(node, *why);
      continue;
    }
    policy.calendars.push_back({name, std::make_shared<Calendar>(std::move(std::get<Calendar>(built)))});
  }
  if (policy.always_calendar == kNone) {
    policy.always_calendar = static_cast<std::int16_t>(policy.calendars.size());
    policy.calendars.push_back({"24x7", std::make_shared<Calendar>()});
  }
}

}  // namespace tocsin
