#include "connectors/notify/notifier_events.h"

#include <boost/json.hpp>

namespace tocsin::notify {

namespace json = boost::json;

namespace {

Instant time_of(const json::object& data, const char* name) {
  return parse_rfc3339(text_of(data, name)).value_or(kNever);
}

int number_of(const json::object& data, const char* name) {
  const json::value* value = data.if_contains(name);
  return value != nullptr && value->is_int64() ? static_cast<int>(value->get_int64()) : 0;
}

std::vector<std::string> list_of(const json::object& data, const char* name) {
  std::vector<std::string> out;
  const json::value* value = data.if_contains(name);
  if (value == nullptr || !value->is_array()) return out;
  for (const json::value& one : value->get_array()) {
    if (one.is_string()) out.emplace_back(one.get_string());
  }
  return out;
}

// `ticket/T-1` of the data; the subject is the id.
std::string kind_of_entity(const json::object& data) {
  const std::string entity = text_of(data, "entity");
  return entity.substr(0, entity.find('/'));
}

// Of `tocsin.ticket.notified`, a fact of somebody else's notifier.
std::string kind_of_type(std::string_view type) {
  const std::size_t first = type.find('.') + 1;
  return std::string(type.substr(first, type.find('.', first) - first));
}

}  // namespace

std::string text_of(const json::object& data, const char* name) {
  const json::value* value = data.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Alarm alarm_of(const LogEvent& event, const json::object& data) {
  Alarm alarm;
  alarm.group = text_of(data, "escalation");
  alarm.account = event.account;
  alarm.entity_id = event.subject;
  alarm.entity_kind = kind_of_entity(data);
  alarm.step = std::max(1, number_of(data, "step"));
  alarm.time = event.time;
  alarm.recorded = event.recorded;
  alarm.persons = list_of(data, "persons");
  alarm.roles = list_of(data, "roles");
  alarm.high = text_of(data, "urgency") == "high";
  alarm.reason = text_of(data, "reason");
  alarm.clock = text_of(data, "clock");
  alarm.threshold = text_of(data, "threshold");
  alarm.title = text_of(data, "title");
  alarm.priority = text_of(data, "priority");
  alarm.tier = text_of(data, "tier");
  alarm.account_name = text_of(data, "accountName");
  alarm.link = text_of(data, "link");
  alarm.due = time_of(data, "due");
  if (const json::value* next = data.if_contains("next"); next != nullptr && next->is_object()) {
    alarm.next_step = number_of(next->get_object(), "step");
    alarm.next_at = time_of(next->get_object(), "at");
  }
  return alarm;
}

Told told_of(PartitionId partition, const LogEvent& event, const json::object& data) {
  Told told;
  told.partition = partition;
  told.account = event.account;
  told.entity_id = event.subject;
  told.entity_kind = data.contains("entity") ? kind_of_entity(data) : kind_of_type(event.type);
  told.group = text_of(data, "escalation");
  told.step = number_of(data, "step");
  told.person = text_of(data, "person");
  told.channel = text_of(data, "channel");
  told.attempts = number_of(data, "attempts");
  told.error = text_of(data, "error");
  told.delivered = event.type.ends_with(".delivered") || text_of(data, "outcome") == "delivered";
  if (const std::string about = text_of(data, "about"); !about.empty())
    told.about = about == "acknowledged" ? About::kAcknowledged : About::kCleared;
  return told;
}

OutcomeRecord record_of(const Told& told) {
  const bool raised = told.about == About::kRaised;
  const char* const outcome = told.delivered ? "delivered" : "failed";
  OutcomeRecord record;
  record.partition = told.partition;
  record.type = raised ? std::string("tocsin.notification.") + outcome : std::string(kAllClearType);
  record.id = told.group + ":" + std::to_string(told.step) + ":" + told.person + ":" +
              told.channel + ":" + (raised ? "" : std::string(word_of(told.about)) + ":") + outcome;
  record.account = told.account;
  record.entity_kind = told.entity_kind;
  record.entity_id = told.entity_id;
  json::object data{{"entity", told.entity_kind + "/" + told.entity_id},
                    {"escalation", told.group},
                    {"step", told.step},
                    {"person", told.person},
                    {"channel", told.channel},
                    {"attempts", told.attempts}};
  if (!told.error.empty()) data["error"] = cut(told.error, 200);
  if (!raised) {
    data["about"] = word_of(told.about);
    data["outcome"] = outcome;
  }
  record.data = json::serialize(data);
  return record;
}

Message example_message(const std::string& language, Instant now) {
  const bool zh = language == "zh";
  Message message;
  message.id = message_id("example", 1, "wang.fang", "preview", About::kRaised);
  message.language = language;
  message.person = "wang.fang";
  message.person_name = zh ? "王芳" : "Wang Fang";
  message.to = "wang@example.com";
  message.high = true;
  message.others = {zh ? "李伟" : "Li Wei"};
  message.acknowledge_url = "https://tocsin.example.com/a/TOKEN";
  message.page_url = "https://crm.example.com/tickets/T-1001";
  Alarm alarm;
  alarm.group = "example";
  alarm.account = "aurora";
  alarm.account_name = zh ? "极光能源" : "Aurora Energy";
  alarm.entity_kind = "ticket";
  alarm.entity_id = "T-1001";
  alarm.title = zh ? "核心产线停机" : "Core line down";
  alarm.priority = "P1";
  alarm.tier = "A";
  alarm.clock = "ticket.response";
  alarm.threshold = "target";
  alarm.reason = "breach";
  alarm.high = true;
  alarm.time = alarm.recorded = now;
  alarm.due = now - minutes(3);
  alarm.next_step = 2;
  alarm.next_at = now + minutes(12);
  message.alarms.push_back(std::move(alarm));
  return message;
}

}  // namespace tocsin::notify
