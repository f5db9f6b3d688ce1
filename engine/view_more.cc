#include "engine/view_more.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <utility>

#include "engine/entity/follow.h"

namespace tocsin {

namespace {

const Field* field_of(const VerbSpec& verb, Form form) {
  const auto found = std::find_if(verb.fields.begin(), verb.fields.end(),
                                  [&](const Field& field) { return field.form == form; });
  return found == verb.fields.end() ? nullptr : &*found;
}

// The row of that name in a list that is sorted by it; added when there is none.
template <typename Row>
Row& row_of(std::vector<Row>& rows, std::string Row::*name, const std::string& wanted) {
  const auto place =
      std::lower_bound(rows.begin(), rows.end(), wanted,
                       [&](const Row& row, const std::string& other) { return row.*name < other; });
  if (place != rows.end() && (*place).*name == wanted) return *place;
  Row& added = *rows.emplace(place);
  added.*name = wanted;
  return added;
}

// Reads an entity's facts once, in their order.
class MoreOfFacts {
 public:
  MoreOfFacts(EntityView& view, const Entity& entity)
      : view_(view), entity_(entity), kind_(entity.spec()) {
    view_.scores.clear();
    view_.contacts.clear();
    for (const EntityFact& fact : entity.facts) {
      const VerbCode verb = fact.verb == kNone ? kNone : verb_now(entity, fact);
      if (verb != kNone) add(fact, verb);
    }
  }

  // Whose it is at an instant, facts of that instant included.
  std::string_view person_at(Instant t) const {
    if (kind_.assign_verb == kNone) return view_.assignee;  // its owner, for good
    std::string_view person;
    for (const auto& [time, name] : assigned_) {
      if (time <= t) person = name;
    }
    return person;
  }

 private:
  void add(const EntityFact& fact, VerbCode code) {
    const VerbSpec& verb = kind_.verbs[code];
    if (code == kind_.assign_verb) assigned_.emplace_back(fact.time, fact.words.text());
    if (code == kind_.unassign_verb) assigned_.emplace_back(fact.time, std::string_view());
    if (fact.score != kNoScore) {
      ScoreRow& row = row_of(view_.scores, &ScoreRow::type, kind_.name + "." + verb.name);
      row.score = fact.score;  // the last holds
      row.at = fact.time;
      row.person = person_at(fact.time);
    }
    const Field* field =
        kind_.on_account && fact.choice != kNone ? field_of(verb, Form::kChoice) : nullptr;
    if (field == nullptr) return;
    const WordCode choice = choice_now(entity_, fact);
    if (choice == kNone) return;  // an earlier policy's word
    ContactRow& row = row_of(view_.contacts, &ContactRow::kind, field->words[choice]);
    row.at = std::max(row.at, fact.time);
  }

  EntityView& view_;
  const Entity& entity_;
  const KindSpec& kind_;
  boost::container::small_vector<std::pair<Instant, std::string_view>, 4> assigned_;
};

}  // namespace

void fill_counted(ClockRow& row, const Cycle& cycle, const Policy& policy) {
  row.counted_ms = 0;
  row.since = cycle.start;
  for (ThresholdRow& t : row.thresholds) t.remaining_ms.reset();
  if (row.state != ClockState::kRunning && row.state != ClockState::kPaused) return;
  const Calendar& calendar = policy.calendar(cycle.calendar);
  for (const auto& [from, to] : cycle.active) {
    if (to == kNever) {
      row.since = from;
    } else {
      row.counted_ms += calendar.elapsed(from, to).ms;
    }
  }
  std::size_t n = 0;
  for (const Threshold& th : cycle.thresholds) {
    if (!th.exists) continue;
    ThresholdRow& t = row.thresholds[n++];
    if (row.state == ClockState::kPaused && t.verdict == Verdict::kPending)
      t.remaining_ms = th.remaining_ms;
  }
}

void fill_more(EntityView& view, const Entity& entity, const Truth& truth) {
  const Policy& policy = *entity.policy;
  const KindSpec& kind = entity.spec();
  view.over = truth.created && truth.ended != kNone;
  view.rank =
      static_cast<std::uint8_t>(kind.urgent_always                  ? 0
                                : kind.prioritized && truth.created ? truth.priority.index()
                                                                    : policy.priorities.size());
  view.module.clear();
  if (truth.created) {
    const EntityFact& creation = entity.facts[static_cast<std::size_t>(truth.creator)];
    const VerbCode verb = creation.verb == kNone ? kNone : verb_now(entity, creation);
    if (verb != kNone && field_of(kind.verbs[verb], Form::kModule) != nullptr)
      view.module = creation.words.more();
  }
  const MoreOfFacts facts(view, entity);
  for (ClockRow& clock : view.clocks) {
    for (ThresholdRow& t : clock.thresholds) {
      t.person.clear();
      if (t.verdict != Verdict::kPending && t.due) t.person = facts.person_at(*t.due);
    }
  }
}

}  // namespace tocsin
