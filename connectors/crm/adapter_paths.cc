// Paths and conditions of an adapter's file.
#include <re2/re2.h>

#include <algorithm>

#include "connectors/crm/adapter_parts.h"

namespace tocsin {
namespace {

using Step = AdapterPath::Step;

constexpr std::size_t kPathStepsMax = 32;
constexpr std::size_t kPlaceDigitsMax = 6;
constexpr std::string_view kHeader = "header.";

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

// Reads one path's text from the front; `why` is set where it cannot go on.
class PathText {
 public:
  PathText(std::string_view text, std::string& why) : rest_(text), why_(why) {}

  void steps(AdapterPath& path) {
    for (bool first = true; !rest_.empty() && why_.empty(); first = false) {
      if (path.steps.size() >= kPathStepsMax) return fail("more than 32 members");
      if (rest_.front() == '[') {
        element(path);
      } else {
        if (!first && !take('.'))
          return fail("a `.` is missing before `" + std::string(rest_) + "`");
        member(path);
      }
    }
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void fail(std::string why) {
    if (why_.empty()) why_ = std::move(why);
  }
  // Up to one of `ends`, or what stands in quotes.
  std::string name(std::string_view ends) {
    std::string out;
    if (take('"')) {
      const std::size_t end = rest_.find('"');
      if (end == std::string_view::npos) {
        fail("a quote is not closed");
        return out;
      }
      out = rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
    } else {
      const std::size_t end = std::min(rest_.find_first_of(ends), rest_.size());
      out = rest_.substr(0, end);
      rest_.remove_prefix(end);
    }
    if (out.empty()) fail("a member without a name");
    return out;
  }
  void member(AdapterPath& path) {
    const bool quoted = !rest_.empty() && rest_.front() == '"';
    Step step;
    step.name = name(".[");
    if (!quoted && step.name.size() <= kPlaceDigitsMax &&
        step.name.find_first_not_of("0123456789") == std::string::npos && !step.name.empty()) {
      step.kind = Step::Kind::kPlace;
      step.place = static_cast<std::size_t>(std::stoul(step.name));
      if (!path.list_at) path.list_at = path.steps.size();
    }
    path.steps.push_back(std::move(step));
  }
  void element(AdapterPath& path) {
    take('[');
    Step step;
    step.kind = Step::Kind::kElement;
    step.name = name("=]");
    if (!take('=')) return fail("`[name=value]` has no `=`");
    step.value = name("]");
    if (!take(']')) return fail("a `[` is not closed");
    if (!path.list_at) path.list_at = path.steps.size();
    path.steps.push_back(std::move(step));
  }

  std::string_view rest_;
  std::string& why_;
};

}  // namespace

AdapterPath AdapterParts::parse_path(std::string_view text, int line, const std::string& where) {
  AdapterPath path;
  std::string why;
  if (text.starts_with(kHeader)) {
    path.from = AdapterPath::From::kHeader;
    path.header = lower_case(text.substr(kHeader.size()));
    if (path.header.size() > 2 && path.header.front() == '"' && path.header.back() == '"')
      path.header = path.header.substr(1, path.header.size() - 2);
    if (path.header.empty()) why = "a header without a name";
    auto& headers = adapter_.headers;
    if (std::find(headers.begin(), headers.end(), path.header) == headers.end())
      headers.push_back(path.header);
  } else {
    if (text == "$" || text.starts_with("$.") || text.starts_with("$[")) {
      path.from = AdapterPath::From::kPayload;
      path.slot = adapter_.slots++;
      text.remove_prefix(1);
      if (text.size() > 1 && text.front() == '.') {
        text.remove_prefix(1);
      } else if (text == ".") {
        why = "a member without a name";
      }
    } else if (text == ".") {
      text = {};
    } else if (text.empty()) {
      why = "it is empty";
    }
    PathText(text, why).steps(path);
  }
  if (!why.empty())
    reader_.error(line, where + " is no path: " + why +
                            " (paths are like a.b.0.c, a.b[name=x].c, "
                            "header.x-name, . or $)");
  return path;
}

AdapterPath AdapterParts::path(const Yaml& node, const std::string& where) {
  if (!node.is_text()) {
    if (!node.absent()) reader_.wrong(node, where, "a path, like ticket.number");
    return {};
  }
  return parse_path(node.text, node.line, where);
}

std::shared_ptr<const re2::RE2> AdapterParts::expression(const Yaml& node, const std::string& where,
                                                         bool needs_group) {
  if (!node.is_text()) {
    reader_.wrong(node, where, "a regular expression");
    return nullptr;
  }
  auto compiled = std::make_shared<re2::RE2>(node.text, re2::RE2::Quiet);
  if (!compiled->ok()) {
    reader_.error(
        node, where + ": `" + node.text + "` is no regular expression (RE2): " + compiled->error());
    return nullptr;
  }
  if (needs_group && compiled->NumberOfCapturingGroups() == 0) {
    reader_.error(node, where + ": `" + node.text + "` has no group ( ) to take the value from");
    return nullptr;
  }
  return compiled;
}

Conditions AdapterParts::conditions(const Yaml& node, const std::string& where) {
  Conditions out;
  if (node.absent()) return out;
  if (!node.is_map()) {
    reader_.wrong(node, where, "a map of conditions, like {ticket.state: open}");
    return out;
  }
  if (node.values.empty()) reader_.error(node, where + " has no condition");
  for (const Yaml& member : node.values) {
    const bool groups = member.key == "any" && member.is_list() && !member.values.empty() &&
                        std::all_of(member.values.begin(), member.values.end(),
                                    [](const Yaml& v) { return v.is_map(); });
    if (groups) {
      Condition any;
      any.test = Condition::Test::kAny;
      for (const Yaml& group : member.values) any.groups.push_back(conditions(group, where));
      out.push_back(std::move(any));
      continue;
    }
    Condition start;
    start.path = parse_path(member.key, member.key_line, where);
    if (member.is_map()) {
      tests_of_map(member, where + " " + member.key, start, out);
      continue;
    }
    Condition read = condition(member, where + " " + member.key);
    read.path = std::move(start.path);
    out.push_back(std::move(read));
  }
  return out;
}

Condition AdapterParts::condition(const Yaml& node, const std::string& where) {
  Condition out;
  if (node.is_text()) {
    if (!node.quoted && (node.text == "exists" || node.text == "absent")) {
      out.test = node.text == "exists" ? Condition::Test::kExists : Condition::Test::kAbsent;
    } else {
      out.words.push_back(constant_of(node));
    }
  } else if (node.is_list() && !node.values.empty()) {
    for (const Yaml& item : node.values) {
      if (item.is_text()) {
        out.words.push_back(constant_of(item));
      } else {
        reader_.wrong(item, where, "a list of words");
      }
    }
  } else {
    reader_.wrong(
        node, where,
        "a word, a list of words, exists, absent, or one of {not:}, {same:}, {not_same:}, "
        "{match:}, {contains:}");
  }
  return out;
}

void AdapterParts::tests_of_map(const Yaml& node, const std::string& where, const Condition& start,
                                Conditions& out) {
  if (!reader_.map(node, where, {"not", "same", "not_same", "match", "contains"})) return;
  if (node.values.empty()) reader_.error(node, where + " has no condition");
  for (const Yaml& member : node.values) {
    Condition one = start;
    if (member.key == "not" || member.key == "contains") {
      Condition read = condition(member, where + " " + member.key);
      if (read.test != Condition::Test::kEquals)
        reader_.wrong(member, where + " " + member.key, "a word or a list of words");
      one.words = std::move(read.words);
      one.test = member.key == "not" ? Condition::Test::kNot : Condition::Test::kContains;
    } else if (member.key == "match") {
      one.test = Condition::Test::kMatch;
      one.match = expression(member, where + " match", false);
    } else if (member.key == "same" || member.key == "not_same") {
      one.test = member.key == "same" ? Condition::Test::kSame : Condition::Test::kNotSame;
      one.other = path(member, where + " " + member.key);
    } else {
      continue;  // said above
    }
    out.push_back(std::move(one));
  }
}

}  // namespace tocsin
