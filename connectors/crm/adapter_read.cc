#include "connectors/crm/adapter_read.h"

#include <openssl/sha.h>

#include <algorithm>

#include "connectors/crm/adapter_parts.h"

namespace tocsin {
namespace {

const std::vector<std::string> kStates = {"open", "paused", "resolved", "closed", "cancelled"};
const std::vector<std::string> kVerdicts = {"running", "paused", "stopped", "cancelled",
                                            "pending", "met",    "breached"};
constexpr std::size_t kMapsMax = 64, kIgnoreMax = 64, kNameBytesMax = 64, kPrefixBytesMax = 64;

std::string hash12(const std::string& text) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (int i = 0; i < 6; ++i) {
    out += kDigits[hash[i] >> 4];
    out += kDigits[hash[i] & 15];
  }
  return out;
}

class Reading {
 public:
  Reading(PolicyReader& reader, const Policy& policy, const ZoneSource& zones,
          std::vector<PolicyError>& warnings, const std::string& file)
      : reader_(reader), policy_(policy), zones_(zones), warnings_(warnings), file_(file) {}

  void run(const Yaml& root) {
    if (!root.is_map()) return reader_.error(1, "an adapter is a map: adapter, source, subject, …");
    reader_.map(
        root, "adapter",
        {"adapter", "source", "kind", "zone", "encoding", "prefix", "verify", "each", "subject",
         "account", "time", "order", "maps", "ignore", "state", "events", "tests"});
    maps_ = &root["maps"];
    read_names(root);
    read_maps(root["maps"]);
    AdapterParts parts(reader_, adapter_, root["maps"]);
    parts_ = &parts;
    read_run(root);
    read_ignore(root["ignore"]);
    const Yaml &state = root["state"], &events = root["events"];
    if (state.absent() && events.absent())
      reader_.error(root, "adapter: one of `state` and `events` is missing: there are no facts");
    read_state(state);
    read_events(events);
    parts.say_unused();
    read_tests(root["tests"]);
  }

  Adapter& adapter() { return adapter_; }

 private:
  void read_names(const Yaml& root) {
    const Yaml& name = reader_.required(root, "adapter", "adapter");
    adapter_.name = reader_.text(name, "adapter");
    if (!name.absent() && (adapter_.name.size() > kNameBytesMax ||
                           adapter_.name.find_first_not_of(
                               "abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos))
      reader_.error(name, "adapter: a name has small letters, digits, _ and -, at most 64: `" +
                              adapter_.name + "`");
    const Yaml& source = reader_.required(root, "source", "adapter");
    adapter_.source = reader_.text(source, "source");
    if (adapter_.source.starts_with("/tocsin/"))
      reader_.error(source, "source: what begins with /tocsin/ is the product's own");
    const Yaml& kind = root["kind"];
    if (!kind.absent()) adapter_.kind = reader_.text(kind, "kind");
    kind_known_ =
        !adapter_.kind.empty() && reader_.place(kind.absent() ? 1 : kind.line, "kind", "kind",
                                                adapter_.kind, names_of_types(false));
    const Yaml& zone = root["zone"];
    if (const std::string name = reader_.text(zone, "zone"); !name.empty()) {
      auto found = zones_(name);
      if (auto* why = std::get_if<std::string>(&found)) {
        reader_.error(zone, "zone: " + *why);
      } else {
        adapter_.zone = std::get<Zone>(std::move(found));
      }
    }
    const Yaml& encoding = root["encoding"];
    if (std::string word = reader_.text(encoding, "encoding"); !word.empty()) {
      for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      adapter_.gb18030 =
          reader_.place(encoding.line, "encoding", "encoding", word, {"utf-8", "gb18030"}) == 1;
    }
    adapter_.prefix = reader_.text(root["prefix"], "prefix");
    if (adapter_.prefix.size() > kPrefixBytesMax)
      reader_.error(root["prefix"], "prefix: more than 64 bytes");
    adapter_.verify = read_verify(reader_, root["verify"]);
  }

  void read_maps(const Yaml& node) {
    if (node.absent() || !reader_.map(node, "maps")) return;
    if (node.values.size() > kMapsMax) reader_.error(node, "maps: more than 64");
    for (const Yaml& map : node.values) {
      AdapterMap& out = adapter_.maps.emplace_back();
      out.name = map.key;
      if (!reader_.map(map, "maps " + map.key)) continue;
      if (map.values.empty()) reader_.error(map, "maps " + map.key + ": it is empty");
      for (const Yaml& entry : map.values) out.values.emplace(entry.key, constant_of(entry));
    }
  }

  void read_run(const Yaml& root) {
    if (const Yaml& each = root["each"]; !each.absent()) adapter_.each = parts_->path(each, "each");
    ValueUse subject;
    subject.where = "subject";
    subject.ours = true;
    adapter_.subject = parts_->value(reader_.required(root, "subject", "adapter"), subject);
    read_account(reader_.required(root, "account", "adapter"));
    ValueUse time;
    time.where = "time";
    time.time = true;
    adapter_.time = parts_->value(reader_.required(root, "time", "adapter"), time);
    ValueUse order;
    order.where = "order";
    order.arrival = true;
    adapter_.order = parts_->value(root["order"], order);
  }

  void read_account(const Yaml& node) {
    ValueUse use;
    use.where = "account";
    use.ours = true;
    if (!node.is_map() || node["first"].absent()) {
      if (node.is_map() && !node["else"].absent())
        return reader_.error(node["else"], "account: `else` stands beside `first`");
      adapter_.account = parts_->value(node, use);
      return;
    }
    reader_.map(node, "account", {"first", "else"});
    adapter_.account = parts_->value(node["first"], use);
    const Yaml& otherwise = node["else"];
    if (otherwise.absent()) return;
    const std::string word = reader_.text(otherwise, "account else");
    if (word.empty() || word == "reject") return;
    adapter_.otherwise = word == "known" ? Adapter::Otherwise::kKnown : Adapter::Otherwise::kName;
    if (word != "known") adapter_.other_account = word;
  }

  void read_ignore(const Yaml& node) {
    if (node.absent()) return;
    if (!node.is_list()) return reader_.wrong(node, "ignore", "a list of {when: {…}}");
    if (node.values.size() > kIgnoreMax) reader_.error(node, "ignore: more than 64");
    for (const Yaml& rule : node.values) {
      if (!reader_.map(rule, "ignore", {"when"})) continue;
      adapter_.ignore.push_back(
          parts_->conditions(reader_.required(rule, "when", "ignore"), "ignore when"));
    }
  }

  void read_state(const Yaml& node) {
    if (node.absent()) return;
    if (adapter_.kind != "ticket")
      reader_.error(node, "state is for tickets only; a " + adapter_.kind + " has events");
    if (!node.is_list()) return read_block(node);
    if (node.values.empty()) reader_.error(node, "state: the list is empty");
    if (node.values.size() > kStateBlocksMax) reader_.error(node, "state: more than 6 blocks");
    for (const Yaml& block : node.values) read_block(block);
  }

  void read_block(const Yaml& node) {
    if (!reader_.map(node, "state",
                     {"when", "is", "wait", "priority", "assignee", "opened", "resolved", "closed",
                      "cancelled"}))
      return;
    StateBlock block;
    block.when = parts_->conditions(node["when"], "state when");
    block.is = words(node["is"], "state is", kStates, "state");
    block.priority =
        words(node["priority"], "state priority", policy_.priorities.list(), "priority");
    ValueUse assignee;
    assignee.where = "state assignee";
    block.assignee = parts_->value(node["assignee"], assignee);
    read_wait(node, block);
    read_opened(node["opened"], block);
    for (const auto& [key, rule] : {std::pair{"resolved", &block.resolved},
                                    {"closed", &block.closed},
                                    {"cancelled", &block.cancelled}}) {
      const Yaml& own = node[key];
      if (own.absent() || !reader_.map(own, std::string("state ") + key, {"data"})) continue;
      if (node["is"].absent())
        reader_.error(own, std::string("state ") + key + ": without `is` nothing says it");
      *rule = parts_->data(reader_.required(own, "data", std::string("state ") + key),
                           std::string("state ") + key, policy_, verb(key));
    }
    if (!block.is.given() && !block.priority.given() && !block.assignee.given() && !block.opens)
      reader_.error(node, "state says nothing: one of is, priority, assignee and opened is needed");
    adapter_.state.push_back(std::move(block));
  }

  AdapterValue words(const Yaml& node, const char* where, const std::vector<std::string>& words,
                     const char* what) {
    ValueUse use;
    use.where = where;
    use.words = &words;
    use.what = what;
    return parts_->value(node, use);
  }

  void read_wait(const Yaml& node, StateBlock& block) {
    const Yaml& wait = node["wait"];
    if (wait.absent()) return;
    if (!block.is.given()) reader_.error(wait, "state wait: it stands beside `is`");
    ValueUse use;
    use.where = "state wait";
    block.wait = parts_->value(wait, use);
    const auto add = [&](const std::string& word) {
      auto& all = block.wait_words;
      if (!word.empty() && std::find(all.begin(), all.end(), word) == all.end())
        all.push_back(word);
    };
    const Yaml& maps = *maps_;
    for (const ValueChoice& choice : block.wait.choices) {
      if (choice.map >= 0) {
        const std::string& name = adapter_.maps[static_cast<std::size_t>(choice.map)].name;
        for (const Yaml& entry : maps[name].values) add(entry.text);
      } else if (choice.path) {
        block.wait_words_known = false;
      }
      if (choice.other) add(choice.other->text);
    }
  }

  void read_opened(const Yaml& node, StateBlock& block) {
    if (node.absent() || !reader_.map(node, "state opened", {"time", "data"})) return;
    block.opens = true;
    ValueUse time;
    time.where = "state opened time";
    time.time = true;
    block.opened_time = parts_->value(node["time"], time);
    block.opened = parts_->data(node["data"], "state opened", policy_, verb("opened"));
    block.names_priority = !node["data"]["priority"].absent();
    need_data(node, verb("opened"), node["data"], block.priority.given());
  }

  void read_events(const Yaml& node) {
    if (node.absent()) return;
    if (!node.is_list() || node.values.empty())
      return reader_.wrong(node, "events", "a list of {fact: …}");
    if (node.values.size() > kEventRulesMax) reader_.error(node, "events: more than 64 rules");
    for (const Yaml& rule : node.values) read_event(rule);
  }

  void read_event(const Yaml& node) {
    if (!reader_.map(node, "events", {"fact", "when", "id", "time", "data"})) return;
    EventRule rule;
    const Yaml& fact = reader_.required(node, "fact", "events");
    rule.fact = reader_.text(fact, "events fact");
    const VerbSpec* spec = verb(rule.fact);
    if (spec == nullptr && kind_known_ && !rule.fact.empty())
      reader_.place(fact.line, "events", "fact", rule.fact, names_of_types(true));
    const std::string where = "events " + rule.fact;
    rule.when = parts_->conditions(node["when"], where + " when");
    const std::string at_id = where + " id", at_time = where + " time";
    ValueUse id, time;
    id.where = at_id.c_str();
    time.where = at_time.c_str();
    time.time = true;
    rule.id = parts_->value(node["id"], id);
    rule.time = parts_->value(node["time"], time);
    rule.data = parts_->data(node["data"], where, policy_, spec);
    need_data(node, spec, node["data"], false);
    warn_of_numberings(node, rule.fact);
    adapter_.events.push_back(std::move(rule));
  }

  // Ids of two numberings can meet: the second of two such facts would be lost as a duplicate.
  void warn_of_numberings(const Yaml& node, const std::string& fact) {
    const Yaml& id = node["id"];
    if (id.absent() || !id.is_text()) return;
    const auto [before, first] = ids_.emplace(fact, id.text);
    if (!first && before->second != id.text)
      warnings_.push_back({file_, id.line,
                           "events " + fact + ": ids come from `" + before->second +
                               "` and from `" + id.text +
                               "`: unless that is one numbering, leave one out"});
  }

  void need_data(const Yaml& node, const VerbSpec* spec, const Yaml& data, bool priority) {
    if (spec == nullptr) return;
    for (const Field& field : spec->fields) {
      if (!field.required || !data[field.name].absent()) continue;
      if (priority && field.form == Form::kPriority) continue;
      reader_.error(node, spec->name + ": `data` lacks `" + field.name + "`, which it must have");
    }
  }

  void read_tests(const Yaml& node) {
    if (node.absent()) return;
    if (!node.is_list()) return reader_.wrong(node, "tests", "a list of {payload: …}");
    for (const Yaml& one : node.values) {
      if (!reader_.map(one, "tests", {"payload", "facts", "rejected", "verdict"})) continue;
      AdapterTest test;
      test.line = one.line;
      for (Word& word : reader_.list(reader_.required(one, "payload", "tests"), "tests payload"))
        test.payloads.push_back(std::move(word.text));
      const Yaml &facts = one["facts"], &rejected = one["rejected"];
      if (facts.absent() == rejected.absent())
        reader_.error(one, "tests: one of `facts` and `rejected` says what comes out");
      for (Word& word : reader_.list(facts, "tests facts")) {
        if (kind_known_) reader_.place(word.line, "tests", "fact", word.text, names_of_types(true));
        test.facts.push_back(std::move(word.text));
      }
      test.rejected = reader_.text(rejected, "tests rejected");
      const Yaml& verdict = one["verdict"];
      if (!verdict.absent() && reader_.map(verdict, "tests verdict")) {
        for (const Yaml& clock : verdict.values) {
          check_clock(clock);
          test.verdicts.emplace_back(clock.key, clock.text);
        }
      }
      adapter_.tests.push_back(std::move(test));
    }
  }

  void check_clock(const Yaml& node) {
    std::vector<std::string> clocks;
    for (const KindSpec& kind : policy_.kinds) {
      for (const ClockSpec& clock : kind.clocks) clocks.push_back(clock.name);
    }
    reader_.place(node.key_line, "tests verdict", "clock", node.key, clocks);
    reader_.place(node.line, "tests verdict", "word", reader_.text(node, "tests verdict"),
                  kVerdicts);
  }

  // The kinds of the policy's types, or the verbs that the adapter's kind has.
  std::vector<std::string> names_of_types(bool verbs) const {
    std::vector<std::string> names;
    for (const auto& [type, where] : policy_.types) {
      const std::size_t dot = type.find('.');
      if (!verbs) {
        names.push_back(type.substr(0, dot));
      } else if (type.compare(0, dot, adapter_.kind) == 0) {
        names.push_back(type.substr(dot + 1));
      }
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }
  const VerbSpec* verb(const std::string& name) const {
    // `duty.completed` counts on the organisation: types say where a fact's fields stand.
    const auto found = policy_.types.find(adapter_.kind + "." + name);
    if (found == policy_.types.end()) return nullptr;
    return &policy_.kinds[found->second.kind].verbs[found->second.verb];
  }

  PolicyReader& reader_;
  const Policy& policy_;
  const ZoneSource& zones_;
  std::vector<PolicyError>& warnings_;
  const std::string& file_;
  Adapter adapter_;
  AdapterParts* parts_ = nullptr;
  const Yaml* maps_ = nullptr;
  bool kind_known_ = false;
  std::unordered_map<std::string, std::string> ids_;
};

}  // namespace

AdapterReading read_adapter(const std::string& file, const std::string& text, const Policy& policy,
                            const ZoneSource& zones) {
  AdapterReading out;
  std::vector<YamlFault> faults;
  const Yaml root = read_yaml(text, faults);
  for (YamlFault& fault : faults)
    out.mistakes.push_back({file, fault.line, std::move(fault.reason)});
  if (!root.absent()) {
    PolicyReader reader(file, out.mistakes);
    Reading reading(reader, policy, zones, out.warnings, file);
    reading.run(root);
    if (out.mistakes.empty()) {
      reading.adapter().tag = reading.adapter().name + "@" + hash12(text);
      out.adapter = std::make_shared<const Adapter>(std::move(reading.adapter()));
    }
  } else if (out.mistakes.empty()) {
    out.mistakes.push_back({file, 1, "it is empty"});
  }
  std::stable_sort(out.mistakes.begin(), out.mistakes.end(),
                   [](const PolicyError& a, const PolicyError& b) { return a.line < b.line; });
  return out;
}

}  // namespace tocsin
