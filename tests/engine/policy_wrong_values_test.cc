// Whatever stands wrong in a policy, the message names the key, its line, what was met and what is
// allowed: each value of a policy in turn is replaced by ones that cannot be meant.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/policy/compile/yaml.h"
#include "tests/engine/policy_fixture.h"
#include "tests/engine/small_policy.h"

namespace tocsin {
namespace {

struct Wrong {
  std::string written;
  std::vector<std::string> names;  // how a message may call it
};

const Wrong kWrongText{"\"wr/ong\"", {"`wr/ong`"}};
const Wrong kWrongList{"[\"wr/ong\"]", {"a list", "`wr/ong`"}};
const Wrong kWrongMap{"{\"wr/ong\": \"wr/ong\"}", {"a map", "`wr/ong`"}};
const Wrong kNothing{"~", {"nothing"}};

struct Place {
  const Yaml* node;
  std::vector<std::string> keys;  // from the root; what a list holds has the list's
};

void collect(const Yaml& node, const std::vector<std::string>& keys, std::vector<Place>& out) {
  for (const Yaml& value : node.values) {
    std::vector<std::string> path = keys;
    if (node.is_map()) path.push_back(value.key);
    out.push_back({&value, path});
    collect(value, path, out);
  }
}

// Writes the policy with each key on a line of its own, and something else in the place of one
// value.
class Writer {
 public:
  Writer(const Yaml& root, const Yaml* place, const std::string& instead)
      : place_(place), instead_(instead) {
    value(root);
  }
  const std::string& text() const { return text_; }
  int line() const { return line_; }

 private:
  void value(const Yaml& node) {
    if (&node == place_) {
      line_ = 1 + static_cast<int>(std::count(text_.begin(), text_.end(), '\n'));
      text_ += instead_;
    } else if (node.is_text()) {
      quoted(node.text);
    } else if (node.is_map() || node.is_list()) {
      text_ += node.is_map() ? "{" : "[";
      for (const Yaml& member : node.values) {
        if (&member != &node.values.front()) text_ += ",\n";
        if (node.is_map()) {
          quoted(member.key);
          text_ += ": ";
        }
        value(member);
      }
      text_ += node.is_map() ? "}" : "]";
    } else {
      text_ += "~";
    }
  }
  void quoted(const std::string& text) {
    text_ += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }

  const Yaml* place_;
  const std::string& instead_;
  std::string text_;
  int line_ = 0;
};

// Where people may write anything, or nothing.
bool is_free(const Place& place, const Wrong& wrong) {
  const std::string& key = place.keys.back();
  const std::string around = place.keys.size() > 1 ? place.keys[place.keys.size() - 2] : "";
  if (&wrong == &kNothing)  // a fact whose data says nothing, lists without dates
    return around == "facts" || key == "holidays" || key == "workdays" || around == "names";
  if (&wrong == &kWrongText)
    return key == "policy" || key == "reason" || key == "zh" || key == "en";
  return false;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Whether the message says what may stand there.
bool says_what_is_allowed(const std::string& reason) {
  return holds(reason, " must be ") || holds(reason, "(known: ") || holds(reason, "did you mean") ||
         holds(reason, "there are none") || holds(reason, "a name has no spaces") ||
         holds(reason, "there is no file") || holds(reason, "is like") ||
         holds(reason, "is called like") || holds(reason, "nothing is called so (") ||
         holds(reason, "has rows like") || holds(reason, "no time zone");
}

// Without the mark of what is required.
std::string field_of(const Place& place) {
  const std::string& key = place.keys.back();
  return key.ends_with('!') ? key.substr(0, key.size() - 1) : key;
}

std::string path_of(const Place& place) {
  std::string out;
  for (const std::string& key : place.keys) out += (out.empty() ? "" : " / ") + key;
  return out;
}

Yaml root_of(const std::string& source) {
  std::vector<YamlFault> faults;
  Yaml root = read_yaml(source, faults);
  EXPECT_TRUE(faults.empty());
  return root;
}

// With calendars that take no time to build: the small policy's are tried.
Yaml shipped(const std::string& name) {
  Yaml root = root_of(source_text("policy/" + name + ".yaml"));
  for (Yaml& member : root.values) {
    if (member.key != "calendars") continue;
    for (Yaml& calendar : member.values) {
      calendar.kind = Yaml::Kind::kText;
      calendar.text = "always";
      calendar.values.clear();
    }
  }
  return root;
}

// Of all tries so many are one; under a sanitizer, where compiling a policy takes ten times as long, some of all
// kinds do.
#if defined(__SANITIZE_ADDRESS__)
constexpr int kEvery = 11;
#elif defined(__has_feature)
constexpr int kEvery = __has_feature(address_sanitizer) ? 11 : 1;
#else
constexpr int kEvery = 1;
#endif

void each_value_wrong(const Yaml& root, const std::vector<const Wrong*>& wrongs) {
  const auto errors_in = [](const Writer& written) {
    PolicyText text;
    text.name = "written.yaml";
    text.text = written.text();
    return errors_of(text);
  };
  ASSERT_TRUE(errors_in(Writer(root, nullptr, "")).empty());
  std::vector<Place> places;
  collect(root, {}, places);
  int tried = 0, unsaid = 0;
  for (const Place& place : places) {
    for (const Wrong* wrong : wrongs) {
      if (++tried % kEvery != 0) continue;
      const Writer written(root, place.node, wrong->written);
      const auto errors = errors_in(written);
      if (is_free(place, *wrong)) continue;
      const bool said = std::any_of(errors.begin(), errors.end(), [&](const PolicyError& e) {
        const bool met =
            std::any_of(wrong->names.begin(), wrong->names.end(),
                        [&](const std::string& name) { return holds(e.reason, name); });
        return e.line == written.line() && met && holds(e.reason, field_of(place)) &&
               says_what_is_allowed(e.reason);
      });
      if (said) continue;
      ++unsaid;
      std::string all;
      for (const PolicyError& e : errors)
        if (all.size() < 600) all += "\n  " + std::to_string(e.line) + ": " + e.reason;
      ADD_FAILURE() << path_of(place) << " is " << wrong->written << " on line " << written.line()
                    << (errors.empty() ? ", and nothing is said" : all);
    }
  }
  EXPECT_EQ(unsaid, 0) << "of " << tried;
}

// The small policy uses all of the language.
TEST(PolicyWrongValues, OfTheSmallPolicyEachIsNamed) {
  each_value_wrong(root_of(kSmallPolicy), {&kWrongText, &kWrongList, &kWrongMap, &kNothing});
}
TEST(PolicyWrongValues, OfTheDefaultPolicyEachIsNamed) {
  each_value_wrong(shipped("key-account"), {&kWrongText});
}
TEST(PolicyWrongValues, OfTheHelpDeskEachIsNamed) {
  each_value_wrong(shipped("it-helpdesk"), {&kWrongText, &kWrongMap});
}

}  // namespace
}  // namespace tocsin
