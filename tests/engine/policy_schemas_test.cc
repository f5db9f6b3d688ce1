// The JSON Schemas that CRM people read (docs/schemas) say what the default policy accepts.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "events/vocabulary.h"
#include "tests/engine/policy_fixture.h"

namespace tocsin {
namespace {

using simdjson::dom::element;

std::vector<std::string> texts(const element& list) {
  std::vector<std::string> out;
  simdjson::dom::array items;
  if (list.get(items) != simdjson::SUCCESS) return out;
  for (const element item : items) {
    std::string_view text;
    if (item.get(text) == simdjson::SUCCESS) out.emplace_back(text);
  }
  return out;
}

bool allows_null(const element& list) {
  for (const element item : list.get_array()) {
    if (item.is_null()) return true;
    std::string_view text;
    if (item.get(text) == simdjson::SUCCESS && text == "null") return true;
  }
  return false;
}

std::string type_of(const KindSpec& kind, const VerbSpec& verb) {
  return "tocsin." +
         (verb.name.find('.') == std::string::npos ? kind.name + "." + verb.name : verb.name);
}

class PolicySchemas : public ::testing::Test {
 protected:
  // The schema of a type's data; false when there is none.
  bool load(const std::string& type, element& out) {
    const std::string path = std::string(TOCSIN_SOURCE_DIR) + "/docs/schemas/" + type + ".json";
    return parser_.load(path).get(out) == simdjson::SUCCESS;
  }

  void compare(const Field& field, const element& schema, const std::string& where) {
    const auto words = [&](const std::vector<std::string>& expected) {
      element list;
      ASSERT_EQ(schema["enum"].get(list), simdjson::SUCCESS) << where << " lists no words";
      EXPECT_EQ(texts(list), expected) << where;
      EXPECT_EQ(allows_null(list), !field.required) << where << ": null is as good as missing";
    };
    switch (field.form) {
      case Form::kChoice:
        return words(field.words.list());
      case Form::kPriority:
        return words(policy_->priorities.list());
      case Form::kTier:
        return words(policy_->tiers.list());
      case Form::kScore: {
        std::int64_t low = 0, high = 0;
        EXPECT_EQ(schema["minimum"].get(low), simdjson::SUCCESS) << where;
        EXPECT_EQ(schema["maximum"].get(high), simdjson::SUCCESS) << where;
        EXPECT_EQ(low, field.low) << where;
        EXPECT_EQ(high, field.high) << where;
        return;
      }
      case Form::kDue:
        EXPECT_NE(simdjson::minify(schema).find("#/$defs/due"), std::string::npos) << where;
        return;
      case Form::kPerson:
      case Form::kRole:
      case Form::kText:
      case Form::kWait:
      case Form::kReason:
      case Form::kClock:
      case Form::kChannel:
      case Form::kGroup: {
        std::int64_t least = 0;
        EXPECT_EQ(schema["minLength"].get(least), simdjson::SUCCESS)
            << where << " must be text that is not empty";
        EXPECT_EQ(least, 1) << where;
        return;
      }
      case Form::kPersons: {
        element either;
        EXPECT_EQ(schema["oneOf"].get(either), simdjson::SUCCESS)
            << where << " is a name or a list of names";
        return;
      }
      case Form::kCycle:
      case Form::kLimit:
      case Form::kNumber: {
        element described;
        EXPECT_EQ(schema["description"].get(described), simdjson::SUCCESS)
            << where << " has a form that its description tells";
        return;
      }
      case Form::kAny:
      case Form::kTitle:
      case Form::kLink:
      case Form::kOwner:
      case Form::kModule: {
        element restricted;
        for (const char* key : {"type", "enum", "minLength", "pattern", "oneOf", "anyOf", "$ref"}) {
          EXPECT_NE(schema[key].get(restricted), simdjson::SUCCESS)
              << where << " takes anything, but has " << key;
        }
        return;
      }
    }
  }

  std::shared_ptr<const Policy> policy_ = default_policy();
  simdjson::dom::parser parser_;
};

TEST_F(PolicySchemas, EveryFactHasItsFieldsAsThePolicyHasThem) {
  int compared = 0;
  for (const KindSpec& kind : policy_->kinds) {
    for (const VerbSpec& verb : kind.verbs) {
      const std::string type = type_of(kind, verb);
      element document;
      ASSERT_TRUE(load(type, document)) << type << " has no schema";
      element data;
      std::set<std::string> required, described;
      if (document["properties"]["data"].get(data) == simdjson::SUCCESS) {
        element list;
        if (data["required"].get(list) == simdjson::SUCCESS) {
          for (const std::string& name : texts(list)) required.insert(name);
        }
        simdjson::dom::object properties;
        if (data["properties"].get(properties) == simdjson::SUCCESS) {
          for (const auto& member : properties) described.emplace(member.key);
        }
      }
      std::set<std::string> expected_required, expected;
      for (const Field& field : verb.fields) {
        expected.insert(field.name);
        if (field.required) expected_required.insert(field.name);
        if (described.count(field.name) == 0) continue;
        compare(field, data["properties"][field.name].value(), type + "." + field.name);
        ++compared;
      }
      EXPECT_EQ(described, expected) << type;
      EXPECT_EQ(required, expected_required) << type;
      if (!verb.subjects.empty()) {
        EXPECT_EQ(texts(document["properties"]["subject"]["enum"].value()), verb.subjects.list())
            << type;
      }
      // Data that must hold something must be there.
      element outer;
      const bool needs_data = document["required"].get(outer) == simdjson::SUCCESS && [&] {
        const auto names = texts(outer);
        return std::find(names.begin(), names.end(), "data") != names.end();
      }();
      EXPECT_EQ(needs_data, !expected_required.empty()) << type;
    }
  }
  EXPECT_GT(compared, 60);
}

TEST_F(PolicySchemas, NoFactIsDescribedThatThePolicyDoesNotKnow) {
  for (const auto& file :
       std::filesystem::directory_iterator(std::string(TOCSIN_SOURCE_DIR) + "/docs/schemas")) {
    const std::string type = file.path().stem().string();
    if (file.path().extension() != ".json" || !type.starts_with("tocsin.") || derived_type(type))
      continue;
    EXPECT_EQ(policy_->types.count(type.substr(7)), 1U) << type;
  }
}

}  // namespace
}  // namespace tocsin
