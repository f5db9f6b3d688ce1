// PagerDuty's `dedup_key` of a call: what its webhooks name as `incident_key`.
#pragma once

#include <string>

#include "connectors/notify/crypto.h"

namespace tocsin::notify {

inline std::string pagerduty_key(const std::string& group, int step, const std::string& person) {
  return "tocsin-" +
         crypto::hex(crypto::sha256(group + '\0' + std::to_string(step) + '\0' + person))
             .substr(0, 40);
}

}  // namespace tocsin::notify
