#include "events/check.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace tocsin {

void check_failed(const char* condition, const char* file, int line) {
  const std::string text =
      std::string(file) + ":" + std::to_string(line) + ": CHECK failed: " + condition + "\n";
  std::fputs(text.c_str(), stderr);
  std::abort();
}

}  // namespace tocsin
