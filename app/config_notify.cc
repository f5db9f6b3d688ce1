#include "app/config_notify.h"

#include <set>

#include "app/config_tokens.h"
#include "app/secret.h"
#include "events/duration.h"

namespace tocsin {

namespace {

// Values that may be shown: they say how, not with what right.
const std::set<std::string>& shown() {
  static const std::set<std::string> keys = {"type", "host",   "port",    "tls",
                                             "from", "method", "subject", "all_clear"};
  return keys;
}

// Puts a member and what is inside it into `values`: `success.status` → `200,201`.
std::string read_member(const std::string& key, const Yaml& node, const std::string& directory,
                        std::map<std::string, std::string>& values) {
  if (node.is_text()) {
    SecretRead read = read_secret(node.text, directory);
    values[key] = std::move(read.value);
    return read.problem.empty() ? "" : key + ": " + read.problem;
  }
  if (node.is_list()) {
    std::string list;
    for (const Yaml& item : node.values) {
      if (!item.is_text()) return key + " must be a list of texts";
      list += (list.empty() ? "" : ",") + item.text;
    }
    values[key] = list;
    return {};
  }
  if (!node.is_map()) return key + " has no value";
  for (const Yaml& member : node.values) {
    std::string wrong = read_member(key + "." + member.key, member, directory, values);
    if (!wrong.empty()) return wrong;
  }
  return {};
}

std::string read_channels(const Yaml& node, Config& config) {
  config.notify.channels.clear();
  if (!node.is_map()) return "must be a map of names to {type, …}";
  for (const Yaml& member : node.values) {
    notify::ChannelSettings channel;
    if (member.key.empty() || member.key.find_first_of(":/%\"\\\n") != std::string::npos)
      return "a channel's name is text without : / % \" \\";
    channel.name = member.key;
    const std::string where =
        "channel " + channel.name + " (line " + std::to_string(member.key_line) + "): ";
    if (!member.is_map()) return where + "must be a map {type, …}";
    for (const Yaml& value : member.values) {
      std::string wrong = read_member(value.key, value, config.directory, channel.values);
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
  key.read = [member](const Yaml& node, Config& config) -> std::string {
    if (!node.is_text()) return "must be a text";
    SecretRead read = read_secret(node.text, config.directory);
    config.notify.*member = std::move(read.value);
    return read.problem;
  };
  key.show = [member, secret](const Config& config) {
    const std::string& value = config.notify.*member;
    return secret && !value.empty() ? "\"***\"" : quoted(value);
  };
  return key;
}

ConfigKey public_url_key() {
  ConfigKey key = text_key("notify.public_url", &notify::Settings::public_url, false);
  key.read = [](const Yaml& node, Config& config) -> std::string {
    std::string url = node.text;
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
  key.read = [](const Yaml& node, Config& config) -> std::string {
    const std::string text = node.text;
    if (text != "true" && text != "false") return "must be true or false";
    config.notify.dry_run = text == "true";
    return {};
  };
  key.show = [](const Config& config) -> std::string {
    return config.notify.dry_run ? "true" : "false";
  };
  return key;
}

ConfigKey failing_after_key() {
  ConfigKey key;
  key.path = "notify.failing_after";
  key.read = [](const Yaml& node, Config& config) -> std::string {
    const auto value = parse_duration(node.text);
    if (!value || *value < seconds(1) || *value > hours(24))
      return "must be a duration from 1s to 24h";
    config.notify.failing_after = *value;
    return {};
  };
  key.show = [](const Config& config) { return format_duration(config.notify.failing_after); };
  return key;
}

ConfigKey allow_hosts_key() {
  ConfigKey key;
  key.path = "notify.allow_hosts";
  key.structured = true;
  key.read = [](const Yaml& node, Config& config) -> std::string {
    config.notify.allow_hosts.clear();
    if (!node.is_list()) return "must be a list of host names";
    for (const Yaml& host : node.values) {
      if (!host.is_text()) return "must be a list of host names";
      config.notify.allow_hosts.push_back(host.text);
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
  return {public_url_key(),    text_key("notify.secret", &notify::Settings::secret, true),
          dry_run_key(),       text_key("notify.heartbeat", &notify::Settings::heartbeat, true),
          failing_after_key(), std::move(templates),
          allow_hosts_key(),   std::move(channels)};
}

}  // namespace tocsin
