#include <filesystem>

#include "projections/store.h"

namespace tocsin {

void replace_store(const std::filesystem::path& scratch, const std::filesystem::path& directory) {
  std::filesystem::path old = directory;
  old += ".old";
  std::filesystem::remove_all(old);
  if (std::filesystem::exists(directory)) std::filesystem::rename(directory, old);
  std::filesystem::rename(scratch, directory);
  std::filesystem::remove_all(old);
}

}  // namespace tocsin
