#include "app/policy_load.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include "app/embedded.h"
#include "engine/calendar/zone_load.h"
#include "engine/policy/compile/yaml.h"

namespace tocsin {

namespace {

constexpr const char* kDefault = "policy/key-account.yaml";

std::optional<std::string> read_file(const std::string& path) {
  std::error_code ignored;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, ignored)) return std::nullopt;
  std::string text(kYamlBytesMax + 1, '\0');  // one byte too many is refused by the parser
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace

std::variant<PolicyText, std::vector<PolicyError>> read_policy(const std::string& path) {
  PolicyText text;
  if (path.empty()) {
    text.name = "key-account.yaml";
    text.text = embedded_files().at(kDefault);
  } else {
    const auto content = read_file(path);
    if (!content) return std::vector<PolicyError>{{path, 0, "cannot be read"}};
    text.name = path;
    text.text = *content;
  }
  const std::filesystem::path folder =
      path.empty() ? std::filesystem::path() : std::filesystem::path(path).parent_path();
  for (const std::string& name : policy_includes(text.text)) {
    std::optional<std::string> file;
    if (!path.empty()) file = read_file((folder / name).string());
    if (!file) {
      const auto built_in = embedded_files().find("policy/" + name);
      if (built_in != embedded_files().end()) file = built_in->second;
    }
    if (file) text.files[name] = *file;
  }
  return text;
}

std::variant<Zone, std::string> load_zone_for_policy(std::string_view name) {
  return load_zone(name);
}

CompiledPolicy load_policy(const std::string& path) {
  auto text = read_policy(path);
  if (auto* errors = std::get_if<std::vector<PolicyError>>(&text)) return std::move(*errors);
  return compile_policy(std::get<PolicyText>(text), load_zone_for_policy);
}

std::string describe(const std::vector<PolicyError>& errors) {
  std::string out;
  for (const PolicyError& e : errors) {
    out += e.file;
    if (e.line > 0) out += ":" + std::to_string(e.line);
    out += ": " + e.reason + "\n";
  }
  return out;
}

}  // namespace tocsin
