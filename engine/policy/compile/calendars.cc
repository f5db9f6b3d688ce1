// `calendars:` of a policy, in place or in files of their own.
#include <algorithm>
#include <map>

#include "engine/policy/compile/reader.h"

namespace tocsin {

namespace {

constexpr std::size_t kCalendarsMax = 64;  // each holds some 4.4 MB

// One calendar's map.
class CalendarReader {
 public:
  CalendarReader(PolicyReader& reader, const std::string& name)
      : reader_(reader), where_("calendar " + name) {
    spec_.name = name;
  }

  // Whether it is sound; `spec` then describes it.
  bool read(const Yaml& node) {
    const std::size_t before = reader_.errors().size();
    if (!reader_.map(node, where_,
                     {"zone", "hours", "holidays", "workdays", "confirmed", "names"})) {
      if (node.absent()) reader_.error(node, where_ + ": the file is empty");
      return false;
    }
    spec_.zone = reader_.text(reader_.required(node, "zone", where_), where_ + " zone");
    read_week(reader_.required(node, "hours", where_));
    for (const Yaml& item : items(node["holidays"], where_ + " holidays")) {
      if (const auto date = read_date(item, where_ + " holidays")) {
        spec_.holidays.push_back(*date);
        holidays_.emplace(*date, item.line);
      }
    }
    for (const Yaml& item : items(node["workdays"], where_ + " workdays")) read_workday(item);
    if (!node["confirmed"].absent()) read_confirmed(node["confirmed"]);
    read_names(node["names"]);
    if (reader_.errors().size() != before) return false;
    for (const std::string& mistake : check_calendar(spec_))
      reader_.error(node, where_ + ": " + mistake);
    return reader_.errors().size() == before;
  }

  const CalendarSpec& spec() const { return spec_; }

 private:
  const std::vector<Yaml>& items(const Yaml& node, const std::string& where) {
    static const std::vector<Yaml> none;
    if (node.is_list()) return node.values;
    if (!node.absent() && node.kind != Yaml::Kind::kNull)
      reader_.wrong(node, where, "a list, like [2026-12-25]");
    return none;
  }

  std::optional<LocalDate> read_date(const Yaml& node, const std::string& where) {
    const auto date = node.is_text() ? parse_date(node.text) : std::nullopt;
    if (!date) reader_.wrong(node, where, "a date like 2026-02-17");
    return date;
  }

  void read_workday(const Yaml& item) {
    const bool own = item.is_map();
    if (own && !reader_.map(item, where_ + " workdays", {"date", "hours"})) return;
    const Yaml& day = own ? reader_.required(item, "date", where_ + " workdays") : item;
    const auto date = day.absent() ? std::nullopt : read_date(day, where_ + " workdays");
    if (!date) return;
    CalendarSpec::Workday workday;
    workday.date = *date;
    if (own) workday.hours = read_hours(reader_.required(item, "hours", where_ + " workdays"));
    if (const auto closed = holidays_.find(*date); closed != holidays_.end()) {
      reader_.error(day, where_ + ": " + day.text + " is a workday here and a holiday on line " +
                             std::to_string(closed->second));
    }
    if (const auto [before, first] = workdays_.emplace(*date, day.line); !first) {
      reader_.error(day, where_ + ": " + day.text + " is a workday on line " +
                             std::to_string(before->second) + " already");
    }
    spec_.workdays.push_back(std::move(workday));
  }

  // `春节: [2026-02-15..2026-02-23, 2026-02-14]`: what people call these days.
  void read_names(const Yaml& node) {
    if (node.absent() || !reader_.map(node, where_ + " names")) return;
    for (const Yaml& name : node.values) {
      for (const Yaml& item : items(name, where_ + " names " + name.key)) name_days(item, name.key);
    }
  }
  void name_days(const Yaml& item, const std::string& name) {
    constexpr std::string_view kTo = "..";
    constexpr std::int32_t kDaysMax = 366;
    const std::size_t to = item.is_text() ? item.text.find(kTo) : std::string::npos;
    auto first = item.is_text() ? parse_date(item.text.substr(0, to)) : std::nullopt;
    const auto last =
        !first || to == std::string::npos ? first : parse_date(item.text.substr(to + kTo.size()));
    if (!first || !last || *last < *first || last->day - first->day > kDaysMax) {
      reader_.wrong(item, where_ + " names " + name, "a date, or two like 2026-02-15..2026-02-23");
      return;
    }
    for (LocalDate date = *first; date <= *last; date = date + 1) spec_.names[date] = name;
  }

  std::vector<LocalInterval> read_hours(const Yaml& node) {
    return read_intervals(reader_, node, where_ + " workdays hours");
  }

  void read_week(const Yaml& node) { spec_.weekly = read_hours_of_week(reader_, node, where_); }

  void read_confirmed(const Yaml& node) {
    spec_.confirmed.emplace();
    for (const Word& word : reader_.list(node, where_ + " confirmed")) {
      const auto year = whole_number(word.text, 9999);
      if (year) {
        spec_.confirmed->push_back(static_cast<std::int32_t>(*year));
      } else {
        reader_.error(word.line,
                      where_ + " confirmed must be years like 2026, not `" + word.text + "`");
      }
    }
  }

  PolicyReader& reader_;
  std::string where_;
  CalendarSpec spec_;
  std::map<LocalDate, int> holidays_, workdays_;  // and their lines
};

std::optional<Calendar> build(PolicyReader& reader, const Yaml& node, const std::string& name,
                              const ZoneSource& zones) {
  CalendarReader calendar(reader, name);
  if (!calendar.read(node)) return std::nullopt;
  const auto zone = zones(calendar.spec().zone);
  if (const auto* why = std::get_if<std::string>(&zone)) {
    reader.error(node["zone"], "calendar " + name + ": " + *why);
    return std::nullopt;
  }
  auto built = build_calendar(calendar.spec(), std::get<Zone>(zone));
  if (const auto* why = std::get_if<std::string>(&built)) {
    reader.error(node, "calendar " + name + ": " + *why);
    return std::nullopt;
  }
  return std::move(std::get<Calendar>(built));
}

}  // namespace

void read_calendars(PolicyReader& reader, const Yaml& root, const PolicyText& text,
                    const ZoneSource& zones, std::vector<PolicyError>& errors, Policy& policy) {
  const Yaml& calendars = reader.required(root, "calendars", "the policy");
  if (!reader.map(calendars, "calendars")) reader.give_up("calendar");
  policy.always_calendar = kNone;
  if (calendars.values.size() > kCalendarsMax) {
    reader.error(calendars, "calendars: more than " + std::to_string(kCalendarsMax));
    return;
  }
  for (const Yaml& member : calendars.values) {
    const std::string& name = member.key;
    reader.name(member.key_line, name, "calendars");
    if (name == "tier")
      reader.error(member.key_line, "calendars: `tier` already means the hours of the tier");
    // One that cannot be read stands as open always, so that its uses are no errors too.
    NamedCalendar& place =
        policy.calendars.emplace_back(NamedCalendar{name, std::make_shared<Calendar>()});
    if (member.is_text() && member.text == "always") {
      if (policy.always_calendar == kNone)
        policy.always_calendar = CalendarCode(policy.calendars.size() - 1);
      continue;
    }
    if (name == "24x7") reader.error(member.key_line, "calendars: `24x7` can only be `always`");
    std::optional<Calendar> built;
    if (member.is_text()) {
      const auto found = text.files.find(member.text);
      if (found == text.files.end()) {
        reader.error(member, "calendar " + name + ": there is no file `" + member.text + "`");
        continue;
      }
      PolicyReader in_file(member.text, errors);
      std::vector<YamlFault> faults;
      const Yaml node = read_yaml(found->second, faults);
      for (const YamlFault& fault : faults) in_file.error(fault.line, fault.reason);
      if (!node.absent() || faults.empty()) built = build(in_file, node, name, zones);
    } else if (reader.map(member, "calendar " + name)) {
      built = build(reader, member, name, zones);
    }
    if (built) place.calendar = std::make_shared<Calendar>(std::move(*built));
  }
  if (policy.always_calendar != kNone) return;
  policy.always_calendar = CalendarCode(policy.calendars.size());
  policy.calendars.push_back({"24x7", std::make_shared<Calendar>()});
}

}  // namespace tocsin
