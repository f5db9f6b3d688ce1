// An outbox on virtual time: a roster, a receiver that answers as told, and what was sent when.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "connectors/notify/outbox.h"
#include "engine/calendar/zone_load.h"
#include "engine/policy/compile/roster.h"

namespace tocsin::notify {

inline constexpr const char* kRoster = R"(
zone: Asia/Shanghai
people:
  wang: {name: 王芳, channels: [{via: desk, mention: wf}, {via: call, to: "+861"}]}
  zheng: {channels: [{via: call, to: "+862"}]}
  li: {channels: [{via: mail, to: li@x}], low: {digest: "09:00"}}
  sun: {channels: [{via: mail, to: sun@x}]}
  mute:
  last: {channels: [{via: call, to: "+869"}]}
roles:
  boss: {fallback: [sun]}
last_resort: [last]
)";

class World {
 public:
  explicit World(std::map<std::string, Outbox::ChannelTraits> channels =
                     {{"desk", {{}, true, true}}, {"call", {{}, false, false}}, {"mail", {}}})
      : outbox(options(std::move(channels))) {
    roster(kRoster);
    outbox.switched_on(0);
    outbox.own({0}, now);
  }

  void roster(const std::string& text) {
    auto result = compile_roster("r", text, [](std::string_view name) { return load_zone(name); });
    outbox.roster(std::get<std::shared_ptr<const Roster>>(result));
  }

  Alarm alarm(const std::string& group, std::vector<std::string> persons, bool high = true,
              int step = 1) const {
    Alarm one;
    one.group = group;
    one.account = "acme";
    one.entity_kind = "ticket";
    one.entity_id = "T-1";
    one.step = step;
    one.time = one.recorded = now;
    one.persons = std::move(persons);
    one.roles = {"boss"};
    one.high = high;
    return one;
  }

  // Lets time pass, sending what is to be sent and answering it at once.
  void until(Instant end) {
    for (;;) {
      for (Send& send : outbox.take_sends(now, most)) {
        const Message& m = send.message;
        std::string line = clock() + " " + m.person + " " + send.channel;
        if (m.about != About::kRaised) line += std::string(" ") + word_of(m.about);
        if (m.alarms.size() > 1) line += " x" + std::to_string(m.alarms.size());
        sent.push_back(line);
        messages.push_back(m);
        if (hangs.count(send.channel) != 0) continue;
        const auto answer = answers.find(send.channel);
        outbox.result(send.id, answer == answers.end() ? delivered() : answer->second, now);
      }
      for (Told& told : outbox.take_told()) {
        std::string line = clock() + " " + told.person + " " + told.channel + " " +
                           (told.delivered ? "delivered" : "failed");
        if (!told.error.empty()) line += " " + told.error;
        if (told.about == About::kRaised) outcomes.push_back(line);
        log.push_back(told);
      }
      const Instant next = outbox.next_wake();
      if (next <= now) {
        if (outbox.take_sends(now, 0).empty() && most == 0) break;
        continue;
      }
      if (next > end) break;
      now = next;
    }
    now = end;
  }
  void pass(Duration span) { until(now + span); }

  static Verdict delivered() { return {Verdict::Kind::kDelivered, {}, {}, false}; }
  static Verdict again(const char* why = "status 500") {
    return {Verdict::Kind::kTryAgain, why, {}, false};
  }
  static Verdict never(const char* why = "status 400") {
    return {Verdict::Kind::kNever, why, {}, false};
  }

  // Since the start: `0:05`.
  std::string clock() const {
    const std::int64_t s = (now - start).ms / 1000;
    return std::to_string(s / 60) + ":" + (s % 60 < 10 ? "0" : "") + std::to_string(s % 60);
  }

  const Instant start = *parse_rfc3339("2026-03-02T01:00:00Z");  // Monday 09:00 in Shanghai
  Instant now = start;
  std::size_t most = 1000;
  std::map<std::string, Verdict> answers;
  std::map<std::string, bool> hangs;
  Outbox outbox;
  std::vector<std::string> sent, outcomes;
  std::vector<Message> messages;
  std::vector<Told> log;

 private:
  static Outbox::Options options(std::map<std::string, Outbox::ChannelTraits> channels) {
    Outbox::Options out;
    out.channels = std::move(channels);
    return out;
  }
};

}  // namespace tocsin::notify
