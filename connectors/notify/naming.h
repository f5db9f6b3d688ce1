// What readers call what an alarm is about: the policy's labels, and words where it has none. No
// word of the engine (`ticket.response`, `routed`) reaches a person.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "connectors/notify/message.h"
#include "engine/policy/policy.h"

namespace tocsin::notify {

// A name of the policy in the language; what it has no label for without its dots and underscores.
// `policy` may be null.
std::string called(const Policy* policy, std::string_view name, const std::string& language);

// What was promised: the clock's label, a stage's, or in words what somebody was called for.
std::string promise_words(const Alarm& alarm, const Policy* policy, const std::string& language);
// Why somebody is called: missed, due soon, new.
std::string reason_words(const Alarm& alarm, const std::string& language);

// One segment of a URL's path.
std::string url_segment(std::string_view text);

}  // namespace tocsin::notify
