// The page behind an acknowledge link, for a phone, in zh and en. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/notify/message.h"

namespace tocsin::notify {

struct AckView {
  std::string language = "en";
  std::optional<Alarm> alarm;  // empty: nothing is known of it any more
  // Who of them takes it, a button for each; empty: the link's own person does.
  std::vector<std::pair<std::string, std::string>> choices;  // id, name
  std::string person_name;                                   // of the link's own person
  enum class State { kOpen, kTaken, kAlready, kOver, kBadLink, kTryAgain } state = State::kOpen;
  std::string by;                        // of kTaken and kAlready
  std::shared_ptr<const Zone> zone;      // the reader's; null: the policy's
  std::shared_ptr<const Policy> policy;  // whose labels name things
  std::vector<std::string> others;       // who was called, by name; but for the link's own person
  std::string page_url;                  // the alarm's page; empty: none
};

std::string ack_page(const AckView& view, Instant now);

}  // namespace tocsin::notify
