#include "connectors/crm/lookup.h"

#include <re2/re2.h>

#include <algorithm>

namespace tocsin {
namespace {

using Kind = JsonNode::Kind;

bool equal_header(std::string_view lower, std::string_view name) {
  return lower.size() == name.size() &&
         std::equal(lower.begin(), lower.end(), name.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
         });
}

// By text; true and false only with a truth value.
bool equals(const JsonNode& node, const Constant& word) {
  if (!node.has_text()) return false;
  const bool truth = word.kind == Kind::kTrue || word.kind == Kind::kFalse;
  return truth == node.is_truth() && node.text == word.text;
}

bool equals_one(const JsonNode* node, const std::vector<Constant>& words) {
  return node != nullptr && std::any_of(words.begin(), words.end(),
                                        [&](const Constant& w) { return equals(*node, w); });
}

bool same(const JsonNode* a, const JsonNode* b) {
  return a != nullptr && b != nullptr && a->has_text() && b->has_text() &&
         a->is_truth() == b->is_truth() && a->text == b->text;
}

bool is_plain(Kind kind) { return kind == Kind::kText || kind == Kind::kNumber; }

bool is_empty(const Constant& c) {
  return c.kind == Kind::kNull || c.text.empty() || c.text == (c.kind == Kind::kList ? "[]" : "{}");
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Lookup::Lookup(const Adapter& adapter, const Payload& payload, const JsonNode& root,
               std::span<const HeaderView> headers)
    : adapter_(adapter),
      payload_(payload),
      root_(root),
      element_(&root),
      slots_(static_cast<std::size_t>(adapter.slots)) {
  for (const std::string& name : adapter.headers) {
    const auto found = std::find_if(headers.begin(), headers.end(), [&](const HeaderView& h) {
      return equal_header(name, h.name);
    });
    if (found == headers.end()) continue;
    JsonNode& node = headers_.emplace_back();
    node.kind = Kind::kText;
    node.name = name;
    node.text = found->value;
  }
}

const JsonNode* Lookup::start(const AdapterPath& path) const {
  if (path.from == AdapterPath::From::kElement) return element_;
  if (path.from == AdapterPath::From::kPayload) return &root_;
  const auto found = std::find_if(headers_.begin(), headers_.end(),
                                  [&](const JsonNode& h) { return h.name == path.header; });
  return found == headers_.end() ? nullptr : &*found;
}

const JsonNode* Lookup::walk(const JsonNode* node, const AdapterPath& path,
                             std::size_t steps) const {
  using Step = AdapterPath::Step;
  for (std::size_t i = 0; i < steps && node != nullptr; ++i) {
    const Step& step = path.steps[i];
    switch (step.kind) {
      case Step::Kind::kPlace:
        node = node->is_list() ? payload_.element(*node, step.place)
                               : payload_.member(*node, step.name);
        break;
      case Step::Kind::kMember:
        node = payload_.member(*node, step.name);
        break;
      case Step::Kind::kElement: {
        const JsonNode* element = node->is_list() ? payload_.child(*node) : nullptr;
        for (; element != nullptr; element = payload_.next(*element)) {
          const JsonNode* member = payload_.member(*element, step.name);
          if (member != nullptr && member->has_text() && member->text == step.value) break;
        }
        node = element;
        break;
      }
    }
  }
  return node;
}

const JsonNode* Lookup::find(const AdapterPath& path) {
  if (path.from != AdapterPath::From::kPayload) return walk(start(path), path, path.steps.size());
  Slot& slot = slots_[static_cast<std::size_t>(path.slot)];
  if (!slot.known) slot = {true, walk(&root_, path, path.steps.size())};
  return slot.node;
}

Found Lookup::choice(const ValueChoice& choice, bool plain) {
  Found out;
  const auto constant = [&](const Constant& c) {
    if (is_empty(c)) return;
    out.outcome = Found::Outcome::kPresent;
    out.kind = c.kind;
    out.text = c.text;
    out.node = nullptr;
  };
  out.wall_clock = choice.wall_clock;
  out.arrival = choice.arrival;
  if (choice.arrival) {
    out.outcome = Found::Outcome::kPresent;
    return out;
  }
  const JsonNode* node = choice.path ? find(*choice.path) : nullptr;
  const bool as_it_is = !choice.match && choice.map < 0;
  if (node != nullptr && !node->empty() &&
      (as_it_is ? !plain || is_plain(node->kind) : node->has_text())) {
    out.outcome = Found::Outcome::kPresent;
    out.kind = node->kind;
    out.text = node->text;
    out.node = node;
  }
  if (out.present() && choice.match) {
    re2::StringPiece group;
    const bool matched = re2::RE2::PartialMatch(piece(out.text), *choice.match, &group);
    out.kind = Kind::kText;
    out.text = {group.data(), matched ? group.size() : 0};
    out.node = nullptr;
    if (out.text.empty()) out.outcome = Found::Outcome::kAbsent;
  }
  if (out.present() && choice.map >= 0) {
    const auto& values = adapter_.maps[static_cast<std::size_t>(choice.map)].values;
    const auto found = values.find(std::string(out.text));
    if (found != values.end()) {
      out.outcome = Found::Outcome::kAbsent;
      constant(found->second);
    } else if (choice.other) {
      out.outcome = Found::Outcome::kAbsent;
      constant(*choice.other);
    } else {
      out.outcome =
          choice.unmapped_is_not_ours ? Found::Outcome::kNotOurs : Found::Outcome::kUnmapped;
      out.map = choice.map;
      return out;
    }
  } else if (!out.present() && choice.other) {
    constant(*choice.other);
  }
  if (plain && out.present() && !is_plain(out.kind)) out.outcome = Found::Outcome::kAbsent;
  return out;
}

Found Lookup::value(const AdapterValue& value, bool plain) {
  for (const ValueChoice& one : value.choices) {
    const Found found = choice(one, plain);
    if (found.outcome != Found::Outcome::kAbsent) return found;
  }
  return {};
}

bool Lookup::has_parent(const AdapterValue& value) {
  return std::any_of(value.choices.begin(), value.choices.end(), [&](const ValueChoice& choice) {
    if (!choice.path) return false;
    const AdapterPath& path = *choice.path;
    if (path.from == AdapterPath::From::kHeader) return true;
    if (path.steps.empty()) return false;
    if (path.list_at) {
      const JsonNode* list = walk(start(path), path, *path.list_at);
      if (list == nullptr || !list->is_object()) return list != nullptr;
    }  // digits may be the name of an object's member: then it goes through no list
    return walk(start(path), path, path.steps.size() - 1) != nullptr;
  });
}

bool Lookup::holds(const Conditions& conditions) {
  return std::all_of(conditions.begin(), conditions.end(),
                     [&](const Condition& c) { return holds(c); });
}

bool Lookup::of_payload(const Conditions& conditions) {
  const auto whole = [](const AdapterPath& path) {
    return path.from != AdapterPath::From::kElement;
  };
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& c) {
    if (c.test == Condition::Test::kAny)
      return std::all_of(c.groups.begin(), c.groups.end(), &Lookup::of_payload);
    const bool two = c.test == Condition::Test::kSame || c.test == Condition::Test::kNotSame;
    return whole(c.path) && (!two || whole(c.other));
  });
}

bool Lookup::holds(const Condition& condition) {
  using Test = Condition::Test;
  if (condition.test == Test::kAny)
    return std::any_of(condition.groups.begin(), condition.groups.end(),
                       [&](const Conditions& group) { return holds(group); });
  const JsonNode* node = find(condition.path);
  switch (condition.test) {
    case Test::kEquals:
      return equals_one(node, condition.words);
    case Test::kNot:
      return !equals_one(node, condition.words);
    case Test::kExists:
      return node != nullptr && !node->empty();
    case Test::kAbsent:
      return node == nullptr || node->empty();
    case Test::kSame:
      return same(node, find(condition.other));
    case Test::kNotSame:
      return !same(node, find(condition.other));
    case Test::kMatch:
      return node != nullptr && node->has_text() &&
             re2::RE2::PartialMatch(piece(node->text), *condition.match);
    case Test::kContains: {
      const JsonNode* element =
          node != nullptr && node->is_list() ? payload_.child(*node) : nullptr;
      for (; element != nullptr; element = payload_.next(*element)) {
        if (equals_one(element, condition.words)) return true;
      }
      return false;
    }
    case Test::kAny:
      break;
  }
  return false;
}

}  // namespace tocsin
