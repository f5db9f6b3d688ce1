// Damage to a store's files, as by a disk that forgets.
#pragma once

#include <filesystem>
#include <fstream>

namespace tocsin {

// Turns bytes in the middle of the largest file, where the states of entities lie.
inline void damage(const std::filesystem::path& directory) {
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest))
      largest = entry.path();
  }
  std::fstream file(largest, std::ios::in | std::ios::out);
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(largest));
  for (std::streamoff at = size * 2 / 5; at < size * 3 / 5; at += 1000) {
    file.seekg(at);
    const int byte = file.get();
    file.seekp(at);
    file.put(static_cast<char>(~byte));
  }
}

}  // namespace tocsin
