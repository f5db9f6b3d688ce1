#include "app/unknown_persons.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(UnknownPersons, AreThoseWhomTheRosterKnowsByNoNameAtAll) {
  Roster roster;
  roster.people["wang.fang"].id = "wang.fang";
  roster.ids = {{"wang.fang", "wang.fang"}, {"王芳", "wang.fang"}};
  const auto unknown = [&](const char* data) {
    return unknown_persons(std::string(R"({"type":"tocsin.x.y","data":)") + data + "}", roster);
  };
  EXPECT_EQ(unknown(R"({"person":"wang.fang","by":"王芳"})"), 0u);
  EXPECT_EQ(unknown(R"({"person":["王芳","Who"],"owner":"Else","by":""})"), 2u);
  EXPECT_EQ(unknown(R"({"note":"person"})"), 0u);
  EXPECT_EQ(unknown(R"({"person":7,"by":null})"), 0u);
  EXPECT_EQ(unknown_persons("\"person\" is no record", roster), 0u);
  EXPECT_EQ(unknown_persons(R"({"data":{"person":"Who"}})", Roster()), 0u)
      << "without people nobody is unknown";
}

}  // namespace
}  // namespace tocsin
