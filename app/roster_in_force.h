// The roster that a partition's log has put in force: the last file's, with what was added by hand
// since. Overrides outlive another file. Values that the store keeps as `text()`.
//
// Threads: one.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "app/roster_record.h"

namespace tocsin {

class RosterInForce {
 public:
  // Overrides that ended so long ago are forgotten.
  static constexpr Duration kOverridesKept = days(90);
  static constexpr std::size_t kOverridesMax = 10'000;
  static constexpr std::size_t kHashesMax = 1'000;

  // Of a roster's or an override's record. Throws std::runtime_error when it cannot be read.
  void take(std::string_view record);
  // Throws std::runtime_error where the data of such a record could not be taken.
  void check(std::string_view type, std::string_view data) const;

  const std::shared_ptr<const Roster>& roster() const { return in_force_; }
  // Whether a file of this hash was ever in force.
  bool knew(const std::string& hash) const { return hashes_.count(hash) != 0; }

  std::string text() const;
  static RosterInForce of_text(std::string_view text);

 private:
  void combine(Instant now);

  std::string record_;                                         // of the file
  std::map<std::string, std::string, std::less<>> overrides_;  // their records, by id
  std::set<std::string, std::less<>> hashes_;
  std::shared_ptr<const Roster> base_, in_force_;
};

}  // namespace tocsin
