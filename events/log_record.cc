#include "events/log_record.h"

#include <charconv>

#include "events/json_scan.h"
#include "events/vocabulary.h"
#include "events/writer.h"

namespace tocsin {
namespace {

constexpr std::string_view kStampPrefix = "tocsin";
constexpr std::string_view kClaimed = "tocsinclaimed";
constexpr std::string_view kBelieved = "tocsinbelieved";
constexpr std::string_view kFormat = "tocsinformat";
constexpr std::string_view kContentType = "datacontenttype";

class RecordReader {
 public:
  // `escapes`: whether there is a backslash anywhere.
  RecordReader(std::string_view record, bool escapes, LogEvent& out)
      : p_(record.data()), end_(p_ + record.size()), escapes_(escapes), out_(out) {}

  bool read() {
    using json_scan::skip_space;
    p_ = skip_space(p_, end_);
    if (!take('{')) return false;
    do {
      std::string_view name, value;
      if (!read_member(name, value) || !place(name, value)) return false;
    } while (take(','));
    const bool addressed = !out_.account.empty() && !out_.subject.empty() && !out_.source.empty();
    if (!has_believed_) out_.decided = out_.recorded;
    return take('}') && skip_space(p_, end_) == end_ && !out_.id.empty() && !out_.type.empty() &&
           has_time_ && has_recorded_ && (addressed || !out_.is_fact());
  }

 private:
  bool take(char c) {
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }

  bool read_member(std::string_view& name, std::string_view& value) {
    if (!take('"')) return false;
    const char* const quote = json_scan::closing_quote(p_, end_);
    if (quote == nullptr) return false;
    name = {p_, static_cast<std::size_t>(quote - p_)};
    member_ = p_ - 1;
    p_ = quote + 1;
    if (!take(':')) return false;
    const char* const value_end = json_scan::skip_value(p_, end_);
    if (value_end == nullptr || value_end == p_) return false;
    value = {p_, static_cast<std::size_t>(value_end - p_)};
    p_ = value_end;
    return true;
  }

  bool place(std::string_view name, std::string_view value) {
    switch (name.size()) {
      case 2:
        if (name == "id") return text(value, out_.id);
        break;
      case 4:
        if (name == "type") return text(value, out_.type);
        if (name == "time") return has_time_ = instant(value, out_.time);
        if (name == "data") return out_.data = value, true;
        break;
      case 6:
        if (name == "source") return text(value, out_.source);
        break;
      case 7:
        if (name == "subject") return text(value, out_.subject);
        break;
      case 8:
        if (name == "sequence") return text(value, out_.sequence);
        break;
      case 11:
        if (name == "specversion") return value == "\"1.0\"";
        break;
      case 12:
        if (name == "partitionkey") return text(value, out_.account);
        if (name == "recordedtime") return has_recorded_ = instant(value, out_.recorded);
        if (name == kFormat) return integer(value, out_.format);
        break;
      case 13:
        if (name == kClaimed) return instant(value, out_.claimed);
        break;
      case 14:
        if (name == kBelieved) return has_believed_ = instant(value, out_.decided);
        break;
      case 15:
        if (name == kContentType && value == "\"application/json\"") return true;
        break;
      default:
        break;
    }
    std::string& members = name.starts_with(kStampPrefix) ? out_.stamps : out_.extensions;
    if (!members.empty()) members += ',';
    members.append(member_, static_cast<std::size_t>(p_ - member_));
    return true;
  }

  bool text(std::string_view value, std::string_view& to) {
    if (value.size() < 2 || value.front() != '"') return false;
    value = value.substr(1, value.size() - 2);
    if (!escapes_ || value.find('\\') == std::string_view::npos) {
      to = value;
      return true;
    }
    const std::size_t begin = out_.unescaped.size();
    if (!json_scan::unescape(value, out_.unescaped)) return false;
    to = std::string_view(out_.unescaped).substr(begin);
    return true;
  }

  static bool instant(std::string_view value, Instant& to) {
    if (value.size() < 2 || value.front() != '"') return false;
    const auto t = parse_rfc3339(value.substr(1, value.size() - 2));
    if (t) to = *t;
    return t.has_value();
  }

  static bool integer(std::string_view value, std::int64_t& to) {
    const char* const end = value.data() + value.size();
    return std::from_chars(value.data(), end, to).ptr == end;
  }

  const char* p_;
  const char* end_;
  const char* member_ = nullptr;
  bool escapes_;
  LogEvent& out_;
  bool has_time_ = false, has_recorded_ = false, has_believed_ = false;
};

}  // namespace

void append_fact_record(std::string& to, const Fact& fact, std::string_view stamps) {
  TextBlock out(to);
  out.raw("{\"specversion\":\"1.0\",\"id\":").string(fact.id);
  out.raw(",\"source\":").string(fact.source);
  out.raw(",\"type\":").string(fact.type);
  out.raw(",\"subject\":").string(fact.subject);
  out.raw(",\"partitionkey\":").string(fact.account);
  out.raw(",\"time\":").time(fact.time).raw(",\"recordedtime\":").time(fact.recorded);
  if (!fact.sequence.empty()) out.raw(",\"sequence\":").string(fact.sequence);
  if (fact.claimed > fact.time) {
    out.raw(",\"").raw(kClaimed).raw("\":").time(fact.claimed);
  }
  for (const std::string_view members : {stamps, std::string_view(fact.extensions)}) {
    if (!members.empty()) out.raw(",").raw(members);
  }
  if (!fact.data.empty()) {
    if (fact.extensions.find("\"datacontenttype\":") == std::string::npos)
      out.raw(",\"datacontenttype\":\"application/json\"");
    out.raw(",\"data\":").raw(fact.data);
  }
  out.raw("}").flush();
}

void append_own_event(std::string& out, const OwnEvent& event) {
  JsonObject record(out);
  record.text("specversion", "1.0")
      .text("id", event.id)
      .text("source", kEngineSource)
      .text("type", event.type)
      .text("subject", event.subject)
      .text("partitionkey", event.account)
      .time("time", event.time)
      .time("recordedtime", event.recorded)
      .members(event.stamps);
  if (!event.data.empty()) record.raw("data", event.data);
  record.close();
}

std::string believed_stamp(Instant believed, Instant recorded) {
  if (believed == recorded) return {};
  return "\"" + std::string(kBelieved) + "\":\"" + format_rfc3339(believed) + "\"";
}

bool LogEvent::is_fact() const {
  return !is_reserved_type(type) && stamp(*this, "tocsinderived").empty();
}

bool read_log_record(std::string_view record, LogEvent& out) {
  out.id = out.source = out.type = out.subject = out.account = out.sequence = out.data = {};
  out.time = out.recorded = {};
  out.claimed = kAlways;
  out.format = kLogFormat;
  out.stamps.clear();
  out.extensions.clear();
  out.unescaped.clear();
  // Views into it stay good because it never has to grow.
  const bool escapes = record.find('\\') != std::string_view::npos;
  if (escapes) out.unescaped.reserve(record.size());
  if (!RecordReader(record, escapes, out).read()) return false;
  if (out.claimed == kAlways) out.claimed = out.time;
  return true;
}

void to_fact(const LogEvent& event, Fact& fact) {
  const TypeParts parts = split_type(event.type);
  fact.account = event.account;
  fact.subject = event.subject;
  fact.type = event.type;
  fact.kind = parts.kind;
  fact.verb = parts.verb;
  fact.source = event.source;
  fact.id = event.id;
  fact.sequence = event.sequence;
  fact.time = event.time;
  fact.recorded = event.decided;
  fact.claimed = event.claimed;
  fact.data = event.data;
  fact.extensions = event.extensions;
}

Fact to_fact(const LogEvent& event) {
  Fact fact;
  to_fact(event, fact);
  return fact;
}

// Stamps hold no escapes: a quote in front, `":` behind, and it is a member's name and no value.
std::string_view stamp(const LogEvent& event, std::string_view name) {
  const std::string_view all = event.stamps;
  for (std::size_t at = 0;; ++at) {
    at = all.find(name, at);
    if (at == std::string_view::npos) return {};
    const std::string_view behind = all.substr(at + name.size());
    if (at == 0 || all[at - 1] != '"' || !behind.starts_with("\":")) continue;
    const char* const begin = behind.data() + 2;
    const char* const end = json_scan::skip_value(begin, all.data() + all.size());
    if (end == nullptr) return {};
    const std::string_view value(begin, static_cast<std::size_t>(end - begin));
    if (value.size() < 2 || value.front() != '"') return value;
    return value.substr(1, value.size() - 2);
  }
}

}  // namespace tocsin
