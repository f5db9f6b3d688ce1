// Finding an adapter's values in one payload, and testing its conditions. Inside evaluation.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/crm/adapter.h"
#include "connectors/crm/payload.h"
#include "events/codec.h"
#include "events/time.h"

namespace tocsin {

// What a value came to. The views live as long as the payload and the adapter.
struct Found {
  enum class Outcome : std::uint8_t { kAbsent, kPresent, kUnmapped, kNotOurs };
  Outcome outcome = Outcome::kAbsent;
  JsonNode::Kind kind = JsonNode::Kind::kNull;
  std::string_view text;           // of a list or an object that is a constant: its JSON
  const JsonNode* node = nullptr;  // of the payload; null for constants and groups of `match`
  int map = -1;                    // kUnmapped: which
  bool arrival = false, wall_clock = false;

  bool present() const { return outcome == Outcome::kPresent; }
};

class Lookup {
 public:
  Lookup(const Adapter& adapter, const Payload& payload, const JsonNode& root,
         std::span<const HeaderView> headers);

  // Paths start here from now on; null: there is no element.
  void element(const JsonNode* element) { element_ = element; }

  const JsonNode* find(const AdapterPath& path);
  // `plain`: texts and numbers only; anything else counts as absent.
  Found value(const AdapterValue& value, bool plain);
  // Whether an assignee's value has a parent in the payload.
  bool has_parent(const AdapterValue& value);
  bool holds(const Conditions& conditions);
  // The same of rules that look at the payload as a whole only.
  static bool of_payload(const Conditions& conditions);

 private:
  const JsonNode* walk(const JsonNode* from, const AdapterPath& path, std::size_t steps) const;
  Found choice(const ValueChoice& choice, bool plain);
  bool holds(const Condition& condition);
  const JsonNode* start(const AdapterPath& path) const;

  const Adapter& adapter_;
  const Payload& payload_;
  const JsonNode& root_;
  const JsonNode* element_ = nullptr;
  std::vector<JsonNode> headers_;  // as texts, by name
  struct Slot {
    bool known = false;
    const JsonNode* node = nullptr;
  };
  std::vector<Slot> slots_;  // of paths that start at the payload
};

}  // namespace tocsin
