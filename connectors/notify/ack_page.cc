#include "connectors/notify/ack_page.h"

#include <boost/json.hpp>

#include "connectors/template/mustache.h"

namespace tocsin::notify {

namespace json = boost::json;

namespace {

constexpr const char* kPage = R"(<!doctype html>
<html lang="{{language}}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>Tocsin</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1b1f24}
main{max-width:30rem;margin:1rem auto;padding:1.25rem;background:#fff;border-radius:12px}
h1{font-size:1.25rem;margin:0 0 .75rem}dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem .9rem;margin:0 0 1.25rem}
dt{color:#667}dd{margin:0;overflow-wrap:anywhere}
button{font:inherit;font-weight:600;width:100%;padding:.9rem;margin:0 0 .6rem;border:0;border-radius:10px;background:#c0271f;color:#fff}
a{color:#0b57d0;display:inline-block;padding:.6rem 0}.ok{color:#176b37}.no{color:#8a5a00}
@media(prefers-color-scheme:dark){body{background:#14171b;color:#e6e8eb}main{background:#1e2227}dt{color:#9aa3ad}a{color:#8ab4f8}.ok{color:#5fd08a}.no{color:#e6b450}}
</style></head><body><main>
{{#alarm}}
<h1>{{#priority}}{{priority}} {{/priority}}{{entityId}}{{#title}} {{title}}{{/title}}</h1>
<dl><dt>{{words.customer}}</dt><dd>{{accountTitle}}{{inTier}}</dd>
<dt>{{words.promise}}</dt><dd>{{promise}}{{#thresholdLabel}}{{words.comma}}{{thresholdLabel}}{{/thresholdLabel}}</dd>
{{#dueLocal}}
<dt>{{words.due}}</dt><dd>{{dueLocal}}{{howLong}}</dd>
{{/dueLocal}}
{{#others}}
<dt>{{words.others}}</dt><dd>{{others}}</dd>
{{/others}}
{{#next}}
<dt>{{words.next}}</dt><dd>{{atLocal}}</dd>
{{/next}}
</dl>
{{/alarm}}
{{#good}}
<p class="ok">{{good}}</p>
{{/good}}
{{#bad}}
<p class="no">{{bad}}</p>
{{/bad}}
{{#open}}
<form method="post">
{{#buttons}}
<button type="submit"{{#who}} name="person" value="{{who}}"{{/who}}>{{words.take}} – {{name}}</button>
{{/buttons}}
</form>
{{/open}}
{{#url}}
<p><a href="{{url}}">{{words.open}}</a></p>
{{/url}}
</main></body></html>
)";

}  // namespace

std::string ack_page(const AckView& view, Instant now) {
  using State = AckView::State;
  const bool zh = view.language == "zh";
  const auto say = [&](const char* chinese, const char* english) { return zh ? chinese : english; };
  const bool open = view.state == State::kOpen || view.state == State::kTryAgain;
  const bool asks = !view.choices.empty();  // who of those who were called takes it
  Message message;
  message.language = view.language;
  message.zone = view.zone;
  message.policy = view.policy;
  message.page_url = view.page_url;
  if (!(open && asks)) message.others = view.others;  // else the buttons name them
  if (view.alarm) message.alarms.push_back(*view.alarm);
  json::object values = values_of(message, now);
  if (!open) values.erase("next");  // it comes no more
  values["alarm"] = view.alarm.has_value();
  values["words"] = {{"customer", say("客户", "Customer")},
                     {"promise", say("承诺", "Promise")},
                     {"due", say("截止", "Due")},
                     {"comma", say("，", ", ")},
                     {"others", asks ? say("已通知", "Called") : say("同时通知", "Also called")},
                     {"next", say("下一级", "Next step")},
                     {"take", say("接手", "I take it")},
                     {"open", say("查看详情", "Open")}};
  values["language"] = zh ? "zh" : "en";
  const auto aside = [&](const char* name, const char* before, const char* after) {
    const json::value* value = values.if_contains(name);
    if (value == nullptr) return std::string();
    const std::string text(value->as_string());
    return zh ? "（" + std::string(before) + text + "）" : " (" + text + after + ")";
  };
  values["inTier"] = aside("tier", "", "");
  values["howLong"] = aside("over", "已超时 ", " over") + aside("left", "还剩 ", " left");
  values["open"] = open;
  json::array buttons;
  for (const auto& [id, name] : view.choices)
    buttons.emplace_back(json::object{{"who", id}, {"name", name}});
  if (!asks) buttons.emplace_back(json::object{{"name", view.person_name}});
  values["buttons"] = std::move(buttons);
  switch (view.state) {
    case State::kOpen:
      break;
    case State::kTaken:
      values["good"] = view.by + say(" 已接手。", " has taken it.");
      break;
    case State::kAlready:
      values["bad"] = view.by + say(" 已经接手。", " has taken it already.");
      break;
    case State::kOver:
      values["bad"] =
          say("此告警已结束，或已有人接手。", "This is over, or somebody has taken it.");
      break;
    case State::kBadLink:
      values["bad"] = say("链接无效或已过期。", "This link is not good, or not any more.");
      break;
    case State::kTryAgain:
      values["bad"] =
          say("暂时无法记录，请稍后再试。", "It cannot be recorded now. Please try again.");
      break;
  }
  static const Mustache page = std::get<Mustache>(Mustache::parse(kPage));
  return page.render(values, Escape::kHtml);
}

}  // namespace tocsin::notify
