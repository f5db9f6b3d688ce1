// Any bytes at all as a policy. A line `#file` begins the text of the files that calendars name.
//
// What must hold: nothing crashes; there is a policy or there are errors, each with a reason and a
// line of the text; the same text gives the same answer; and with a policy that is sound the engine
// decides about random facts of its kinds, saying nothing twice and nothing before its time.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/calendar/zone_load.h"
#include "engine/policy/compile/parse.h"
#include "events/hash.h"
#include "tests/engine/property_facts.h"
#include "tests/engine/property_world.h"

namespace {

using namespace tocsin;

constexpr std::size_t kDeliveriesMax = 60;

void require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "does not hold: %s\n", what.c_str());
  std::abort();
}

void decide_about_something(const std::shared_ptr<const Policy>& policy, std::uint64_t seed) {
  const Story story = StoryTeller(*policy, seed).tell();
  World world(policy);
  for (std::size_t i = 0; i < std::min(story.late.size(), kDeliveriesMax); ++i) {
    world.arrive(story.facts[story.late[i].fact], story.late[i].arrival);
  }
  world.finish(story.until);
  require(world.wrong().empty(), world.wrong());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  PolicyText text;
  text.name = "policy.yaml";
  text.text.assign(reinterpret_cast<const char*>(bytes), size);
  const std::uint64_t seed = hash128(text.text).low;
  std::string file;
  if (const std::size_t at = text.text.find("\n#file\n"); at != std::string::npos) {
    file = text.text.substr(at + 7);
    text.text.resize(at);
  }
  for (const std::string& name : policy_includes(text.text)) text.files[name] = file;
  const auto compiled = compile_policy(text, load_zone);
  const auto again = compile_policy(text, load_zone);
  require(compiled.index() == again.index(), "the same text gives the same answer");
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&compiled)) {
    require(!errors->empty(), "there is a policy or an error");
    for (const PolicyError& e : *errors) {
      const std::string& in = e.file == text.name ? text.text : file;
      const auto lines =
          std::count(in.begin(), in.end(), '\n') + std::count(in.begin(), in.end(), '\r');
      require(!e.reason.empty(), "an error has a reason");
      require(e.line >= 0 && e.line <= lines + 2, "an error has a line of the text: " + e.reason);
    }
    return 0;
  }
  decide_about_something(std::get<std::shared_ptr<const Policy>>(compiled), seed);
  return 0;
}
