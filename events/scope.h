// What somebody may send and see: some accounts, some sources, some kinds, or all of them.
//
// For its holder nothing outside exists: an entity outside is one that is not there, lists, counts,
// streams and figures leave it out, a fact outside is refused. An empty list leaves everything in.
// An entity is of the source of the fact that created it. Of an entity inside, what the engine decided is
// shown, whatever the sources of its other facts; those facts themselves are not.
//
// Threads: a value; constant once it is given out. Cost: a comparison a listed word.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

struct Scope {
  std::vector<std::string> accounts, sources, kinds;

  bool whole() const { return accounts.empty() && sources.empty() && kinds.empty(); }
  bool has_account(std::string_view account) const { return in(accounts, account); }
  bool has_source(std::string_view source) const { return in(sources, source); }
  bool has_kind(std::string_view kind) const { return in(kinds, kind); }
  bool has_entity(std::string_view account, std::string_view kind, std::string_view source) const {
    return has_account(account) && has_kind(kind) && has_source(source);
  }

  friend bool operator==(const Scope&, const Scope&) = default;

 private:
  static bool in(const std::vector<std::string>& words, std::string_view word) {
    return words.empty() || std::find(words.begin(), words.end(), word) != words.end();
  }
};

}  // namespace tocsin
