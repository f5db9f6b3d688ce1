#include "app/config_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>

namespace tocsin {
namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kDurationUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kSizeUnits = {
    {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The letters at the front of `text`, which are taken away.
std::string_view take_letters(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_letter(text[n])) ++n;
  const std::string_view letters = text.substr(0, n);
  text.remove_prefix(n);
  return letters;
}

// The number at the front of `text`, which is taken away; no sign.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// a * b + c, or nullopt when it does not fit.
std::optional<std::int64_t> multiply_add(std::int64_t a, std::int64_t b, std::int64_t c) {
  std::int64_t product = 0, sum = 0;
  if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(product, c, &sum))
    return std::nullopt;
  return sum;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row[b.size()];
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

std::string nearest(std::string_view text, const std::vector<std::string>& candidates) {
  constexpr std::size_t kTextMax = 100;  // the distance costs the product of the lengths
  if (text.size() > kTextMax) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(text, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace tocsin
