#include "connectors/crm/given_facts.h"

#include <utility>

#include "events/writer.h"

namespace tocsin {
namespace {

constexpr std::string_view kMoved = R"({"reason":"moved"})";

}  // namespace

bool is_move(std::string_view verb, std::string_view data) {
  return verb == "cancelled" && data == kMoved;
}

std::vector<GivenFact> given_facts(AdapterRun run, const SubjectHistory* history) {
  std::vector<GivenFact> out;
  if (history != nullptr && !history->account.empty() && history->account != run.account) {
    AdapterFact moved;
    moved.verb = "cancelled";
    moved.time = run.time;
    moved.data = kMoved;
    moved.sequence = run.sequence + "00";
    moved.id = fact_hash_id(run.subject, moved.verb, moved.time, moved.data);
    out.push_back({history->account, run.subject, std::move(moved)});
    for (const AdapterFact& fact : history->facts) out.push_back({run.account, run.subject, fact});
  }
  for (AdapterFact& fact : run.facts) out.push_back({run.account, run.subject, std::move(fact)});
  return out;
}

void append_given(std::string& out, const Adapter& adapter, const GivenFact& given) {
  JsonObject event(out);
  event.text("specversion", "1.0")
      .text("id", given.fact.id)
      .text("source", adapter.source)
      .text("type", "tocsin." + adapter.kind + "." + given.fact.verb)
      .time("time", given.fact.time)
      .text("subject", given.subject)
      .text("partitionkey", given.account)
      .text("sequence", given.fact.sequence)
      .text("tocsinadapter", adapter.tag);
  if (!given.fact.data.empty()) event.raw("data", given.fact.data);
  event.close();
}

std::string FactCheck::check(std::string_view text, Instant arrival, Decoded& out) {
  decoder_.structured(text, {}, out);
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
