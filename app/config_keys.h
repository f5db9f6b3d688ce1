// The table of all keys of the config: how each is read, checked and shown.
//
// To add a key: a member in config.h, a line in config_keys.cc, a line in docs/config.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/config.h"
#include "engine/policy/compile/yaml.h"

namespace tocsin {

struct ConfigKey {
  std::string path;         // `http.tls.key`
  bool structured = false;  // a list or a map: in a variable or flag written as YAML
  bool path_value = false;  // a file's or directory's path
  // Puts the value into `config`; what is wrong with it, or empty.
  std::function<std::string(const Yaml& value, Config& config)> read;
  // As YAML on one line, without secrets.
  std::function<std::string(const Config& config)> show;
};

const std::vector<ConfigKey>& config_keys();

// What is wrong with values that are right one by one; each begins with its key.
std::vector<std::string> check_together(Config& config);

}  // namespace tocsin
