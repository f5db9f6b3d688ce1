#include "events/id.h"

namespace tocsin {

void append_id_part(std::string& out, std::string_view part) {
  for (std::size_t special; (special = part.find_first_of("/%")) != std::string_view::npos;) {
    out.append(part, 0, special);
    out += part[special] == '/' ? "%2F" : "%25";
    part.remove_prefix(special + 1);
  }
  out += part;
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
