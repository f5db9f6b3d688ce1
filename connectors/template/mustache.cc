#include "connectors/template/mustache.h"

#include <boost/json.hpp>
#include <charconv>
#include <stdexcept>

namespace tocsin {

namespace json = boost::json;

struct Mustache::Node {
  enum class Kind : std::uint8_t { kText, kValue, kRaw, kSection, kInverted } kind = Kind::kText;
  std::string text;               // kText; else the name as written
  std::vector<std::string> path;  // of the name; empty: `.`
  Nodes inside;                   // of a section
};

namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_true(const json::value& value) {
  if (value.is_bool()) return value.get_bool();
  if (value.is_array()) return !value.get_array().empty();
  if (value.is_string()) return !value.get_string().empty();
  return !value.is_null();
}

}  // namespace

// ---- parsing -----------------------------------------------------------------------------------

class MustacheParser {
 public:
  explicit MustacheParser(std::string_view text) : text_(text) {}

  Mustache::Nodes parse() {
    open_.push_back({});
    while (at_ < text_.size()) {
      const std::size_t tag = text_.find(begin_, at_);
      if (tag == std::string_view::npos) break;
      read_tag(tag);
    }
    add_text(text_.substr(at_));
    if (open_.size() > 1) fail(open_.back().line, "{{#" + open_.back().name + "}} is not closed");
    return std::move(open_.front().nodes);
  }

 private:
  struct Open {
    std::string name;
    bool inverted = false;
    int line = 0;
    Mustache::Nodes nodes;
  };

  [[noreturn]] static void fail(int line, const std::string& why) {
    throw std::runtime_error("line " + std::to_string(line) + ": " + why);
  }
  int line_of(std::size_t at) const {
    int line = 1;
    for (const char c : text_.substr(0, at)) line += c == '\n' ? 1 : 0;
    return line;
  }

  void read_tag(std::size_t tag) {
    std::size_t from = tag + begin_.size();
    const char sigil = from < text_.size() ? text_[from] : ' ';
    const bool triple = sigil == '{' && begin_ == "{{";
    const std::string end = triple ? "}}}" : sigil == '=' ? "=" + end_ : end_;
    const bool has_sigil = std::string_view("#^/!&>={").find(sigil) != std::string_view::npos;
    if (has_sigil && (sigil != '{' || triple)) ++from;
    const std::size_t close = text_.find(end, from);
    if (close == std::string_view::npos) fail(line_of(tag), "a tag is not closed");
    const std::string_view inside = trimmed(text_.substr(from, close - from));
    const std::size_t after = close + end.size();
    const bool value = !has_sigil || sigil == '&' || triple;
    take_text(tag, after, !value);
    const int line = line_of(tag);
    switch (has_sigil ? sigil : ' ') {
      case '#':
      case '^':
        open_.push_back({name(inside, line), sigil == '^', line, {}});
        if (open_.size() > Mustache::kDepthMax) fail(line, "sections are too deep");
        break;
      case '/':
        close_section(inside, line);
        break;
      case '!':
        break;
      case '=':
        set_delimiters(inside, line);
        break;
      case '>':
        fail(line, "partials are not part of the language");
      case '&':
      case '{':
        add(Mustache::Node::Kind::kRaw, name(inside, line));
        break;
      default:
        add(Mustache::Node::Kind::kValue, name(inside, line));
    }
  }

  // The text before the tag; a tag that is alone on its line takes the line with it.
  void take_text(std::size_t tag, std::size_t after, bool may_stand_alone) {
    std::string_view before = text_.substr(at_, tag - at_);
    const std::size_t begin = text_.substr(0, tag).rfind('\n');
    const std::size_t line = begin == std::string_view::npos ? 0 : begin + 1;
    std::size_t end = text_.find('\n', after);
    end = end == std::string_view::npos ? text_.size() : end + 1;
    const bool alone = may_stand_alone && line >= at_ &&
                       trimmed(text_.substr(line, tag - line)).empty() &&
                       trimmed(text_.substr(after, end - after)).empty();
    if (alone) before = text_.substr(at_, line - at_);
    add_text(before);
    at_ = alone ? end : after;
  }

  std::string name(std::string_view inside, int line) const {
    if (inside.empty() || inside.find_first_of(" \t\r\n{}") != std::string_view::npos)
      fail(line, "`" + std::string(inside) + "` is no name");
    return std::string(inside);
  }

  void close_section(std::string_view inside, int line) {
    if (open_.size() == 1 || open_.back().name != inside)
      fail(line, "{{/" + std::string(inside) + "}} closes nothing");
    Open done = std::move(open_.back());
    open_.pop_back();
    add(done.inverted ? Mustache::Node::Kind::kInverted : Mustache::Node::Kind::kSection,
        done.name);
    open_.back().nodes.back().inside = std::move(done.nodes);
  }

  void set_delimiters(std::string_view inside, int line) {
    const std::size_t space = inside.find(' ');
    if (space == std::string_view::npos || inside.find('=') != std::string_view::npos)
      fail(line, "delimiters are two words, like {{=<% %>=}}");
    begin_ = inside.substr(0, space);
    end_ = trimmed(inside.substr(space));
  }

  void add(Mustache::Node::Kind kind, std::string name) {
    Mustache::Node node;
    node.kind = kind;
    if (name != ".") {
      for (std::size_t at = 0; at <= name.size();) {
        const std::size_t dot = std::min(name.find('.', at), name.size());
        node.path.push_back(name.substr(at, dot - at));
        at = dot + 1;
      }
    }
    node.text = std::move(name);
    open_.back().nodes.push_back(std::move(node));
  }
  void add_text(std::string_view text) {
    if (text.empty()) return;
    Mustache::Node node;
    node.text = text;
    open_.back().nodes.push_back(std::move(node));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string begin_ = "{{", end_ = "}}";
  std::vector<Open> open_;
};

std::variant<Mustache, std::string> Mustache::parse(std::string_view text) {
  if (text.size() > kTemplateBytesMax) return "a template has at most 256 KiB";
  try {
    Mustache made;
    made.nodes_ = std::make_shared<const Nodes>(MustacheParser(text).parse());
    return made;
  } catch (const std::runtime_error& e) {
    return e.what();
  }
}

// ---- rendering ---------------------------------------------------------------------------------

class MustacheWriter {
 public:
  MustacheWriter(const json::value& root, Escape escape) : escape_(escape) {
    stack_.push_back(&root);
  }

  void write(const Mustache::Nodes& nodes) {
    using Kind = Mustache::Node::Kind;
    for (const Mustache::Node& node : nodes) {
      const json::value* value = node.kind == Kind::kText ? nullptr : find(node.path);
      switch (node.kind) {
        case Kind::kText:
          out += node.text;
          break;
        case Kind::kValue:
        case Kind::kRaw:
          if (value != nullptr)
            write_value(*value, node.kind == Kind::kRaw ? Escape::kNone : escape_);
          break;
        case Kind::kSection:
          if (value != nullptr && is_true(*value)) write_section(*value, node.inside);
          break;
        case Kind::kInverted:
          if (value == nullptr || !is_true(*value)) write(node.inside);
          break;
      }
      if (out.size() > Mustache::kResultBytesMax)
        throw std::length_error("a template's result is over 1 MiB");
    }
  }

  std::string out;

 private:
  const json::value* find(const std::vector<std::string>& path) const {
    if (path.empty()) return stack_.back();
    for (auto it = stack_.rbegin(); it != stack_.rend(); ++it) {
      const json::value* value = member(**it, path.front());
      if (value == nullptr) continue;
      for (std::size_t i = 1; i < path.size() && value != nullptr; ++i)
        value = member(*value, path[i]);
      return value;
    }
    return nullptr;
  }

  static const json::value* member(const json::value& of, const std::string& name) {
    return of.is_object() ? of.get_object().if_contains(name) : nullptr;
  }

  void write_section(const json::value& value, const Mustache::Nodes& inside) {
    if (value.is_array()) {
      for (const json::value& item : value.get_array()) write_inside(item, inside);
    } else {
      write_inside(value, inside);
    }
  }
  void write_inside(const json::value& value, const Mustache::Nodes& inside) {
    stack_.push_back(&value);
    write(inside);
    stack_.pop_back();
  }

  void write_value(const json::value& value, Escape escape) {
    if (value.is_null()) return;
    if (value.is_string()) return append_escaped(out, value.get_string(), escape);
    if (value.is_double()) {  // 1.5, where Boost writes 1.5E0
      char text[32];
      const auto end = std::to_chars(text, text + sizeof text, value.get_double()).ptr;
      return append_escaped(out, std::string_view(text, end), escape);
    }
    append_escaped(out, json::serialize(value), escape);
  }

  Escape escape_;
  std::vector<const json::value*> stack_;
};

std::string Mustache::render(const json::value& values, Escape escape) const {
  MustacheWriter writer(values, escape);
  writer.write(*nodes_);
  return std::move(writer.out);
}

void append_escaped(std::string& out, std::string_view text, Escape escape) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  switch (escape) {
    case Escape::kNone:
      out += text;
      break;
    case Escape::kHtml:
      for (const char c : text) {
        const char* const entity = c == '&'    ? "&amp;"
                                   : c == '<'  ? "&lt;"
                                   : c == '>'  ? "&gt;"
                                   : c == '"'  ? "&quot;"
                                   : c == '\'' ? "&#39;"
                                               : nullptr;
        if (entity != nullptr) {
          out += entity;
        } else {
          out += c;
        }
      }
      break;
    case Escape::kJson: {
      const std::string quoted = json::serialize(json::string(text));
      out.append(quoted, 1, quoted.size() - 2);
      break;
    }
    case Escape::kUrl:
      for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_' || c == '~') {
          out += c;
        } else {
          out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
        }
      }
      break;
  }
}

}  // namespace tocsin
