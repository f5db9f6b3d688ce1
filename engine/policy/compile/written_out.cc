#include "engine/policy/compile/written_out.h"

#include <sstream>

#include "engine/policy/compile/yaml.h"

namespace tocsin {

namespace {

// Lines of a file as the value of a key that is indented by `indent`.
void append_nested(std::string& out, const std::string& content, std::size_t indent) {
  std::istringstream lines(content);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("---")) continue;
    if (!line.empty()) out.append(indent + 2, ' ').append(line);
    out += '\n';
  }
}

}  // namespace

PolicyText written_out(const PolicyText& text) {
  PolicyText out;
  out.name = text.name;
  std::vector<YamlFault> faults;
  const Yaml root = read_yaml(text.text, faults);
  std::map<int, const Yaml*> named;  // by line
  for (const Yaml& calendar : root["calendars"].values) {
    if (calendar.is_text() && text.files.contains(calendar.text))
      named[calendar.key_line] = &calendar;
  }
  std::istringstream lines(text.text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto found = named.find(++number);
    const std::size_t indent = line.find_first_not_of(' ');
    const std::size_t colon = line.find(':');
    if (found == named.end() || indent == std::string::npos || colon == std::string::npos) {
      out.text += line + "\n";
      continue;
    }
    out.text += line.substr(0, colon + 1) + "\n";
    append_nested(out.text, text.files.at(found->second->text), indent);
  }
  return out;
}

}  // namespace tocsin
