// `tocsin policy apply|diff|try`: policies at run time from the command line (contract §11).
//
// Each returns an exit status: 0; 1 where the node was not reached or refused; 2 where a file or an
// argument cannot be used.
#pragma once

#include <string>

namespace tocsin {

struct PolicyAsk {
  std::string url = "http://127.0.0.1:8080", token;
  std::string file, by, since;
  bool to_open = false, dry_run = false;
};

// The policy goes out with its calendars written out in it.
int command_policy_apply(const PolicyAsk& ask);
// What changes from one file to another, in words; `old_file` empty: from what the node at `url`
// has in force.
int command_policy_diff(const std::string& old_file, const std::string& new_file,
                        const PolicyAsk& ask);
int command_policy_try(const PolicyAsk& ask);

}  // namespace tocsin
