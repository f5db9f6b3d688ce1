#include "events/vocabulary.h"

#include "events/byte_scan.h"

namespace tocsin {
namespace {

constexpr std::string_view kPrefix = "tocsin.";

bool is_word(std::string_view text) {
  const auto ends_word = [](Bytes16 b) {
    return (b <= 0x20) | (b == 0x7f) | (b == '.') | (b == '/') | (b == '%');
  };
  return !text.empty() && !any_byte(text, ends_word);
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
