#include "app/policy_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/policy/translate.h"
#include "events/writer.h"

namespace tocsin {

namespace {

std::string quoted(const std::string& text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// `[a,b]` of what is JSON already.
std::string array(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += (out.size() > 1 ? "," : "") + item;
  return out + "]";
}

std::string quoted_array(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(quoted(text));
  return array(items);
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

struct Unit {
  std::int64_t ms;
  const char* words;
  const char* written;
};

// In the largest unit that gives a whole number: of the words, and as the policy's language has it.
PolicyValue in_units(std::int64_t ms) {
  for (const Unit& unit :
       {Unit{3'600'000, " h", "h"}, Unit{60'000, " min", "m"}, Unit{1000, " s", "s"}}) {
    if (ms != 0 && ms % unit.ms == 0)
      return {std::to_string(ms / unit.ms) + unit.words,
              std::to_string(ms / unit.ms) + unit.written};
  }
  return {std::to_string(ms) + " ms", std::to_string(ms) + "ms"};
}

PolicyValue warning_in_units(const Warning& warning) {
  switch (warning.kind) {
    case Warning::Kind::kFraction: {
      const std::string part =
          std::to_string(warning.numerator) + "/" + std::to_string(warning.denominator);
      return {"at " + part + " of the time", part};
    }
    case Warning::Kind::kWorkingDaysBefore:
      return {std::to_string(warning.days) + " working days before",
              std::to_string(warning.days) + "wd before"};
    case Warning::Kind::kBefore: {
      const PolicyValue span = in_units(warning.before_ms);
      return {span.words + " before", span.json + " before"};
    }
  }
  return {};
}

std::vector<std::string> role_names(const Policy& policy, const std::vector<RoleCode>& roles) {
  std::vector<std::string> out;
  for (const RoleCode role : roles) out.push_back(policy.roles[role]);
  return out;
}

std::string or_nobody(std::string words) { return words.empty() ? "nobody" : std::move(words); }

PolicyValue steps_value(const Policy& policy, const Ladder& ladder) {
  std::vector<std::string> words, items;
  for (const Step& step : ladder.steps) {
    const std::vector<std::string> roles = role_names(policy, step.roles);
    std::string text;
    PolicyValue after;
    if (step.working_days > 0) {
      after = {std::to_string(step.working_days) + " wd", std::to_string(step.working_days) + "wd"};
    } else if (step.after.ms > 0) {
      after = in_units(step.after.ms);
    }
    const PolicyValue hours = step.hours == kNone ? PolicyValue{} : hours_value(policy, step.hours);
    if (!after.words.empty()) {
      text = "+" + after.words + " ";
      if (!hours.words.empty()) text += "(" + hours.words + " hours) ";
    }
    words.push_back(text + or_nobody(joined(roles, ", ")));
    std::string item;
    JsonObject object(item);
    if (!after.json.empty()) object.text("after", after.json);
    if (!after.json.empty() && !hours.json.empty()) object.raw("hours", hours.json);
    object.raw("tell", quoted_array(roles)).close();
    items.push_back(std::move(item));
  }
  return {or_nobody(joined(words, "; ")), array(items)};
}

// Of a row: whom the steps of one case tell.
struct Case {
  std::string name, word;  // name: `tier`, `priority`, `also`; empty: all
};

void add_case(PolicyValue& out, std::vector<std::string>& items, const Case& of,
              const PolicyValue& steps, bool also = false) {
  if (!out.words.empty()) out.words += " | ";
  if (!of.word.empty()) out.words += of.word + (also ? " also: " : ": ");
  out.words += steps.words;
  std::string item;
  JsonObject object(item);
  if (!of.name.empty()) object.text(of.name, of.word);
  if (also) object.boolean("also", true);
  object.raw("steps", steps.json).close();
  items.push_back(std::move(item));
}

PolicyValue one_step(const Policy& policy, const std::vector<RoleCode>& roles) {
  Ladder ladder;
  ladder.steps.emplace_back().roles = roles;
  return steps_value(policy, ladder);
}

}  // namespace

PolicyValue value_of(const std::string& text) { return {text, quoted(text)}; }
PolicyValue value_of(std::int64_t number) {
  return {std::to_string(number), std::to_string(number)};
}
PolicyValue value_of(bool yes) { return {yes ? "yes" : "no", yes ? "true" : "false"}; }

PolicyValue share_value(double share) {
  return {fmt::format("{:.6g} %", share * 100), fmt::format("{}", share)};
}

PolicyValue duration_value(std::int64_t ms) {
  PolicyValue out = in_units(ms);
  out.json = quoted(out.json);
  return out;
}

PolicyValue allowance_value(const Allowance& allowance) {
  switch (allowance.kind) {
    case Allowance::Kind::kNothing:
      return {"none", "null"};
    case Allowance::Kind::kOpenTime:
      return duration_value(allowance.amount);
    case Allowance::Kind::kWorkingDays:
      return {std::to_string(allowance.amount) + " working days",
              quoted(std::to_string(allowance.amount) + "wd")};
    case Allowance::Kind::kGiven:
      return {"as the fact says", quoted("given")};
  }
  return {};
}

PolicyValue warnings_value(const std::vector<Warning>& warnings) {
  std::vector<std::string> words, items;
  for (const Warning& warning : warnings) {
    const PolicyValue one = warning_in_units(warning);
    words.push_back(one.words);
    items.push_back(one.json);
  }
  return {words.empty() ? "never" : joined(words, ", "), quoted_array(items)};
}

PolicyValue list_value(const std::vector<std::string>& words, const std::string& none) {
  return {words.empty() ? none : joined(words, ", "), quoted_array(words)};
}

PolicyValue triggers_value(const KindSpec& kind, const std::vector<Trigger>& triggers) {
  std::vector<std::string> words, written;
  for (const Trigger& t : triggers) {
    if (t.verb == kNone) {
      const std::string stage = t.enters == kNone ? "" : kind.stages[t.enters];
      words.push_back("entering " + stage);
      written.push_back("stage " + stage);
      continue;
    }
    std::string word = kind.verbs[t.verb].name, text = word;
    if (t.first) {
      word = "first " + word;
      text = "first " + text;
    }
    if (t.choice != kNone) {
      const std::string& choice = choice_words(kind.verbs[t.verb])[t.choice];
      word += " " + choice;
      text += " is=" + choice;
    }
    if (t.stage != kNone) {
      word += " in stage " + kind.stages[t.stage];
      text += " in=" + kind.stages[t.stage];
    }
    if (t.has_due) {
      word += " with a due";
      text += " with-due";
    }
    if (t.unless_resolved) {
      word += " unless resolved";
      text += " unless-resolved";
    }
    words.push_back(std::move(word));
    written.push_back(std::move(text));
  }
  std::sort(words.begin(), words.end());
  std::sort(written.begin(), written.end());
  return {words.empty() ? "nothing" : joined(words, ", "), quoted_array(written)};
}

PolicyValue verbs_value(const KindSpec& kind, VerbMask verbs) {
  std::vector<std::string> names;
  for (const VerbCode verb : kind.verbs.codes()) {
    if (has(verbs, verb)) names.push_back(kind.verbs[verb].name);
  }
  std::sort(names.begin(), names.end());
  return list_value(names, "nothing");
}

PolicyValue hours_value(const Policy& policy, CalendarCode code) {
  if (code == kTierCalendar) return {"the tier's", quoted("tier")};
  return value_of(policy.calendars[code].name);
}

PolicyValue ladder_value(const Policy& policy, const LadderRow& row) {
  PolicyValue out;
  std::vector<std::string> items;
  if (row.by_tier.empty() && row.by_priority.empty())
    add_case(out, items, {}, steps_value(policy, row.ladder));
  for (const TierCode t : row.by_tier.codes())
    add_case(out, items, {"tier", policy.tiers[t]}, steps_value(policy, row.by_tier[t]));
  for (const PriorityCode p : row.by_priority.codes())
    add_case(out, items, {"priority", policy.priorities[p]},
             steps_value(policy, row.by_priority[p]));
  if (!row.urgent_roles.empty())
    add_case(out, items, {"urgency", "urgent"}, one_step(policy, row.urgent_roles), true);
  for (const TierCode t : row.tier_roles.codes()) {
    if (!row.tier_roles[t].empty())
      add_case(out, items, {"tier", policy.tiers[t]}, one_step(policy, row.tier_roles[t]), true);
  }
  return {out.words, array(items)};
}

PolicyValue nobody_value() { return {"nobody", "[{\"steps\":[]}]"}; }

PolicyValue ack_timeout_value(const Policy& policy, const LadderRow& row) {
  PolicyValue out;
  JsonObject object(out.json);
  const bool one = row.ack_timeout.size() == 1;
  for (const PriorityCode p : row.ack_timeout.codes()) {
    if (row.ack_timeout[p].ms == 0) continue;
    const PolicyValue span = duration_value(row.ack_timeout[p].ms);
    const std::string priority = one ? "" : policy.priorities[p];
    out.words += (out.words.empty() ? "" : ", ") + (one ? "" : priority + ": ") + span.words;
    object.raw(priority, span.json);
  }
  object.close();
  if (out.words.empty()) out.words = "for good";
  return out;
}

}  // namespace tocsin
