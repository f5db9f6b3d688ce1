#include "app/secret.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace tocsin {

SecretRead read_secret(const std::string& text, const std::string& directory) {
  constexpr std::string_view kFile = "file:", kVariable = "env:";
  if (text.starts_with(kVariable)) {
    const std::string name = text.substr(kVariable.size());
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return {{}, "the variable " + name + " is not set"};
    return {value, {}};
  }
  if (!text.starts_with(kFile)) return {text, {}};
  const std::filesystem::path path =
      std::filesystem::path(directory) / std::filesystem::path(text.substr(kFile.size()));
  std::error_code ignored;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, ignored))
    return {{}, "the file " + path.string() + " cannot be read"};
  std::string value(kSecretBytesMax + 1, '\0');
  in.read(value.data(), static_cast<std::streamsize>(value.size()));
  value.resize(static_cast<std::size_t>(in.gcount()));
  if (value.size() > kSecretBytesMax)
    return {{}, "the file " + path.string() + " is larger than a secret may be"};
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  if (value.empty()) return {{}, "the file " + path.string() + " is empty"};
  return {std::move(value), {}};
}

}  // namespace tocsin
