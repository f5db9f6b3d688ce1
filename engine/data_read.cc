#include "engine/data_read.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace tocsin {

namespace {

using simdjson::dom::element;

struct Parser {
  simdjson::dom::parser parser;
  std::string padded;
};

std::optional<std::string_view> text_of(const element& value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS || text.empty()) return std::nullopt;
  return text;
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
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    int year = 0, month = 0, day = 0;
    if (!digits(text.substr(0, 4), year) || !digits(text.substr(5, 2), month) ||
        !digits(text.substr(8, 2), day)) {
      return std::nullopt;
    }
    return policy.working().end_of_date(year, month, day);
  }
  const auto instant = parse_rfc3339(text);
  if (!instant || !Calendar::in_range(*instant)) return std::nullopt;
  return instant;
}

bool persons_of(const element& value, std::vector<std::string>& out) {
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS) {
    const auto one = text_of(value);
    if (one) out.emplace_back(*one);
    return one.has_value();
  }
  for (const element item : list) {
    const auto one = text_of(item);
    if (!one) return false;
    out.emplace_back(*one);
  }
  return true;
}

bool take(const Policy& policy, const Field& field, const element& value, ReadData& out) {
  EntityFact& fact = out.fact;
  switch (field.form) {
    case Form::kAny: return true;
    case Form::kPriority:
    case Form::kTier:
    case Form::kChoice: {
      const auto text = text_of(value);
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
      const auto text = text_of(value);
      const auto due = text ? due_of(policy, *text) : std::nullopt;
      if (due) fact.due = *due;
      return due.has_value();
    }
    case Form::kPersons: return persons_of(value, out.persons);
    case Form::kPerson:
    case Form::kRole:
    case Form::kText:
    case Form::kGroup: {
      const auto text = text_of(value);
      if (!text) return false;
      (field.form == Form::kGroup || field.form == Form::kRole ? fact.more : fact.text) = *text;
      return true;
    }
    case Form::kOwner:
    case Form::kModule: {  // of any form; only text counts
      const auto text = text_of(value);
      if (text) (field.form == Form::kModule ? fact.more : fact.text) = *text;
      return true;
    }
    case Form::kScore: {
      std::int64_t score = 0;
      if (value.get(score) != simdjson::SUCCESS) {
        double real = 0;
        if (value.get(real) != simdjson::SUCCESS || real != static_cast<double>(static_cast<std::int64_t>(real))) return false;
        score = static_cast<std::int64_t>(real);
      }
      out.score = static_cast<int>(score);
      return score >= field.low && score <= field.high;
    }
  }
  return true;
}

}  // namespace

void read_data(const Policy& policy, const VerbSpec& verb, const Fact& fact, ReadData& out) {
  thread_local Parser p;
  out.bad.clear();
  out.fact = EntityFact{};
  out.persons.clear();
  out.score = 0;
  if (!verb.subjects.empty()) out.fact.choice = place(fact.subject, verb.subjects);
  simdjson::dom::object object;
  bool has_object = false;
  if (!fact.data.empty()) {
    p.padded.assign(fact.data);
    p.padded.append(simdjson::SIMDJSON_PADDING, ' ');
    element root;
    if (p.parser.parse(p.padded.data(), fact.data.size(), false).get(root) != simdjson::SUCCESS ||
        root.get(object) != simdjson::SUCCESS) {
      out.bad = "bad_data:data";
      return;
    }
    has_object = true;
  }
  for (const Field& field : verb.fields) {
    element value;
    const bool present = has_object && object.at_key(field.name).get(value) == simdjson::SUCCESS &&
                         !value.is_null();
    if (!present ? field.required : !take(policy, field, value, out)) {
      out.bad = "bad_data:" + field.name;
      return;
    }
  }
}

}  // namespace tocsin
