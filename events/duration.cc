#include "events/duration.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "events/numbers.h"

namespace tocsin {
namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kDurationUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The letters at the front of `text`, which are taken away.
std::string_view take_letters(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_letter(text[n])) ++n;
  const std::string_view letters = text.substr(0, n);
  text.remove_prefix(n);
  return letters;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{};
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0, smaller_than = std::numeric_limits<std::int64_t>::max();
  while (!text.empty()) {
    const auto number = take_number(text);
    const std::string_view unit = take_letters(text);
    const auto known = std::find_if(kDurationUnits.begin(), kDurationUnits.end(),
                                    [&](const auto& entry) { return entry.first == unit; });
    if (!number || known == kDurationUnits.end() || known->second >= smaller_than)
      return std::nullopt;
    smaller_than = known->second;
    const auto sum = multiply_add(*number, known->second, total);
    if (!sum) return std::nullopt;
    total = *sum;
  }
  return Duration{total};
}

std::string format_duration(Duration duration) {
  if (duration.ms == 0) return "0";
  std::string out;
  std::int64_t left = duration.ms;
  for (const auto& [unit, ms] : kDurationUnits) {
    if (left >= ms) out += std::to_string(left / ms) + std::string(unit);
    left %= ms;
  }
  return out;
}

}  // namespace tocsin
