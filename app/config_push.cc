#include "app/config_push.h"

#include <set>

#include "app/config_adapters.h"

namespace tocsin {
namespace {

std::string read_push(const Yaml& node, const Config& config, PushConfig& out) {
  if (!node.is_map()) return "must be a map with on, url, where, method, secret, headers, body";
  for (const Yaml& member : node.values) {
    if (member.key == "name") {
      out.name = member.text;
    } else if (member.key == "on") {
      if (member.is_text()) out.on.push_back(member.text);
      for (const Yaml& type : member.values) out.on.push_back(type.text);
    } else if (member.key == "where") {
      out.where = member;
    } else if (member.key == "url") {
      out.url = member.text;
    } else if (member.key == "method") {
      out.method = member.text;
    } else if (member.key == "body") {
      out.body = member.text;
    } else if (member.key == "secret") {
      out.secret = secret_ref(member.text, config);
    } else if (member.key == "headers") {
      if (!member.is_map()) return "headers must be a map";
      for (const Yaml& header : member.values)
        out.headers[header.key] = secret_ref(header.text, config);
    } else {
      return "has an unknown member `" + member.key +
             "` (known: name, on, where, url, method, secret, headers, body)";
    }
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
