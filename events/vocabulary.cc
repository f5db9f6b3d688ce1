#include "events/vocabulary.h"

#include <array>

namespace tocsin {
namespace {

constexpr std::string_view kPrefix = "tocsin.";

constexpr auto kEndsWord = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c <= 0x20; ++c) table[c] = true;
  for (const char c : {'\x7f', '.', '/', '%'}) table[static_cast<std::size_t>(c)] = true;
  return table;
}();

bool is_word(std::string_view text) {
  bool ends = text.empty();
  for (const char c : text) ends |= kEndsWord[static_cast<unsigned char>(c)];
  return !ends;
}

}  // namespace

std::optional<DerivedType> derived_type(std::string_view type) {
  // Most types are facts; the kinds of §7 begin with one of four letters.
  if (type.size() <= kPrefix.size() || !type.starts_with(kPrefix)) return std::nullopt;
  switch (type[kPrefix.size()]) {
    case 'c':
    case 'e':
    case 'f':
    case 'n':
      for (std::size_t i = 0; i < kDerivedTypes.size(); ++i) {
        if (kDerivedTypes[i] == type) return static_cast<DerivedType>(i);
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

bool is_reserved_type(std::string_view type) {
  return is_engine_type(type) || derived_type(type).has_value();
}

TypeParts split_type(std::string_view type) {
  if (type.starts_with(kPrefix)) {
    const std::string_view rest = type.substr(kPrefix.size());
    const std::size_t dot = rest.find('.');
    if (dot != std::string_view::npos) {
      const TypeParts parts{rest.substr(0, dot), rest.substr(dot + 1)};
      if (is_word(parts.kind) && is_word(parts.verb)) return parts;
    }
  }
  return {kOtherKind, type};
}

}  // namespace tocsin
