#include "app/config_adapters.h"

#include <filesystem>
#include <map>

namespace tocsin {
namespace {

std::string beside(const std::string& directory, const std::string& path) {
  if (path.empty() || path.starts_with('/') || directory.empty()) return path;
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

// What is wrong, or empty.
std::string read_secret_config(const Yaml& node, const Config& config, AdapterSecretConfig& out) {
  if (node.is_text()) {
    out.value = secret_ref(node.text, config);
    return node.text.empty() ? "has an empty secret" : "";
  }
  if (!node.is_map()) return "has a secret that is neither a text nor a map";
  const std::map<std::string, SecretRef*> members = {{"token", &out.token},
                                                     {"aes_key", &out.aes_key},
                                                     {"receiver", &out.receiver},
                                                     {"encrypt_key", &out.encrypt_key}};
  for (const Yaml& member : node.values) {
    const auto known = members.find(member.key);
    if (known == members.end())
      return "has a secret with an unknown member `" + member.key +
             "` (known: token, aes_key, receiver, encrypt_key)";
    if (std::string wrong = read_secret(member, config, *known->second); !wrong.empty())
      return "has a secret whose " + wrong;
  }
  return {};
}

std::string read_pull(const Yaml& node, const Config& config, AdapterConfig& out) {
  if (!node.is_map()) return "pull must be a map with secret and url";
  for (const Yaml& member : node.values) {
    std::string wrong;
    if (member.key == "secret") {
      wrong = read_secret(member, config, out.pull_secret);
    } else if (member.key == "url") {
      wrong = read_text(member, out.pull_url);
    } else {
      wrong = "has an unknown member `" + member.key + "` (known: secret, url)";
    }
    if (!wrong.empty()) return "pull " + wrong;
  }
  return {};
}

std::string read_secrets(const Yaml& node, const Config& config, AdapterConfig& out) {
  const auto add = [&](const Yaml& one) {
    return read_secret_config(one, config, out.secrets.emplace_back());
  };
  if (!node.is_list()) return add(node);
  for (const Yaml& one : node.values) {
    if (std::string wrong = add(one); !wrong.empty()) return wrong;
  }
  return {};
}

std::string read_adapter_config(const Yaml& node, const Config& config, AdapterConfig& out) {
  if (node.kind == Yaml::Kind::kNull) return {};
  if (!node.is_map()) return "must be a map with file, secrets, topic, act and pull";
  for (const Yaml& member : node.values) {
    std::string wrong;
    if (member.key == "file") {
      wrong = read_text(member, out.file);
      out.file = beside(config.directory, out.file);
    } else if (member.key == "topic") {
      wrong = read_text(member, out.topic);
    } else if (member.key == "act") {
      std::string word;
      wrong = read_text(member, word);
      if (wrong.empty() && word != "true" && word != "false")
        wrong = "act must be true or false, not `" + word + "`";
      out.act = word == "true";
    } else if (member.key == "pull") {
      wrong = read_pull(member, config, out);
    } else if (member.key == "secrets") {
      wrong = read_secrets(member, config, out);
    } else {
      wrong = "has an unknown member `" + member.key + "` (known: file, secrets, topic, act, pull)";
    }
    if (!wrong.empty()) return wrong;
  }
  return {};
}

std::string read_adapters(const Yaml& node, Config& config) {
  config.adapters.clear();
  if (!node.is_map()) return "must be a map of names to {file, secrets, topic, act}";
  for (const Yaml& member : node.values) {
    AdapterConfig adapter;
    adapter.name = member.key;
    if (adapter.name.empty() || adapter.name.find_first_not_of(
                                    "abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos)
      return "has the name `" + adapter.name + "`: small letters, digits, _ and -";
    if (adapter.name == "pagerduty") return "pagerduty is the notifier's own address";
    const std::string wrong = read_adapter_config(member, config, adapter);
    if (!wrong.empty()) return adapter.name + " " + wrong;
    config.adapters.push_back(std::move(adapter));
  }
  return {};
}

std::string show_adapters(const Config& config) {
  std::string out = "{";
  for (const AdapterConfig& adapter : config.adapters) {
    if (out.size() > 1) out += ", ";
    out += adapter.name + ": {";
    if (!adapter.file.empty()) out += "file: \"" + adapter.file + "\", ";
    out += "secrets: [";
    for (std::size_t i = 0; i < adapter.secrets.size(); ++i) out += i > 0 ? ", \"***\"" : "\"***\"";
    out += "]";
    if (!adapter.topic.empty()) out += ", topic: \"" + adapter.topic + "\"";
    if (adapter.act) out += ", act: true";
    out += "}";
  }
  return out + "}";
}

}  // namespace

ConfigKey adapters_key() {
  ConfigKey key;
  key.path = "adapters";
  key.structured = true;
  key.read = read_adapters;
  key.show = show_adapters;
  return key;
}

std::string read_text(const Yaml& member, std::string& out) {
  if (member.is_text()) {
    out = member.text;
    return {};
  }
  return member.key + " must be a text, not " +
         (member.is_list()  ? "a list"
          : member.is_map() ? "a map"
                            : "nothing") +
         " (line " + std::to_string(member.line) + ")";
}

std::string read_secret(const Yaml& member, const Config& config, SecretRef& out) {
  std::string text;
  std::string wrong = read_text(member, text);
  if (wrong.empty()) out = secret_ref(text, config);
  return wrong;
}

SecretRef secret_ref(const std::string& text, const Config& config) {
  constexpr std::string_view kFile = "file:";
  if (!text.starts_with(kFile)) return {text};
  return {"file:" + beside(config.directory, text.substr(kFile.size()))};
}

}  // namespace tocsin
