// Records of the log: how a fact or an event of ours is written as one structured CloudEvent,
// compact JSON on one line, and read back.
//
// Members stand in this order; those in brackets only where there is something to say:
//
//   specversion id source type subject partitionkey time recordedtime [sequence] [tocsinclaimed]
//   [stamps] [extensions] [datacontenttype] [data]
//
// `stamps` are attributes whose names begin with `tocsin`, set by us when a fact is accepted (tier,
// policy version); the codec takes none from outside. `tocsinclaimed` is the time as received where
// it was cut. A record without `tocsinformat` has format 1; a later format will say so, and a
// reader refuses what is newer than itself.
//
// Promise: reading what was written gives the same fact, byte for byte.
// Threads: pure, but a LogEvent belongs to one thread. Cost: reading 500 bytes takes about 0.25 µs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/fact.h"

namespace tocsin {

inline constexpr std::int64_t kLogFormat = 1;

// `stamps`: JSON members without braces, `"tocsintier":"A"`; may be empty.
void append_fact_record(std::string& out, const Fact& fact, std::string_view stamps);

// An event of ours: derived (contract §7) or `tocsin.engine.…`; source is /tocsin/engine. `data` is
// JSON.
struct OwnEvent {
  std::string_view id, type, subject, account;
  Instant time;      // when it is true
  Instant recorded;  // when it was decided
  std::string_view data;
  std::string_view stamps = {};  // as in append_fact_record
};
void append_own_event(std::string& out, const OwnEvent& event);

// A record that was read. The views point into the record or into this LogEvent; they live until
// either goes away or is read into again.
struct LogEvent {
  std::string_view id, source, type, subject, account, sequence;
  Instant time, recorded, claimed;
  // What the engine took for the instant of arrival or decision: `recorded`, but where the wall clock had
  // been set back, for recordedtime never goes back (attribute `tocsinbelieved`).
  Instant decided;
  std::int64_t format = kLogFormat;
  std::string_view data;   // JSON, empty when absent
  std::string stamps;      // members that begin with `tocsin`, without braces
  std::string extensions;  // all other members, without braces
  std::string unescaped;   // memory behind views of strings that held escapes

  // A fact of an outsider, as opposed to an event of ours. Ours have a reserved type, or the stamp
  // `tocsinderived` where a policy's kind names the type (`tocsin.change.advanced`).
  bool is_fact() const;
};

// False when `record` is no record of ours: some attribute missing or unreadable. Whether `data` is
// right JSON is not checked again.
bool read_log_record(std::string_view record, LogEvent& out);

// Member for a record whose recordedtime is not what was believed; empty where it is.
std::string believed_stamp(Instant believed, Instant recorded);

// The fact that a record holds, `recorded` being what the engine took for it; requires is_fact().
Fact to_fact(const LogEvent& event);
// The same into a Fact that keeps its memory.
void to_fact(const LogEvent& event, Fact& fact);

// The value of a stamp, without quotes and as it stands (stamps hold no escapes); empty when
// absent.
std::string_view stamp(const LogEvent& event, std::string_view name);

}  // namespace tocsin
