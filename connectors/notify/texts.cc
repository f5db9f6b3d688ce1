#include "connectors/notify/texts.h"

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace tocsin::notify {

namespace json = boost::json;

namespace {

constexpr const char* kNames[] = {"subject.en", "subject.zh", "text.en",
                                  "text.zh",    "line.en",    "line.zh"};

// Where nothing is known of a value the words go on without it.
constexpr const char* kSubjectEn =
    "{{#test}}Test message from Tocsin{{/test}}{{#notice}}Tocsin: {{notice}}{{/notice}}"
    "{{#raised}}{{#digest}}{{count}} reminders{{/digest}}"
    "{{^digest}}{{#priority}}{{priority}} {{/priority}}{{entityId}} {{promise}}"
    "{{#over}} {{over}} over{{/over}}{{#left}} due in {{left}}{{/left}} – {{accountTitle}}"
    "{{/digest}}{{/raised}}";
constexpr const char* kSubjectZh =
    "{{#test}}Tocsin 测试消息{{/test}}{{#notice}}Tocsin：{{notice}}{{/notice}}"
    "{{#raised}}{{#digest}}{{count}} 条提醒{{/digest}}"
    "{{^digest}}{{#priority}}{{priority}} {{/priority}}{{entityId}} {{promise}}"
    "{{#over}} 已超时 {{over}}{{/over}}{{#left}} 还剩 {{left}}{{/left}} – {{accountTitle}}"
    "{{/digest}}{{/raised}}";
constexpr const char* kLineEn =
    "{{#acknowledged}}{{by}} took {{entityId}} {{promise}} ({{accountTitle}}).{{/acknowledged}}"
    "{{#cleared}}Over: {{entityId}} {{promise}} ({{accountTitle}}).{{/cleared}}";
constexpr const char* kLineZh =
    "{{#acknowledged}}{{by}} 已接手 {{entityId}} {{promise}}（{{accountTitle}}）。{{/acknowledged}}"
    "{{#cleared}}已解除：{{entityId}} {{promise}}（{{accountTitle}}）。{{/cleared}}";
constexpr const char* kTextEn = R"({{#test}}
If you read this, Tocsin can reach you this way.
{{/test}}
{{#notice}}{{notice}}
{{/notice}}
{{#raised}}
{{#digest}}
{{#alarms}}
- {{#priority}}{{priority}} {{/priority}}{{entityId}}{{#title}} {{title}}{{/title}} ({{accountTitle}}): {{promise}}{{#dueLocal}}, due {{dueLocal}}{{/dueLocal}}{{#over}}, {{over}} over{{/over}}
{{/alarms}}
{{#more}}
and {{more}} more
{{/more}}
{{/digest}}
{{^digest}}
{{personName}}, you are called: step {{step}}, {{reasonLabel}}
{{#title}}
{{title}}
{{/title}}
Customer: {{accountTitle}}{{#tier}} ({{tier}}){{/tier}}
Promise: {{promise}}{{#thresholdLabel}}, {{thresholdLabel}}{{/thresholdLabel}}
{{#dueLocal}}
Due: {{dueLocal}}{{#over}}, {{over}} over{{/over}}{{#left}}, {{left}} left{{/left}}
{{/dueLocal}}
{{#others}}
Also called: {{others}}
{{/others}}
{{#next}}
Next: step {{step}} at {{atLocal}}
{{/next}}
{{/digest}}
{{/raised}}
{{#url}}
Open: {{url}}
{{/url}}
{{#acknowledgeUrl}}
Take it: {{acknowledgeUrl}}
{{/acknowledgeUrl}}
({{id}}))";
constexpr const char* kTextZh = R"({{#test}}
如果您看到这条消息，说明 Tocsin 可以通过此渠道联系到您。
{{/test}}
{{#notice}}{{notice}}
{{/notice}}
{{#raised}}
{{#digest}}
{{#alarms}}
- {{#priority}}{{priority}} {{/priority}}{{entityId}}{{#title}} {{title}}{{/title}}（{{accountTitle}}）：{{promise}}{{#dueLocal}}，截止 {{dueLocal}}{{/dueLocal}}{{#over}}，已超时 {{over}}{{/over}}
{{/alarms}}
{{#more}}
另有 {{more}} 条
{{/more}}
{{/digest}}
{{^digest}}
{{personName}}，请处理：第 {{step}} 级，{{reasonLabel}}
{{#title}}
{{title}}
{{/title}}
客户：{{accountTitle}}{{#tier}}（{{tier}}）{{/tier}}
承诺：{{promise}}{{#thresholdLabel}}，{{thresholdLabel}}{{/thresholdLabel}}
{{#dueLocal}}
截止：{{dueLocal}}{{#over}}，已超时 {{over}}{{/over}}{{#left}}，还剩 {{left}}{{/left}}
{{/dueLocal}}
{{#others}}
同时通知：{{others}}
{{/others}}
{{#next}}
下一级：第 {{step}} 级，{{atLocal}}
{{/next}}
{{/digest}}
{{/raised}}
{{#url}}
查看：{{url}}
{{/url}}
{{#acknowledgeUrl}}
接手：{{acknowledgeUrl}}
{{/acknowledgeUrl}}
（{{id}}）)";

Mustache parsed(const std::string& name, std::string_view text) {
  auto result = Mustache::parse(text);
  if (const auto* why = std::get_if<std::string>(&result))
    throw std::runtime_error("template " + name + ", " + *why);
  return std::get<Mustache>(std::move(result));
}

std::string one_line(std::string text) {
  for (char& c : text) c = c == '\n' || c == '\r' ? ' ' : c;
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string word(const json::object& values, const char* name) {
  const json::value* value = values.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::vector<std::pair<std::string, std::string>> fields_of(const json::object& values, bool zh) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto add = [&](const char* chinese, const char* english, std::string value) {
    if (!value.empty()) out.emplace_back(zh ? chinese : english, std::move(value));
  };
  std::string due = word(values, "dueLocal");
  if (const std::string over = word(values, "over"); !over.empty())
    due += zh ? "（已超时 " + over + "）" : " (" + over + " over)";
  if (const std::string left = word(values, "left"); !left.empty())
    due += zh ? "（还剩 " + left + "）" : " (" + left + " left)";
  std::string account = word(values, "accountTitle");
  if (const std::string tier = word(values, "tier"); !tier.empty())
    account += zh ? "（" + tier + "）" : " (" + tier + ")";
  add("标题", "Title", word(values, "title"));
  add("客户", "Customer", account);
  add("承诺", "Promise", word(values, "promise"));
  add("截止", "Due", due);
  add("同时通知", "Also called", word(values, "others"));
  if (const json::value* next = values.if_contains("next"); next != nullptr && next->is_object())
    add("下一级", "Next", word(next->get_object(), "atLocal"));
  return out;
}

}  // namespace

Texts::Texts() {
  const char* const built_in[] = {kSubjectEn, kSubjectZh, kTextEn, kTextZh, kLineEn, kLineZh};
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    templates_.insert_or_assign(kNames[i], parsed(kNames[i], built_in[i]));
}

void Texts::load(const std::string& directory) {
  for (const char* const name : kNames) {
    const auto path = std::filesystem::path(directory) / (std::string(name) + ".mustache");
    if (!std::filesystem::exists(path)) continue;
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) throw std::runtime_error("cannot read " + path.string());
    templates_.insert_or_assign(name, parsed(path.string(), text.str()));
  }
}

Words Texts::words(const Message& message, Instant now) const {
  const std::string language = message.language == "zh" ? "zh" : "en";
  const json::object values = values_of(message, now);
  const auto render = [&](const char* name) {
    return templates_.at(name + ("." + language)).render(values, Escape::kNone);
  };
  Words words;
  const bool over = message.about == About::kAcknowledged || message.about == About::kCleared;
  words.subject = one_line(render(over ? "line" : "subject"));
  words.text = over ? words.subject : render("text");
  const bool zh = language == "zh";
  if (message.about == About::kRaised && message.alarms.size() == 1)
    words.fields = fields_of(values, zh);
  words.acknowledge = zh ? "接手" : "Take it";
  words.open = zh ? "查看" : "Open";
  return words;
}

}  // namespace tocsin::notify
