// Decision tests as text: given facts, when, then events; one step a line.
//
// clang-format off
//   fact 03-02T10:00 ticket.opened T priority=P1     a fact; its account is `A`, or its subject
//   fact 03-02T10:10@11:00 ticket.responded T        the same, arriving at 11:00 of that day
//   until 03-02T12:00                                everything up to then is decided
//   show ticket.response routed                      of what is said only ids beginning so count
//   event 10:15 ticket.response/1/breached:target due=10:15
//   event 11:00<10:10 ticket.response/1/stopped:1 …  decided at 11:00, true at 10:10
//   quiet                                            nothing was said that is shown
//   text ticket.response/1/corrected:1 "data":{…      what was said last, and how it is written
//   clock ticket.response/1 stopped target=10:15:breached at=12:00 elapsed=7200000
//   clock ticket.progress/2 none                     no such clock
//   unconfirmed 2027                                 years of dues whose holidays are not known
//   refused bad_data:priority                        why the fact before it was refused; `accepted`
// clang-format on
//
// Times are those of Asia/Shanghai in 2026 (`2025-12-31T10:00` with another year); one without a
// date has the date of the last time before it that had one. The `event` lines after an `until` are
// to be all that was said, and is shown, since the last such list, in any order; without any, or
// `quiet`, nothing is looked at. A `clock` line may end early. `#` begins a comment.
//
// Every line that fails is reported with its number and with what was said instead. Not thread
// safe.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "engine/partition.h"
#include "engine/said/derived.h"
#include "engine/said/unconfirmed_years.h"
#include "engine/views.h"
#include "events/codec.h"
#include "tests/engine/policy_fixture.h"

namespace tocsin {

class Scenario {
 public:
  explicit Scenario(std::shared_ptr<const Policy> policy = default_policy())
      : partition_(std::move(policy)), decoder_(RecordedTime::kRead) {}

  void run(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
      ++line_;
      std::istringstream words(line.substr(0, line.find('#')));
      std::vector<std::string> w;
      for (std::string word; words >> word;) w.push_back(word);
      if (!w.empty()) step(w);
    }
    close_list();
  }

 private:
  static constexpr std::int64_t kZoneMs = 8 * 3'600'000;

  void step(const std::vector<std::string>& w) {
    if (w[0] == "fact" || w[0] == "until") close_list();
    if (w[0] == "fact") return fact(w);
    if (w[0] == "until") return until(time(w.at(1)));
    if (w[0] == "show") return (void)(show_ = {w.begin() + 1, w.end()});
    if (w[0] == "event") return event(w);
    if (w[0] == "text") return text(w);
    if (w[0] == "clock") return clock(w);
    if (w[0] == "quiet") return open_list();
    if (w[0] == "unconfirmed") {
      EXPECT_EQ(unconfirmed_, std::vector<std::string>(w.begin() + 1, w.end())) << where();
      return;
    }
    if (w[0] == "refused") {
      EXPECT_EQ(judged_.outcome == Outcome::kRejected ? judged_.reason : "accepted", w.at(1))
          << where();
      return;
    }
    ADD_FAILURE() << where() << "no such step: " << w[0];
  }

  std::string where() const { return "line " + std::to_string(line_) + ": "; }

  // ---- times ------------------------------------------------------------------------------------

  Instant time(std::string text) {
    const std::size_t t = text.find('T');
    if (t == std::string::npos) {
      text = date_ + "T" + text;
    } else {
      date_ = (t == 5 ? "2026-" : "") + text.substr(0, t);
      text = date_ + text.substr(t);
    }
    if (std::count(text.begin(), text.end(), ':') == 1) text += ":00";
    const auto instant = parse_rfc3339(text + "+08:00");
    if (!instant) throw std::runtime_error(where() + "no time: " + text);
    return *instant;
  }

  static std::string local(Instant t) {
    if (t == kNever) return "-";
    std::string text = format_rfc3339(Instant{t.ms + kZoneMs});
    text.pop_back();  // Z
    if (text.ends_with(".000")) text.erase(text.size() - 4);
    if (text.size() == 19 && text.ends_with(":00")) text.erase(16);
    return text.starts_with("2026-") ? text.substr(5) : text;
  }

  // A due in an expectation: the same text as `local` gives, with the date of `date_` when it has
  // none.
  std::string full(const std::string& text) { return text == "-" ? text : local(time(text)); }

  // ---- what is given
  // ------------------------------------------------------------------------------

  void fact(const std::vector<std::string>& w) {
    const std::size_t at = w.at(1).find('@');
    const Instant happened = time(w[1].substr(0, at));
    const Instant arrival = at == std::string::npos ? happened : time(w[1].substr(at + 1));
    const std::string& type = w.at(2);
    const std::string& subject = w.at(3);
    const bool own = type.starts_with("account.") || type.starts_with("org.");
    std::string json = R"({"specversion":"1.0","source":"/s","type":"tocsin.)" + type +
                       R"(","subject":")" + subject + R"(","partitionkey":")" +
                       (own ? subject : "A") + R"(","time":")" + format_rfc3339(happened) +
                       R"(","recordedtime":")" + format_rfc3339(arrival) + '"';
    const std::string number = std::to_string(++facts_);
    std::string id = "f" + std::string(3 - number.size(), '0') + number;
    std::string data;
    for (std::size_t i = 4; i < w.size(); ++i) {
      const std::string name = w[i].substr(0, w[i].find('='));
      std::string value = w[i].substr(w[i].find('=') + 1);
      if (name == "seq") {
        json += R"(,"sequence":")" + value + '"';
      } else if (name == "id") {
        id = value;
      } else if (name == "data") {
        json += R"(,"data":)" + value;
      } else {
        const bool due = name == "due" || name == "rectifyBy" || name == "confirmBy";
        if (due && value.find(':') != std::string::npos) value = format_rfc3339(time(value));
        if (value.front() != '[') value = '"' + value + '"';
        data += (data.empty() ? "\"" : ",\"") + name + "\":" + value;
      }
    }
    json += R"(,"id":")" + id + '"';
    if (!data.empty()) json += ",\"data\":{" + data + "}";
    json += "}";
    take(json, arrival);
  }

  void take(const std::string& json, Instant arrival) {
    Decoded decoded;
    decoder_.structured(json, {}, decoded);
    if (arrival > now_) {
      advance({arrival.ms - 1});
      now_ = arrival;
    }
    partition_.check(decoded, now_, false, judged_);
    if (judged_.outcome == Outcome::kAccepted) partition_.take(decoded, judged_);
  }

  void advance(Instant until) {
    const auto sink = [this](const Entity& entity, const Derived& event, Instant recorded) {
      if (const auto year = years_.notice(entity, event))
        unconfirmed_.push_back(std::to_string(*year));
      remember(entity, event, recorded);
    };
    if (now_ != kAlways) partition_.decide(now_, now_, sink);
    for (Instant due = partition_.next_due(); due <= until; due = partition_.next_due()) {
      const Instant now = std::max(due, now_);
      partition_.fire(now, now, sink);
    }
  }

  void until(Instant t) {
    advance(t);
    now_ = std::max(now_, t);
  }

  // ---- what is expected
  // ---------------------------------------------------------------------------

  void remember(const Entity& entity, const Derived& event, Instant recorded) {
    std::string json;
    encode(json, entity, *entity.policy, event, recorded, false);
    const std::size_t from = json.find("\"id\":\"") + 6;
    std::string id = json.substr(from, json.find('"', from) - from);
    std::string line = local(recorded);
    if (event.time != recorded) line += "<" + local(event.time);
    for (int slashes = 0; slashes < 3;)
      slashes += id[0] == '/' ? 1 : 0, id.erase(0, 1);  // account/kind/id
    line += " " + id + details(entity, event);
    texts_[id] = json;
    said_.push_back(line);
  }

  static std::string details(const Entity& entity, const Derived& event) {
    static constexpr const char* kVerdicts[] = {"pending", "met", "breached"};
    const Policy& policy = *entity.policy;
    std::string out;
    const bool ends =
        event.type == DerivedType::kClockStopped || event.type == DerivedType::kClockCorrected;
    if (event.type == DerivedType::kClockBreached || event.type == DerivedType::kClockWarned) {
      out += " due=" + local(event.due[event.threshold]);
    }
    for (const ThresholdCode i : kThresholds) {
      if (!has(event.exists, i)) continue;
      out += " " + policy.thresholds[i] + "=" + local(event.due[i]);
      if (ends) out += std::string(":") + kVerdicts[static_cast<std::size_t>(event.verdict[i])];
    }
    if (ends) out += " elapsed=" + std::to_string(event.elapsed_ms);
    if (event.type == DerivedType::kClockCorrected) out += " at=" + local(event.stopped);
    if (event.type == DerivedType::kClockRetargeted && event.reason == "late") out += " late";
    if (event.type == DerivedType::kComplaintAdvanced ||
        event.type == DerivedType::kComplaintWithdrawn) {
      out += " from=" + (event.from == kNone ? "-" : policy.kinds[entity.kind].stages[event.from]);
    }
    if (event.type == DerivedType::kEscalationRaised) {
      out += event.high ? " high " : " low ";
      for (const RoleCode role : event.roles) out += policy.roles[role] + ",";
      out.pop_back();
      for (const std::string_view person : event.persons) out.append(" ").append(person);
    }
    if (event.type == DerivedType::kEscalationAcknowledged) out.append(" by=").append(event.by);
    for (const std::string& week : event.weeks) out += " " + week;
    return out;
  }

  bool shown(const std::string& line) const {
    if (show_.empty()) return true;
    return std::any_of(show_.begin(), show_.end(), [&](const std::string& part) {
      return line.find(" " + part) != std::string::npos;
    });
  }

  // Begins a list of expectations: what is not shown is dropped.
  void open_list() {
    std::erase_if(said_, [&](const std::string& line) { return !shown(line); });
    listed_ = true;
  }

  void close_list() {
    if (!listed_) return;
    if (!said_.empty()) ADD_FAILURE() << where() << "not expected:" << list();
    said_.clear();
    listed_ = false;
  }

  std::string list() const {
    std::string out;
    for (const std::string& line : said_) out += "\n    event " + line;
    return out.empty() ? "\n    nothing" : out;
  }

  void event(const std::vector<std::string>& w) {
    open_list();
    const std::size_t mark = w.at(1).find('<');
    std::string want = local(time(w[1].substr(0, mark)));
    if (mark != std::string::npos) want += "<" + local(time(w[1].substr(mark + 1)));
    want += " " + w.at(2);
    for (std::size_t i = 3; i < w.size(); ++i) want += " " + dated(w[i]);
    const auto found = std::find(said_.begin(), said_.end(), want);
    if (found == said_.end()) {
      ADD_FAILURE() << where() << "expected\n    event " << want << "\n  was said:" << list();
    } else {
      said_.erase(found);
    }
  }

  void text(const std::vector<std::string>& w) const {
    const auto found = texts_.find(w.at(1));
    const std::string said = found == texts_.end() ? "nothing" : found->second;
    EXPECT_NE(said.find(w.at(2)), std::string::npos)
        << where() << "expected " << w[2] << "\n  was said: " << said;
  }

  // `target=10:15:met` with the date.
  std::string dated(const std::string& word) {
    const std::size_t mark = word.find('=');
    if (mark == std::string::npos) return word;
    const std::string name = word.substr(0, mark + 1);
    std::string value = word.substr(mark + 1), verdict;
    if (name != "target=" && name != "limit=" && name != "due=" && name != "at=") return word;
    const std::size_t last = value.rfind(':');
    if (last != std::string::npos &&
        std::isalpha(static_cast<unsigned char>(value[last + 1])) != 0) {
      verdict = value.substr(last);
      value.erase(last);
    }
    return name + full(value) + verdict;
  }

  void clock(const std::vector<std::string>& w) {
    static constexpr const char* kStates[] = {"running", "paused", "stopped", "cancelled"};
    static constexpr const char* kVerdicts[] = {"pending", "met", "breached"};
    std::string want, all;
    for (std::size_t i = 1; i < w.size(); ++i) want += " " + dated(w[i]);
    bool found = false;
    partition_.each_entity([&](Entity& entity) {
      for (const ClockRow& row : partition_.view(entity).clocks) {
        std::string have =
            " " + row.clock + "/" + row.cycle + " " + kStates[static_cast<std::size_t>(row.state)];
        for (const ThresholdRow& t : row.thresholds) {
          have += " " + t.name + "=" + (t.due ? local(*t.due) : "-") + ":" +
                  kVerdicts[static_cast<std::size_t>(t.verdict)];
        }
        if (row.stopped) have += " at=" + local(*row.stopped);
        if (row.elapsed_ms) have += " elapsed=" + std::to_string(*row.elapsed_ms);
        found = found || (have + " ").starts_with(want + " ");
        if (w.size() > 1 && row.clock + "/" + row.cycle == w[1]) all += "\n    clock" + have;
      }
    });
    const bool none = w.size() == 3 && w[2] == "none";
    if (none) {
      EXPECT_EQ(all, "") << where();
    } else if (!found) {
      ADD_FAILURE() << where() << "expected\n    clock" << want << "\n  there is:" << all;
    }
  }

  Partition partition_;
  Decoder decoder_;
  Judged judged_;
  Instant now_{kAlways};
  std::string date_ = "2026-01-01";
  std::vector<std::string> show_, said_, unconfirmed_;
  std::map<std::string, std::string> texts_;  // by id, without account and entity
  UnconfirmedYears years_;
  bool listed_ = false;  // a list of expectations is open
  int line_ = 0, facts_ = 0;
};

inline void scenario(const std::string& text) { Scenario().run(text); }

}  // namespace tocsin
