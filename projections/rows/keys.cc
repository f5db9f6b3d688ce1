#include "projections/rows/keys.h"

#include <bit>
#include <cstring>
#include <stdexcept>

namespace tocsin {
namespace {

constexpr std::string_view kEndOfText("\0\1", 2);
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
static_assert(std::endian::native == std::endian::little);

void put_big_endian(std::string& out, std::uint64_t value, int bytes) {
  const std::uint64_t swapped = __builtin_bswap64(value << (8 * (8 - bytes)));
  char text[sizeof swapped];
  std::memcpy(text, &swapped, sizeof swapped);
  out.append(text, static_cast<std::size_t>(bytes));
}

std::uint64_t take_big_endian(std::string_view& left, std::size_t bytes) {
  if (left.size() < bytes) throw std::runtime_error("a key of the store ends early");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(left[i]);
  left.remove_prefix(bytes);
  return value;
}

Instant take_instant(std::string_view& left) {
  return {static_cast<std::int64_t>(take_big_endian(left, 8) ^ kSignBit)};
}

}  // namespace

Key::Key(PartitionId partition, Family family) {
  bytes_.reserve(64);
  start(partition, family);
}

Key& Key::start(PartitionId partition, Family family) {
  bytes_.clear();
  put_big_endian(bytes_, static_cast<std::uint32_t>(partition), 4);
  bytes_.push_back(static_cast<char>(family));
  return *this;
}

Key& Key::text(std::string_view part) {
  for (std::size_t zero; (zero = part.find('\0')) != std::string_view::npos;) {
    bytes_ += part.substr(0, zero + 1);
    bytes_.push_back('\xff');
    part.remove_prefix(zero + 1);
  }
  bytes_ += part;
  bytes_.append(kEndOfText);
  return *this;
}

Key& Key::instant(Instant t) {
  put_big_endian(bytes_, static_cast<std::uint64_t>(t.ms) ^ kSignBit, 8);
  return *this;
}

Key& Key::letter(char c) {
  bytes_.push_back(c);
  return *this;
}

Key& Key::hash(const Hash128& hash) {
  put_big_endian(bytes_, hash.high, 8);
  put_big_endian(bytes_, hash.low, 8);
  return *this;
}

KeyReader::KeyReader(std::string_view key) : left_(key) {
  partition_ = static_cast<PartitionId>(take_big_endian(left_, 4));
  family_ = static_cast<Family>(letter());
}

std::string KeyReader::text() {
  std::string part;
  for (;;) {
    const std::size_t zero = left_.find('\0');
    if (zero == std::string_view::npos || zero + 1 >= left_.size()) {
      throw std::runtime_error("a key of the store ends early");
    }
    part += left_.substr(0, zero);
    const char follows = left_[zero + 1];
    left_.remove_prefix(zero + 2);
    if (follows == '\1') return part;
    part.push_back('\0');
  }
}

Instant KeyReader::instant() { return take_instant(left_); }

char KeyReader::letter() {
  if (left_.empty()) throw std::runtime_error("a key of the store ends early");
  const char c = left_.front();
  left_.remove_prefix(1);
  return c;
}

Hash128 KeyReader::hash() {
  Hash128 hash;
  hash.high = take_big_endian(left_, 8);
  hash.low = take_big_endian(left_, 8);
  return hash;
}

EntityKey KeyReader::entity() {
  EntityKey e;
  e.account = text();
  e.kind = text();
  e.id = text();
  return e;
}

std::size_t place_of_instant(std::string_view key) {
  const FamilySpec* const spec = family_of_key(key, kKeyPrefixBytes);
  if (spec == nullptr || !spec->by_instant || key.size() == kKeyPrefixBytes) return 0;
  std::size_t at = kKeyPrefixBytes;
  for (const char part : spec->parts) {
    if (part == 'i') return at;
    if (part == 'l') {
      ++at;
    } else {
      const std::size_t end = key.find(kEndOfText, at);
      if (end == std::string_view::npos) return key.size();
      at = end + kEndOfText.size();
    }
  }
  return at;
}

Instant instant_at(std::string_view key, std::size_t place) {
  std::string_view left = key.substr(place);
  return take_instant(left);
}

bool is_cursor_key(std::string_view key, Family family) {
  try {
    KeyReader reader(key);
    if (reader.family() != family) return false;
    const FamilySpec& spec = *family_of(static_cast<char>(family));
    for (const std::string_view parts : {spec.parts, spec.item}) {
      for (const char part : parts) {
        if (part == 't') reader.text();
        if (part == 'i') reader.instant();
        if (part == 'l') reader.letter();
        if (part == 'h') reader.hash();
      }
    }
    return reader.rest().empty();
  } catch (const std::runtime_error&) {
    return false;
  }
}

std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace tocsin
