#include "app/config_notify.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace tocsin {

namespace {

// Values that may be shown: they say how, not with what right.
const std::set<std::string>& shown() {
  static const std::set<std::string> keys = {"type", "host",   "port",    "tls",
                                             "from", "method", "subject", "all_clear"};
  return keys;
}

// `file:PATH`, `env:NAME`, or the value itself. What is wrong, or empty.
std::string read_value(const std::string& text, std::string& value) {
  if (text.starts_with("env:")) {
    const char* found = std::getenv(text.c_str() + 4);
    if (found == nullptr) return "there is no environment variable " + text.substr(4);
    value = found;
    return {};
  }
  if (!text.starts_with("file:")) {
    value = text;
    return {};
  }
  std::ifstream in(text.substr(5), std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  if (!in) return "cannot read " + text.substr(5);
  value = all.str();
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  return {};
}

std::string quoted(const std::string& text) {
  YAML::Emitter emitter;
  emitter << YAML::DoubleQuoted << text;
  return emitter.c_str();
}

// Puts a member and what is inside it into `values`: `success.status` → `200,201`.
std::string read_member(const std::string& key, const YAML::Node& node,
                        std::map<std::string, std::string>& values) {
  if (node.IsScalar()) {
    std::string value;
    const std::string wrong = read_value(node.Scalar(), value);
    values[key] = std::move(value);
    return wrong.empty() ? "" : key + ": " + wrong;
  }
  if (node.IsSequence()) {
    std::string list;
    for (const auto& item : node) {
      if (!item.IsScalar()) return key + " must be a list of texts";
      list += (list.empty() ? "" : ",") + item.Scalar();
    }
    values[key] = list;
    return {};
  }
  if (!node.IsMap()) return key + " has no value";
  for (const auto& member : node) {
    if (!member.first.IsScalar()) return key + " must be a map of names";
    const std::string wrong = read_member(key + "." + member.first.Scalar(), member.second, values);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

std::string read_channels(const YAML::Node& node, Config& config) {
  config.notify.channels.clear();
  if (!node.IsMap()) return "must be a map of names to {type, …}";
  for (const auto& member : node) {
    notify::ChannelSettings channel;
    if (!member.first.IsScalar() || member.first.Scalar().empty() ||
        member.first.Scalar().find_first_of(":/%\"\\\n") != std::string::npos)
      return "a channel's name is text without : / % \" \\";
    channel.name = member.first.Scalar();
    const std::string where = "channel " + channel.name + ": ";
    if (!member.second.IsMap()) return where + "must be a map {type, …}";
    for (const auto& value : member.second) {
      if (!value.first.IsScalar()) return where + "must be a map {type, …}";
      const std::string wrong = read_member(value.first.Scalar(), value.second, channel.values);
      if (!wrong.empty()) return where + wrong;
    }
    channel.type = channel["type"];
    channel.values.erase("type");
    const auto mistakes = notify::check_channel(channel);
    if (!mistakes.empty()) return where + mistakes.front();
    config.notify.channels.push_back(std::move(channel));
  }
  return {};
}

std::string show_channels(const Config& config) {
  std::string out = "{";
  for (const notify::ChannelSettings& channel : config.notify.channels) {
    if (out.size() > 1) out += ", ";
    out += quoted(channel.name) + ": {type: " + channel.type;
    for (const auto& [key, value] : channel.values) {
      const bool plain = shown().count(key) != 0 || key.starts_with("success.");
      if (key.find('.') != std::string::npos && !plain) continue;  // headers
      if (key.find('.') == std::string::npos)
        out += ", " + key + ": " + (plain ? quoted(value) : "\"***\"");
    }
    out += "}";
  }
  return out + "}";
}

ConfigKey text_key(std::string path, std::string notify::Settings::*member, bool secret) {
  ConfigKey key;
  key.path = std::move(path);
  key.read = [member](const YAML::Node& node, Config& config) -> std::string {
    if (!node.IsScalar()) return "must be a text";
    return read_value(node.Scalar(), config.notify.*member);
  };
  key.show = [member, secret](const Config& config) {
    const std::string& value = config.notify.*member;
    return secret && !value.empty() ? "\"***\"" : quoted(value);
  };
  return key;
}

ConfigKey public_url_key() {
  ConfigKey key = text_key("notify.public_url", &notify::Settings::public_url, false);
  key.read = [](const YAML::Node& node, Config& config) -> std::string {
    std::string url = node.IsScalar() ? node.Scalar() : "";
    while (url.ends_with('/')) url.pop_back();
    if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://"))
      return "must be a URL like https://tocsin.example.com";
    config.notify.public_url = url;
    return {};
  };
  return key;
}

ConfigKey dry_run_key() {
  ConfigKey key;
  key.path = "notify.dry_run";
  key.read = [](const YAML::Node& node, Config& config) -> std::string {
    const std::string text = node.IsScalar() ? node.Scalar() : "";
    if (text != "true" && text != "false") return "must be true or false";
    config.notify.dry_run = text == "true";
    return {};
  };
  key.show = [](const Config& config) -> std::string {
    return config.notify.dry_run ? "true" : "false";
  };
  return key;
}

ConfigKey allow_hosts_key() {
  ConfigKey key;
  key.path = "notify.allow_hosts";
  key.structured = true;
  key.read = [](const YAML::Node& node, Config& config) -> std::string {
    config.notify.allow_hosts.clear();
    if (!node.IsSequence()) return "must be a list of host names";
    for (const auto& host : node) {
      if (!host.IsScalar()) return "must be a list of host names";
      config.notify.allow_hosts.push_back(host.Scalar());
    }
    return {};
  };
  key.show = [](const Config& config) {
    std::string out = "[";
    for (const std::string& host : config.notify.allow_hosts)
      out += (out.size() > 1 ? ", " : "") + quoted(host);
    return out + "]";
  };
  return key;
}

}  // namespace

std::vector<ConfigKey> notify_keys() {
  ConfigKey channels;
  channels.path = "notify.channels";
  channels.structured = true;
  channels.read = read_channels;
  channels.show = show_channels;
  ConfigKey templates = text_key("notify.templates", &notify::Settings::templates, false);
  templates.path_value = true;
  return {public_url_key(),     text_key("notify.secret", &notify::Settings::secret, true),
          dry_run_key(),        text_key("notify.heartbeat", &notify::Settings::heartbeat, true),
          std::move(templates), allow_hosts_key(),
          std::move(channels)};
}

}  // namespace tocsin
