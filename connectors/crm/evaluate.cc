#include "connectors/crm/evaluate.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "connectors/crm/lenient_time.h"
#include "connectors/crm/lookup.h"
#include "events/writer.h"

namespace tocsin {
namespace {

using Outcome = AdapterRun::Outcome;

// A value as it stands in a reason: not more of it than people can read.
std::string shown(std::string_view text) {
  if (text.size() <= kReasonTextMax) return std::string(text);
  std::size_t end = kReasonTextMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

void append_digits(std::string& out, std::size_t value, std::size_t width) {
  const std::string text = std::to_string(value);
  if (text.size() < width) out.append(width - text.size(), '0');
  out += text;
}

// Asking the library for the algorithm and for memory costs more than the hash of a short text: a
// thread does so once.
std::array<unsigned char, 32> sha256(std::string_view text) {
  struct Free {
    void operator()(EVP_MD* p) const { EVP_MD_free(p); }
    void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  };
  thread_local const std::unique_ptr<EVP_MD, Free> algorithm(
      EVP_MD_fetch(nullptr, "SHA256", nullptr));
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  std::array<unsigned char, 32> hash{};
  EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr);
  EVP_DigestUpdate(context.get(), text.data(), text.size());
  EVP_DigestFinal_ex(context.get(), hash.data(), nullptr);
  return hash;
}

void append_value(std::string& out, const Found& found, const Payload& payload, bool sorted) {
  if (found.node != nullptr) return payload.write(*found.node, out, sorted);
  if (found.kind == JsonNode::Kind::kText) return append_json_string(out, found.text);
  out += found.text;
}

// One run: what of the payload becomes facts, or the first reason why not.
class Run {
 public:
  Run(const Adapter& adapter, const Payload& payload, Lookup& lookup, Instant arrival,
      SubjectPort& subjects)
      : adapter_(adapter),
        payload_(payload),
        lookup_(lookup),
        arrival_(arrival),
        subjects_(subjects) {}

  AdapterRun make(std::string_view place) {
    for (const Conditions& when : adapter_.ignore) {
      if (lookup_.holds(when)) {
        run_.outcome = Outcome::kIgnored;
        return std::move(run_);
      }
    }
    if (subject() && account() && time()) {
      order(place);
      if (states() && events() && !applied_) reject("no_rule");
    }
    if (run_.outcome != Outcome::kFacts) run_.facts.clear();
    return std::move(run_);
  }

 private:
  // Each step is false where the run has ended.
  bool reject(std::string reason) {
    run_.outcome = Outcome::kRejected;
    run_.reason = std::move(reason);
    return false;
  }
  bool unmapped(std::string_view table, std::string_view value) {
    return reject("unmapped:" + std::string(table) + "=" + shown(value));
  }
  bool mapped(const Found& found) {
    if (found.outcome == Found::Outcome::kNotOurs) {
      run_.outcome = Outcome::kNotOurs;
      return false;
    }
    if (found.outcome != Found::Outcome::kUnmapped) return true;
    return unmapped(adapter_.maps[static_cast<std::size_t>(found.map)].name, found.text);
  }

  bool subject() {
    const Found found = lookup_.value(adapter_.subject, true);
    if (!mapped(found)) return false;
    if (!found.present()) return reject("missing:subject");
    run_.subject = adapter_.prefix + std::string(found.text);
    return true;
  }

  bool account() {
    const Found found = lookup_.value(adapter_.account, true);
    if (!mapped(found)) return false;
    if (found.present()) {
      run_.account = found.text;
      return true;
    }
    if (adapter_.otherwise == Adapter::Otherwise::kReject) return reject("missing:account");
    run_.account = subjects_.account_of(adapter_, run_.subject).value_or(adapter_.other_account);
    return !run_.account.empty() || reject("missing:account");
  }

  bool time() {
    if (!time_of(adapter_.time, run_.time)) return false;
    return has_time_ || reject("missing:time");
  }

  // Leaves `into` as it is where the value is absent; has_time_ says whether it was there.
  bool time_of(const AdapterValue& value, Instant& into) {
    const Found found = lookup_.value(value, true);
    has_time_ = found.present();
    if (!mapped(found)) return false;
    if (!found.present()) return true;
    if (found.arrival) {
      into = arrival_;
      return true;
    }
    const LenientTime read =
        read_lenient_time(found.text, adapter_.zone ? &*adapter_.zone : nullptr, found.wall_clock);
    if (read.outcome == LenientTime::Outcome::kBad) return reject("bad_time:" + shown(found.text));
    if (read.outcome == LenientTime::Outcome::kWithoutZone) return reject("time_without_zone");
    into = read.time;
    return true;
  }

  void order(std::string_view place) {
    constexpr std::size_t kWidth = 20;
    const Found found = lookup_.value(adapter_.order, false);
    std::string text;
    if (found.present()) {
      text = found.arrival ? std::to_string(arrival_.ms) : std::string(found.text);
      std::erase_if(text, [](char c) { return c < '0' || c > '9'; });
      if (!text.empty()) {
        if (text.size() < kWidth) text.insert(0, kWidth - text.size(), '0');
        text += '.';
      }
    }
    run_.sequence = text + std::string(place);
  }

  AdapterFact& add(std::string_view verb, Instant time) {
    AdapterFact& fact = run_.facts.emplace_back();
    fact.verb = verb;
    fact.time = time;
    fact.nested = false;
    fact.sequence.reserve(run_.sequence.size() + 2);
    fact.sequence = run_.sequence;
    append_digits(fact.sequence, run_.facts.size() - 1, 2);
    return fact;
  }
  void add(std::string_view verb) {
    AdapterFact& fact = add(verb, run_.time);
    fact.id = fact_hash_id(run_.subject, verb, run_.time, {});
  }
  // With one text in its data.
  void add(std::string_view verb, std::string_view name, std::string_view text) {
    AdapterFact& fact = add(verb, run_.time);
    JsonObject(fact.data).text(name, text).close();
    fact.id = fact_hash_id(run_.subject, verb, run_.time, fact.data);
  }

  // ---- data

  struct Written {
    std::string name, plain, sorted;
    bool nested = false;
  };
  bool members(const DataRule& rule, std::vector<Written>& out) {
    for (const DataMember& member : rule) {
      const Found found = lookup_.value(member.value, false);
      if (!mapped(found)) return false;
      if (!found.present()) continue;
      Written& written = out.emplace_back();
      written.name = member.name;
      written.nested = found.kind >= JsonNode::Kind::kList;
      append_value(written.plain, found, payload_, false);
      append_value(written.sorted, found, payload_, true);
    }
    return true;
  }
  static std::string object(const std::vector<Written>& members, bool sorted) {
    std::string out;
    for (const Written& member : members) {
      out += out.empty() ? '{' : ',';
      append_json_string(out, member.name);
      out += ':';
      out += sorted ? member.sorted : member.plain;
    }
    if (!out.empty()) out += '}';
    return out;
  }
  // An empty id: that of the content.
  void add(std::string_view verb, Instant time, std::vector<Written> data, std::string id) {
    AdapterFact& fact = add(verb, time);
    fact.data = object(data, false);
    fact.nested = std::any_of(data.begin(), data.end(), [](const Written& m) { return m.nested; });
    fact.id = std::move(id);
    if (!fact.id.empty()) return;
    std::sort(data.begin(), data.end(),
              [](const Written& a, const Written& b) { return a.name < b.name; });
    fact.id = fact_hash_id(run_.subject, verb, time, object(data, true));
  }

  // ---- state

  bool states() {
    for (const StateBlock& block : adapter_.state) {
      if (!lookup_.holds(block.when)) continue;
      applied_ = true;
      if (!state(block)) return false;
    }
    return true;
  }

  bool state(const StateBlock& block) {
    const Found is = lookup_.value(block.is, false);
    if (!mapped(is)) return false;
    const bool known = is.text == "open" || is.text == "paused" || is.text == "resolved" ||
                       is.text == "closed" || is.text == "cancelled";
    const bool told = is.present() && (is.kind < JsonNode::Kind::kList);
    if (told && !known) return unmapped("is", is.text);
    Found wait;  // the word of `paused` alone
    if (told && is.text == "paused") wait = lookup_.value(block.wait, true);
    if (!mapped(wait)) return false;
    const Found priority = lookup_.value(block.priority, false);
    if (!mapped(priority)) return false;
    const bool has_priority = priority.present() && priority.kind < JsonNode::Kind::kList;
    const Found assignee = lookup_.value(block.assignee, true);
    if (!mapped(assignee)) return false;
    if (block.opens && !opened(block, has_priority ? priority.text : std::string_view()))
      return false;
    if (told && (is.text == "open" || is.text == "paused")) add("reopened");
    if (has_priority) add("prioritized", "priority", priority.text);
    if (assignee.present()) {
      add("assigned", "person", assignee.text);
    } else if (lookup_.has_parent(block.assignee)) {
      add("unassigned");
    }
    return !told || own_fact(block, is.text, wait);
  }

  bool opened(const StateBlock& block, std::string_view priority) {
    Instant time = run_.time;
    if (!time_of(block.opened_time, time)) return false;
    std::vector<Written> data;
    if (!members(block.opened, data)) return false;
    if (!block.names_priority && !priority.empty()) {
      Written& written = data.emplace_back();
      written.name = "priority";
      append_json_string(written.plain, priority);
      written.sorted = written.plain;
    }
    add("opened", time, std::move(data), run_.subject + "/opened");
    return true;
  }

  bool own_fact(const StateBlock& block, std::string_view is, const Found& wait) {
    if (is == "open") {
      add("resumed");
      return true;
    }
    if (is == "paused") {
      if (block.wait.given()) end_other_waits(block, wait);
      if (wait.present()) {
        add("paused", "wait", wait.text);
      } else {
        add("paused");
      }
      return true;
    }
    std::vector<Written> data;
    if (!members(is == "resolved" ? block.resolved
                 : is == "closed" ? block.closed
                                  : block.cancelled,
                 data))
      return false;
    add(is, run_.time, std::move(data), {});
    return true;
  }

  void end_other_waits(const StateBlock& block, const Found& wait) {
    if (!block.wait_words_known) return add("resumed");
    for (const std::string& word : block.wait_words) {
      if (!wait.present() || word != wait.text) add("resumed", "wait", word);
    }
  }

  // ---- events

  bool events() {
    for (const EventRule& rule : adapter_.events) {
      if (!lookup_.holds(rule.when)) continue;
      applied_ = true;
      const Found id = lookup_.value(rule.id, true);
      if (!mapped(id)) return false;
      Instant time = run_.time;
      if (!time_of(rule.time, time)) return false;
      std::vector<Written> data;
      if (!members(rule.data, data)) return false;
      add(rule.fact, time, std::move(data),
          id.present() ? rule.fact + "/" + std::string(id.text) : std::string());
    }
    return true;
  }

  const Adapter& adapter_;
  const Payload& payload_;
  Lookup& lookup_;
  Instant arrival_;
  SubjectPort& subjects_;
  AdapterRun run_;
  bool applied_ = false, has_time_ = false;
};

}  // namespace

std::string fact_hash_id(std::string_view subject, std::string_view fact, Instant time,
                         std::string_view data) {
  std::string text = "[";
  append_json_string(text, subject);
  text += ',';
  append_json_string(text, fact);
  text += ',';
  append_json_time(text, time);
  text += ',';
  text += data.empty() ? std::string_view("null") : data;
  text += ']';
  const auto hash = sha256(text);
  constexpr char kHex[] = "0123456789abcdef";
  std::string id;
  for (std::size_t i = 0; i < 10; ++i) {
    id += kHex[hash[i] >> 4];
    id += kHex[hash[i] & 15];
  }
  return id;
}

std::string Evaluator::run(const Adapter& adapter, const AdapterInput& input, SubjectPort& subjects,
                           const std::function<void(AdapterRun&&)>& each) {
  if (const std::string_view why = payload_.read(input.body); !why.empty()) return std::string(why);
  return run(adapter, payload_, payload_.root(), input, subjects, each);
}

std::string Evaluator::run(const Adapter& adapter, const Payload& payload, const JsonNode& root,
                           const AdapterInput& input, SubjectPort& subjects,
                           const std::function<void(AdapterRun&&)>& each) {
  Lookup lookup(adapter, payload, root, input.headers);
  const auto one = [&](std::string_view place) {
    each(Run(adapter, payload, lookup, input.arrival, subjects).make(place));
  };
  if (!adapter.each) {
    one({});
    return {};
  }
  const JsonNode* list = lookup.find(*adapter.each);
  if (list != nullptr && list->is_object()) {
    lookup.element(list);
    one("0000.");
    return {};
  }
  if (list == nullptr || !list->is_list()) {
    // `ignore` comes before all else, as far as it looks at the payload as a whole.
    lookup.element(nullptr);
    for (const Conditions& when : adapter.ignore) {
      if (Lookup::of_payload(when) && lookup.holds(when)) return {};
    }
    return "missing:each";
  }
  std::size_t place = 0;
  for (const JsonNode* n = payload.child(*list); n != nullptr; n = payload.next(*n)) ++place;
  if (place > kEachMax) return "too_large";
  place = 0;
  for (const JsonNode* n = payload.child(*list); n != nullptr; n = payload.next(*n)) {
    lookup.element(n);
    std::string digits;
    append_digits(digits, place++, 4);
    one(digits + ".");
  }
  return {};
}

}  // namespace tocsin
