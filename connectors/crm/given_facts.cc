#include "connectors/crm/given_facts.h"

#include <simdjson.h>

#include <utility>

#include "events/writer.h"

namespace tocsin {
namespace {

constexpr std::string_view kMoved = R"({"reason":"moved"})";

}  // namespace

bool is_move(std::string_view verb, std::string_view data) {
  return verb == "cancelled" && data == kMoved;
}

void visit_given(const AdapterRun& run, const SubjectHistory* history, const GivenVisit& each) {
  if (history != nullptr && !history->account.empty() && history->account != run.account) {
    AdapterFact moved;
    moved.verb = "cancelled";
    moved.time = run.time;
    moved.data = kMoved;
    moved.sequence = run.sequence + "00";
    moved.id = fact_hash_id(run.subject, moved.verb, moved.time, moved.data);
    if (!each(history->account, moved)) return;
    for (const AdapterFact& fact : history->facts) {
      if (!each(run.account, fact)) return;
    }
  }
  for (const AdapterFact& fact : run.facts) {
    if (!each(run.account, fact)) return;
  }
}

std::vector<GivenFact> given_facts(const AdapterRun& run, const SubjectHistory* history) {
  std::vector<GivenFact> out;
  visit_given(run, history, [&](const std::string& account, const AdapterFact& fact) {
    out.push_back({account, run.subject, fact});
    return true;
  });
  return out;
}

void append_given(std::string& out, const Adapter& adapter, std::string_view account,
                  std::string_view subject, const AdapterFact& fact) {
  TextBlock text(out);
  text.raw(R"({"specversion":"1.0","id":)").string(fact.id);
  text.raw(R"(,"source":)").string(adapter.source);
  text.raw(R"(,"type":"tocsin.)").escaped(adapter.kind).raw(".").escaped(fact.verb);
  text.raw(R"(","time":)").time(fact.time);
  text.raw(R"(,"subject":)").string(subject);
  text.raw(R"(,"partitionkey":)").string(account);
  text.raw(R"(,"sequence":)").string(fact.sequence);
  text.raw(R"(,"tocsinadapter":)").string(adapter.tag);
  if (!fact.data.empty()) text.raw(R"(,"data":)").raw(fact.data);
  text.raw("}").flush();
}

std::string FactCheck::check(std::string_view text, const Adapter& adapter,
                             std::string_view account, std::string_view subject,
                             const AdapterFact& fact, Instant arrival, Decoded& out) {
  // What cannot be malformed need not be read again.
  if (!fact.nested && text.size() <= kEventBytesMax &&
      simdjson::validate_utf8(text.data(), text.size())) {
    type_.assign("tocsin.").append(adapter.kind).append(".").append(fact.verb);
    decoder_.parts({fact.id, adapter.source, type_, fact.time, subject, account, fact.sequence,
                    adapter.tag, fact.data},
                   out);
  } else {
    decoder_.structured(text, {}, out);
  }
  if (!out.form_error.empty()) return std::string(out.form_error);
  if (const std::string_view why = judge(out, arrival); !why.empty()) return std::string(why);
  const auto type = policy_->types.find(out.fact.kind + "." + out.fact.verb);
  if (type == policy_->types.end()) return {};
  const KindSpec& kind = policy_->kinds[type->second.kind];
  read_data(*policy_, kind.verbs[type->second.verb], out.fact, data_);
  return data_.bad;
}

std::optional<std::string> SubjectMemory::account_of(const Adapter&, const std::string& subject) {
  const SubjectHistory* known = history(subject);
  if (known == nullptr) return std::nullopt;
  return known->account;
}

const SubjectHistory* SubjectMemory::history(const std::string& subject) const {
  const auto found = subjects_.find(subject);
  return found == subjects_.end() ? nullptr : &found->second.history;
}

std::vector<GivenFact> SubjectMemory::give(const AdapterRun& run) {
  const SubjectHistory* before = history(run.subject);
  std::vector<GivenFact> given = given_facts(run, before);
  if (given.empty()) return given;
  Seen& seen = subjects_[run.subject];
  seen.history.account = run.account;
  for (const AdapterFact& fact : run.facts) {
    if (seen.ids.insert(fact.id).second) seen.history.facts.push_back(fact);
  }
  return given;
}

}  // namespace tocsin
