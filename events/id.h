// Ids of derived events: `<account>/<kind>/<id>` and what follows it (contract §7).
//
// `/` and `%` inside an account, an entity's id or a module are written `%2F` and `%25`, so that
// the parts of an id can be told apart: account `a/b` and ticket `T` give `a%2Fb/ticket/T`.
#pragma once

#include <string>
#include <string_view>

#include "events/byte_scan.h"

namespace tocsin {

// Whether a part of an id is written as it is.
inline bool is_id_part(std::string_view part) {
  return !any_byte(part, [](Bytes16 b) { return (b == '/') | (b == '%'); });
}

// Appends one part of an id, with `/` and `%` percent-encoded.
void append_id_part(std::string& out, std::string_view part);

// Appends `<account>/<kind>/<id>`, the beginning of every id on that entity.
void append_entity_path(std::string& out, std::string_view account, std::string_view kind,
                        std::string_view id);

}  // namespace tocsin
