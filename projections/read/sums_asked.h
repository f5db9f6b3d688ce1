// Whose sums answer a question: those of everybody, of the sources or of the accounts that it is
// narrowed to. Counts, figures and scores are read by it.
//
// One query's; not thread safe. Cost: a seek for each source, or account, that is asked about.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/scope.h"
#include "projections/read/query.h"
#include "projections/rows/keys.h"
#include "projections/rows/read_view.h"
#include "projections/rows/views.h"

namespace tocsin {

class SumsAsked {
 public:
  SumsAsked(const std::string& account, const std::shared_ptr<const Scope>& scope)
      : scope_(scope.get()) {
    std::vector<std::string> accounts = accounts_asked(account, scope, all_);
    if (!all_) {
      for (std::string& name : accounts) owners_.push_back({"", std::move(name)});
    } else if (scope_ != nullptr && !scope_->sources.empty()) {
      for (const std::string& source : scope_->sources) owners_.push_back({source, ""});
    } else {
      owners_.push_back({"", ""});
    }
  }

  struct Owner {
    std::string source, account;  // at least one of them is empty
    std::string prefix(PartitionId partition, Family family) const {
      return Key(partition, family).text(source).text(account).take();
    }
  };
  const std::vector<Owner>& owners() const { return owners_; }
  // Whether no account narrows it.
  bool all() const { return all_; }
  // Of a row of an account's sums: whether it is of a source that is asked about. `rest` of its key: the
  // last part is next.
  bool has_part(const Owner& of, KeyReader& rest) const {
    return of.account.empty() || scope_ == nullptr || scope_->has_source(rest.text());
  }

 private:
  const Scope* const scope_;
  bool all_ = false;
  std::vector<Owner> owners_;
};

}  // namespace tocsin
