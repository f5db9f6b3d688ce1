#include "connectors/notify/message.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

#include "connectors/notify/naming.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

constexpr std::size_t kDigestMax = 50;  // alarms that a message lists; it says how many more

std::string two(std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

void put_time(json::object& to, const std::string& name, Instant at, const Zone& zone) {
  if (at == kNever || at == kAlways) return;
  to[name] = format_rfc3339(at);
  to[name + "Local"] = local_minute(at, zone);
}

json::object values_of(const Alarm& alarm, const Zone& zone, const Message& message, Instant now) {
  const std::string& language = message.language;
  const Policy* const policy = message.policy.get();
  json::object out;
  const auto put = [&](const char* name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  put("escalation", alarm.group);
  put("account", alarm.account);
  put("accountName", alarm.account_name);
  put("accountTitle", alarm.account_name.empty() ? alarm.account : alarm.account_name);
  put("entity", alarm.entity_kind + "/" + alarm.entity_id);
  put("entityKind", alarm.entity_kind);
  put("kindLabel", called(policy, alarm.entity_kind, language));
  put("entityId", alarm.entity_id);
  put("title", alarm.title);
  put("priority", alarm.priority);
  put("tier", alarm.tier);
  put("clock", alarm.clock);
  put("threshold", alarm.threshold);
  put("promise", promise_words(alarm, policy, language));
  if (!alarm.threshold.empty()) put("thresholdLabel", called(policy, alarm.threshold, language));
  put("reason", alarm.reason);
  put("reasonLabel", reason_words(alarm, language));
  put("link", alarm.link);
  out["step"] = alarm.step;
  out["urgency"] = alarm.high ? "high" : "low";
  out["high"] = alarm.high;
  put_time(out, "time", alarm.time, zone);
  put_time(out, "due", alarm.due, zone);
  if (alarm.due != kNever) {
    out[alarm.due <= now ? "over" : "left"] =
        span_words(alarm.due <= now ? now - alarm.due : alarm.due - now, language);
  }
  if (alarm.next_at != kNever) {
    json::object next;
    next["step"] = alarm.next_step;
    put_time(next, "at", alarm.next_at, zone);
    out["next"] = std::move(next);
  }
  json::array persons, roles;
  for (const std::string& person : alarm.persons) persons.emplace_back(person);
  for (const std::string& role : alarm.roles) roles.emplace_back(role);
  out["persons"] = std::move(persons);
  out["roles"] = std::move(roles);
  return out;
}

}  // namespace

const char* word_of(About about) {
  switch (about) {
    case About::kRaised:
      return "raised";
    case About::kAcknowledged:
      return "acknowledged";
    case About::kCleared:
      return "cleared";
    case About::kNotice:
      return "notice";
    case About::kTest:
      return "test";
  }
  return "";
}

std::string local_minute(Instant at, const Zone& zone) {
  const LocalTime local = zone.to_local(at);
  const LocalDate date = date_of(local);
  const std::int64_t minute = (local.ms - local_time(date, {}).ms) / 60'000;
  const std::int64_t ahead = zone.offset(at).ms / 60'000, apart = std::abs(ahead);
  std::string out = format_date(date) + " " + two(minute / 60) + ":" + two(minute % 60) + " UTC";
  if (ahead != 0) out += (ahead < 0 ? "-" : "+") + std::to_string(apart / 60);
  if (apart % 60 != 0) out += ":" + two(apart % 60);
  return out;
}

std::string span_words(Duration span, const std::string& language) {
  const bool zh = language == "zh";
  const std::int64_t minutes = std::max<std::int64_t>(0, span.ms) / 60'000;
  const auto part = [&](std::int64_t n, const char* chinese, const char* english) {
    return std::to_string(n) + " " + (zh ? chinese : english);
  };
  const auto two_parts = [&](std::string a, std::int64_t n, const std::string& b) {
    return n == 0 ? a : a + " " + b;
  };
  if (minutes < 60) return part(minutes, "分钟", "min");
  if (minutes < 24 * 60)
    return two_parts(part(minutes / 60, "小时", "h"), minutes % 60,
                     part(minutes % 60, "分钟", "min"));
  return two_parts(part(minutes / 1440, "天", "d"), minutes % 1440 / 60,
                   part(minutes % 1440 / 60, "小时", "h"));
}

json::object values_of(const Message& message, Instant now) {
  if (message.at != kAlways) now = message.at;
  static const Zone kUtc{};
  const Zone& zone = message.zone ? *message.zone : message.policy ? message.policy->zone() : kUtc;
  json::object out;
  if (!message.alarms.empty()) out = values_of(message.alarms.front(), zone, message, now);
  out["id"] = message.id;
  out["about"] = word_of(message.about);
  out[word_of(message.about)] = true;
  out["digest"] = message.alarms.size() > 1;
  out["count"] = message.alarms.size();
  if (message.alarms.size() > 1) {
    json::array alarms;
    for (const Alarm& alarm : message.alarms) {
      if (alarms.size() < kDigestMax) alarms.emplace_back(values_of(alarm, zone, message, now));
    }
    out["alarms"] = std::move(alarms);
    if (message.alarms.size() > kDigestMax) out["more"] = message.alarms.size() - kDigestMax;
  }
  const auto put = [&](const char* name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  out["high"] = message.high;
  put("by", message.by);
  put("notice", message.notice);
  put("person", message.person);
  put("personName", message.person_name.empty() ? message.person : message.person_name);
  put("language", message.language);
  put("to", message.to);
  put("mention", message.mention);
  put("others", joined(message.others, message.language == "zh" ? "、" : ", "));
  put("acknowledgeUrl", message.acknowledge_url);
  put("url", message.page_url);
  put_time(out, "now", now, zone);
  return out;
}

}  // namespace tocsin::notify
