// An adapter: the YAML file that turns what one CRM sends into facts, read and checked.
//
// docs/adapters.md is the language. Everything that the file says stands here as small tables;
// connectors/crm/evaluate.h runs them over a payload. Immutable once read; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connectors/crm/payload.h"
#include "engine/calendar/zone.h"
#include "events/time.h"

namespace re2 {
class RE2;
}

namespace tocsin {

// ---- where a value is found

struct AdapterPath {
  enum class From : std::uint8_t { kElement, kPayload, kHeader };
  struct Step {
    enum class Kind : std::uint8_t {
      kMember,   // `name`
      kPlace,    // digits: an element of a list, or a member of that name
      kElement,  // `[name=value]`: the first element of a list whose member is the value
    } kind = Kind::kMember;
    std::string name, value;
    std::size_t place = 0;
  };
  From from = From::kElement;
  std::vector<Step> steps;
  std::string header;  // in lower case
  int slot = -1;       // kPayload: its place among the paths that are found once a payload
  // Whether it goes through a list, and how many steps lead to the first one.
  std::optional<std::size_t> list_at;
};

// A value of the YAML file with its JSON kind; `text` of a list or an object is its JSON.
struct Constant {
  JsonNode::Kind kind = JsonNode::Kind::kText;
  std::string text;
};

struct ValueChoice {
  std::optional<AdapterPath> path;  // none: `other` or the arrival
  std::shared_ptr<const re2::RE2> match;
  int map = -1;                   // its place among the adapter's maps
  std::optional<Constant> other;  // `const`, or `default` beside a path
  bool arrival = false;           // {const: arrival}, of times and of `order`
  bool wall_clock = false;        // as: local
  bool unmapped_is_not_ours = false;
};

// The first choice that is present.
struct AdapterValue {
  std::vector<ValueChoice> choices;
  bool given() const { return !choices.empty(); }
};

struct DataMember {
  std::string name;
  AdapterValue value;
};
using DataRule = std::vector<DataMember>;

// ---- conditions

struct Condition {
  enum class Test : std::uint8_t {
    kEquals,  // one of the words
    kNot,
    kExists,
    kAbsent,
    kSame,
    kNotSame,
    kMatch,
    kContains,
    kAny,  // one of the groups
  } test = Test::kEquals;
  AdapterPath path, other;
  std::vector<Constant> words;
  std::shared_ptr<const re2::RE2> match;
  std::vector<std::vector<Condition>> groups;
};
using Conditions = std::vector<Condition>;  // all must hold

// ---- rules

inline constexpr std::size_t kStateBlocksMax = 6;
inline constexpr std::size_t kEventRulesMax = 64;

struct StateBlock {
  Conditions when;
  AdapterValue is, wait, priority, assignee;
  // Words that `wait` can give, in the file's order; unknown where it is a bare path.
  std::vector<std::string> wait_words;
  bool wait_words_known = true;
  bool opens = false;
  bool names_priority = false;  // opened's data has a priority of its own
  AdapterValue opened_time;
  DataRule opened, resolved, closed, cancelled;
};

struct EventRule {
  std::string fact;
  Conditions when;
  AdapterValue id, time;
  DataRule data;
};

// ---- who sent it

struct VerifyRule {
  enum class Scheme : std::uint8_t { kNone, kHmac, kToken, kBasic, kWecom, kDingtalk, kFeishu };
  struct Part {
    enum class Kind : std::uint8_t { kBody, kHeader, kMethod, kUri, kText } kind = Kind::kBody;
    std::string text;
  };
  Scheme scheme = Scheme::kNone;
  std::string algorithm = "sha256";  // sha1, sha256, sha512
  std::string header, query, prefix;
  std::vector<Part> over;
  bool base64 = false;
  std::string timestamp_header;  // empty: none
  Duration window = minutes(5);
};

struct AdapterTest {
  int line = 0;
  std::vector<std::string> payloads;
  std::vector<std::string> facts;
  std::string rejected;
  std::vector<std::pair<std::string, std::string>> verdicts;  // clock, word
};

struct AdapterMap {
  std::string name;
  std::unordered_map<std::string, Constant> values;
};

struct Adapter {
  enum class Otherwise : std::uint8_t { kReject, kKnown, kName };

  std::string name, source, kind = "ticket";
  std::string tag;  // `zammad@0123456789ab`
  std::optional<Zone> zone;
  bool gb18030 = false;  // of CSV files
  std::string prefix;    // of every subject
  VerifyRule verify;
  std::optional<AdapterPath> each;
  AdapterValue subject, account, time, order;
  Otherwise otherwise = Otherwise::kReject;
  std::string other_account;  // kName
  std::vector<AdapterMap> maps;
  std::vector<Conditions> ignore;
  std::vector<StateBlock> state;
  std::vector<EventRule> events;
  std::vector<AdapterTest> tests;
  std::vector<std::string> headers;  // that paths name, in lower case
  int slots = 0;                     // paths that start at the payload
};

}  // namespace tocsin
