#include "engine/entity/data_read.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "events/json_scan.h"

namespace tocsin {

namespace {

// The data of a Fact is JSON that the codec found right, compact, its first-level names unique:
// finding members is all that is left to do here.
using json_scan::Member;

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

std::int16_t place(std::string_view word, const std::vector<std::string>& words) {
  const auto it = std::find(words.begin(), words.end(), word);
  return it == words.end() ? kNone : static_cast<std::int16_t>(it - words.begin());
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
bool score_of(std::string_view value, const Field& field, int& score) {
  if (value.empty() || (value.front() != '-' && (value.front() < '0' || value.front() > '9')))
    return false;
  double real = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), real);
  if (error != std::errc{} || end != value.data() + value.size()) return false;
  if (real < field.low || real > field.high) return false;
  score = static_cast<int>(real);
  return static_cast<double>(score) == real;
}

bool take(const Policy& policy, const Field& field, std::string_view value, ReadData& out) {
  EntityFact& fact = out.fact;
  std::string memory;
  switch (field.form) {
    case Form::kAny:
      return true;
    case Form::kPriority:
    case Form::kTier:
    case Form::kChoice: {
      const auto text = text_of(value, memory);
      if (!text) return false;
      const auto& words = field.form == Form::kPriority ? policy.priorities
                          : field.form == Form::kTier   ? policy.tiers
                                                        : field.words;
      const std::int16_t code = place(*text, words);
      (field.form == Form::kPriority ? fact.priority
       : field.form == Form::kTier   ? fact.tier
                                     : fact.choice) = code;
      return code != kNone;
    }
    case Form::kDue: {
      const auto text = text_of(value, memory);
      const auto due = text ? due_of(policy, *text) : std::nullopt;
      if (due) fact.due = *due;
      return due.has_value();
    }
    case Form::kPersons:
      return persons_of(value, out.persons);
    case Form::kPerson:
    case Form::kRole:
    case Form::kText:
    case Form::kGroup: {
      const auto text = text_of(value, memory);
      if (!text) return false;
      (field.form == Form::kGroup || field.form == Form::kRole ? out.more : out.text) = *text;
      return true;
    }
    case Form::kOwner:
    case Form::kModule: {  // of any form; only text counts
      const auto text = text_of(value, memory);
      if (text) (field.form == Form::kModule ? out.more : out.text) = *text;
      return true;
    }
    case Form::kScore:
      return score_of(value, field, fact.score);
  }
  return true;
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// What a field of this form may be, in words.
std::string allowed(const Policy& policy, const Field& field) {
  switch (field.form) {
    case Form::kPriority:
      return "one of " + list_of(policy.priorities);
    case Form::kTier:
      return "one of " + list_of(policy.tiers);
    case Form::kChoice:
      return "one of " + list_of(field.words);
    case Form::kDue:
      return "an RFC 3339 instant with an offset, or a date like 2026-06-30";
    case Form::kPersons:
      return "a name or a list of names";
    case Form::kRole:
      return "one of " + list_of(policy.roles);
    case Form::kScore:
      return "a whole number from " + std::to_string(field.low) + " to " +
             std::to_string(field.high);
    default:
      return "a text that is not empty";
  }
}

// `priority is "urgent"; allowed is one of P1, P2, P3, P4`. `value`: as JSON; empty: absent.
std::string why_bad(const Policy& policy, const Field& field, std::string_view value) {
  constexpr std::size_t kShownBytesMax = 100;
  std::string met = "missing";
  if (!value.empty()) {
    std::size_t shown = std::min(value.size(), kShownBytesMax);
    // Not in the midst of a character.
    while (shown < value.size() && (static_cast<unsigned char>(value[shown]) & 0xc0) == 0x80)
      --shown;
    met = std::string(value.substr(0, shown)) + (shown < value.size() ? "…" : "");
  }
  return field.name + " is " + met + "; allowed is " + allowed(policy, field);
}

}  // namespace

void read_data(const Policy& policy, const VerbSpec& verb, const Fact& fact, ReadData& out) {
  out.bad.clear();
  out.detail.clear();
  out.fact = EntityFact{};
  out.text.clear();
  out.more.clear();
  out.persons.clear();
  if (!verb.subjects.empty()) out.fact.choice = place(fact.subject, verb.subjects);
  if (!fact.data.empty() && fact.data.front() != '{') {
    out.bad = "bad_data:data";
    out.detail = "data must be a JSON object";
    return;
  }
  for (const Field& field : verb.fields) {
    if (field.form == Form::kAny && !field.required) continue;
    std::string_view value;
    json_scan::each_member(fact.data, [&](const Member& member) {
      if (member.name == field.name) value = member.value;
      return value.empty();
    });
    const bool present = !value.empty() && value != "null";
    if (!present ? field.required : !take(policy, field, value, out)) {
      out.bad = "bad_data:" + field.name;
      out.detail = why_bad(policy, field, present ? value : std::string_view());
      return;
    }
  }
}

}  // namespace tocsin
