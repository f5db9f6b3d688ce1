// The states that promises and alarms are in: a threshold's verdict, a clock, a group of calls.
// Pure values; any thread.
#pragma once

#include <cstdint>

namespace tocsin {

enum class Verdict : std::uint8_t { kPending, kMet, kBreached };
enum class ClockState : std::uint8_t { kRunning, kPaused, kStopped, kCancelled };
enum class GroupState : std::uint8_t { kOpen, kAcknowledged, kCleared, kWithdrawn };

}  // namespace tocsin
