#include "events/json_scan.h"

#include <charconv>

namespace tocsin::json_scan {

bool unescape(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) return false;
    switch (text[i]) {
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u': {
        unsigned code = 0;
        const char* const digits = text.data() + i + 1;
        if (i + 4 >= text.size() || std::from_chars(digits, digits + 4, code, 16).ptr != digits + 4)
          return false;
        if (code >= 0x80) return false;
        out += static_cast<char>(code);
        i += 4;
        break;
      }
      default:
        out += text[i];
    }
  }
  return true;
}

}  // namespace tocsin::json_scan
