// The words of the contract: types of derived events, kinds and verbs of a type, reasons.
//
// Pure functions on strings, from any thread, without allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin {

// What the engine decides (contract §7).
enum class DerivedType : std::uint8_t {
  kClockStarted,
  kClockRetargeted,
  kClockPaused,
  kClockResumed,
  kClockWarned,
  kClockBreached,
  kClockStopped,
  kClockCancelled,
  kClockWithdrawn,
  kClockCorrected,
  kComplaintAdvanced,
  kComplaintWithdrawn,
  kFaultRecurring,
  kEscalationRaised,
  kEscalationAcknowledged,
  kEscalationCleared,
  kEscalationWithdrawn,
  kEscalationReopened,
  kNotificationDelivered,
  kNotificationFailed,
};

inline constexpr std::array<std::string_view, 20> kDerivedTypes = {
    "tocsin.clock.started",
    "tocsin.clock.retargeted",
    "tocsin.clock.paused",
    "tocsin.clock.resumed",
    "tocsin.clock.warned",
    "tocsin.clock.breached",
    "tocsin.clock.stopped",
    "tocsin.clock.cancelled",
    "tocsin.clock.withdrawn",
    "tocsin.clock.corrected",
    "tocsin.complaint.advanced",
    "tocsin.complaint.withdrawn",
    "tocsin.fault.recurring",
    "tocsin.escalation.raised",
    "tocsin.escalation.acknowledged",
    "tocsin.escalation.cleared",
    "tocsin.escalation.withdrawn",
    "tocsin.escalation.reopened",
    "tocsin.notification.delivered",
    "tocsin.notification.failed",
};

constexpr std::string_view name(DerivedType type) {
  return kDerivedTypes[static_cast<std::size_t>(type)];
}

constexpr bool is_escalation(DerivedType type) {
  return name(type).starts_with("tocsin.escalation.");
}

std::optional<DerivedType> derived_type(std::string_view type);

inline constexpr std::string_view kEngineSource = "/tocsin/engine";
// Sources that only this product may bear; facts that come in through it have `urn:tocsin:…`.
inline constexpr std::string_view kOwnSourcePrefix = "/tocsin/";
inline constexpr std::string_view kEnginePrefix = "tocsin.engine.";

// The engine's own records: policy, calendars, roster, ticks.
constexpr bool is_engine_type(std::string_view type) { return type.starts_with(kEnginePrefix); }

// A type that only this product may write: §7's, and the engine's own.
bool is_reserved_type(std::string_view type);

// `tocsin.ticket.opened` is {ticket, opened}. A type of another form is {event, the whole type}:
// kept, on the timeline, with no effect. Kind and verb may hold any characters but `.`, `/`, `%`,
// space and control characters, so that `<kind>/<id>` can be read back.
struct TypeParts {
  std::string_view kind, verb;
};
TypeParts split_type(std::string_view type);

inline constexpr std::string_view kOtherKind = "event";

// Kinds whose facts are about the account itself: subject = partitionkey.
constexpr bool is_account_level(std::string_view kind) {
  return kind == "account" || kind == "org";
}

}  // namespace tocsin
