// The board's files as the binary holds them. Made at build time from dist/ (CMakeLists.txt).
#pragma once

#include <string_view>
#include <vector>

namespace tocsin {

struct BoardFile {
  std::string_view name;  // `board-1a2b3c.js`
  std::string_view bytes;
};

const std::vector<BoardFile>& board_files();

}  // namespace tocsin
