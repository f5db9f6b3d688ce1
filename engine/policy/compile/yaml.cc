#include "engine/policy/compile/yaml.h"

#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <new>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace tocsin {

namespace {

struct TooMuch : std::exception {
  TooMuch(int at, const char* why) : line(at), reason(why) {}
  int line;
  const char* reason;
};

std::size_t size_of(const Yaml& value) {
  std::size_t n = 1;
  for (const Yaml& v : value.values) n += size_of(v);
  return n;
}

// Builds the value from the library's events, in the order of the text.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(std::vector<YamlFault>& faults) : faults_(faults) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      throw TooMuch(line_of(mark), "only one document: a second one begins here");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Yaml value;
    value.kind = Yaml::Kind::kNull;
    value.line = line_of(mark);
    add(std::move(value), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Yaml value;
    value.kind = Yaml::Kind::kText;
    value.line = line_of(mark);
    value.text = text;
    value.quoted = tag != "?";  // how the library tells plain texts
    add(std::move(value), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found != anchors_.end()) {
      values_ += size_of(found->second);
      if (open_.size() + depth_of(found->second) > kYamlDepthMax) {
        throw TooMuch(line_of(mark), "nested too deeply");
      }
      return add(found->second, YAML::NullAnchor);
    }
    faults_.push_back({line_of(mark), "an alias to what it stands in"});
    OnNull(mark, YAML::NullAnchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Yaml::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Yaml::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { close(); }

  Yaml take() { return std::move(root_); }
  static int line_of(const YAML::Mark& mark) { return mark.line + 1; }

 private:
  struct Open {
    Yaml value;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool has_key = false;  // of a map: its key came, its value not yet
    bool bad_key = false;
    std::string key;
    int key_line = 0;
    std::unordered_map<std::string, int> keys;  // and their lines
  };

  static std::size_t depth_of(const Yaml& value) {
    std::size_t deepest = 0;
    for (const Yaml& v : value.values) deepest = std::max(deepest, depth_of(v));
    return deepest + 1;
  }

  void open(Yaml::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= kYamlDepthMax) throw TooMuch(line_of(mark), "nested too deeply");
    Open& o = open_.emplace_back();
    o.value.kind = kind;
    o.value.line = line_of(mark);
    o.anchor = anchor;
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.value), done.anchor);
  }

  void add(Yaml value, YAML::anchor_t anchor) {
    if (++values_ > kYamlValuesMax) throw TooMuch(value.line, "too large");
    if (anchor != YAML::NullAnchor) anchors_[anchor] = value;
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& in = open_.back();
    if (in.value.is_list()) {
      in.value.values.push_back(std::move(value));
    } else if (!in.has_key) {
      in.has_key = true;
      in.bad_key = !value.is_text();
      if (in.bad_key) faults_.push_back({value.line, "a key must be text"});
      in.key = std::move(value.text);
      in.key_line = value.line;
    } else {
      in.has_key = false;
      add_member(in, std::move(value));
    }
  }

  void add_member(Open& in, Yaml value) {
    if (in.bad_key) return;
    const auto [before, first] = in.keys.emplace(in.key, in.key_line);
    if (!first) {
      faults_.push_back({in.key_line, "`" + in.key + "` is there twice, first on line " +
                                          std::to_string(before->second)});
      return;
    }
    if (!value.is_text()) value.line = in.key_line;
    value.key = in.key;
    value.key_line = in.key_line;
    in.value.values.push_back(std::move(value));
  }

  std::vector<YamlFault>& faults_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Yaml> anchors_;
  std::size_t values_ = 0;
  int documents_ = 0;
  Yaml root_;
};

}  // namespace

const Yaml& Yaml::operator[](std::string_view name) const {
  static const Yaml none;
  if (!is_map()) return none;
  const auto it =
      std::find_if(values.begin(), values.end(), [&](const Yaml& v) { return v.key == name; });
  return it == values.end() ? none : *it;
}

Yaml read_yaml(const std::string& text, std::vector<YamlFault>& faults) {
  if (text.size() > kYamlBytesMax) {
    faults.push_back({0, "larger than 1 MiB"});
    return {};
  }
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    faults.push_back({0, "not UTF-8 text"});
    return {};
  }
  Builder builder(faults);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const TooMuch& e) {
    faults.push_back({e.line, e.reason});
    return {};
  } catch (const YAML::Exception& e) {
    faults.push_back({Builder::line_of(e.mark), "not readable as YAML: " + e.msg});
    return {};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {  // the library's, on text that it does not expect
    faults.push_back({0, std::string("not readable as YAML: ") + e.what()});
    return {};
  }
  return builder.take();
}

}  // namespace tocsin
