// Policies for tests: the shipped ones as their files have them, and ones written in the test.
#pragma once

#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/calendar/zone_load.h"
#include "engine/policy/compile/parse.h"

namespace tocsin {

inline std::string source_text(const std::string& path) {
  std::ifstream in(std::string(TOCSIN_SOURCE_DIR) + "/" + path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A shipped policy's text with the files that it names: `key-account`.
inline PolicyText shipped_text(const std::string& name) {
  PolicyText text;
  text.name = name + ".yaml";
  text.text = source_text("policy/" + name + ".yaml");
  for (const std::string& file : policy_includes(text.text)) {
    text.files[file] = source_text("policy/" + file);
  }
  return text;
}

inline std::vector<PolicyError> errors_of(const PolicyText& text) {
  auto compiled = compile_policy(text, load_zone);
  auto* errors = std::get_if<std::vector<PolicyError>>(&compiled);
  return errors == nullptr ? std::vector<PolicyError>{} : std::move(*errors);
}

inline std::shared_ptr<const Policy> compiled(const PolicyText& text) {
  auto result = compile_policy(text, load_zone);
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&result)) {
    std::string all;
    for (const PolicyError& e : *errors) {
      all += e.file + ":" + std::to_string(e.line) + ": " + e.reason + "\n";
    }
    throw std::runtime_error(all);
  }
  return std::get<std::shared_ptr<const Policy>>(std::move(result));
}

// Compiled once: their calendars take some milliseconds.
inline std::shared_ptr<const Policy> default_policy() {
  static const auto policy = compiled(shipped_text("key-account"));
  return policy;
}

}  // namespace tocsin
