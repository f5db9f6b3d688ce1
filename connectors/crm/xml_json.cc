// The small XML documents of WeCom, as JSON.
#include <algorithm>
#include <charconv>
#include <map>
#include <vector>

#include "connectors/crm/chat_callback.h"
#include "events/writer.h"

namespace tocsin {
namespace {

constexpr std::size_t kXmlBytesMax = 1 << 20;

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

class XmlReader {
 public:
  explicit XmlReader(std::string_view text) : rest_(text) {}

  // The document's one element as JSON.
  bool document(std::string& out) {
    skip_prolog();
    std::string name;
    return open_tag(name) && element(name, out, 1) && (skip_prolog(), rest_.empty());
  }

 private:
  void skip_prolog() {
    for (;;) {
      const std::size_t text = rest_.find_first_not_of(" \t\r\n");
      rest_.remove_prefix(std::min(text, rest_.size()));
      if (!(rest_.starts_with("<?") && skip_past("?>")) &&
          !(rest_.starts_with("<!--") && skip_past("-->")))
        return;
    }
  }
  bool skip_past(std::string_view end) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos) return false;
    rest_.remove_prefix(at + end.size());
    return true;
  }
  // `<name …>`; attributes are left out. An empty element ends at once.
  bool open_tag(std::string& name) {
    if (rest_.size() < 3 || rest_[0] != '<') return false;
    const std::size_t end = rest_.find('>');
    if (end == std::string_view::npos) return false;
    std::string_view tag = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    closed_ = tag.ends_with('/');
    if (closed_) tag.remove_suffix(1);
    name = tag.substr(0, tag.find_first_of(" \t\r\n"));
    return !name.empty() && name.find_first_of("!?/<&") == std::string::npos;
  }
  bool entity(std::string& out) {
    const std::size_t end = rest_.find(';');
    if (end == std::string_view::npos || end > 10) return false;
    const std::string_view name = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    static const std::map<std::string_view, char> kNames = {
        {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    if (const auto known = kNames.find(name); known != kNames.end()) {
      out += known->second;
      return true;
    }
    if (!name.starts_with('#')) return false;
    const bool hex = name.starts_with("#x");
    const std::string_view digits = name.substr(hex ? 2 : 1);
    std::uint32_t code = 0;
    const auto [at, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
    if (error != std::errc() || at != digits.data() + digits.size() || code == 0 ||
        code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      return false;
    append_utf8(out, code);
    return true;
  }
  // Behind its opening tag: its text, or its elements.
  bool element(const std::string& name, std::string& out, int depth) {
    std::string text;
    std::vector<std::pair<std::string, std::vector<std::string>>> members;
    while (!closed_) {
      if (rest_.empty()) return false;
      if (rest_.starts_with("<![CDATA[")) {
        rest_.remove_prefix(9);
        const std::string_view before = rest_;
        if (!skip_past("]]>")) return false;
        text += before.substr(0, before.size() - rest_.size() - 3);
      } else if (rest_.starts_with("<!--")) {
        if (!skip_past("-->")) return false;
      } else if (rest_.starts_with("</")) {
        const std::size_t end = rest_.find('>');
        if (end == std::string_view::npos || rest_.substr(2, end - 2) != name) return false;
        rest_.remove_prefix(end + 1);
        break;
      } else if (rest_.front() == '<') {
        std::string child, value;
        if (depth >= kXmlDepthMax || !open_tag(child) || !element(child, value, depth + 1))
          return false;
        auto at = std::find_if(members.begin(), members.end(),
                               [&](const auto& m) { return m.first == child; });
        if (at == members.end()) at = members.insert(members.end(), {child, {}});
        at->second.push_back(std::move(value));
      } else if (rest_.front() == '&') {
        if (!entity(text)) return false;
      } else {
        const std::size_t end = std::min(rest_.find_first_of("<&"), rest_.size());
        text += rest_.substr(0, end);
        rest_.remove_prefix(end);
      }
    }
    closed_ = false;
    write(members, text, out);
    return true;
  }
  static void write(const std::vector<std::pair<std::string, std::vector<std::string>>>& members,
                    const std::string& text, std::string& out) {
    if (members.empty()) return append_json_string(out, text);
    out += '{';
    for (const auto& [name, values] : members) {
      if (out.back() != '{') out += ',';
      append_json_string(out, name);
      out += values.size() > 1 ? ":[" : ":";
      for (std::size_t i = 0; i < values.size(); ++i) out += (i > 0 ? "," : "") + values[i];
      if (values.size() > 1) out += ']';
    }
    out += '}';
  }

  std::string_view rest_;
  bool closed_ = false;
};

}  // namespace

std::string xml_to_json(std::string_view xml) {
  std::string out;
  if (xml.size() > kXmlBytesMax || !XmlReader(xml).document(out)) return {};
  return out;
}

}  // namespace tocsin
