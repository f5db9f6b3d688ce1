// Secrets in a config: `file:PATH` and `env:NAME` say where one stands; anything else is the secret
// itself.
//
// A path is relative to `directory` (the config's own; empty: the working directory). One line break
// at a file's end is no part of the secret. Threads: pure but for the environment and the file.
#pragma once

#include <cstddef>
#include <string>

namespace tocsin {

inline constexpr std::size_t kSecretBytesMax = 64 * 1024;

struct SecretRead {
  std::string value;
  std::string problem;  // what is wrong, without the secret; empty: nothing
};

SecretRead read_secret(const std::string& text, const std::string& directory);

}  // namespace tocsin
