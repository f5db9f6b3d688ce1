#include "app/config_push.h"

#include <set>

#include "app/config_adapters.h"
#include "events/vocabulary.h"

namespace tocsin {
namespace {

// A type of ours that there is not would never be sent, and nobody would know.
std::string check_type(const std::string& type) {
  if (derived_type(type)) return {};
  std::vector<std::string> of_family;
  const std::string family = type.substr(0, type.rfind('.') + 1);
  for (const std::string_view known : kDerivedTypes) {
    // `tocsin.complaint.` has facts too.
    if (known.starts_with(family) && family != "tocsin.complaint.") of_family.emplace_back(known);
  }
  if (family.size() <= std::string_view("tocsin.").size() || of_family.empty()) return {};
  std::string known;
  for (const std::string& one : of_family) known += (known.empty() ? "" : ", ") + one;
  return "on has an unknown type `" + type + "` (known: " + known + ")";
}

std::string read_types(const Yaml& node, std::vector<std::string>& out) {
  std::string wrong;
  const auto add = [&](const Yaml& type) {
    if (wrong.empty()) wrong = read_text(type, out.emplace_back());
    if (wrong.empty()) wrong = check_type(out.back());
  };
  if (!node.is_list()) {
    add(node);
  } else {
    for (Yaml type : node.values) {
      type.key = node.key;
      add(type);
    }
  }
  return wrong;
}

std::string read_headers(const Yaml& node, const Config& config, PushConfig& out) {
  if (!node.is_map()) return "headers must be a map";
  for (const Yaml& header : node.values) {
    if (std::string wrong = read_secret(header, config, out.headers[header.key]); !wrong.empty())
      return "headers " + wrong;
  }
  return {};
}

std::string read_member(const Yaml& member, const Config& config, PushConfig& out) {
  if (member.key == "name") return read_text(member, out.name);
  if (member.key == "on") return read_types(member, out.on);
  if (member.key == "url") return read_text(member, out.url);
  if (member.key == "method") return read_text(member, out.method);
  if (member.key == "body") return read_text(member, out.body);
  if (member.key == "secret") return read_secret(member, config, out.secret);
  if (member.key == "headers") return read_headers(member, config, out);
  if (member.key != "where")
    return "has an unknown member `" + member.key +
           "` (known: name, on, where, url, method, secret, headers, body)";
  out.where = member;
  return {};
}

std::string read_push(const Yaml& node, const Config& config, PushConfig& out) {
  if (!node.is_map()) return "must be a map with on, url, where, method, secret, headers, body";
  for (const Yaml& member : node.values) {
    if (std::string wrong = read_member(member, config, out); !wrong.empty()) return wrong;
  }
  if (out.on.empty() || out.url.empty()) return "needs `on` and `url`";
  return {};
}

std::string read_all(const Yaml& node, Config& config) {
  config.push.clear();
  if (!node.is_list()) return "must be a list of {on, url, …}";
  std::set<std::string> names;
  for (std::size_t i = 0; i < node.values.size(); ++i) {
    PushConfig push;
    push.name = "push-" + std::to_string(i + 1);
    const std::string wrong = read_push(node.values[i], config, push);
    if (!wrong.empty()) return "number " + std::to_string(i + 1) + " " + wrong;
    if (!names.insert(push.name).second) return "has the name `" + push.name + "` twice";
    config.push.push_back(std::move(push));
  }
  return {};
}

// Addresses, headers and bodies may hold what is nobody's business.
std::string show(const Config& config) {
  std::string out = "[";
  for (const PushConfig& push : config.push) {
    if (out.size() > 1) out += ", ";
    out += "{name: \"" + push.name + "\", on: [";
    for (std::size_t i = 0; i < push.on.size(); ++i) out += (i > 0 ? ", " : "") + push.on[i];
    out += "], url: \"***\", method: " + push.method + "}";
  }
  return out + "]";
}

}  // namespace

ConfigKey push_key() {
  ConfigKey key;
  key.path = "push";
  key.structured = true;
  key.read = read_all;
  key.show = show;
  return key;
}

}  // namespace tocsin
