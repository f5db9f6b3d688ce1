#include "app/configured_policy.h"

#include <stdexcept>
#include <utility>

namespace tocsin {

ConfiguredPolicy::ConfiguredPolicy(PolicyText text) {
  const auto compiled = compile_policy(text, load_zone_for_policy);
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&compiled))
    throw std::runtime_error(describe(*errors));
  auto policy = std::make_shared<Policy>(*std::get<std::shared_ptr<const Policy>>(compiled));
  policy->version = 0;
  data_ = std::make_shared<const Data>(Data{std::move(text), std::move(policy)});
}

bool ConfiguredPolicy::is(const Policy& other) const {
  return other.hash_alone == data_->policy->hash_alone;
}

}  // namespace tocsin
