#include "app/config_tokens.h"

#include <algorithm>
#include <set>

#include "app/secret.h"
#include "events/nearest.h"
#include "events/writer.h"

namespace tocsin {
namespace {

constexpr std::size_t kTokenLengthGood = 16;
constexpr std::size_t kNameBytesMax = 100;
constexpr std::size_t kScopeWordsMax = 10'000;  // of one list

// `[ingest, read]`; what is wrong, or empty.
std::string read_roles(const Yaml& node, Roles& roles) {
  if (!node.is_list() || node.values.empty())
    return "must have roles, a list of ingest, read, act, admin";
  for (const Yaml& entry : node.values) {
    const auto role = role_of(entry.text);
    if (!role) {
      return "has the role `" + entry.text + "`, which is none of ingest, read, act, admin";
    }
    roles.add(*role);
  }
  return {};
}

// A list of texts that are not empty; what is wrong, or empty.
std::string read_words(const Yaml& node, const std::string& name, std::vector<std::string>& words) {
  if (node.absent()) return {};
  if (!node.is_list() || node.values.empty() || node.values.size() > kScopeWordsMax)
    return "has " + name + " that are no list of texts; leave it out for all";
  for (const Yaml& entry : node.values) {
    words.push_back(entry.text);
    if (words.back().empty()) return "has " + name + " that are no list of texts";
  }
  // Each once: what is of them is added up.
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return {};
}

std::string read_scope(const Yaml& node, AccessToken& token) {
  Scope scope;
  for (const auto& [name, words] :
       {std::pair<const char*, std::vector<std::string>*>{"accounts", &scope.accounts},
        {"sources", &scope.sources},
        {"kinds", &scope.kinds}}) {
    if (auto problem = read_words(node[name], name, *words); !problem.empty()) return problem;
  }
  if (scope.whole()) return {};
  if (token.roles.has(Role::kAdmin)) return "has the role admin and a scope; one of them is meant";
  token.scope = std::make_shared<const Scope>(std::move(scope));
  return {};
}

std::string read_hash(const Yaml& node, AccessToken& token, Config& config) {
  const std::string text = node["token"].text, hash = node["sha256"].text;
  if (text.empty() == hash.empty()) return "must have either token or sha256";
  if (text.empty()) {
    const auto read = sha256_of_hex(hash);
    if (!read) return "has a sha256 that is not 64 hex digits";
    token.hash = *read;
    return {};
  }
  const SecretRead secret = read_secret(text, config.directory);
  if (!secret.problem.empty()) return "has a token that cannot be read: " + secret.problem;
  if (secret.value.find_first_of(" \t\r\n") != std::string::npos)
    return "has a token with white space, which no header could carry";
  if (secret.value.size() < kTokenLengthGood) {
    config.warnings.push_back("http.tokens: the token of `" + token.name +
                              "` is short; `openssl rand -hex 32` makes a good one");
  }
  token.hash = sha256(secret.value);
  return {};
}

std::string check_name(const std::string& name) {
  if (name.empty()) return "must have a name";
  const bool good =
      name.size() <= kNameBytesMax && std::none_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == '\x7f';
      });
  return good ? "" : "has a name with quotes or control characters, or over 100 bytes";
}

std::string read_token(const Yaml& node, AccessToken& token, Config& config) {
  if (!node.is_map()) return "must be a map with name, token or sha256, and roles";
  static const std::vector<std::string> kMembers = {
      "name", "token", "sha256", "roles", "person", "accounts", "sources", "kinds", "expires"};
  for (const Yaml& member : node.values) {
    const std::string& name = member.key;
    if (std::find(kMembers.begin(), kMembers.end(), name) != kMembers.end()) continue;
    const std::string meant(nearest(name, kMembers));
    return "has an unknown member `" + name + "`" +
           (meant.empty() ? "" : "; did you mean `" + meant + "`?");
  }
  token.name = node["name"].text;
  token.person = node["person"].text;
  if (!node["person"].absent() && token.person.empty()) return "has a person that is no name";
  if (auto problem = check_name(token.name); !problem.empty()) return problem;
  if (auto problem = read_hash(node, token, config); !problem.empty()) return problem;
  if (auto problem = read_roles(node["roles"], token.roles); !problem.empty()) return problem;
  if (const Yaml& expires = node["expires"]; !expires.absent()) {
    token.expires = parse_rfc3339(expires.text);
    if (!token.expires)
      return "has an expires that is no RFC 3339 instant with an offset, like 2027-01-01T00:00:00Z";
  }
  return read_scope(node, token);
}

std::string list_of(const std::vector<std::string>& words) {
  std::string out = "[";
  for (const std::string& word : words) out += (out.size() > 1 ? ", " : "") + quoted(word);
  return out + "]";
}

std::string show_token(const AccessToken& token) {
  std::string out = "{name: " + quoted(token.name) + ", sha256: \"***\", roles: [";
  bool first = true;
  for (const Role role : {Role::kIngest, Role::kRead, Role::kAct, Role::kAdmin}) {
    const bool admin = token.roles.has(Role::kAdmin);
    if (admin ? role != Role::kAdmin : !token.roles.has(role)) continue;
    if (!std::exchange(first, false)) out += ", ";
    out += role_name(role);
  }
  out += "]";
  if (!token.person.empty()) out += ", person: " + quoted(token.person);
  if (token.scope) {
    const Scope& scope = *token.scope;
    if (!scope.accounts.empty()) out += ", accounts: " + list_of(scope.accounts);
    if (!scope.sources.empty()) out += ", sources: " + list_of(scope.sources);
    if (!scope.kinds.empty()) out += ", kinds: " + list_of(scope.kinds);
  }
  if (token.expires) out += ", expires: " + format_rfc3339(*token.expires);
  return out + "}";
}

}  // namespace

bool is_plain(std::string_view text) {
  constexpr std::string_view kPlain = "._-/";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kPlain.find(c) != std::string_view::npos;
  });
}

std::string quoted(const std::string& text) {
  if (is_plain(text) && text != "null" && text != "true" && text != "false") return text;
  std::string out;
  append_json_string(out, text);  // JSON's strings are YAML's
  return out;
}

std::string read_tokens(const Yaml& node, Config& config) {
  config.access.tokens.clear();
  if (!node.is_list()) return "must be a list of {name, token or sha256, roles}";
  std::set<std::string> names;
  std::map<Sha256, std::string> secrets;
  for (std::size_t i = 0; i < node.values.size(); ++i) {
    AccessToken token;
    std::string problem = read_token(node.values[i], token, config);
    if (problem.empty() && !names.insert(token.name).second)
      problem = "has the name `" + token.name + "`, which another one has";
    if (problem.empty()) {
      const auto [same, fresh] = secrets.emplace(token.hash, token.name);
      if (!fresh) problem = "has the secret of `" + same->second + "`: each needs one of its own";
    }
    if (!problem.empty()) {
      return "number " + std::to_string(i + 1) + " (line " + std::to_string(node.values[i].line) +
             ") " + problem;
    }
    config.access.tokens.push_back(std::move(token));
  }
  return {};
}

std::string show_tokens(const Config& config) {
  std::string out = "[";
  for (const AccessToken& token : config.access.tokens)
    out += (out.size() > 1 ? ", " : "") + show_token(token);
  return out + "]";
}

}  // namespace tocsin
