// The key `http.tokens`: who may do what, and where (docs/http.md, Tokens).
//
//   - {name: crm, token: file:crm.token, roles: [ingest], accounts: [ACME], sources: [/crm/east]}
//   - {name: li, token: env:LI_TOKEN, roles: [read, act], person: Li Wei, expires: 2027-01-01T00:00:00Z}
//
// Threads: values.
#pragma once

#include <string>

#include "app/config.h"
#include "engine/policy/compile/yaml.h"

namespace tocsin {

// Puts the tokens into `config`; what is wrong, or empty. Reads the files that they name.
std::string read_tokens(const Yaml& node, Config& config);
// As YAML on one line, without secrets.
std::string show_tokens(const Config& config);

// A text as YAML, quoted where that is needed.
std::string quoted(const std::string& text);
bool is_plain(std::string_view text);

}  // namespace tocsin
