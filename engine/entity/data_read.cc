#include "engine/entity/data_read.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <charconv>
#include <optional>
#include <string>

#include "engine/policy/translate.h"
#include "events/json_scan.h"

namespace tocsin {

namespace {

// The data of a Fact is JSON that the codec found right, compact, its first-level names unique:
// finding members is all that is left to do here.
using json_scan::Member;

constexpr int kCyclesMax = 1'000'000'000, kStepsMax = 65'535;
constexpr std::size_t kTitleMax = 500, kLinkMax = 2'000;  // bytes of UTF-8

// Where to cut a text of more than `most` bytes, between characters.
std::size_t utf8_cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text.size();
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80) --most;
  return most;
}

// The text of a string value; nullopt for anything else and for empty text. `memory` holds it when
// it had escapes.
std::optional<std::string_view> text_of(std::string_view value, std::string& memory) {
  if (value.size() < 3 || value.front() != '"') return std::nullopt;
  const std::string_view text = value.substr(1, value.size() - 2);
  if (text.find('\\') == std::string_view::npos) return text;
  memory.clear();
  if (!json_scan::unescape(text, memory)) return std::nullopt;
  return std::string_view(memory);
}

bool digits(std::string_view text, int& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<Instant> due_of(const Policy& policy, std::string_view text) {
  std::optional<Instant> due;
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    int year = 0, month = 0, day = 0;
    if (!digits(text.substr(0, 4), year) || !digits(text.substr(5, 2), month) ||
        !digits(text.substr(8, 2), day)) {
      return std::nullopt;
    }
    due = policy.working().end_of_date(year, month, day);
  } else {
    due = parse_rfc3339(text);
  }
  return due && in_calendar_range(*due) ? due : std::nullopt;
}

bool persons_of(std::string_view value, std::vector<std::string>& out) {
  std::string memory;
  if (value.front() != '[') {
    const auto one = text_of(value, memory);
    if (one) out.emplace_back(*one);
    return one.has_value();
  }
  bool right = true;
  const bool list = json_scan::each_element(value, [&](std::string_view element) {
    const auto one = text_of(element, memory);
    if (one) out.emplace_back(*one);
    return right = one.has_value();
  });
  return list && right;
}

// A whole number, however written (`4`, `4.0`, `4e0`).
bool whole_of(std::string_view value, int low, int high, int& out) {
  if (value.empty() || (value.front() != '-' && (value.front() < '0' || value.front() > '9')))
    return false;
  double real = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), real);
  if (error != std::errc{} || end != value.data() + value.size()) return false;
  if (real < low || real > high) return false;
  out = static_cast<int>(real);
  return static_cast<double>(out) == real;
}

// `assignee` and `owner` are of an entity: known everywhere, without effect on a team.
bool is_role(const Policy& policy, std::string_view role) {
  return role == "assignee" || role == "owner" || place_of(role, policy.roles) != kNone;
}

// The second of the verb's dues; null when it has one at most.
const Field* second_due(const VerbSpec& verb) {
  const Field* first = nullptr;
  for (const Field& field : verb.fields) {
    if (field.form != Form::kDue) continue;
    if (first != nullptr) return &field;
    first = &field;
  }
  return nullptr;
}

// `2026`, `-`, and the form of one of its parts: W10, 03, Q1, H1.
bool is_period_name(std::string_view text) {
  int number = 0;
  if (text.size() < 7 || text[4] != '-' || !digits(text.substr(0, 4), number)) return false;
  const std::string_view part = text.substr(5);
  if (part.front() == 'W') return part.size() == 3 && digits(part.substr(1), number);
  if (part.front() == 'Q' || part.front() == 'H')
    return part.size() == 2 && digits(part.substr(1), number);
  return part.size() == 2 && digits(part, number);
}

// The name of a cycle: digits without leading zeros, or of a period.
bool cycle_of(std::string_view value, std::string& memory, std::string& out) {
  const auto text = text_of(value, memory);
  if (text && is_period_name(*text)) {
    out = *text;
    return true;
  }
  int number = 0;
  if (text ? !digits(*text, number) || number < 1 : !whole_of(value, 1, kCyclesMax, number))
    return false;
  out = std::to_string(number);
  return true;
}

bool has_threshold(const KindSpec& kind, std::string_view clock, ThresholdCode threshold) {
  const auto allows = [](const Allowance& a) { return a.kind != Allowance::Kind::kNothing; };
  return std::any_of(kind.clocks.begin(), kind.clocks.end(), [&](const ClockSpec& spec) {
    if (spec.name != clock) return false;
    const auto& allowances = spec.allowance[threshold];
    return std::any_of(allowances.begin(), allowances.end(), allows);
  });
}

// Whether the value is one of the names.
template <class C>
bool code_of(std::string_view value, const Names<C>& names, C& code) {
  std::string memory;
  const auto text = text_of(value, memory);
  code = text ? place_of(*text, names) : C();
  return code != kNone;
}

bool take(const Policy& policy, const VerbSpec& verb, const Field& field, std::string_view value,
          ReadData& out) {
  const KindSpec& kind = policy.kinds[verb.kind];
  EntityFact& fact = out.fact;
  std::string memory;
  switch (field.form) {
    case Form::kAny:
      return true;
    case Form::kPriority:
      return code_of(value, policy.priorities, fact.priority);
    case Form::kTier:
      return code_of(value, policy.tiers, fact.tier);
    case Form::kChoice:
      return code_of(value, field.words, fact.choice);
    case Form::kDue: {
      const auto text = text_of(value, memory);
      const auto due = text ? due_of(policy, *text) : std::nullopt;
      if (due) (&field == second_due(verb) ? fact.second_due : fact.due) = *due;
      return due.has_value();
    }
    case Form::kPersons:
      return persons_of(value, out.persons);
    case Form::kPerson:
    case Form::kRole:
    case Form::kText:
    case Form::kWait:
    case Form::kGroup: {
      const auto text = text_of(value, memory);
      if (!text || (field.form == Form::kRole && !is_role(policy, *text))) return false;
      (field.form == Form::kGroup || field.form == Form::kRole ? out.more : out.text) = *text;
      return true;
    }
    case Form::kReason:
      return text_of(value, memory).has_value();
    case Form::kChannel: {
      const auto text = text_of(value, memory);
      if (text) out.title = *text;
      return text.has_value();
    }
    case Form::kTitle: {
      const auto text = text_of(value, memory);
      if (text) out.title = text->substr(0, utf8_cut(*text, kTitleMax));
      return true;
    }
    case Form::kLink: {
      const auto text = text_of(value, memory);
      const bool web = text && (text->starts_with("https://") || text->starts_with("http://"));
      if (web && text->size() <= kLinkMax) out.link = *text;
      return true;
    }
    case Form::kClock: {
      const auto text = text_of(value, memory);
      if (text) out.more = *text;
      return text && std::any_of(kind.clocks.begin(), kind.clocks.end(),
                                 [&](const ClockSpec& clock) { return clock.name == *text; });
    }
    case Form::kCycle:
      return cycle_of(value, memory, out.text);
    case Form::kLimit: {
      ThresholdCode threshold;
      const bool known = code_of(value, policy.thresholds, threshold);
      fact.choice = as_word(threshold);
      return known && has_threshold(kind, out.more, threshold);
    }
    case Form::kNumber: {
      int number = 0;
      if (!whole_of(value, 1, kStepsMax, number)) return false;
      fact.number = number;
      return true;
    }
    case Form::kOwner:
    case Form::kModule: {  // of any form; only text counts
      const auto text = text_of(value, memory);
      if (text) (field.form == Form::kModule ? out.more : out.text) = *text;
      return true;
    }
    case Form::kScore: {
      int number = 0;
      if (!whole_of(value, field.low, field.high, number)) return false;
      fact.score = number;
      return true;
    }
  }
  return true;
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// The clocks of a kind, each once: a cadence with several periods stands there several times.
std::vector<std::string> clocks_of(const KindSpec& kind) {
  std::vector<std::string> names;
  for (const ClockSpec& clock : kind.clocks) {
    if (!clock.retired && (names.empty() || names.back() != clock.name))
      names.push_back(clock.name);
  }
  return names;
}

std::vector<std::string> thresholds_of(const Policy& policy, const KindSpec& kind,
                                       std::string_view clock) {
  std::vector<std::string> names;
  for (const ThresholdCode t : policy.thresholds.codes()) {
    if (has_threshold(kind, clock, t)) names.push_back(policy.thresholds[t]);
  }
  return names;
}

// What a field of this form may be, in words. `clock`: that the fact has named.
std::string allowed(const Policy& policy, const KindSpec& kind, const Field& field,
                    std::string_view clock) {
  switch (field.form) {
    case Form::kPriority:
      return "one of " + list_of(policy.priorities.list());
    case Form::kTier:
      return "one of " + list_of(policy.tiers.list());
    case Form::kChoice:
      return "one of " + list_of(field.words.list());
    case Form::kDue:
      return "an RFC 3339 instant with an offset, or a date like 2026-06-30";
    case Form::kPersons:
      return "a name or a list of names";
    case Form::kRole:
      return "one of " + list_of(policy.roles.list());
    case Form::kScore:
      return "a whole number from " + std::to_string(field.low) + " to " +
             std::to_string(field.high);
    case Form::kClock:
      return "one of " + list_of(clocks_of(kind));
    case Form::kCycle:
      return "a whole number from 1, or the name of a period like 2026-W10";
    case Form::kLimit:
      return "one of " + list_of(thresholds_of(policy, kind, clock));
    case Form::kNumber:
      return "a whole number from 1";
    default:
      return "a text that is not empty";
  }
}

// `priority is "urgent"; allowed is one of P1, P2, P3, P4`. `value`: as JSON; empty: absent.
std::string why_bad(const Policy& policy, const KindSpec& kind, const Field& field,
                    std::string_view value, std::string_view clock) {
  constexpr std::size_t kShownBytesMax = 100;
  std::string met = "missing";
  if (!value.empty()) {
    std::size_t shown = std::min(value.size(), kShownBytesMax);
    // Not in the midst of a character.
    while (shown < value.size() && (static_cast<unsigned char>(value[shown]) & 0xc0) == 0x80)
      --shown;
    met = std::string(value.substr(0, shown)) + (shown < value.size() ? "…" : "");
  }
  return field.name + " is " + met + "; allowed is " + allowed(policy, kind, field, clock);
}

}  // namespace

void read_data(const Policy& policy, const VerbSpec& verb, const Fact& fact, ReadData& out) {
  out.bad.clear();
  out.detail.clear();
  out.fact = EntityFact{};
  out.text.clear();
  out.more.clear();
  out.title.clear();
  out.link.clear();
  out.persons.clear();
  if (!verb.subjects.empty()) out.fact.choice = place_of(fact.subject, verb.subjects);
  if (!fact.data.empty() && fact.data.front() != '{') {
    out.bad = "bad_data:data";
    out.detail = "data must be a JSON object";
    return;
  }
  boost::container::small_vector<Member, 16> members;
  for (const Field& field : verb.fields) {
    if (field.form == Form::kAny && !field.required) continue;
    if (members.empty()) {
      json_scan::each_member(fact.data, [&](const Member& member) {
        members.push_back(member);
        return true;
      });
    }
    const auto named = std::find_if(members.begin(), members.end(), [&](const Member& member) {
      return member.name == field.name;
    });
    const std::string_view value = named == members.end() ? std::string_view() : named->value;
    const bool present = !value.empty() && value != "null";
    if (!present ? field.required : !take(policy, verb, field, value, out)) {
      out.bad = "bad_data:" + field.name;
      out.detail = why_bad(policy, policy.kinds[verb.kind], field,
                           present ? value : std::string_view(), out.more);
      return;
    }
  }
}

}  // namespace tocsin
