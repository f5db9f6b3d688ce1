#include "projections/read/list_filter.h"

#include <algorithm>

namespace tocsin {
namespace {

bool passes(const std::string& filter, std::string_view value) {
  return filter.empty() || filter == value;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool contains(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

bool contains_any(const std::vector<std::string>& texts, const PersonWords& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return contains(texts, word); });
}

}  // namespace

std::vector<std::string> accounts_asked(const std::string& account,
                                        const std::shared_ptr<const Scope>& scope, bool& all) {
  const bool some = scope != nullptr && !scope->accounts.empty();
  all = account.empty() && !some;
  if (account.empty()) return some ? scope->accounts : std::vector<std::string>();
  if (some && !scope->has_account(account)) return {};
  return {account};
}

std::optional<Projection> projection_in(std::string_view row, const EntityKey& entity) {
  Projection p = decode_projection(split_entity_row(row).projection);
  if (!p.known) return std::nullopt;
  p.view.account = entity.account;
  p.view.kind = entity.kind;
  p.view.id = entity.id;
  return p;
}

std::optional<Projection> find_projection(const ReadView& view, PartitionId partition,
                                          const EntityKey& entity) {
  const auto row = view.get(Key(partition, Family::kEntity).entity(entity).take());
  return row ? projection_in(*row, entity) : std::nullopt;
}

std::string account_name(const ReadView& view, PartitionId partition, const std::string& account) {
  const auto row = view.get(Key(partition, Family::kSummary).text(account).take());
  return row ? decode_account_summary(*row).name : std::string();
}

bool fits_team(const AccountSummary& of, const PersonWords& person, const std::string& role) {
  if (person.empty()) return role.empty() || of.has_role(role);
  return std::any_of(person.begin(), person.end(),
                     [&](const std::string& word) { return of.plays(word, role); });
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

bool contains_words(std::string_view text, std::string_view words) {
  return std::search(text.begin(), text.end(), words.begin(), words.end(),
                     [](char of_text, char word) { return lower(of_text) == word; }) !=
             text.end() ||
         words.empty();
}

FilteredList::FilteredList(const ReadView& view, const ListFilter& filter)
    : view_(view), filter_(filter), words_(lower_case(filter.q)) {}

template <typename Summary>
bool FilteredList::is_of(const EntityKey& entity, std::string_view clock, const Summary& s) const {
  return filter_.lets(entity, s.source) && tocsin::passes(filter_.account, entity.account) &&
         tocsin::passes(filter_.kind, entity.kind) && tocsin::passes(filter_.clock, clock) &&
         tocsin::passes(filter_.tier, s.tier) && tocsin::passes(filter_.priority, s.priority);
}

bool FilteredList::passes(PartitionId partition, const EntityKey& entity, const std::string& clock,
                          const ClockSummary& s) {
  if (!is_of(entity, clock, s)) return false;
  const std::string& role = filter_.role;
  const PersonWords& person = filter_.person;
  if (person.empty()) return role.empty() || contains(s.roles, role);
  if (role.empty() && contains(person, s.assignee)) return true;
  if (contains_any(s.persons, person) && (role.empty() || contains(s.roles, role))) return true;
  return fits_team(account(partition, entity.account), person, role);
}

bool FilteredList::passes(PartitionId, const EntityKey& entity, const GroupSummary& s) {
  return is_of(entity, s.clock, s);
}

bool FilteredList::was_called(const GroupRow& group) const {
  if (!filter_.person.empty() && !contains_any(called_persons(group), filter_.person)) return false;
  if (filter_.role.empty() || contains(group.roles, filter_.role)) return true;
  return std::any_of(group.called.begin(), group.called.end(),
                     [&](const CallRow& call) { return call.role == filter_.role; });
}

bool FilteredList::has_words(PartitionId partition, const EntityKey& entity,
                             std::string_view title) {
  return contains_words(title, words_) || contains_words(entity.id, words_) ||
         contains_words(entity.account, words_) ||
         contains_words(account(partition, entity.account).name, words_);
}

bool FilteredList::each_narrowed(bool ended, std::size_t most, const Visit& visit) {
  WordsFound* const found = filter_.found.get();
  if (found == nullptr || ended || words_.empty()) return read_narrowed(ended, most, visit);
  using State = WordsFound::State;
  if (found->state == State::kUnsought) {
    const auto keep = [&](PartitionId partition, const EntityKey& key, const Projection& p) {
      found->entities.push_back({partition, key, p});
      return true;
    };
    found->state = read_narrowed(false, kWordsMax, keep) ? State::kFound : State::kTooMany;
  }
  if (found->state == State::kTooMany) return read_narrowed(ended, most, visit);
  return std::all_of(found->entities.begin(), found->entities.end(),
                     [&](const auto& e) { return visit(e.partition, e.key, e.projection); });
}

bool FilteredList::read_narrowed(bool ended, std::size_t most, const Visit& visit) {
  bool all = false;
  std::vector<std::string> accounts = filter_.accounts(all);
  if (all && (ended || words_.empty())) return false;
  const Family family = ended ? Family::kEntity : Family::kOpen;
  std::size_t scanned = 0, read = 0;
  for (const PartitionId partition : view_.partitions()) {
    std::vector<std::string> prefixes;
    if (all) prefixes.push_back(Key(partition, family).take());
    for (const std::string& name : accounts)
      prefixes.push_back(Key(partition, family).text(name).take());
    for (const std::string& prefix : prefixes) {
      for (RowCursor rows = view_.rows(prefix); rows.valid(); rows.next()) {
        if (++scanned > kRowsScannedMax) return false;
        const EntityKey entity = KeyReader(rows.key()).entity();
        if (!tocsin::passes(filter_.kind, entity.kind)) continue;
        if (!ended) {
          const OpenSummary row = decode_open_summary(rows.value());
          if (!filter_.lets(entity, row.source) || !has_words(partition, entity, row.title))
            continue;
        }
        if (++read > most) return false;
        const auto found =
            ended ? projection_in(rows.value(), entity) : find_projection(view_, partition, entity);
        if (!found || (ended && (!filter_.lets(entity, found->view.source) ||
                                 !has_words(partition, entity, found->view.title)))) {
          continue;
        }
        if (!visit(partition, entity, *found)) return false;
      }
    }
  }
  return true;
}

const AccountSummary& FilteredList::account(PartitionId partition, const std::string& name) {
  const auto [entry, fresh] = accounts_.try_emplace(name);
  if (fresh) {
    const auto row = view_.get(Key(partition, Family::kSummary).text(name).take());
    if (row) entry->second = decode_account_summary(*row);
  }
  return entry->second;
}

}  // namespace tocsin
