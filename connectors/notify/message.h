// One message to one person: what it is about, whom it is for, and the same as values for templates.
//
// Threads: values.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/policy/policy.h"
#include "engine/policy/roster.h"
#include "events/time.h"

namespace tocsin::notify {

enum class About : std::uint8_t {
  kRaised,        // a step of an escalation
  kAcknowledged,  // somebody took it
  kCleared,       // it is over, or was taken back
  kNotice,        // Tocsin's own: a channel fails
  kTest,
};
// `raised`, `acknowledged`, …
const char* word_of(About about);

// A raised step, as its event in the log tells.
struct Alarm {
  std::string group;  // id
  std::string account, entity_kind, entity_id;
  int step = 1;
  Instant time, recorded;
  std::vector<std::string> persons, roles;
  bool high = false;
  // Of the event; what is unknown is empty.
  std::string reason, clock, threshold, title, priority, tier, account_name, link;
  Instant due{kNever};
  int next_step = 0;
  Instant next_at{kNever};
};

// A browser's, as it gave it.
struct PushSubscription {
  std::string endpoint, p256dh, auth;  // base64url
};

struct Message {
  std::string id;       // the same on each attempt: what a receiver knows a repeat by
  std::string channel;  // the name of the one it goes by
  About about = About::kRaised;
  std::vector<Alarm> alarms;  // one; more: a digest; none: a notice or a test
  std::string by;             // of kAcknowledged: who took it
  std::string notice;         // of kNotice: the words
  std::string person, person_name, language = "en";
  std::shared_ptr<const Zone> zone;      // the reader's; null: the policy's, else UTC
  std::shared_ptr<const Policy> policy;  // whose labels name things; null: their own names do
  std::string to, mention;
  std::vector<PushSubscription> subscriptions;  // webpush alone
  bool is_private = false;
  bool high = false;
  // Called on the same step, but for the reader.
  std::vector<std::string> others;
  std::string acknowledge_url;  // empty: none
  Instant at{kAlways};   // of the words (virtual in a demonstration); kAlways: when it is sent
  std::string page_url;  // the board's page, or the record's in the CRM
};

// For templates and webhooks: all of the above as a JSON object, times as RFC 3339 in UTC and in the
// reader's zone.
boost::json::object values_of(const Message& message, Instant now);

// `2026-03-02 09:15 UTC+8` in the zone.
std::string local_minute(Instant at, const Zone& zone);
// `12 min`, `3 h 5 min`, `2 d 4 h`; zh: `12 分钟`.
std::string span_words(Duration span, const std::string& language);

}  // namespace tocsin::notify
