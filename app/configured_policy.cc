#include "app/configured_policy.h"

#include <stdexcept>
#include <utility>

#include "app/policy_text.h"

namespace tocsin {

ConfiguredPolicy::ConfiguredPolicy(PolicyText text) {
  const auto compiled = compile_policy(text, load_zone_for_policy);
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&compiled))
    throw std::runtime_error(describe(*errors));
  auto policy = std::make_shared<Policy>(*std::get<std::shared_ptr<const Policy>>(compiled));
  policy->version = 0;
  std::string hash_alone = policy_hash(written_out(text));
  data_ =
      std::make_shared<const Data>(Data{std::move(text), std::move(policy), std::move(hash_alone)});
}

bool ConfiguredPolicy::is(const Policy& other) const {
  return other.hash == data_->policy->hash || other.hash == data_->hash_alone;
}

}  // namespace tocsin
