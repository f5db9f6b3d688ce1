// Verbs and triggers: `first messaged from=staff in=2 with-due unless-resolved`, `stage 2`.
#include <algorithm>

#include "engine/policy/compile/reader.h"

namespace tocsin {

namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t space = std::min(text.find(' ', i), text.size());
    if (space > i) words.push_back(text.substr(i, space - i));
    i = space + 1;
  }
  return words;
}

Names<VerbCode> verb_names(const KindSpec& kind) {
  Names<VerbCode> names;
  for (const VerbSpec& verb : kind.verbs) names.push_back(verb.name);
  return names;
}

// One trigger's words, read from left to right.
class TriggerReader {
 public:
  TriggerReader(PolicyReader& reader, const Word& word, const std::string& where,
                const KindSpec& kind, TriggerUse use)
      : reader_(reader),
        word_(word),
        where_(where),
        kind_(kind),
        use_(use),
        words_(split(word.text)) {}

  std::optional<Trigger> read() {
    if (words_.size() == 2 && words_[0] == "stage") return entering();
    std::size_t w = 0;
    if (w < words_.size() && words_[w] == "first") {
      ++w;
      trigger_.first = true;
      if (use_ != TriggerUse::kStart) wrong("`first` counts only where a clock starts");
    }
    if (w == words_.size()) {
      wrong("a trigger names a fact, like `" +
            (kind_.verbs.empty() ? "opened" : kind_.verbs.front().name) + "`");
      return std::nullopt;
    }
    trigger_.verb = read_verb(reader_, word_.line, words_[w], where_, kind_);
    if (trigger_.verb == kNone) return std::nullopt;
    for (++w; w < words_.size(); ++w) condition(words_[w]);
    return good_ ? std::optional(trigger_) : std::nullopt;
  }

 private:
  void wrong(const std::string& reason) {
    reader_.error(word_.line, where_ + ": " + reason);
    good_ = false;
  }

  std::optional<Trigger> entering() {
    if (use_ != TriggerUse::kStart) {
      wrong("entering a stage counts only where a clock starts");
      return std::nullopt;
    }
    trigger_.enters = reader_.code(word_.line, where_, "stage", words_[1], kind_.stages);
    return trigger_.enters == kNone ? std::nullopt : std::optional(trigger_);
  }

  void condition(const std::string& text) {
    const VerbSpec& verb = kind_.verbs[trigger_.verb];
    const std::size_t equals = text.find('=');
    if (!seen_.insert(text.substr(0, equals)).second)
      return wrong("`" + text.substr(0, equals) + "` is there twice");
    if (equals != std::string::npos)
      return choice(verb, text.substr(0, equals), text.substr(equals + 1));
    if (use_ == TriggerUse::kMove) return wrong("a move depends on a fact and a word of it only");
    if (text == "with-due") {
      trigger_.has_due = true;
      if (field_of(kind_, trigger_.verb, Form::kDue) == nullptr) {
        wrong("`with-due`, but `" + verb.name + "` has no field of the form `due`");
      }
    } else if (text == "unless-resolved") {
      trigger_.unless_resolved = true;
      if (kind_.resolves == 0 && !reader_.gave_up("resolved of " + kind_.name))
        wrong("`unless-resolved`, but " + kind_.name + " has no `resolved`");
    } else {
      wrong("unknown condition `" + text +
            "` (known: FIELD=WORD, in=STAGE, with-due, unless-resolved)");
    }
  }

  void choice(const VerbSpec& verb, const std::string& key, const std::string& value) {
    if (key == "in") {
      if (use_ == TriggerUse::kMove) return wrong("`in=`: a move says `from:` instead");
      trigger_.stage = reader_.code(word_.line, where_, "stage", value, kind_.stages);
      good_ = good_ && trigger_.stage != kNone;
      return;
    }
    const Names<WordCode>* known = nullptr;
    if (key == "subject" && !verb.subjects.empty()) known = &verb.subjects;
    for (const Field& field : verb.fields) {
      if (field.name == key && field.form == Form::kChoice) known = &field.words;
    }
    if (known == nullptr)
      return wrong("`" + verb.name + "` has no field `" + key + "` with words of its own");
    trigger_.choice = reader_.code(word_.line, where_, key, value, *known);
    good_ = good_ && trigger_.choice != kNone;
  }

  PolicyReader& reader_;
  const Word& word_;
  const std::string& where_;
  const KindSpec& kind_;
  TriggerUse use_;
  std::vector<std::string> words_;
  std::set<std::string> seen_;
  Trigger trigger_;
  bool good_ = true;
};

}  // namespace

VerbCode read_verb(PolicyReader& reader, int line, const std::string& word,
                   const std::string& where, const KindSpec& kind) {
  return reader.code(line, where, "fact of " + kind.name, word, verb_names(kind));
}

VerbMask verbs_of(const std::vector<Trigger>& triggers) {
  VerbMask mask = 0;
  for (const Trigger& trigger : triggers) mask |= trigger.verb == kNone ? 0 : bit(trigger.verb);
  return mask;
}

VerbMask read_verbs(PolicyReader& reader, const Yaml& node, const std::string& where,
                    const KindSpec& kind) {
  VerbMask mask = 0;
  for (const Word& word : reader.list(node, where)) {
    const VerbCode code = read_verb(reader, word.line, word.text, where, kind);
    if (code != kNone) mask |= bit(code);
  }
  return mask;
}

std::optional<Trigger> read_trigger(PolicyReader& reader, const Word& word,
                                    const std::string& where, const KindSpec& kind,
                                    TriggerUse use) {
  return TriggerReader(reader, word, where, kind, use).read();
}

std::vector<Trigger> read_triggers(PolicyReader& reader, const Yaml& node, const std::string& where,
                                   const KindSpec& kind, TriggerUse use) {
  std::vector<Trigger> out;
  for (const Word& word : reader.list(node, where)) {
    if (auto trigger = read_trigger(reader, word, where, kind, use)) out.push_back(*trigger);
  }
  return out;
}

const Field* field_of(const KindSpec& kind, VerbCode verb, Form form) {
  for (const Field& field : kind.verbs[verb].fields) {
    if (field.form == form) return &field;
  }
  return nullptr;
}

void need_field(PolicyReader& reader, int line, const std::string& where, const KindSpec& kind,
                VerbMask verbs, Form form, const char* form_name) {
  for (const VerbCode v : kind.verbs.codes()) {
    if (!has(verbs, v) || field_of(kind, v, form) != nullptr) continue;
    reader.error(line, where + ": `" + kind.verbs[v].name + "` has no field of the form `" +
                           form_name + "`");
  }
}

}  // namespace tocsin
