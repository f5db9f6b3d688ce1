#include "connectors/notify/naming.h"

#include <cctype>

namespace tocsin::notify {

namespace {

struct Reason {
  std::string_view name;
  const char *zh, *en;
};
// As the engine names them (engine/said/escalate.h).
constexpr Reason kReasons[] = {
    {"breach", "承诺超时", "promise missed"},
    {"warning", "即将到期", "due soon"},
    {"routed", "新问题", "new"},
    {"recurring fault", "重复故障", "recurring fault"},
};

std::string plain(std::string_view name) {
  if (const std::size_t dot = name.find('.'); dot != std::string_view::npos)
    name.remove_prefix(dot + 1);
  std::string out(name);
  for (char& c : out) c = c == '_' ? ' ' : c;
  if (!out.empty()) out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  return out;
}

// Between `begin` and the next `/` or `~` of a group's id; empty when `begin` is not in it.
std::string part_after(const std::string& group, std::string_view begin) {
  const std::size_t at = group.rfind(begin);
  if (at == std::string::npos) return {};
  const std::size_t from = at + begin.size();
  return group.substr(from, group.find_first_of("/~", from) - from);
}

}  // namespace

std::string called(const Policy* policy, std::string_view name, const std::string& language) {
  if (policy != nullptr) {
    if (const auto found = policy->labels.find(name); found != policy->labels.end()) {
      const Label& label = found->second;
      const std::string& wanted = language == "zh" ? label.zh : label.en;
      if (!wanted.empty()) return wanted;
    }
  }
  return plain(name);
}

std::string promise_words(const Alarm& alarm, const Policy* policy, const std::string& language) {
  const bool zh = language == "zh";
  if (!alarm.clock.empty()) return called(policy, alarm.clock, language);
  if (const std::string stage = part_after(alarm.group, "/routed/stage:"); !stage.empty()) {
    const std::string name = alarm.entity_kind + "/" + stage;
    if (policy != nullptr && policy->labels.contains(name)) return called(policy, name, language);
    return zh ? "第 " + stage + " 级" : "stage " + stage;
  }
  if (const std::string module = part_after(alarm.group, "/fault/"); !module.empty())
    return (zh ? "重复故障 " : "recurring fault in ") + module;
  if (alarm.reason == "routed") return zh ? "新问题待响应" : "new, to be answered";
  return reason_words(alarm, language);
}

std::string reason_words(const Alarm& alarm, const std::string& language) {
  for (const Reason& reason : kReasons) {
    if (alarm.reason == reason.name) return language == "zh" ? reason.zh : reason.en;
  }
  return alarm.reason;
}

std::string url_segment(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

}  // namespace tocsin::notify
