#include "app/config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/config_keys.h"
#include "app/config_values.h"
#include "events/nearest.h"

extern char** environ;

namespace tocsin {
namespace {

constexpr std::string_view kVariablePrefix = "TOCSIN_";

std::string variable_of(const std::string& path) {
  std::string name(kVariablePrefix);
  for (const char c : path) {
    if (c == '.') {
      name += '_';
    } else {
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
  }
  return name;
}

const ConfigKey* find_key(const std::string& path) {
  for (const ConfigKey& key : config_keys()) {
    if (key.path == path) return &key;
  }
  return nullptr;
}

bool is_section(const std::string& path) {
  return std::any_of(config_keys().begin(), config_keys().end(),
                     [&](const ConfigKey& key) { return key.path.starts_with(path + "."); });
}

std::string suggestion(const std::string& path) {
  std::vector<std::string> paths;
  for (const ConfigKey& key : config_keys()) {
    paths.push_back(key.path);
    // Sections are meant too: `kafak` is `kafka`.
    for (std::size_t dot = key.path.find('.'); dot != std::string::npos;
         dot = key.path.find('.', dot + 1)) {
      paths.push_back(key.path.substr(0, dot));
    }
  }
  std::string meant(nearest(path, paths));
  if (meant.empty()) {
    // Right name, wrong section.
    const std::string last = path.substr(path.rfind('.') + 1);
    for (const ConfigKey& key : config_keys()) {
      if (key.path.substr(key.path.rfind('.') + 1) == last) meant = key.path;
    }
  }
  return meant.empty() ? "" : "; did you mean `" + meant + "`?";
}

// Applies the sources in the order of their precedence, the weakest first.
class Loader {
 public:
  Config finish() {
    for (const std::string& problem : check_together(config_)) {
      const auto origin = config_.origins.find(problem.substr(0, problem.find(':')));
      problems_.push_back(origin == config_.origins.end() ? problem
                                                          : origin->second + ": " + problem);
    }
    if (!problems_.empty()) throw ConfigError(std::move(problems_));
    return std::move(config_);
  }

  void problem(std::string text) { problems_.push_back(std::move(text)); }

  void file(const std::string& text, const std::string& name, const std::string& directory) {
    file_name_ = name;
    directory_ = directory;
    std::vector<YamlFault> faults;
    const Yaml root = read_yaml(text, faults);
    for (const YamlFault& fault : faults)
      problem(name + (fault.line > 0 ? ":" + std::to_string(fault.line) : "") + ": " +
              fault.reason);
    if (root.is_map()) return section(root, "");
    if (!root.absent() && root.kind != Yaml::Kind::kNull) problem(name + ": must be a map of keys");
  }

  void environment(const std::map<std::string, std::string>& variables) {
    for (const auto& [name, value] : variables) {
      if (value.empty()) continue;  // set to nothing is not set
      const auto key = std::find_if(
          config_keys().begin(), config_keys().end(),
          [&, &wanted = name](const ConfigKey& k) { return variable_of(k.path) == wanted; });
      if (key == config_keys().end()) {
        config_.warnings.push_back("the variable " + name + " names no key of the config");
      } else {
        text(*key, value, "environment " + name, name);
      }
    }
  }

  void flags(const std::map<std::string, std::string>& values) {
    for (const auto& [path, value] : values) {
      if (const ConfigKey* key = find_key(path)) {
        text(*key, value, "flag", "flag " + path);
      } else {
        problem("flag " + path + ": unknown key" + suggestion(path));
      }
    }
  }

 private:
  void section(const Yaml& node, const std::string& prefix) {
    for (const Yaml& member : node.values) {
      const std::string at = file_name_ + ":" + std::to_string(member.key_line);
      const std::string path = prefix + member.key;
      const bool given = member.kind != Yaml::Kind::kNull;  // a key without a value is not
      if (const ConfigKey* key = find_key(path)) {
        if (given) apply(*key, member, at + ": ", at);
      } else if (!is_section(path)) {
        problem(at + ": unknown key `" + path + "`" + suggestion(path));
      } else if (member.is_map()) {
        section(member, path + ".");
      } else if (given) {
        problem(at + ": " + path + " must be a map");
      }
    }
  }

  void text(const ConfigKey& key, const std::string& value, const std::string& origin,
            const std::string& where) {
    Yaml node;
    node.kind = Yaml::Kind::kText;
    node.text = value;
    std::vector<YamlFault> faults;
    if (key.structured) node = read_yaml(value, faults);
    for (const YamlFault& fault : faults) problem(where + ": " + fault.reason);
    if (!faults.empty()) return;
    directory_.clear();
    apply(key, node, where + ": ", origin);
  }

  void apply(const ConfigKey& key, const Yaml& node, const std::string& where,
             const std::string& origin) {
    Yaml value = node;
    if (key.path_value && node.is_text() && !directory_.empty() && !node.text.empty() &&
        !node.text.starts_with('/'))
      value.text = (std::filesystem::path(directory_) / node.text).lexically_normal().string();
    config_.directory = directory_;
    const std::string wrong = key.read(value, config_);
    if (!wrong.empty()) {
      // What a secret looks like stays unsaid.
      const bool shown = node.is_text() && !key.structured;
      problem(where + key.path + ": " + (shown ? "`" + node.text + "` " : "") + wrong);
      return;
    }
    config_.origins[key.path] = origin;
  }

  Config config_;
  std::vector<std::string> problems_;
  std::string file_name_, directory_;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

}  // namespace

ConfigError::ConfigError(std::vector<std::string> problems)
    : std::runtime_error(joined(problems)), problems_(std::move(problems)) {}

std::map<std::string, std::string> tocsin_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (text.starts_with(kVariablePrefix) && equals != std::string_view::npos)
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Config load_config(const ConfigSources& sources) {
  if (sources.file.empty()) return load_config_text("", "", "", sources);
  std::ifstream stream(sources.file, std::ios::binary);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf())) {
    // An empty file streams nothing, which is no failure.
    std::error_code error;
    if (!stream || std::filesystem::file_size(sources.file, error) != 0 || error)
      throw ConfigError({sources.file + ": cannot be read"});
  }
  const std::filesystem::path directory = std::filesystem::path(sources.file).parent_path();
  return load_config_text(text.str(), sources.file, directory.empty() ? "." : directory.string(),
                          sources);
}

Config load_config_text(const std::string& text, const std::string& name,
                        const std::string& directory, const ConfigSources& sources) {
  Loader loader;
  loader.file(text, name, directory);
  loader.environment(sources.environment);
  loader.flags(sources.flags);
  return loader.finish();
}

std::string describe(const Config& config) {
  std::string out;
  std::vector<std::string> open;  // sections that the last line stands in
  // Each section once, in the order in which they first come.
  const auto section = [](const ConfigKey& key) { return key.path.substr(0, key.path.find('.')); };
  std::vector<std::string> sections;
  std::vector<const ConfigKey*> keys;
  for (const ConfigKey& key : config_keys()) {
    if (std::find(sections.begin(), sections.end(), section(key)) == sections.end())
      sections.push_back(section(key));
    keys.push_back(&key);
  }
  std::stable_sort(keys.begin(), keys.end(), [&](const ConfigKey* a, const ConfigKey* b) {
    return std::find(sections.begin(), sections.end(), section(*a)) <
           std::find(sections.begin(), sections.end(), section(*b));
  });
  for (const ConfigKey* one : keys) {
    const ConfigKey& key = *one;
    std::vector<std::string> parts;
    std::istringstream path(key.path);
    for (std::string part; std::getline(path, part, '.');) parts.push_back(part);
    std::size_t common = 0;
    while (common < open.size() && common + 1 < parts.size() && open[common] == parts[common])
      ++common;
    open.resize(common);
    for (; common + 1 < parts.size(); ++common) {
      out += std::string(2 * common, ' ') + parts[common] + ":\n";
      open.push_back(parts[common]);
    }
    std::string line = std::string(2 * common, ' ') + parts.back() + ": " + key.show(config);
    const auto origin = config.origins.find(key.path);
    line.resize(std::max<std::size_t>(line.size() + 2, 40), ' ');
    out += line + "# " + (origin == config.origins.end() ? "default" : origin->second) + "\n";
  }
  return out;
}

}  // namespace tocsin
