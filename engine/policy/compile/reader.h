// Helpers of the policy parser: looking into values while collecting errors with their lines.
//
// Every reading function gives something usable whatever it finds, so that one run reports every
// error. Private to engine/policy_*.cc.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/calendar/calendar.h"
#include "engine/policy/compile/parse.h"
#include "engine/policy/compile/yaml.h"

namespace tocsin {

struct Word {
  std::string text;
  int line = 0;
};

// `where` is how a message begins: `ticket.response start`.
class PolicyReader {
 public:
  PolicyReader(std::string file, std::vector<PolicyError>& errors)
      : file_(std::move(file)), errors_(errors) {}

  void error(int line, std::string reason) { errors_.push_back({file_, line, std::move(reason)}); }
  void error(const Yaml& at, std::string reason) { error(at.line, std::move(reason)); }
  // `WHERE must be ALLOWED, not ` and what was met.
  void wrong(const Yaml& met, const std::string& where, const std::string& allowed);
  std::vector<PolicyError>& errors() { return errors_; }

  // Whether it is a map; its keys that are not `known` are errors.
  bool map(const Yaml& node, const std::string& where,
           std::initializer_list<std::string_view> known);
  bool map(const Yaml& node, const std::string& where);
  // The member of a map; an error when it is missing.
  const Yaml& required(const Yaml& map, std::string_view key, const std::string& where);

  // Text that is not empty and holds no control characters; empty when it is none.
  std::string text(const Yaml& node, const std::string& where);
  // Words of a list; one word stands for a list of it. Absent: empty, without an error.
  std::vector<Word> list(const Yaml& node, const std::string& where);
  // A list of different names that can stand in ids and triggers; not empty.
  std::vector<std::string> names(const Yaml& node, const std::string& where);
  bool flag(const Yaml& node, const std::string& where);
  std::int64_t integer(const Yaml& node, const std::string& where, std::int64_t low,
                       std::int64_t high);
  // Whether the text can stand in ids and triggers; an error when not.
  bool name(int line, const std::string& text, const std::string& where);

  // Place of `word` in `words`; nothing, with an error that names the nearest or all, when it is not
  // there. Nothing is said where the list itself could not be read (`give_up`).
  std::optional<std::size_t> place(int line, const std::string& where, const std::string& what,
                                   const std::string& word, const std::vector<std::string>& words);
  template <class C>
  C code(int line, const std::string& where, const std::string& what, const std::string& word,
         const Names<C>& words) {
    const auto found = place(line, where, what, word, words.list());
    return found ? C(*found) : C();
  }
  void give_up(const std::string& what) { given_up_.insert(what); }
  bool gave_up(const std::string& what) const { return given_up_.count(what) != 0; }

 private:
  std::string file_;
  std::vector<PolicyError>& errors_;
  std::set<std::string> given_up_;
};

// What a policy's calendars are called.
Names<CalendarCode> calendar_names(const Policy& policy);
// `15m`, `3wd`, `24h`, `90s`, `1d`, `500ms`; nullopt when it is none, or none that is sensible.
std::optional<Allowance> read_allowance(const std::string& text);
inline constexpr const char* kDurations = "a duration like 90s, 15m, 2h, 1d or 3wd";
// All digits, at most `high`.
std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t high);

// `did you mean `x`?`, or all of them: `known: a, b`.
std::string nearest_words(const std::string& word, const std::vector<std::string>& words);
// `09:00`, up to `24:00`, since midnight.
std::optional<Duration> read_clock_time(std::string_view text);
// `mon` … `sun` as 0 … 6; −1: none of them. Case does not matter.
int weekday_code(std::string word);
// Opening hours of a day: `["09:00-12:00", "13:00-18:00"]`.
std::vector<LocalInterval> read_intervals(PolicyReader& reader, const Yaml& node,
                                          const std::string& where);
// Of a week: `{mon-fri: ["09:00-18:00"], sat: […]}`.
std::array<std::vector<LocalInterval>, 7> read_hours_of_week(PolicyReader& reader, const Yaml& node,
                                                             const std::string& where);

// ---- the parser's parts, each filling its own piece of the policy
// ---------------------------------

void read_calendars(PolicyReader& reader, const Yaml& root, const PolicyText& text,
                    const ZoneSource& zones, std::vector<PolicyError>& errors, Policy& policy);
void read_kinds(PolicyReader& reader, const Yaml& root, Policy& policy);
void read_clocks(PolicyReader& reader, const Yaml& root, Policy& policy);
void read_figures(PolicyReader& reader, const Yaml& root, Policy& policy);
// What people read instead of the policy's names; after all of these are known.
void read_labels(PolicyReader& reader, const Yaml& root, Policy& policy);
// An error for what can do nothing, or silences what it should tell; after everything else.
void check_sense(PolicyReader& reader, const Yaml& root, const Policy& policy);
void read_routing(PolicyReader& reader, const Yaml& node, KindSpec& kind, const Policy& policy);
void read_recurring_fault(PolicyReader& reader, const Yaml& node, KindSpec& kind,
                          const Policy& policy);
void read_clock(PolicyReader& reader, const Yaml& node, const Yaml& of_kind, KindSpec& kind,
                const Policy& policy);
void read_cadence(PolicyReader& reader, const Yaml& node, const Yaml& of_kind, KindSpec& kind,
                  const Policy& policy);
// Who is told of a clock's breaches and warnings: its own rows, else its kind's.
void read_clock_ladders(PolicyReader& reader, const Yaml& node, const Yaml& of_kind,
                        const KindSpec& kind, const Policy& policy, ClockSpec& clock);
// One or several; none when there is no such key.
std::vector<Warning> read_warnings(PolicyReader& reader, const Yaml& node,
                                   const std::string& where);
Duration read_grace(PolicyReader& reader, const Yaml& node, const std::string& where);
// `low`, of a clock.
bool read_low(PolicyReader& reader, const Yaml& node, const std::string& where);

// What a reader of one clock or cadence works on: its node, that of its kind, and the kind that it
// is added to. All must outlive it.
class OneOfKindReader {
 public:
  OneOfKindReader(PolicyReader& reader, const Yaml& node, const Yaml& of_kind, KindSpec& kind,
                  const Policy& policy)
      : reader_(reader),
        node_(node),
        of_kind_(of_kind),
        kind_(kind),
        policy_(policy),
        name_(node.key) {}

 protected:
  std::string at(const char* key) const { return name_ + " " + key; }

  PolicyReader& reader_;
  const Yaml& node_;
  const Yaml& of_kind_;
  KindSpec& kind_;
  const Policy& policy_;
  const std::string name_;
};

// ---- verbs and triggers
// ------------------------------------------------------------------------------

enum class TriggerUse : std::uint8_t { kStart, kEnd, kMove, kMatch };

// `first messaged from=staff in=2 with-due unless-resolved`, or `stage 2`. Each use allows some
// conditions only.
std::optional<Trigger> read_trigger(PolicyReader& reader, const Word& word,
                                    const std::string& where, const KindSpec& kind, TriggerUse use);
std::vector<Trigger> read_triggers(PolicyReader& reader, const Yaml& node, const std::string& where,
                                   const KindSpec& kind, TriggerUse use);
// The facts that pull any of them.
VerbMask verbs_of(const std::vector<Trigger>& triggers);
VerbMask read_verbs(PolicyReader& reader, const Yaml& node, const std::string& where,
                    const KindSpec& kind);
VerbCode read_verb(PolicyReader& reader, int line, const std::string& word,
                   const std::string& where, const KindSpec& kind);
// The verb's field of this form; null when it has none.
const Field* field_of(const KindSpec& kind, VerbCode verb, Form form);
// An error for each verb of the mask that has no field of this form.
void need_field(PolicyReader& reader, int line, const std::string& where, const KindSpec& kind,
                VerbMask verbs, Form form, const char* form_name);

}  // namespace tocsin
