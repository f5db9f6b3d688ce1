#include "events/writer.h"

#include <gtest/gtest.h>

#include "events/id.h"
#include "events/vocabulary.h"

namespace tocsin {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// Expected: python3 -c 'import json; print(json.dumps(TEXT, ensure_ascii=False))'
TEST(Writer, StringsAsPythonWritesThem) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("打不开 / cannot open 😀"), R"("打不开 / cannot open 😀")");
  EXPECT_EQ(quoted("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(quoted("\n\r\t\b\f"), R"("\n\r\t\b\f")");
  EXPECT_EQ(quoted(std::string_view("\0\x01\x0b\x1f\x7f", 5)),
            "\"\\u0000\\u0001\\u000b\\u001f\x7f\"");
}

// Texts of every length up to beyond the block, with and without something to escape, at every
// place of it: the same bytes as written one by one.
TEST(Writer, ABlockWritesTheSameBytes) {
  const std::string plain(3000, 'p');
  std::string odd;
  while (odd.size() < 3000) odd += "ab\"c\\库\x01 defghijklmnop";
  for (const std::string& text : {plain, odd}) {
    for (std::size_t filled : {0u, 1u, 1000u, 1015u, 1016u, 1023u, 1024u}) {
      for (std::size_t size = 0; size < text.size(); size += size < 40 || size > 1000 ? 1 : 97) {
        const std::string_view part = std::string_view(text).substr(0, size);
        std::string block, one_by_one;
        TextBlock out(block);
        const std::string before(filled, '.');
        out.raw(before).string(part).raw(part).time({0}).number(-7).flush();
        one_by_one += before;
        append_json_string(one_by_one, part);
        one_by_one += part;
        append_json_time(one_by_one, {0});
        append_int(one_by_one, -7);
        ASSERT_EQ(block, one_by_one) << filled << " and " << size;
      }
    }
  }
}

TEST(Writer, Objects) {
  std::string out = "x";
  JsonObject(out)
      .text("a", "b\"")
      .number("n", -9'223'372'036'854'775'807 - 1)
      .boolean("t", true)
      .time("at", Instant{0})
      .null("none")
      .members("")
      .members(R"("p":1,"q":2)")
      .raw("r", "[1]")
      .close();
  EXPECT_EQ(
      out,
      R"(x{"a":"b\"","n":-9223372036854775808,"t":true,"at":"1970-01-01T00:00:00.000Z","none":null,)"
      R"("p":1,"q":2,"r":[1]})");
  out.clear();
  JsonObject(out).members(R"("p":1)").close();
  EXPECT_EQ(out, R"({"p":1})");
  out.clear();
  JsonObject(out).close();
  EXPECT_EQ(out, "{}");
}

TEST(Ids, SlashAndPercentAreEncoded) {
  std::string out;
  append_entity_path(out, "a/b", "ticket", "100%/1");
  EXPECT_EQ(out, "a%2Fb/ticket/100%25%2F1");
  out.clear();
  append_id_part(out, "库存 #1?");
  EXPECT_EQ(out, "库存 #1?");
  out.clear();
  append_id_part(out, "%2F/");
  EXPECT_EQ(out, "%252F%2F");
}

TEST(Vocabulary, NamesAndTypesAgree) {
  for (std::size_t i = 0; i < kDerivedTypes.size(); ++i) {
    const auto type = static_cast<DerivedType>(i);
    EXPECT_EQ(derived_type(name(type)), type);
    EXPECT_TRUE(is_reserved_type(name(type)));
  }
  EXPECT_EQ(name(DerivedType::kNotificationFailed), "tocsin.notification.failed");
  EXPECT_EQ(name(DerivedType::kFaultRecurring), "tocsin.fault.recurring");
  EXPECT_FALSE(derived_type("tocsin.clock.star"));
  EXPECT_FALSE(derived_type("tocsin."));
  EXPECT_FALSE(derived_type(""));
}

}  // namespace
}  // namespace tocsin
