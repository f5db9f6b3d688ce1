// What an outsider's event may not bear, and the small readers that events share.
#include <gtest/gtest.h>

#include "events/base64.h"
#include "events/codec.h"
#include "events/duration.h"
#include "events/nearest.h"
#include "events/scope.h"

namespace tocsin {
namespace {

std::string event(std::string_view name, std::string_view value) {
  std::string text = "{\"specversion\":\"1.0\"";
  for (const auto& [attribute, usual] : {std::pair<std::string_view, std::string_view>{"id", "1"},
                                         {"source", "/crm"},
                                         {"type", "tocsin.ticket.opened"},
                                         {"time", "2026-03-02T01:15:00Z"},
                                         {"subject", "T-1"},
                                         {"partitionkey", "ACME"},
                                         {"sequence", "1"}}) {
    text += ",\"" + std::string(attribute) + "\":\"" +
            std::string(attribute == name ? value : usual) + "\"";
  }
  return text + "}";
}

std::string error_of(const std::string& text, Writer writer = Writer::kOutsider) {
  Decoder decoder(RecordedTime::kIgnored, writer);
  Decoded decoded;
  decoder.structured(text, {}, decoded);
  return std::string(decoded.attribute_error);
}

TEST(Outsiders, AttributesOf512BytesAreTheLongest) {
  for (const std::string name : {"id", "source", "type", "subject", "partitionkey", "sequence"}) {
    const std::string most(kAttributeBytesMax, 'x');
    EXPECT_EQ(error_of(event(name, most)), "") << name;
    EXPECT_EQ(error_of(event(name, most + "x")), "bad_attribute:" + name);
    // Bytes are counted, not characters.
    std::string chinese;
    while (chinese.size() <= kAttributeBytesMax) chinese += "客";
    EXPECT_EQ(error_of(event(name, chinese)), "bad_attribute:" + name);
  }
}

TEST(Outsiders, ABadIdIsNoIdentity) {
  Decoder decoder;
  Decoded decoded;
  decoder.structured(event("id", std::string(513, 'x')), {}, decoded);
  EXPECT_FALSE(decoded.has_identity);
  decoder.structured(event("source", "/tocsin/engine"), {}, decoded);
  EXPECT_EQ(decoded.attribute_error, "bad_attribute:source");
}

TEST(Outsiders, MayNotSpeakAsTheProduct) {
  EXPECT_EQ(error_of(event("source", "/tocsin/engine")), "bad_attribute:source");
  EXPECT_EQ(error_of(event("source", "/tocsin/")), "bad_attribute:source");
  EXPECT_EQ(error_of(event("source", "/tocsin")), "");
  EXPECT_EQ(error_of(event("source", "/crm/tocsin/engine")), "");
  EXPECT_EQ(error_of(event("source", "/tocsin/api"), Writer::kLog), "")
      << "a log's facts were accepted before";
}

TEST(Outsiders, WhatCurlAddsUnaskedSaysNothing) {
  const HeaderView headers[] = {{"ce-id", "1"},
                                {"Content-Type", "application/x-www-form-urlencoded"}};
  Decoder decoder;
  Decoded decoded;
  decoder.http_binary(headers, "{\"priority\":\"P1\"}", decoded);
  EXPECT_EQ(decoded.fact.data, "{\"priority\":\"P1\"}");
  EXPECT_EQ(decoded.fact.extensions, "");
  EXPECT_EQ(http_content_mode("application/x-www-form-urlencoded", headers), ContentMode::kBinary);
  EXPECT_EQ(http_content_mode("application/json", headers), ContentMode::kBinary);
  EXPECT_EQ(http_content_mode("Application/JSON; charset=utf-8", {}), ContentMode::kJson);
  EXPECT_EQ(http_content_mode("application/x-ndjson", {}), ContentMode::kLines);
  EXPECT_EQ(http_content_mode("application/x-www-form-urlencoded", {}), ContentMode::kUnsupported);
}

TEST(Base64, Rfc4648Vectors) {
  // §10.
  constexpr std::pair<std::string_view, std::string_view> kVectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
  std::string back;
  for (const auto& [plain, coded] : kVectors) {
    EXPECT_EQ(base64(plain), coded);
    EXPECT_TRUE(decode_base64(coded, back));
    EXPECT_EQ(back, plain);
    EXPECT_TRUE(decode_base64url(base64url(plain), back));
    EXPECT_EQ(back, plain);
  }
  EXPECT_EQ(base64url("\xfb\xff"), "-_8");
  for (const std::string_view bad : {"Zg", "Zg=", "Z===", "Zm9v!", "Zm9v\n", "====", "-_8="})
    EXPECT_FALSE(decode_base64(bad, back)) << bad;
  EXPECT_FALSE(decode_base64url("Zg==", back));
  EXPECT_FALSE(decode_base64url("Z", back));
}

TEST(Nearest, OfTwoAsNearTheFirst) {
  const std::vector<std::string> words = {"ticket.opened", "ticket.reopened", "ticket.closed"};
  EXPECT_EQ(nearest("ticket.open", words), "ticket.opened");
  EXPECT_EQ(nearest("tickets.reopened", words), "ticket.reopened");
  EXPECT_EQ(nearest("com.example.issue_created", words), "");
  EXPECT_EQ(nearest(std::string(kNearestTextMax + 1, 'x'), words), "");
}

TEST(Scope, EmptyListsLeaveEverythingIn) {
  EXPECT_TRUE(Scope{}.whole());
  EXPECT_TRUE(Scope{}.has_entity("ACME", "ticket", "/any"));
  const Scope scope{{"ACME"}, {}, {"ticket"}};
  EXPECT_FALSE(scope.whole());
  EXPECT_TRUE(scope.has_entity("ACME", "ticket", "/any"));
  EXPECT_FALSE(scope.has_entity("BETA", "ticket", "/any"));
  EXPECT_FALSE(scope.has_entity("ACME", "complaint", "/any"));
  EXPECT_TRUE(scope.has_source("/any"));
  const Scope crm{{}, {"/crm"}, {}};
  EXPECT_TRUE(crm.has_entity("ACME", "ticket", "/crm"));
  EXPECT_FALSE(crm.has_entity("ACME", "ticket", "/other"));
}

}  // namespace
}  // namespace tocsin
