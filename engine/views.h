// Rows for readers, made from an entity's state (engine/view.h).
#pragma once

#include <string>

#include "engine/entity/entity.h"
#include "engine/policy/policy.h"
#include "engine/view.h"

namespace tocsin {

// Replaces `view`, whose memory is used again.
void make_view(const Entity& entity, const Truth& truth, EntityView& view);

// Appends the row of `simulate --emit verdicts`, byte for byte as the contract's §8 says.
void append_verdict(std::string& out, const EntityView& view, const ClockRow& row);

}  // namespace tocsin
