// The words of a message: a subject, lines of plain text, and pairs that a card shows, in the
// reader's language, from templates that a user may replace.
//
// Templates are Mustache over `values_of` (docs/channels.md lists the names). Built in are
// `subject`, `text` and `line` (an all-clear in one line) for zh and en; `Texts::load` takes others
// from a directory: `subject.zh.mustache`.
//
// Immutable once made; any thread.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "connectors/notify/message.h"
#include "connectors/template/mustache.h"

namespace tocsin::notify {

struct Words {
  std::string subject;  // one line
  std::string text;     // lines
  // What a card shows: (`Customer`, `Aurora`).
  std::vector<std::pair<std::string, std::string>> fields;
  std::string acknowledge, open;  // what the buttons say
};

class Texts {
 public:
  Texts();  // the built-in ones
  // Takes those that the directory holds. Throws std::runtime_error naming file and line.
  void load(const std::string& directory);

  Words words(const Message& message, Instant now) const;

 private:
  std::map<std::string, Mustache> templates_;  // `subject.zh`
};

}  // namespace tocsin::notify
