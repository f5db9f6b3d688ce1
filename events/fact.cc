#include "events/fact.h"

#include "events/writer.h"

namespace tocsin {

void add_extension(Fact& fact, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  if (!fact.extensions.empty()) fact.extensions += ',';
  append_json_string(fact.extensions, name);
  fact.extensions += ':';
  append_json_string(fact.extensions, text);
}

}  // namespace tocsin
