// A payload: one JSON text that a CRM sent, read once into a tree that can be looked at in any
// order.
//
// Promises
//  1. Accepted is what events/json_walk.h accepts: one JSON value in valid UTF-8, nested at most
//     kNestingMax deep; here also at most kPayloadValuesMax values.
//  2. Nothing is copied but strings that hold escapes: texts are views into the bytes kept here,
//     numbers are as written.
//  3. Of members with the same name the last counts, everywhere.
//
// Threads: one at a time. Keep a Payload: it reuses its memory. What it gives lives until the next
// `read`. Cost: some 2 µs for 2 KB.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

inline constexpr std::size_t kPayloadBytesMax = 8u << 20;
inline constexpr std::size_t kPayloadValuesMax = 400'000;

struct JsonNode {
  enum class Kind : std::uint8_t { kNull, kFalse, kTrue, kNumber, kText, kList, kObject };
  static constexpr std::uint32_t kNoNode = UINT32_MAX;

  Kind kind = Kind::kNull;
  std::uint32_t first = kNoNode;  // child
  std::uint32_t next = kNoNode;   // of the same parent
  std::string_view name;          // of an object's member
  std::string_view text;          // kText unescaped, kNumber as written, kTrue, kFalse their words

  bool is_list() const { return kind == Kind::kList; }
  bool is_object() const { return kind == Kind::kObject; }
  // Null, "", [] and {} count as absent (adapters.md).
  bool empty() const {
    return kind == Kind::kNull || (kind == Kind::kText && text.empty()) ||
           (kind >= Kind::kList && first == kNoNode);
  }
  // Objects, lists and null have no text.
  bool has_text() const { return kind >= Kind::kFalse && kind <= Kind::kText; }
  bool is_truth() const { return kind == Kind::kFalse || kind == Kind::kTrue; }
};

class Payload {
 public:
  // Empty, or why not: `too_large`, `malformed`.
  std::string_view read(std::string_view json);

  const JsonNode& root() const { return nodes_[0]; }
  const JsonNode* child(const JsonNode& parent) const { return at(parent.first); }
  const JsonNode* next(const JsonNode& node) const { return at(node.next); }
  // Null where there is none.
  const JsonNode* member(const JsonNode& object, std::string_view name) const;
  const JsonNode* element(const JsonNode& list, std::size_t index) const;

  // Appends the value as compact JSON. `sorted`: the names of objects in order of their bytes.
  void write(const JsonNode& node, std::string& out, bool sorted) const;

 private:
  const JsonNode* at(std::uint32_t index) const {
    return index == JsonNode::kNoNode ? nullptr : &nodes_[index];
  }
  using Value = simdjson::ondemand::value;
  bool add(Value value, std::string_view name, int depth, std::uint32_t& index);
  bool add_members(Value value, int depth, std::uint32_t parent);
  bool add_elements(Value value, int depth, std::uint32_t parent);
  void link(std::uint32_t parent, std::uint32_t& last, std::uint32_t index);

  simdjson::ondemand::parser parser_;
  std::string buffer_;
  std::vector<JsonNode> nodes_;
  bool too_many_ = false;
};

}  // namespace tocsin
