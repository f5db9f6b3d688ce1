// Any text at all is either a policy or a list of mistakes, each with a reason; nothing crashes.
//
// The input is the policy's text; the text behind a line `----` is the file that calendars name.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/policy_parse.h"
#include "engine/zone.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = input.find("\n----\n");
  PolicyText text;
  text.name = "policy.yaml";
  text.text = input.substr(0, cut);
  const std::string file = cut == std::string::npos ? std::string() : input.substr(cut + 6);
  for (const std::string& name : policy_includes(text.text)) text.files[name] = file;
  const auto zones = [](std::string_view name) -> std::variant<Zone, std::string> {
    if (name.empty() || name.size() > 40) return "no such zone";
    return Zone::make("UTC", "fuzz", Duration{}, {});
  };
  const auto compiled = compile_policy(text, zones);
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&compiled)) {
    if (errors->empty()) std::abort();
    for (const PolicyError& error : *errors) {
      if (error.reason.empty() || error.line < 0) std::abort();
    }
  } else if (std::get<std::shared_ptr<const Policy>>(compiled)->kinds.empty()) {
    std::abort();
  }
  return 0;
}
