// `kinds:` of a policy: facts, what they do to an entity, stages and moves.
#include <algorithm>
#include <map>

#include "engine/policy/compile/reader.h"
#include "events/vocabulary.h"

namespace tocsin {

namespace {

constexpr std::size_t kKindsMax = 64;
constexpr std::size_t kFieldsMax = 64;  // of a fact
constexpr std::int64_t kScoreMax = 1000;

struct FormName {
  const char* name;
  Form form;
};
constexpr FormName kForms[] = {
    {"any", Form::kAny},         {"priority", Form::kPriority}, {"tier", Form::kTier},
    {"due", Form::kDue},         {"person", Form::kPerson},     {"persons", Form::kPersons},
    {"role", Form::kRole},       {"text", Form::kText},         {"module", Form::kModule},
    {"group", Form::kGroup},     {"owner", Form::kOwner},       {"title", Form::kTitle},
    {"link", Form::kLink},       {"reason", Form::kReason},     {"clock", Form::kClock},
    {"cycle", Form::kCycle},     {"threshold", Form::kLimit},   {"number", Form::kNumber},
    {"channel", Form::kChannel}, {"wait", Form::kWait}};

std::string form_name(Form form) {
  for (const FormName& known : kForms) {
    if (known.form == form) return "`" + std::string(known.name) + "`";
  }
  return "of a list of words";
}

// Decisions read one value of each of these from a fact.
const char* slot_of(Form form) {
  switch (form) {
    case Form::kAny:
    case Form::kReason:
      return nullptr;
    case Form::kPriority:
      return "priority";
    case Form::kTier:
      return "tier";
    case Form::kChoice:
    case Form::kLimit:
      return "a list of words";
    case Form::kDue:
      return "due";
    case Form::kPersons:
      return "persons";
    case Form::kPerson:
    case Form::kText:
    case Form::kOwner:
    case Form::kWait:
    case Form::kCycle:
      return "person, owner, wait, text or cycle";
    case Form::kGroup:
    case Form::kRole:
    case Form::kModule:
    case Form::kClock:
      return "group, role, module or clock";
    case Form::kTitle:
    case Form::kChannel:
      return "title or channel";
    case Form::kLink:
      return "link";
    case Form::kNumber:
      return "number";
    case Form::kScore:
      return "a range of numbers";
  }
  return nullptr;
}

// A name of a form, or `1..5`.
bool read_form(PolicyReader& reader, const Yaml& node, const std::string& where, Field& field) {
  const std::string text = reader.text(node, where);
  if (text.empty()) return false;
  for (const FormName& known : kForms) {
    if (text == known.name) {
      field.form = known.form;
      return true;
    }
  }
  const std::size_t dots = text.find("..");
  if (dots != std::string::npos) {
    const auto low = whole_number(std::string_view(text).substr(0, dots), kScoreMax);
    const auto high = whole_number(std::string_view(text).substr(dots + 2), kScoreMax);
    if (low && high && *low <= *high) {
      field.form = Form::kScore;
      field.low = static_cast<int>(*low);
      field.high = static_cast<int>(*high);
      return true;
    }
  }
  std::string known;
  for (const FormName& form : kForms) known += std::string(form.name) + ", ";
  reader.error(node, where + ": unknown form `" + text + "` (known: " + known +
                         "a range like 1..5, a list of words)");
  return false;
}

void read_fields(PolicyReader& reader, const Yaml& data, const std::string& where, VerbSpec& verb) {
  if (!reader.map(data, where + " data")) return;
  if (data.values.size() > kFieldsMax)
    reader.error(data, where + ": more than " + std::to_string(kFieldsMax) + " fields");
  std::map<std::string, std::string> slots;  // and who has it
  if (!verb.subjects.empty()) slots["a list of words"] = "subject";
  std::set<std::string> seen;
  int dues = 0;
  for (const Yaml& member : data.values) {
    Field field;
    field.name = member.key;
    if (!field.name.empty() && field.name.back() == '!') {
      field.required = true;
      field.name.pop_back();
    }
    const std::string at = where + "." + field.name;
    if (!reader.name(member.key_line, field.name, where + " data")) continue;
    if (!seen.insert(field.name).second)
      reader.error(member.key_line, where + ": field `" + field.name + "` is there twice");
    if (member.is_list()) {
      field.form = Form::kChoice;
      field.words = reader.names(member, at);
    } else if (member.is_text()) {
      if (!read_form(reader, member, at, field)) continue;
    } else {
      reader.wrong(member, at, "the name of a form or a list of words");
      continue;
    }
    const bool second_due = field.form == Form::kDue && dues++ == 1;  // a fact may carry two
    if (const char* slot = slot_of(field.form); slot != nullptr && !second_due) {
      const auto [before, first] = slots.emplace(slot, field.name);
      if (!first) {
        reader.error(member.key_line, where + ": only one field may have the form of " + slot +
                                          ", and `" + before->second + "` has; `any` is free");
      }
    }
    verb.fields.push_back(std::move(field));
  }
}

class KindReader {
 public:
  KindReader(PolicyReader& reader, const Yaml& node, Policy& policy)
      : reader_(reader), node_(node), policy_(policy), name_(node.key) {
    kind_.name = node.key;
  }

  void read() {
    check_name();
    reader_.map(node_, name_,
                {"about",     "priorities",      "urgency",       "assignee", "unassigned", "team",
                 "tier",      "resolved",        "reopened",      "paused",   "resumed",    "ended",
                 "cancelled", "revived",         "periods_begin", "stages",   "moves",      "facts",
                 "routing",   "recurring_fault", "warning",       "breach"});
    read_about();
    read_facts(reader_.required(node_, "facts", name_));
    read_priorities();
    read_states();
    kind_.stages = reader_.names(node_["stages"], name_ + " stages");
    read_moves(node_["moves"]);
    read_routing(reader_, node_["routing"], kind_, policy_);
    read_recurring_fault(reader_, node_["recurring_fault"], kind_, policy_);
    enter_types();
    policy_.kinds.push_back(std::move(kind_));
  }

 private:
  std::string at(const char* key) const { return name_ + " " + key; }
  VerbMask verbs(const char* key) { return read_verbs(reader_, node_[key], at(key), kind_); }

  void check_name() {
    static constexpr std::string_view kReserved[] = {"clock", "escalation", "notification",
                                                     "fault", "engine",     kOtherKind};
    reader_.name(node_.key_line, name_, "kinds");
    if (name_.find('.') != std::string::npos)
      reader_.error(node_.key_line, "kinds: `" + name_ + "`: a kind has no dot");
    if (std::find(std::begin(kReserved), std::end(kReserved), name_) != std::end(kReserved)) {
      reader_.error(node_.key_line, "kinds: `" + name_ + "` is kept for the product's own events");
    }
  }

  void read_about() {
    kind_.on_account = !node_["about"].absent();
    if (kind_.on_account && (!node_["about"].is_text() || node_["about"].text != "account"))
      reader_.wrong(node_["about"], at("about"), "`account`");
  }

  void read_facts(const Yaml& facts) {
    if (!reader_.map(facts, at("facts"))) {
      reader_.give_up("fact of " + name_);
      return;
    }
    if (facts.values.size() > kMaxVerbs) {
      reader_.error(facts, at("facts") + ": more than " + std::to_string(kMaxVerbs));
      reader_.give_up("fact of " + name_);
    }
    bool created = false;
    for (const Yaml& member : facts.values) {
      if (kind_.verbs.size() == kMaxVerbs) break;
      kind_.verbs.push_back(read_verb_spec(member));
      created = created || kind_.verbs.back().creates;
    }
    if (!created) reader_.error(facts, name_ + ": no fact creates it; one needs `creates: true`");
  }

  VerbSpec read_verb_spec(const Yaml& node) {
    VerbSpec verb;
    verb.name = node.key;
    verb.kind = KindCode(policy_.kinds.size());
    const std::string where = name_ + "." + verb.name;
    const bool dotted = verb.name.find('.') != std::string::npos;
    reader_.name(node.key_line, verb.name, at("facts"));
    if (dotted && (!kind_.on_account || std::count(verb.name.begin(), verb.name.end(), '.') != 1)) {
      reader_.error(
          node.key_line,
          where +
              ": a name with a dot is another kind's fact that counts here; only a kind about an "
              "account has such");
    }
    if (is_reserved_type("tocsin." + (dotted ? verb.name : where)) ||
        (!dotted && !node_["stages"].absent() &&
         (verb.name == "advanced" || verb.name == "withdrawn"))) {
      reader_.error(node.key_line, where + " is one of the product's own events");
    }
    if (node.kind != Yaml::Kind::kNull &&
        reader_.map(node, where,
                    {"creates", "always", "acknowledges", "escalates", "excuses", "notifies",
                     "data", "subjects"})) {
      verb.creates = reader_.flag(node["creates"], where + " creates");
      verb.uncreated = reader_.flag(node["always"], where + " always") ||
                       reader_.flag(node["acknowledges"], where + " acknowledges");
      verb.subjects = reader_.names(node["subjects"], where + " subjects");
      if (!verb.subjects.empty() && !kind_.on_account) {
        reader_.error(
            node["subjects"],
            where + ": subjects are for kinds about an account; here the subject is the id");
      }
      read_fields(reader_, node["data"], where, verb);
      note_role(node, "acknowledges", kind_.acknowledge_verb, verb, {Form::kGroup});
      note_role(node, "escalates", kind_.escalate_verb, verb, {Form::kGroup});
      note_role(node, "excuses", kind_.excuse_verb, verb, {Form::kClock, Form::kCycle});
      note_role(node, "notifies", kind_.notify_verb, verb,
                {Form::kGroup, Form::kNumber, Form::kPerson, Form::kChannel, Form::kChoice});
    }
    verb.subject_is_account = kind_.on_account && !dotted;
    return verb;
  }

  // A fact that acts on escalations: one of a kind, with the fields that it needs.
  void note_role(const Yaml& node, const char* key, VerbCode& role, const VerbSpec& verb,
                 std::initializer_list<Form> needed) {
    const std::string where = name_ + "." + verb.name;
    if (!reader_.flag(node[key], where + " " + key)) return;
    if (role != kNone) reader_.error(node.key_line, name_ + ": only one fact " + key);
    role = VerbCode(kind_.verbs.size());
    for (const Form form : needed) {
      const bool has = std::any_of(verb.fields.begin(), verb.fields.end(),
                                   [&](const Field& f) { return f.form == form; });
      if (!has) {
        reader_.error(node.key_line,
                      where + ": what " + key + " needs a field of the form " + form_name(form));
      }
    }
  }

  void read_priorities() {
    const Yaml& p = node_["priorities"];
    if (p.absent()) return;
    kind_.prioritized = true;
    if (!reader_.map(p, at("priorities"), {"default", "changed_by"})) return;
    const Yaml& first = reader_.required(p, "default", at("priorities"));
    if (first.is_text()) {
      const PriorityCode code = reader_.code(first.line, at("priorities default"), "priority",
                                             first.text, policy_.priorities);
      if (code != kNone) kind_.default_priority = code;
    } else if (!first.absent()) {
      reader_.wrong(first, at("priorities default"), "a priority");
    }
    kind_.priority_verb =
        one_verb(p["changed_by"], at("priorities changed_by"), Form::kPriority, "priority");
  }

  VerbCode one_verb(const Yaml& node, const std::string& where, Form form, const char* form_name) {
    const std::string word = reader_.text(node, where);
    if (word.empty()) return kNone;
    const VerbCode verb = read_verb(reader_, node.line, word, where, kind_);
    if (verb != kNone) need_field(reader_, node.line, where, kind_, bit(verb), form, form_name);
    return verb;
  }

  void read_states() {
    const Yaml& urgency = node_["urgency"];
    kind_.urgent_always = urgency.is_text() && urgency.text == "high";
    if (!urgency.absent() && !kind_.urgent_always)
      reader_.wrong(urgency, at("urgency"), "`high`, of a kind");
    kind_.assign_verb = one_verb(node_["assignee"], at("assignee"), Form::kPerson, "person");
    const Yaml& unassigned = node_["unassigned"];
    if (!unassigned.absent()) {
      const std::string word = reader_.text(unassigned, at("unassigned"));
      if (!word.empty())
        kind_.unassign_verb = read_verb(reader_, unassigned.line, word, at("unassigned"), kind_);
      if (kind_.assign_verb == kNone)
        reader_.error(unassigned, name_ + ": `unassigned` without `assignee`");
    }
    kind_.role_verb = one_verb(node_["team"], at("team"), Form::kRole, "role");
    if (kind_.role_verb != kNone) {
      need_field(reader_, node_["team"].line, at("team"), kind_, bit(kind_.role_verb),
                 Form::kPersons, "persons");
    }
    kind_.resolves = verbs("resolved");
    if (!node_["resolved"].absent() && kind_.resolves == 0) reader_.give_up("resolved of " + name_);
    kind_.reopens = verbs("reopened");
    kind_.pauses = verbs("paused");
    kind_.resumes = verbs("resumed");
    for (const VerbCode v : kind_.verbs.codes()) {
      if (field_of(kind_, v, Form::kWait) == nullptr) continue;
      kind_.worded |= bit(v) & (kind_.pauses | kind_.resumes);
      if (!has(kind_.worded, v)) {
        reader_.error(node_["facts"][kind_.verbs[v].name].key_line,
                      name_ + "." + kind_.verbs[v].name +
                          ": only facts under `paused` and `resumed` name a wait");
      }
    }
    kind_.cancels = verbs("cancelled");
    kind_.revives = verbs("revived");
    kind_.life = verbs("periods_begin");
    kind_.tiers = verbs("tier");
    need_field(reader_, node_["tier"].line, at("tier"), kind_, kind_.tiers, Form::kTier, "tier");
    if (kind_.tiers != 0 && !kind_.on_account)
      reader_.error(node_["tier"], at("tier") + ": only a kind about an account says its tier");
    if (kind_.resumes != 0 && kind_.pauses == 0)
      reader_.error(node_["resumed"], name_ + ": `resumed` without `paused`");
    kind_.after_end.resize(kind_.verbs.size(), 0);
    if (!reader_.map(node_["ended"], at("ended"))) return;
    for (const Yaml& member : node_["ended"].values) {
      const VerbCode verb = read_verb(reader_, member.key_line, member.key, at("ended"), kind_);
      if (verb == kNone) continue;
      kind_.ends |= bit(verb);
      kind_.after_end[verb] = read_verbs(reader_, member, at("ended") + " " + member.key, kind_);
    }
  }

  void read_moves(const Yaml& moves) {
    if (!moves.absent() && !moves.is_list()) reader_.wrong(moves, at("moves"), "a list");
    if (!moves.absent() && kind_.stages.empty())
      reader_.error(moves, name_ + ": `moves` without `stages`");
    for (const Yaml& item : moves.values) read_move(item);
    if (kind_.stages.empty()) return;
    const bool enters = std::any_of(kind_.moves.begin(), kind_.moves.end(),
                                    [](const StageMove& m) { return m.from.empty(); });
    if (!enters)
      reader_.error(
          node_["stages"],
          name_ + ": no move enters a first stage: one needs a creating fact and no `from`");
  }

  void read_move(const Yaml& item) {
    const std::string where = at("moves");
    if (!reader_.map(item, where, {"on", "from", "to", "reason"})) return;
    const Yaml& on = reader_.required(item, "on", where);
    const Yaml& to = reader_.required(item, "to", where);
    const std::string text = reader_.text(on, where + " on");
    std::optional<Trigger> trigger;
    if (!text.empty()) {
      trigger = read_trigger(reader_, {text, on.line}, where + " on", kind_, TriggerUse::kMove);
    }
    StageMove move;
    bool stages_known = true;
    for (const Word& stage : reader_.list(item["from"], where + " from")) {
      move.from.push_back(
          reader_.code(stage.line, where + " from", "stage", stage.text, kind_.stages));
      stages_known = stages_known && move.from.back() != kNone;
    }
    const std::string target = reader_.text(to, where + " to");
    move.to = target.empty() ? StageCode()
                             : reader_.code(to.line, where + " to", "stage", target, kind_.stages);
    if (!trigger || !stages_known || move.to == kNone) return;
    const VerbSpec& verb = kind_.verbs[trigger->verb];
    if (move.from.empty() && !verb.creates) {
      reader_.error(item, where + ": `from` is missing; only a creating fact moves without it");
    }
    for (const StageCode from : move.from) {
      if (from >= move.to)
        reader_.error(item, where + ": a move goes to a later stage; a stage is entered once");
    }
    move.verb = trigger->verb;
    move.choice = trigger->choice;
    move.reason =
        item["reason"].absent() ? verb.name : reader_.text(item["reason"], where + " reason");
    kind_.moves.push_back(std::move(move));
  }

  void enter_types() {
    for (const VerbCode v : kind_.verbs.codes()) {
      const std::string& verb = kind_.verbs[v].name;
      const std::string type = verb.find('.') == std::string::npos ? name_ + "." + verb : verb;
      const TypeRef ref{KindCode(policy_.kinds.size()), v, kind_.on_account};
      if (!policy_.types.emplace(type, ref).second) {
        reader_.error(node_["facts"][verb].key_line,
                      name_ + ": the fact `" + type + "` is there twice");
      }
    }
  }

  PolicyReader& reader_;
  const Yaml& node_;
  Policy& policy_;
  const std::string name_;
  KindSpec kind_;
};

}  // namespace

void read_kinds(PolicyReader& reader, const Yaml& root, Policy& policy) {
  const Yaml& kinds = reader.required(root, "kinds", "the policy");
  if (!reader.map(kinds, "kinds")) {
    reader.give_up("kind");
    return;
  }
  if (kinds.values.empty()) reader.error(kinds, "kinds: there are none");
  if (kinds.values.size() > kKindsMax) {
    reader.error(kinds, "kinds: more than " + std::to_string(kKindsMax));
    reader.give_up("kind");
    return;
  }
  for (const Yaml& member : kinds.values) KindReader(reader, member, policy).read();
  int faults = 0, homes = 0;
  for (const KindSpec& kind : policy.kinds) {
    faults += kind.fault.enabled ? 1 : 0;
    homes += kind.tiers != 0 ? 1 : 0;
  }
  for (KindSpec& home : policy.kinds) {  // where the fault is announced, and who is told
    for (const KindSpec& kind : policy.kinds) {
      if (home.tiers != 0 && kind.fault.enabled) home.fault.ladder = kind.fault.ladder;
    }
  }
  if (faults > 1) reader.error(kinds, "kinds: only one kind may have a recurring_fault");
  if (homes > 1) reader.error(kinds, "kinds: only one kind may have `tier`");
  if (faults == 1 && homes == 0)
    reader.error(kinds,
                 "kinds: a recurring_fault is announced on the kind with `tier`, and none has it");
}

}  // namespace tocsin
