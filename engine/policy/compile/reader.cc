#include "engine/policy/compile/reader.h"

#include <algorithm>

#include "events/duration.h"
#include "events/nearest.h"

namespace tocsin {

namespace {

constexpr std::size_t kNamesMax = 64;  // of a list in the policy
constexpr std::size_t kNameBytesMax = 100;
constexpr std::int64_t kDaysMax = 3660;  // of an allowance: ten years

// What stands there, as a message names it.
std::string met_value(const Yaml& node) {
  constexpr std::size_t kBytesMax = 100;
  switch (node.kind) {
    case Yaml::Kind::kAbsent:
    case Yaml::Kind::kNull:
      return "nothing";
    case Yaml::Kind::kList:
      return "a list";
    case Yaml::Kind::kMap:
      return "a map";
    case Yaml::Kind::kText:
      break;
  }
  std::size_t size = std::min(node.text.size(), kBytesMax);
  const auto within = [&] { return (static_cast<unsigned char>(node.text[size]) & 0xc0) == 0x80; };
  while (size > 0 && size < node.text.size() && within()) --size;  // whole letters
  return "`" + node.text.substr(0, size) + (size < node.text.size() ? "…`" : "`");
}

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

template <typename Words>
std::string known_words(const std::string& word, const Words& words) {
  std::string all;
  std::string_view nearest;
  std::size_t least =
      word.size() < kNameBytesMax ? std::min<std::size_t>(3, (word.size() + 2) / 2) : 0;
  for (const auto& w : words) {
    all += (all.empty() ? "" : ", ") + std::string(w);
    const std::size_t d = least == 0 ? 1 : edit_distance(word, w);
    if (d < least) {
      least = d;
      nearest = w;
    }
  }
  if (!nearest.empty()) return "did you mean `" + std::string(nearest) + "`?";
  return all.empty() ? "there are none" : "known: " + all;
}

}  // namespace

std::string nearest_words(const std::string& word, const std::vector<std::string>& words) {
  return known_words(word, words);
}

void PolicyReader::wrong(const Yaml& met, const std::string& where, const std::string& allowed) {
  error(met, where + " must be " + allowed + ", not " + met_value(met));
}

bool PolicyReader::map(const Yaml& node, const std::string& where) {
  if (node.is_map()) return true;
  if (!node.absent()) wrong(node, where, "a map of keys");
  return false;
}

bool PolicyReader::map(const Yaml& node, const std::string& where,
                       std::initializer_list<std::string_view> known) {
  if (!map(node, where)) return false;
  for (const Yaml& member : node.values) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    error(member.key_line,
          where + ": unknown key `" + member.key + "` (" + known_words(member.key, known) + ")");
  }
  return true;
}

const Yaml& PolicyReader::required(const Yaml& map, std::string_view key,
                                   const std::string& where) {
  const Yaml& node = map[key];
  if (node.absent()) error(map, where + ": `" + std::string(key) + "` is missing");
  return node;
}

std::string PolicyReader::text(const Yaml& node, const std::string& where) {
  if (node.absent()) return {};
  if (node.is_text() && !node.text.empty() && !has_control(node.text)) return node.text;
  wrong(node, where, "text without control characters");
  return {};
}

std::vector<Word> PolicyReader::list(const Yaml& node, const std::string& where) {
  std::vector<Word> out;
  if (node.absent()) return out;
  const auto add = [&](const Yaml& item) {
    std::string word = text(item, where);
    if (!word.empty()) out.push_back({std::move(word), item.line});
  };
  if (node.is_text()) {
    add(node);
  } else if (node.is_list()) {
    for (const Yaml& item : node.values) add(item);
  } else {
    wrong(node, where, "a list, like [one, two]");
  }
  return out;
}

std::vector<std::string> PolicyReader::names(const Yaml& node, const std::string& where) {
  std::vector<std::string> out;
  const std::size_t before = errors_.size();
  for (Word& word : list(node, where)) {
    if (!name(word.line, word.text, where)) continue;
    if (std::find(out.begin(), out.end(), word.text) != out.end()) {
      error(word.line, where + ": `" + word.text + "` is there twice");
    } else {
      out.push_back(std::move(word.text));
    }
  }
  if (out.empty() && !node.absent() && errors_.size() == before)
    error(node, where + ": the list is empty");
  if (out.size() > kNamesMax) {
    error(node, where + ": more than " + std::to_string(kNamesMax));
    out.resize(kNamesMax);
  }
  return out;
}

bool PolicyReader::name(int line, const std::string& text, const std::string& where) {
  if (text.size() > kNameBytesMax) {
    error(line, where + ": a name has at most " + std::to_string(kNameBytesMax) + " bytes");
    return false;
  }
  if (!text.empty() && !has_control(text) && text.find_first_of(" /%~:=`\"\\") == std::string::npos)
    return true;
  error(line, where + ": a name has no spaces and none of / % ~ : = ` \" \\: `" + text + "`");
  return false;
}

bool PolicyReader::flag(const Yaml& node, const std::string& where) {
  if (node.absent()) return false;
  if (!node.is_text() || (node.text != "true" && node.text != "false")) {
    wrong(node, where, "true or false");
  }
  return node.text == "true";
}

std::int64_t PolicyReader::integer(const Yaml& node, const std::string& where, std::int64_t low,
                                   std::int64_t high) {
  const auto value = node.is_text() ? whole_number(node.text, high) : std::nullopt;
  if (value && *value >= low) return *value;
  wrong(node, where, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  return low;
}

std::optional<std::size_t> PolicyReader::place(int line, const std::string& where,
                                               const std::string& what, const std::string& word,
                                               const std::vector<std::string>& words) {
  const auto it = std::find(words.begin(), words.end(), word);
  if (it != words.end()) return static_cast<std::size_t>(it - words.begin());
  if (!gave_up(what)) {
    error(line, where + ": unknown " + what + " `" + word + "` (" + known_words(word, words) + ")");
  }
  return std::nullopt;
}

Names<CalendarCode> calendar_names(const Policy& policy) {
  Names<CalendarCode> names;
  for (const NamedCalendar& calendar : policy.calendars) names.push_back(calendar.name);
  return names;
}

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t high) {
  if (text.empty() || text.size() > 15) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > high) return std::nullopt;
  return value;
}

std::optional<Allowance> read_allowance(const std::string& text) {
  if (text.ends_with("wd")) {
    const auto n = whole_number(std::string_view(text).substr(0, text.size() - 2), kDaysMax);
    if (!n || *n == 0) return std::nullopt;
    return Allowance{Allowance::Kind::kWorkingDays, *n};
  }
  const auto open = parse_duration(text);
  if (!open || open->ms == 0 || *open > days(kDaysMax)) return std::nullopt;
  return Allowance{Allowance::Kind::kOpenTime, open->ms};
}

}  // namespace tocsin
