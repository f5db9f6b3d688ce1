#include "app/config_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "events/numbers.h"

namespace tocsin {
namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kSizeUnits = {
    {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}};

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
  if (text.empty()) return number;
  for (const auto& [unit, bytes] : kSizeUnits) {
    if (text == unit) return multiply_add(*number, bytes, 0);
  }
  return std::nullopt;
}

std::string format_size(std::int64_t bytes) {
  for (const auto& [unit, size] : kSizeUnits) {
    if (size > 1 && bytes >= size && bytes % size == 0)
      return std::to_string(bytes / size) + " " + std::string(unit);
  }
  return std::to_string(bytes);
}

std::optional<std::int64_t> parse_whole_number(std::string_view text) {
  const auto number = take_number(text);
  return text.empty() ? number : std::nullopt;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value < 1e12))
    return std::nullopt;
  return value;
}

}  // namespace tocsin
