// Inside the reader of adapters: paths, values and conditions. Not for others.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/crm/adapter.h"
#include "engine/policy/compile/reader.h"

namespace tocsin {

// What a value is for, which decides what is allowed in it.
struct ValueUse {
  const char* where = "";                           // how messages name it
  const std::vector<std::string>* words = nullptr;  // constants must be one of these …
  const char* what = "";                            // … which are a `priority`, a `state`
  bool time = false;                                // `as: local`, and {const: arrival}
  bool arrival = false;                             // {const: arrival} alone
  bool ours = false;                                // `unmapped: ignore`
};

// Reads values while it collects mistakes. `maps` and their YAML nodes must stay where they are.
class AdapterParts {
 public:
  AdapterParts(PolicyReader& reader, Adapter& adapter, const Yaml& maps)
      : reader_(reader), adapter_(adapter), maps_(maps), used_(adapter.maps.size()) {}

  AdapterPath path(const Yaml& node, const std::string& where);
  AdapterValue value(const Yaml& node, const ValueUse& use);
  ValueChoice choice(const Yaml& node, const ValueUse& use);
  Conditions conditions(const Yaml& node, const std::string& where);
  // A `data` map; each member by the verb's field of that name. `verb` may be null.
  DataRule data(const Yaml& node, const std::string& where, const Policy& policy,
                const VerbSpec* verb);
  // Maps that nothing used.
  void say_unused();

 private:
  AdapterPath parse_path(std::string_view text, int line, const std::string& where);
  Condition condition(const Yaml& node, const std::string& where);
  void tests_of_map(const Yaml& node, const std::string& where, const Condition& start,
                    Conditions& out);
  void use_map(const Yaml& node, const ValueUse& use, ValueChoice& choice);
  void check_word(const Yaml& node, const ValueUse& use);
  std::shared_ptr<const re2::RE2> expression(const Yaml& node, const std::string& where,
                                             bool needs_group);

  PolicyReader& reader_;
  Adapter& adapter_;
  const Yaml& maps_;
  std::vector<bool> used_;
  std::set<std::pair<int, std::string>> said_;  // words of maps that were found wrong
};

// A YAML value with its JSON kind: plain true and false are truth values, plain numbers numbers.
Constant constant_of(const Yaml& node);

VerifyRule read_verify(PolicyReader& reader, const Yaml& node);

}  // namespace tocsin
