// Mail: one thread a group, plain text and HTML, subjects in RFC 2047's B form.
#include <algorithm>
#include <stdexcept>

#include "connectors/notify/channels/types.h"
#include "connectors/notify/crypto.h"
#include "connectors/template/mustache.h"

namespace tocsin::notify {

namespace {

constexpr const char* kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// `Mon, 02 Mar 2026 01:15:00 +0000`.
std::string mail_date(Instant at) {
  const LocalDate date = date_of(LocalTime{at.ms});
  const YearMonthDay ymd = civil(date);
  return std::string(kDays[date.day % 7]) + ", " + (ymd.day < 10 ? "0" : "") +
         std::to_string(ymd.day) + " " + kMonths[ymd.month - 1] + " " + std::to_string(ymd.year) +
         " " + format_rfc3339(at).substr(11, 8) + " +0000";
}

// RFC 2047: encoded words of at most 75 characters, cut between characters.
std::string encoded(const std::string& text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= 32 && c < 127; });
  if (plain) return cut(text, 900);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.size(), at + 42);  // 42 bytes are 56 characters of base64
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    if (end <= at) end = std::min(text.size(), at + 42);  // no UTF-8
    out += (out.empty() ? "" : "\r\n ") +
           ("=?UTF-8?B?" + crypto::base64(text.substr(at, end - at))) + "?=";
    at = end;
  }
  return out;
}

std::string base64_lines(const std::string& text) {
  const std::string all = crypto::base64(text);
  std::string out;
  for (std::size_t at = 0; at < all.size(); at += 76) out += all.substr(at, 76) + "\r\n";
  return out;
}

// No header of ours may end early: what comes from tickets has been cut at line ends before.
std::string header_safe(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(),
                            [](char c) { return c == '\r' || c == '\n' || c == '\0'; }),
             text.end());
  return text;
}

// `Tocsin <a@b>` → `a@b`.
std::string address_of(const std::string& text) {
  const std::size_t open = text.rfind('<');
  if (open == std::string::npos) return text;
  return text.substr(open + 1, text.find('>', open) - open - 1);
}

class Smtp final : public Channel {
 public:
  explicit Smtp(ChannelSettings settings) : Channel(std::move(settings)) {
    const auto& own = this->settings();
    const std::string tls = own.or_default("tls", "starttls");
    if (tls != "none" && tls != "starttls" && tls != "tls")
      throw std::runtime_error("tls must be none, starttls or tls");
    must_tls_ = tls == "starttls";
    const std::string port = own.or_default("port", tls == "tls"    ? "465"
                                                    : tls == "none" ? "25"
                                                                    : "587");
    if (port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos)
      throw std::runtime_error("port must be a number");
    url_ = (tls == "tls" ? "smtps://" : "smtp://") + own["host"] + ":" + port;
    from_ = address_of(own["from"]);
    if (from_.find('@') == std::string::npos) throw std::runtime_error("from must be an address");
    domain_ = from_.substr(from_.find('@') + 1);
  }

  std::vector<Outgoing> requests(const Message& message, const Words& words,
                                 Instant now) const override {
    const std::string to = header_safe(message.to);
    if (to.find('@') == std::string::npos || to.find_first_of(" ,;") != std::string::npos)
      throw std::runtime_error("no_address");
    Outgoing out;
    out.by = Outgoing::By::kMail;
    out.url = url_;
    out.from = from_;
    out.to = to;
    out.user = settings()["user"];
    out.password = settings()["password"];
    out.must_tls = must_tls_;
    const auto line = [&](const char* name, const std::string& value) {
      out.body += std::string(name) + ": " + value + "\r\n";
    };
    line("From", header_safe(settings()["from"]));
    line("To", "<" + to + ">");
    line("Subject", encoded(header_safe(words.subject)));
    line("Date", mail_date(now));
    line("Message-Id", "<" + message.id + "@" + domain_ + ">");
    if (!message.alarms.empty()) {  // the same for all about the group
      const std::string thread =
          "<" + crypto::hex(crypto::sha256(message.alarms.front().group)).substr(0, 32) + "@" +
          domain_ + ">";
      line("In-Reply-To", thread);
      line("References", thread);
    }
    line("Auto-Submitted", "auto-generated");
    if (message.high && message.about == About::kRaised) line("Importance", "high");
    line("MIME-Version", "1.0");
    const std::string border = "tocsin-" + message.id;
    line("Content-Type", "multipart/alternative; boundary=\"" + border + "\"");
    const auto part = [&](const char* type, const std::string& text) {
      out.body += "\r\n--" + border + "\r\nContent-Type: " + type +
                  "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                  base64_lines(text);
    };
    part("text/plain", words.text);
    part("text/html", html(message, words));
    out.body += "--" + border + "--\r\n";
    return {std::move(out)};
  }

  // SMTP's own codes, also where the conversation broke off with one.
  Verdict judge(const Answer& answer, Instant now) const override {
    if (answer.status == 0) return judge_http(answer, now);
    if (answer.status / 100 == 2) return {Verdict::Kind::kDelivered, {}, {}, false};
    const auto kind = answer.status / 100 == 5 ? Verdict::Kind::kNever : Verdict::Kind::kTryAgain;
    return {kind, "reply " + std::to_string(answer.status), {}, false};
  }

 private:
  static std::string html(const Message& message, const Words& words) {
    const auto escaped = [](const std::string& text) {
      std::string out;
      append_escaped(out, text, Escape::kHtml);
      return out;
    };
    std::string out = "<!doctype html><html><body style=\"font-family:sans-serif\"><h2>" +
                      escaped(words.subject) + "</h2>";
    if (words.fields.empty()) {
      out += "<pre style=\"font-family:sans-serif;white-space:pre-wrap\">" + escaped(words.text) +
             "</pre>";
    } else {
      out += "<table>";
      for (const auto& [name, value] : words.fields)
        out += "<tr><td style=\"color:#666;padding-right:1em\">" + escaped(name) + "</td><td>" +
               escaped(value) + "</td></tr>";
      out += "</table>";
    }
    const auto button = [&](const std::string& text, const std::string& url) {
      if (!url.empty()) out += "<p><a href=\"" + escaped(url) + "\">" + escaped(text) + "</a></p>";
    };
    button(words.acknowledge, message.acknowledge_url);
    button(words.open, message.page_url);
    return out + "</body></html>";
  }

  std::string url_, from_, domain_;
  bool must_tls_ = true;
};

}  // namespace

std::unique_ptr<Channel> make_smtp(ChannelSettings settings) {
  return std::make_unique<Smtp>(std::move(settings));
}

}  // namespace tocsin::notify
