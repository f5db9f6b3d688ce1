// A YAML text as plain values with lines, which the policy parser reads.
//
// Any bytes at all give a value and the faults found; nothing throws but std::bad_alloc. Refused
// are what leads people astray or costs without bound: keys that occur twice (the second is
// dropped), keys that are not text, more than one document, text that is not UTF-8, aliases to what
// they stand in, and more than the limits below. Aliases to what came before are copied.
//
// Pure; any thread. Cost: linear in the text and in what its aliases expand to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

inline constexpr std::size_t kYamlBytesMax = 1 << 20;
inline constexpr std::size_t kYamlValuesMax = 100'000;  // aliases expanded
inline constexpr std::size_t kYamlDepthMax = 40;

struct Yaml {
  enum class Kind : std::uint8_t { kAbsent, kNull, kText, kList, kMap };
  Kind kind = Kind::kAbsent;
  int line = 0;         // from 1; of the key where a list or map is a key's value
  std::string text;     // kText
  bool quoted = false;  // kText: written in quotes or as a block, so never a number or truth value
  std::string key;      // of a map's member
  int key_line = 0;
  std::vector<Yaml> values;  // of a list, or the members of a map in their order

  bool absent() const { return kind == Kind::kAbsent; }
  bool is_text() const { return kind == Kind::kText; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // A map's member; an absent value when there is none or this is no map.
  const Yaml& operator[](std::string_view name) const;
};

struct YamlFault {
  int line = 0;  // from 1; 0: the whole text
  std::string reason;
};

// The text's one document; absent when it cannot be read at all.
Yaml read_yaml(const std::string& text, std::vector<YamlFault>& faults);

}  // namespace tocsin
