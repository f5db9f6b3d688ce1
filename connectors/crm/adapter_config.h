// What the configuration says of adapters: `adapters: {NAME: {file, secrets, topic, act}}`.
//
// Values; any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/policy/compile/yaml.h"

namespace tocsin {

// A secret as it is configured: `file:PATH`, `env:NAME`, or the text itself. It is read where it is
// used and shown nowhere.
struct SecretRef {
  std::string text;
};

// One of a list of secrets, any of which may fit. Either `value`, or what a chat vendor gives.
struct AdapterSecretConfig {
  SecretRef value, token, aes_key, receiver, encrypt_key;
};

struct AdapterConfig {
  std::string name;  // in the route, `/v1/in/<name>`
  std::string file;  // empty: the built-in adapter of that name
  std::vector<AdapterSecretConfig> secrets;
  std::string topic;  // a Kafka topic that is read; empty: none
  bool act = false;   // may acknowledge, excuse and escalate
  // 微信客服: where messages are fetched, with the secret of its application; empty: nowhere.
  SecretRef pull_secret;
  std::string pull_url;
};

// One element of `push`: connectors/crm/push_rule.h.
struct PushConfig {
  std::string name, url, method = "POST", body;
  Yaml where;  // conditions; absent: all
  std::vector<std::string> on;
  SecretRef secret;
  std::map<std::string, SecretRef> headers;
};

}  // namespace tocsin
