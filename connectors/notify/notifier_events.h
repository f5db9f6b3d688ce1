// Events of the log as the outbox takes them, and outcomes as the log takes them. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "connectors/notify/notifier.h"
#include "events/log_record.h"

namespace tocsin::notify {

std::string text_of(const boost::json::object& data, const char* name);
// Of `tocsin.escalation.raised`.
Alarm alarm_of(const LogEvent& event, const boost::json::object& data);
// Of `tocsin.notification.…`, `tocsin.<kind>.notified` and `tocsin.engine.told`.
Told told_of(PartitionId partition, const LogEvent& event, const boost::json::object& data);
OutcomeRecord record_of(const Told& told);
// For previews.
Message example_message(const std::string& language, Instant now);

}  // namespace tocsin::notify
