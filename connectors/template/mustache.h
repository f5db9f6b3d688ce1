// Templates: Mustache without partials, the one template language of the product (messages to
// people, bodies that are pushed to other systems).
//
//   {{name}} {{a.b}} {{.}}     a value, escaped as the place wants; {{{name}}} and {{&name}}: as is
//   {{#list}}…{{/list}}        for each; or once where it is true, an object, a text that is not ""
//   {{^list}}…{{/list}}        where it is missing, false, null, "" or empty
//   {{! words }}               nothing; {{=<% %>=}} other delimiters
//
// A tag of a section, a comment or delimiters that stands alone on its line takes the line with it.
// Partials ({{> x}}) are refused. A name is looked for in the innermost section, then outwards. A
// number is written as JSON writes it, an object or a list as JSON, null as nothing.
//
// Escape::kJson escapes for the inside of a JSON text: {"title": "{{title}}"} is sound JSON whatever
// the title holds. Values are never read as templates.
//
// Limits: 256 KiB of template, sections 32 deep, 1 MiB of result (more is cut, `render` says so).
// Immutable once parsed; any thread. Cost: linear in template and result.
#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tocsin {

enum class Escape : std::uint8_t { kNone, kHtml, kJson, kUrl };

class Mustache {
 public:
  static constexpr std::size_t kTemplateBytesMax = 256u << 10;
  static constexpr std::size_t kResultBytesMax = 1u << 20;
  static constexpr int kDepthMax = 32;

  // The template, or what is wrong: `line 3: {{#list}} is not closed`.
  static std::variant<Mustache, std::string> parse(std::string_view text);

  // Throws std::length_error when the result is over its limit.
  std::string render(const boost::json::value& values, Escape escape) const;

 private:
  struct Node;
  using Nodes = std::vector<Node>;
  friend class MustacheParser;
  friend class MustacheWriter;
  std::shared_ptr<const Nodes> nodes_;
};

// Appends `text` escaped.
void append_escaped(std::string& out, std::string_view text, Escape escape);

}  // namespace tocsin
