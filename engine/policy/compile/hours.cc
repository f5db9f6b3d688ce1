// Opening hours, as calendars and rosters write them.
#include <algorithm>

#include "engine/policy/compile/reader.h"

namespace tocsin {

std::optional<Duration> read_clock_time(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = whole_number(text.substr(0, 2), 24);
  const auto minute = whole_number(text.substr(3), 59);
  if (!hour || !minute || *hour * 60 + *minute > 24 * 60) return std::nullopt;
  return minutes(*hour * 60 + *minute);
}

int weekday_code(std::string word) {
  static constexpr const char* kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto it = std::find(std::begin(kDays), std::end(kDays), word);
  return it == std::end(kDays) ? -1 : static_cast<int>(it - std::begin(kDays));
}

std::vector<LocalInterval> read_intervals(PolicyReader& reader, const Yaml& node,
                                          const std::string& where) {
  std::vector<LocalInterval> hours;
  for (const Word& word : reader.list(node, where)) {
    const std::size_t dash = std::min(word.text.find('-'), word.text.size());
    const auto open = read_clock_time(std::string_view(word.text).substr(0, dash));
    const auto close = dash < word.text.size()
                           ? read_clock_time(std::string_view(word.text).substr(dash + 1))
                           : std::nullopt;
    if (!open || !close) {
      reader.error(word.line, where + " must be like 09:00-12:00, not `" + word.text + "`");
    } else if (*close <= *open) {
      reader.error(word.line, where + ": `" + word.text +
                                  "` closes before it opens; split what passes midnight");
    } else {
      hours.push_back({*open, *close});
    }
  }
  return hours;
}

std::array<std::vector<LocalInterval>, 7> read_hours_of_week(PolicyReader& reader, const Yaml& node,
                                                             const std::string& where) {
  std::array<std::vector<LocalInterval>, 7> week;
  if (!reader.map(node, where + " hours")) return week;
  const std::size_t before = reader.errors().size();
  for (const Yaml& member : node.values) {
    const std::size_t dash = member.key.find('-');
    const int from = weekday_code(member.key.substr(0, dash));
    const int to = dash == std::string::npos ? from : weekday_code(member.key.substr(dash + 1));
    if (from < 0 || to < from) {
      reader.error(member.key_line, where +
                                        " hours must be of a weekday like sat, or a range "
                                        "like mon-fri, not `" +
                                        member.key + "`");
      continue;
    }
    const auto hours = read_intervals(reader, member, where + " hours " + member.key);
    for (int d = from; d <= to; ++d) {
      auto& day = week[static_cast<std::size_t>(d)];
      day.insert(day.end(), hours.begin(), hours.end());
    }
  }
  const bool opens =
      std::any_of(week.begin(), week.end(), [](const auto& day) { return !day.empty(); });
  if (!opens && reader.errors().size() == before) reader.error(node, where + ": it never opens");
  return week;
}

}  // namespace tocsin
