#include "events/id.h"

namespace tocsin {

void append_id_part(std::string& out, std::string_view part) {
  if (is_id_part(part)) {
    out += part;
    return;
  }
  std::size_t written = 0;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '/' && part[i] != '%') continue;
    out.append(part, written, i - written);
    out += part[i] == '/' ? "%2F" : "%25";
    written = i + 1;
  }
  out.append(part, written);
}

void append_entity_path(std::string& out, std::string_view account, std::string_view kind,
                        std::string_view id) {
  append_id_part(out, account);
  out += '/';
  append_id_part(out, kind);
  out += '/';
  append_id_part(out, id);
}

}  // namespace tocsin
