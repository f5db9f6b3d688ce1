#include "engine/policy/known_types.h"

#include <algorithm>
#include <vector>

#include "events/nearest.h"
#include "events/vocabulary.h"

namespace tocsin {

namespace {

constexpr std::string_view kPrefix = "tocsin.";

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

}  // namespace

Miss miss_of(const Policy& policy, const Fact& fact) {
  const std::string name = fact.kind + "." + fact.verb;
  // A type of another form is {event, the whole type}.
  if (kPrefix.size() + name.size() != fact.type.size() || !fact.type.starts_with(kPrefix))
    return Miss::kForm;
  if (policy.types.contains(name)) return Miss::kNone;
  const std::string kind = fact.kind + ".";
  const bool known = std::any_of(policy.types.begin(), policy.types.end(),
                                 [&](const auto& type) { return type.first.starts_with(kind); });
  return known ? Miss::kVerb : Miss::kKind;
}

std::string nearest_type(const Policy& policy, std::string_view type) {
  std::string word = lower_case(type.substr(0, kNearestTextMax + 1));
  if (word.starts_with(kPrefix)) word.erase(0, kPrefix.size());
  std::vector<std::string> types;
  for (const auto& [name, _] : policy.types) types.push_back(name);
  std::sort(types.begin(), types.end());  // of two as near, always the same
  const std::string_view meant = nearest(word, types);
  return meant.empty() ? std::string() : std::string(kPrefix) + std::string(meant);
}

}  // namespace tocsin
