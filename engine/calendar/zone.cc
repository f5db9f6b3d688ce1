#include "engine/calendar/zone.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <optional>

namespace tocsin {
namespace {

// The names of the IANA database: `America/Argentina/Buenos_Aires`, `Etc/GMT+5`.
bool valid_word(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+' || c == '.';
  });
}

constexpr std::size_t kMaxWord = 64;

// Takes what stands before the next `;` (or all the rest) off the front of `text`.
std::string_view take(std::string_view& text) {
  const std::size_t end = text.find(';');
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return part;
}

// Whole seconds in decimal as milliseconds, as far as instants of this product go.
std::optional<std::int64_t> read_seconds(std::string_view text) {
  constexpr std::int64_t kLimit = 100'000'000'000;
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || value < -kLimit || value > kLimit) return std::nullopt;
  return value * 1000;
}

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max()
               : std::numeric_limits<std::int64_t>::min();
}

}  // namespace

std::variant<Zone, std::string> Zone::make(std::string name, std::string version, Duration first,
                                           std::vector<Change> changes) {
  if (name.empty() || name.size() > kMaxWord || !valid_word(name)) {
    return "a zone needs a name such as `Asia/Shanghai`";
  }
  if (version.size() > kMaxWord || !valid_word(version)) return "zone " + name + ": bad version";
  if (changes.size() > kMaxChanges) return "zone " + name + ": too many changes";
  const auto sound = [](Duration d) { return d.ms >= -kMaxOffsetMs && d.ms <= kMaxOffsetMs; };
  const auto whole = [](std::int64_t ms) { return ms % 1000 == 0; };
  if (!sound(first) || !whole(first.ms)) return "zone " + name + ": bad offset";
  Duration offset = first;
  Instant at = kAlways;
  for (const Change& change : changes) {
    if (change.at <= at || change.at < kZoneBegin || change.at >= kZoneEnd ||
        !whole(change.at.ms)) {
      return "zone " + name + ": changes are not in order, or out of range";
    }
    if (!sound(change.offset) || !whole(change.offset.ms)) return "zone " + name + ": bad offset";
    if (change.offset == offset) return "zone " + name + ": a change that changes nothing";
    at = change.at;
    offset = change.offset;
  }
  Zone zone;
  zone.name_ = std::move(name);
  zone.version_ = std::move(version);
  zone.first_ = first;
  zone.changes_ = std::move(changes);
  return zone;
}

std::string Zone::text() const {
  std::string out = name_;
  out += ';';
  out += version_;
  out += ';';
  out += std::to_string(first_.ms / 1000);
  for (const Change& change : changes_) {
    out += ';';
    out += std::to_string(change.at.ms / 1000);
    if (change.offset.ms >= 0) out += '+';
    out += std::to_string(change.offset.ms / 1000);
  }
  return out;
}

std::variant<Zone, std::string> Zone::parse(const std::string_view text) {
  std::string_view rest = text;
  std::string name{take(rest)};
  std::string version{take(rest)};
  const auto first = read_seconds(take(rest));
  if (!first) return "zone text: no offset after name and version";
  std::vector<Change> changes;
  while (!rest.empty()) {
    if (changes.size() >= kMaxChanges) return "zone text: too many changes";
    const std::string_view part = take(rest);
    // The sign of the offset parts the two numbers; the first character may be the instant's own.
    const std::size_t sign = part.find_first_of("+-", 1);
    if (sign == std::string_view::npos) return "zone text: a change is `at+offset`";
    const auto at = read_seconds(part.substr(0, sign));
    const auto offset = read_seconds(part.substr(part[sign] == '+' ? sign + 1 : sign));
    if (!at || !offset) return "zone text: a change is `at+offset` in seconds";
    changes.push_back({Instant{*at}, Duration{*offset}});
  }
  auto zone = make(std::move(name), std::move(version), Duration{*first}, std::move(changes));
  // One zone has one text, so that equal zones have equal hashes.
  const auto* made = std::get_if<Zone>(&zone);
  if (made && made->text() != text) return "zone text: not as this program writes it";
  return zone;
}

Duration Zone::offset(Instant t) const {
  const auto after =
      std::upper_bound(changes_.begin(), changes_.end(), t,
                       [](Instant u, const Change& change) { return u < change.at; });
  return after == changes_.begin() ? first_ : std::prev(after)->offset;
}

LocalTime Zone::to_local(Instant t) const { return {saturating_add(t.ms, offset(t).ms)}; }

Instant Zone::to_utc(LocalTime t, Edge edge) const {
  // Only changes within the largest offset of `t` can matter; before them all, one offset holds.
  const Instant from{saturating_add(t.ms, -kMaxOffsetMs)};
  auto change = std::lower_bound(changes_.begin(), changes_.end(), from,
                                 [](const Change& c, Instant u) { return c.at < u; });
  Duration offset = change == changes_.begin() ? first_ : std::prev(change)->offset;
  std::optional<Instant> occurrence;
  Instant gap_end = kNever;
  for (;; ++change) {
    const Instant u{saturating_add(t.ms, -offset.ms)};
    const bool last = change == changes_.end();
    const bool begun = change == changes_.begin() || std::prev(change)->at <= u;
    if (begun && (last || u < change->at)) {
      if (edge == Edge::kOpening) return u;
      occurrence = u;
    }
    if (last || change->at.ms > saturating_add(t.ms, kMaxOffsetMs)) break;
    // The clock jumps over `t` here: before the change it had not come, after it it is past.
    if (u >= change->at && saturating_add(t.ms, -change->offset.ms) < change->at.ms) {
      gap_end = std::min(gap_end, change->at);
    }
    offset = change->offset;
  }
  return occurrence ? *occurrence : gap_end;
}

Instant Zone::start_of(LocalDate date) const {
  const LocalTime midnight = local_time(date, {});
  const Instant first = to_utc(midnight, Edge::kOpening);
  const Instant last = to_utc(midnight, Edge::kClosing);
  if (first == last) return first;
  // Midnight occurs twice. When the clock fell back to midnight or later, the date never returns;
  // when it fell back into the day before, only the last midnight ends that day for good.
  const Change& fold =
      *std::prev(std::upper_bound(changes_.begin(), changes_.end(), last,
                                  [](Instant u, const Change& change) { return u < change.at; }));
  return fold.at.ms + fold.offset.ms >= midnight.ms ? first : last;
}

}  // namespace tocsin
