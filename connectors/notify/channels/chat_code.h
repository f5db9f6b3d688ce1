// What WeCom, DingTalk and Feishu answer: 200 with a code in the body. Private to channels/.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/notify/channel.h"

namespace tocsin::notify {

// The number of the first of `names` that the body has; nullopt: none, or no JSON.
inline std::optional<std::int64_t> chat_code(const std::string& body,
                                             std::initializer_list<const char*> names) {
  boost::system::error_code failed;
  const boost::json::value value = boost::json::parse(body, failed);
  if (failed || !value.is_object()) return std::nullopt;
  for (const char* const name : names) {
    const auto* code = value.get_object().if_contains(name);
    if (code != nullptr && code->is_int64()) return code->get_int64();
  }
  return std::nullopt;
}

// A code of 0 is delivered; those in `again` are tried again; others never.
inline Verdict judge_code(const Answer& answer, Instant now,
                          std::initializer_list<const char*> names,
                          std::initializer_list<std::int64_t> again, const char* what) {
  Verdict verdict = judge_http(answer, now);
  if (verdict.kind != Verdict::Kind::kDelivered) return verdict;
  const auto code = chat_code(answer.body, names);
  if (code == 0) return verdict;
  const bool retry = !code || std::find(again.begin(), again.end(), *code) != again.end();
  verdict.kind = retry ? Verdict::Kind::kTryAgain : Verdict::Kind::kNever;
  verdict.error = code ? std::string(what) + " " + std::to_string(*code)
                       : "status 200 without " + std::string(what);
  return verdict;
}

// What people wrote (a title) must not become markup: a mention of everybody, a link to elsewhere.
inline std::string unmarked(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "＜";
        break;
      case '>':
        out += "＞";
        break;
      case '[':
        out += "［";
        break;
      case ']':
        out += "］";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// `**Customer** Aurora` a line.
inline std::string markdown_fields(const Words& words, const char* before, const char* after) {
  std::string out;
  for (const auto& [name, value] : words.fields)
    out += before + ("**" + name + "** ") + unmarked(value) + after;
  return out;
}

}  // namespace tocsin::notify
