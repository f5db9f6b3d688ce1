// The inside of a Decoder, shared by the two files that implement it: codec.cc (structured events
// and the judgement of attributes) and codec_binary.cc (headers and bodies).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/codec.h"
#include "events/json_walk.h"
#include "events/reasons.h"
#include "events/writer.h"

namespace tocsin {

enum class AttributeState : std::uint8_t { kMissing, kGood, kBad };

std::optional<Attribute> attribute_of(std::string_view name);

// Not empty and without control characters (CloudEvents §Type System). Must be valid UTF-8.
bool is_good_text(std::string_view text);

// Our stamps, but for the one that says which adapter made a fact: it is made before the intake.
constexpr bool is_reserved_extension(std::string_view name) {
  return name.starts_with("tocsin") && name != "tocsinadapter";
}

struct Decoder::Work {
  RecordedTime recorded_time = RecordedTime::kIgnored;
  Writer writer = Writer::kOutsider;
  JsonWalker walker;
  MemberList extensions;
  std::array<AttributeState, kAttributes> states{};
  bool has_data = false, has_base64 = false;
  std::string spec_version, time, recorded, base64, scratch;

  AttributeState& state(Attribute a) { return states[static_cast<std::size_t>(a)]; }
  bool is_good(Attribute a) { return state(a) == AttributeState::kGood; }

  void start(Decoded& out);
  bool structured_member(std::string_view name, JsonWalker::Value value, Decoded& out);
  bool skip(JsonWalker::Value value);
  void binary_attribute(std::string_view name, std::string_view value, bool decodes, Decoded& out);
  bool binary_data(std::string_view content_type, std::string_view body, Decoded& out);
  bool decode_base64(std::string& data);
  bool json_data(std::string_view text, std::string& data);
  void finish(std::string_view key, Decoded& out);

  std::string& text_of(Attribute attribute, Fact& fact);
  void set(Attribute attribute, std::string_view text);
  void judge_text(Attribute attribute, std::string_view text, bool good);
  void begin_extension(std::string_view name, Fact& fact);
  void check_values(Decoded& out);
  std::string_view first_error() const;
};

}  // namespace tocsin
