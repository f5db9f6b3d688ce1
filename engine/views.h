// Rows for readers, made from an entity's state (engine/view.h).
#pragma once

#include <string>

#include "engine/entity/entity.h"
#include "engine/said/announce.h"
#include "engine/view.h"

namespace tocsin {

// Replaces `view`, whose memory is used again. `roles`: whom the next steps would call.
void make_view(const Entity& entity, const Truth& truth, const RoleBook& roles, EntityView& view);

// Appends the row of `simulate --emit verdicts`, byte for byte as the contract's §8 says.
void append_verdict(std::string& out, const EntityView& view, const ClockRow& row);

}  // namespace tocsin
