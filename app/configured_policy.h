// The policy that a node is configured with: its text, compiled once for all rooms of the process, and
// what tells it apart from others. Cheap to copy; any thread.
#pragma once

#include <memory>

#include "app/policy_load.h"

namespace tocsin {

class ConfiguredPolicy {
 public:
  ConfiguredPolicy() = default;  // none yet
  // Compiles it. Throws std::runtime_error with every mistake in words.
  ConfiguredPolicy(PolicyText text);

  const PolicyText& text() const { return data_->text; }
  // Of version 0, which is in force only until a log says otherwise.
  const std::shared_ptr<const Policy>& policy() const { return data_->policy; }
  // Whether `other` is it, as it is or with its calendars written out.
  bool is(const Policy& other) const;

 private:
  struct Data {
    PolicyText text;
    std::shared_ptr<const Policy> policy;
  };
  std::shared_ptr<const Data> data_;
};

}  // namespace tocsin
