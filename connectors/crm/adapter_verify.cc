// `verify` of an adapter's file.
#include "connectors/crm/adapter_parts.h"

namespace tocsin {
namespace {

using Scheme = VerifyRule::Scheme;
using Part = VerifyRule::Part;

const std::vector<std::string> kSchemes = {"none",  "hmac",     "token", "basic",
                                           "wecom", "dingtalk", "feishu"};
const std::vector<std::string> kAlgorithms = {"sha1", "sha256", "sha512"};
const std::vector<std::string> kEncodings = {"hex", "base64"};

// What stands before a signature or a token; it may be empty.
std::string read_prefix(PolicyReader& reader, const Yaml& node) {
  if (node.absent() || (node.is_text() && node.text.empty())) return {};
  return reader.text(node, "verify prefix");
}

// The place of the word that `node` is; what is no text at all is told once.
std::optional<std::size_t> place_of(PolicyReader& reader, const Yaml& node, const std::string& key,
                                    const std::vector<std::string>& words) {
  const std::string word = reader.text(node, "verify " + key);
  return word.empty() ? std::nullopt : reader.place(node.line, "verify", key, word, words);
}

std::string header_path(PolicyReader& reader, const Yaml& node, const std::string& where) {
  constexpr std::string_view kHeader = "header.";
  const std::string text = reader.text(node, where);
  if (text.starts_with(kHeader) && text.size() > kHeader.size()) return text.substr(kHeader.size());
  if (!text.empty()) reader.error(node, where + ": `" + text + "` must be like header.X-Timestamp");
  return {};
}

void read_over(PolicyReader& reader, const Yaml& node, VerifyRule& rule) {
  for (const Word& word : reader.list(node, "verify over")) {
    Part part;
    if (word.text == "body") {
      part.kind = Part::Kind::kBody;
    } else if (word.text == "method") {
      part.kind = Part::Kind::kMethod;
    } else if (word.text == "uri") {
      part.kind = Part::Kind::kUri;
    } else if (word.text.starts_with("text:")) {
      part = {Part::Kind::kText, word.text.substr(5)};
    } else if (word.text.starts_with("header.") && word.text.size() > 7) {
      part = {Part::Kind::kHeader, word.text.substr(7)};
    } else {
      reader.error(word.line, "verify over: unknown part `" + word.text +
                                  "` (known: body, header.<Name>, method, uri, text:<literal>)");
    }
    rule.over.push_back(std::move(part));
  }
  if (rule.over.empty()) rule.over.push_back({});  // the body
}

void read_hmac(PolicyReader& reader, const Yaml& node, VerifyRule& rule) {
  if (!reader.map(
          node, "verify",
          {"scheme", "algorithm", "header", "prefix", "over", "encoding", "timestamp", "window"}))
    return;
  rule.header = reader.text(reader.required(node, "header", "verify"), "verify header");
  if (const auto place = place_of(reader, node["algorithm"], "algorithm", kAlgorithms))
    rule.algorithm = kAlgorithms[*place];
  rule.prefix = read_prefix(reader, node["prefix"]);
  rule.base64 = place_of(reader, node["encoding"], "encoding", kEncodings) == 1;
  read_over(reader, node["over"], rule);
  if (const Yaml& timestamp = node["timestamp"]; !timestamp.absent())
    rule.timestamp_header = header_path(reader, timestamp, "verify timestamp");
  if (const Yaml& window = node["window"]; !window.absent()) {
    const auto read = window.is_text() ? read_allowance(window.text) : std::nullopt;
    if (!read || read->kind != Allowance::Kind::kOpenTime) {
      reader.wrong(window, "verify window", kDurations);
    } else {
      rule.window = {read->amount};
    }
    if (node["timestamp"].absent())
      reader.error(window, "verify window: without `timestamp` there is nothing to compare");
  }
}

}  // namespace

VerifyRule read_verify(PolicyReader& reader, const Yaml& node) {
  VerifyRule rule;
  if (node.absent() || !reader.map(node, "verify")) return rule;
  const auto place =
      place_of(reader, reader.required(node, "scheme", "verify"), "scheme", kSchemes);
  if (!place) return rule;
  rule.scheme = static_cast<Scheme>(*place);
  switch (rule.scheme) {
    case Scheme::kHmac:
      read_hmac(reader, node, rule);
      break;
    case Scheme::kToken:
      reader.map(node, "verify", {"scheme", "header", "query", "prefix"});
      rule.header = reader.text(node["header"], "verify header");
      rule.query = reader.text(node["query"], "verify query");
      rule.prefix = read_prefix(reader, node["prefix"]);
      if (rule.header.empty() == rule.query.empty())
        reader.error(node, "verify: a token stands in a `header` or in the `query`, one of them");
      break;
    default:
      reader.map(node, "verify", {"scheme"});
  }
  return rule;
}

}  // namespace tocsin
