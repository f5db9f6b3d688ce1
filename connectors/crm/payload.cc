#include "connectors/crm/payload.h"

#include <algorithm>

#include "events/json_walk.h"
#include "events/reasons.h"
#include "events/writer.h"

namespace tocsin {
namespace {

// The value as written when it is a plain string without escapes: `"abc"`; else the first token.
std::string_view token_of(simdjson::ondemand::value& value) {
  std::string_view token = value.raw_json_token();
  while (token.size() > 1 && is_json_space(token.back())) token.remove_suffix(1);
  return token;
}

}  // namespace

std::string_view Payload::read(std::string_view json) {
  nodes_.clear();
  too_many_ = false;
  if (json.size() > kPayloadBytesMax) return kTooLarge;
  // A document whose root is a scalar is a special case of the parser; a list around it is not.
  buffer_.clear();
  buffer_.reserve(json.size() + 2 + simdjson::SIMDJSON_PADDING);
  buffer_.append("[").append(json).append("]");
  const std::size_t length = buffer_.size();
  buffer_.append(simdjson::SIMDJSON_PADDING, '\0');
  simdjson::ondemand::document document;
  simdjson::ondemand::array array;
  if (parser_.iterate(buffer_.data(), length, buffer_.size()).get(document) ||
      document.get_array().get(array))
    return kMalformed;
  int elements = 0;
  for (auto result : array) {
    Value value;
    std::uint32_t index = 0;
    if (std::move(result).get(value) || ++elements > 1 || !add(value, {}, 1, index))
      return too_many_ ? kTooLarge : kMalformed;
  }
  const bool whole =
      elements == 1 && document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return whole ? std::string_view() : kMalformed;
}

bool Payload::add(Value value, std::string_view name, int depth, std::uint32_t& index) {
  if (nodes_.size() >= kPayloadValuesMax) {
    too_many_ = true;
    return false;
  }
  index = static_cast<std::uint32_t>(nodes_.size());
  JsonNode& node = nodes_.emplace_back();
  node.name = name;
  const std::string_view token = token_of(value);
  switch (token.front()) {
    case '{':
      node.kind = JsonNode::Kind::kObject;
      return depth < kNestingMax && add_members(value, depth + 1, index);
    case '[':
      node.kind = JsonNode::Kind::kList;
      return depth < kNestingMax && add_elements(value, depth + 1, index);
    case '"':
      node.kind = JsonNode::Kind::kText;
      return !value.get_string().get(node.text) && simdjson::validate_utf8(node.text);
    case 'n':
      return token == "null";
    case 't':
      node.kind = JsonNode::Kind::kTrue;
      node.text = token;
      return token == "true";
    case 'f':
      node.kind = JsonNode::Kind::kFalse;
      node.text = token;
      return token == "false";
    default:
      node.kind = JsonNode::Kind::kNumber;
      node.text = token;
      return is_json_number(token);
  }
}

void Payload::link(std::uint32_t parent, std::uint32_t& last, std::uint32_t index) {
  (last == JsonNode::kNoNode ? nodes_[parent].first : nodes_[last].next) = index;
  last = index;
}

bool Payload::add_members(Value value, int depth, std::uint32_t parent) {
  simdjson::ondemand::object object;
  if (value.get_object().get(object)) return false;
  std::uint32_t last = JsonNode::kNoNode;
  for (auto result : object) {
    simdjson::ondemand::field field;
    std::string_view name;
    if (std::move(result).get(field) || field.unescaped_key().get(name) ||
        !simdjson::validate_utf8(name))
      return false;
    std::uint32_t index = 0;
    if (!add(field.value(), name, depth, index)) return false;
    link(parent, last, index);
  }
  return true;
}

bool Payload::add_elements(Value value, int depth, std::uint32_t parent) {
  simdjson::ondemand::array array;
  if (value.get_array().get(array)) return false;
  std::uint32_t last = JsonNode::kNoNode;
  for (auto result : array) {
    Value element;
    std::uint32_t index = 0;
    if (std::move(result).get(element) || !add(element, {}, depth, index)) return false;
    link(parent, last, index);
  }
  return true;
}

const JsonNode* Payload::member(const JsonNode& object, std::string_view name) const {
  if (!object.is_object()) return nullptr;
  const JsonNode* found = nullptr;
  for (const JsonNode* node = child(object); node != nullptr; node = next(*node)) {
    if (node->name == name) found = node;
  }
  return found;
}

const JsonNode* Payload::element(const JsonNode& list, std::size_t index) const {
  if (!list.is_list()) return nullptr;
  const JsonNode* node = child(list);
  while (node != nullptr && index-- > 0) node = next(*node);
  return node;
}

void Payload::write(const JsonNode& node, std::string& out, bool sorted) const {
  switch (node.kind) {
    case JsonNode::Kind::kNull:
      out += "null";
      return;
    case JsonNode::Kind::kFalse:
    case JsonNode::Kind::kTrue:
    case JsonNode::Kind::kNumber:
      out += node.text;
      return;
    case JsonNode::Kind::kText:
      return append_json_string(out, node.text);
    case JsonNode::Kind::kList: {
      out += '[';
      for (const JsonNode* n = child(node); n != nullptr; n = next(*n)) {
        if (n != child(node)) out += ',';
        write(*n, out, sorted);
      }
      out += ']';
      return;
    }
    case JsonNode::Kind::kObject:
      break;
  }
  std::vector<const JsonNode*> members;
  for (const JsonNode* n = child(node); n != nullptr; n = next(*n)) members.push_back(n);
  // Of equal names the last stays: found by sorting, which keeps the order of equal ones.
  std::vector<const JsonNode*> order = members;
  std::stable_sort(order.begin(), order.end(),
                   [](const JsonNode* a, const JsonNode* b) { return a->name < b->name; });
  std::vector<const JsonNode*> kept;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i + 1 == order.size() || order[i]->name != order[i + 1]->name) kept.push_back(order[i]);
  }
  if (!sorted) std::sort(kept.begin(), kept.end());  // as they stand in the text
  out += '{';
  for (const JsonNode* n : kept) {
    if (n != kept.front()) out += ',';
    append_json_string(out, n->name);
    out += ':';
    write(*n, out, sorted);
  }
  out += '}';
}

}  // namespace tocsin
