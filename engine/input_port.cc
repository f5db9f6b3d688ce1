#include "engine/input_port.h"

namespace tocsin {

std::vector<std::pair<std::string, std::string>> rejected_headers(
    const std::vector<std::pair<std::string, std::string>>& kept) {
  std::vector<std::pair<std::string, std::string>> out;
  std::size_t left = kRejectedHeaderBytesMax;
  for (const auto& [name, value] : kept) {
    if (name.size() >= left) break;
    left -= name.size();
    out.emplace_back(name, value.substr(0, left));
    left -= out.back().second.size();
  }
  return out;
}

}  // namespace tocsin
