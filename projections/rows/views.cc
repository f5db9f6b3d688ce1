#include "projections/rows/views.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>

namespace tocsin {
namespace {

// Added to the last due of a clock that has none pending: behind every instant that there is.
constexpr std::int64_t kBehindAll = std::int64_t{1} << 62;
// The states of alarms in keys.
constexpr char kOpenAlarms = 'o', kAcknowledgedAlarms = 'k';

template <typename Texts>
void add_texts(Texts& to, const std::vector<std::string>& from) {
  for (const std::string& t : from) {
    if (std::find(to.begin(), to.end(), t) == to.end()) to.push_back(t);
  }
}

template <typename Texts>
void add_text(Texts& to, const std::string& text) {
  if (std::find(to.begin(), to.end(), text) == to.end()) to.push_back(text);
}

// Who was ever called for a group.
template <typename Texts>
void add_persons(const GroupRow& g, Texts& persons) {
  for (const CallRow& call : g.called) add_text(persons, call.person);
  add_texts(persons, g.persons);
}

template <typename Texts>
void add_roles(const GroupRow& g, Texts& roles) {
  for (const CallRow& call : g.called) {
    if (!call.role.empty()) add_text(roles, call.role);
  }
  add_texts(roles, g.roles);
}

// Who is called in for a clock: of its open groups, each once.
template <typename Texts>
void add_called(const EntityView& view, const ClockRow& clock, Texts& roles, Texts& persons) {
  for (const GroupRow& g : view.groups) {
    if (g.state != GroupState::kOpen || g.clock != clock.clock) continue;
    add_roles(g, roles);
    add_persons(g, persons);
  }
}

Key& put_clock_key(Key& key, ClockClass of, const EntityKey& entity, const ClockRow& clock) {
  return key.letter(static_cast<char>(of))
      .text(entity.kind)
      .text(clock.clock)
      .instant(listed_at(clock))
      .text(entity.account)
      .text(entity.id)
      .text(clock.cycle);
}

// In which inbox a group stands, and what of its place there is not its entity's; in the order of keys.
struct Inbox {
  InboxOf of = InboxOf::kEverybody;
  std::string_view name;
  char state = kOpenAlarms;
  bool called = false;
  friend auto operator<=>(const Inbox&, const Inbox&) = default;
};

Inbox inbox_of(InboxOf of, std::string_view name, const GroupRow& g, bool called) {
  return {of, name, g.state == GroupState::kAcknowledged ? kAcknowledgedAlarms : kOpenAlarms,
          called};
}

Key& put_inbox_key(Key& key, const Inbox& inbox, const EntityKey& entity, const EntityView& view,
                   Instant next_due) {
  return key.letter(static_cast<char>(inbox.of))
      .text(inbox.name)
      .letter(inbox.state)
      .letter(inbox.called ? '1' : '0')
      .letter(static_cast<char>(view.rank))
      .letter(inbox.state == kAcknowledgedAlarms ? '1' : '0')
      .instant(next_due)
      .entity(entity);
}

// Makes rows one after the other in memory that is used again for each.
class RowMaker {
 public:
  RowMaker(PartitionId partition, const EntityKey& entity, Arena& arena, std::vector<ViewRow>& rows)
      : partition_(partition), entity_(entity), arena_(arena), rows_(rows) {}

  void add_due(Instant due) { add(start(Family::kDue).instant(due).entity(entity_), {}); }

  void add_clock(const EntityView& view, const ClockRow& clock) {
    encode_summary(view, clock);
    const std::string_view summary = arena_.keep(value_);
    add_clock(class_of(clock.state), clock, summary);
    if (is_at_risk(clock)) add_clock(ClockClass::kAtRisk, clock, summary);
    if (is_overdue(clock)) add_clock(ClockClass::kOverdue, clock, summary);
  }

  // Those that share an inbox and their place in it are one row. False: there are none.
  bool add_alarms(const EntityView& view) {
    Alarms alarms;
    for (const GroupRow& g : view.groups) {
      if (is_in_inboxes(view, g)) add_to_inboxes(g, alarms);
    }
    std::sort(alarms.begin(), alarms.end(), [](const Alarm& a, const Alarm& b) {
      return std::tie(a.inbox, a.name) < std::tie(b.inbox, b.name);
    });
    const Instant next_due = next_pending(view);
    for (auto alarm = alarms.begin(); alarm != alarms.end();) {
      const Inbox& inbox = alarm->inbox;
      value_.clear();
      put_text(value_, view.tier);
      put_text(value_, view.priority);
      put_text(value_, view.source);
      for (; alarm != alarms.end() && alarm->inbox == inbox; ++alarm) {
        put_text(value_, alarm->name);
        put_text(value_, alarm->group->clock);
        put_text(value_, alarm->group->urgency);
      }
      add(put_inbox_key(start(Family::kGroup), inbox, entity_, view, next_due),
          arena_.keep(value_));
    }
    return !alarms.empty();
  }

  // `days`: of the thresholds.
  void add_behind(const EntityView& view, const ClockRow& clock, const Day* days) {
    if (clock.state == ClockState::kCancelled) return;
    for (const ThresholdRow& t : clock.thresholds) {
      const Day day = *days++;
      if (t.verdict == Verdict::kPending || !t.due) continue;
      const Behind::What what = t.verdict == Verdict::kMet ? Behind::What::kMet
                                : t.excused                ? Behind::What::kExcused
                                                           : Behind::What::kBreached;
      put_behind(view, what, 0, *t.due, t.person);
      add(start(Family::kBehind)
              .text(clock.clock)
              .text(t.name)
              .day(day)
              .entity(entity_)
              .text(clock.cycle),
          arena_.keep(value_));
    }
  }

  void add_behind(const EntityView& view, const ScoreRow& score, Day day) {
    put_behind(view, Behind::What::kScore, score.score, score.at, score.person);
    add(start(Family::kBehind)
            .text(score.type)
            .text(kScoreThreshold)
            .day(day)
            .entity(entity_)
            .text({}),
        arena_.keep(value_));
  }

  // What an OpenSummary says.
  void add_open(const EntityView& view) {
    value_.clear();
    value_.push_back(is_open(view) ? '1' : '0');
    value_.push_back(static_cast<char>(view.rank));
    put_text(value_, view.source);
    value_ += view.title;
    add(start(Family::kOpen).entity(entity_), arena_.keep(value_));
  }

 private:
  using Texts = boost::container::small_vector<std::string_view, 8>;
  struct Alarm {
    Inbox inbox;
    std::string_view name;
    const GroupRow* group = nullptr;
  };
  using Alarms = boost::container::small_vector<Alarm, 16>;

  void add_to_inboxes(const GroupRow& g, Alarms& alarms) const {
    Texts persons, roles;
    add_persons(g, persons);
    add_roles(g, roles);
    const auto add_to = [&](InboxOf of, std::string_view name) {
      alarms.push_back(
          {inbox_of(of, name, g, !persons.empty()), group_name(entity_, g.escalation), &g});
    };
    add_to(InboxOf::kEverybody, {});
    add_to(InboxOf::kAccount, entity_.account);
    for (const std::string_view p : persons) add_to(InboxOf::kPerson, p);
    for (const std::string_view r : roles) add_to(InboxOf::kRole, r);
  }

  // A Behind, in `value_`.
  void put_behind(const EntityView& view, Behind::What what, int score, Instant at,
                  std::string_view person) {
    value_.clear();
    value_.push_back(static_cast<char>(what));
    put_signed(value_, score);
    put_signed(value_, at.ms);
    put_text(value_, view.priority);
    put_text(value_, view.tier);
    put_text(value_, person);
    put_text(value_, view.module);
    put_text(value_, view.source);
  }

  Key& start(Family family) { return key_.start(partition_, family); }
  void add(const Key& key, std::string_view kept_value) {
    rows_.push_back({arena_.keep(key.bytes()), kept_value});
  }

  void add_clock(ClockClass of, const ClockRow& clock, std::string_view summary) {
    add(put_clock_key(start(Family::kClock), of, entity_, clock), summary);
  }

  // A ClockSummary, in `value_`.
  void encode_summary(const EntityView& view, const ClockRow& clock) {
    value_.clear();
    put_text(value_, view.tier);
    put_text(value_, view.priority);
    put_text(value_, view.source);
    put_text(value_, view.assignee);
    Texts roles, persons;
    add_called(view, clock, roles, persons);
    for (const Texts* texts : {&roles, &persons}) {
      put_unsigned(value_, texts->size());
      for (const std::string_view t : *texts) put_text(value_, t);
    }
  }

  const PartitionId partition_;
  const EntityKey& entity_;
  Arena& arena_;
  std::vector<ViewRow>& rows_;
  Key key_{0, Family::kMeta};
  std::string value_;
};

}  // namespace

bool is_live(const ClockRow& clock) {
  return clock.state == ClockState::kRunning || clock.state == ClockState::kPaused;
}

ClockClass class_of(ClockState state) {
  switch (state) {
    case ClockState::kRunning:
      return ClockClass::kRunning;
    case ClockState::kPaused:
      return ClockClass::kPaused;
    case ClockState::kStopped:
      return ClockClass::kStopped;
    case ClockState::kCancelled:
      return ClockClass::kCancelled;
  }
  return ClockClass::kCancelled;
}

bool is_at_risk(const ClockRow& clock) {
  return clock.state == ClockState::kRunning &&
         std::any_of(clock.thresholds.begin(), clock.thresholds.end(), [](const ThresholdRow& t) {
           return t.verdict == Verdict::kPending && t.warned;
         });
}

bool is_overdue(const ClockRow& clock) {
  return is_live(clock) &&
         std::any_of(clock.thresholds.begin(), clock.thresholds.end(),
                     [](const ThresholdRow& t) { return t.verdict == Verdict::kBreached; });
}

bool is_in_inboxes(const EntityView& view, const GroupRow& g) {
  if (g.state == GroupState::kOpen) return true;
  return g.state == GroupState::kAcknowledged &&
         (!view.over || std::any_of(view.clocks.begin(), view.clocks.end(), is_live));
}

bool is_open(const EntityView& view) { return view.created && !view.over; }

Instant next_pending(const ClockRow& clock) {
  Instant next = kNever;
  for (const ThresholdRow& t : clock.thresholds) {
    if (t.due && t.verdict == Verdict::kPending) next = std::min(next, *t.due);
  }
  return next;
}

Instant next_pending(const EntityView& view) {
  Instant next = kNever;
  for (const ClockRow& clock : view.clocks) {
    if (clock.state == ClockState::kRunning) next = std::min(next, next_pending(clock));
  }
  return next;
}

Instant listed_at(const ClockRow& clock) {
  if (is_live(clock)) {
    if (const Instant next = next_pending(clock); next != kNever) return next;
  }
  Instant last = kAlways;
  for (const ThresholdRow& t : clock.thresholds) {
    if (t.due) last = std::max(last, *t.due);
  }
  return last == kAlways ? kNever : Instant{kBehindAll + last.ms};
}

ClockSummary summarize(const EntityView& view, const ClockRow& clock) {
  ClockSummary s{view.tier, view.priority, view.source, view.assignee, {}, {}};
  add_called(view, clock, s.roles, s.persons);
  return s;
}

ClockSummary decode_clock_summary(std::string_view bytes) {
  ByteReader in(bytes);
  ClockSummary s;
  s.tier = in.text();
  s.priority = in.text();
  s.source = in.text();
  s.assignee = in.text();
  for (auto* texts : {&s.roles, &s.persons}) {
    for (std::uint64_t n = in.unsigned_int(); n > 0; --n) texts->push_back(in.text());
  }
  return s;
}

std::string clock_prefix(PartitionId partition, ClockClass of, std::string_view kind,
                         std::string_view clock) {
  return Key(partition, Family::kClock).letter(static_cast<char>(of)).text(kind).text(clock).take();
}

std::string clock_key(PartitionId partition, ClockClass of, const EntityKey& entity,
                      const ClockRow& clock) {
  Key key(partition, Family::kClock);
  return put_clock_key(key, of, entity, clock).take();
}

std::string inbox_prefix(PartitionId partition, InboxOf of, std::string_view name,
                         bool acknowledged) {
  return Key(partition, Family::kGroup)
      .letter(static_cast<char>(of))
      .text(name)
      .letter(acknowledged ? kAcknowledgedAlarms : kOpenAlarms)
      .take();
}

GroupsInRow::GroupsInRow(std::string_view row) : left_(row) {
  summary_.tier = left_.view();
  summary_.priority = left_.view();
  summary_.source = left_.view();
}

bool GroupsInRow::next() {
  if (left_.at_end()) return false;
  name_ = left_.view();
  summary_.clock = left_.view();
  summary_.urgency = left_.view();
  return true;
}

std::vector<std::string> called_persons(const GroupRow& group) {
  std::vector<std::string> persons;
  add_persons(group, persons);
  return persons;
}

Behind decode_behind(std::string_view bytes) {
  ByteReader in(bytes);
  Behind b;
  b.what = static_cast<Behind::What>(in.byte());
  b.score = static_cast<int>(in.signed_int());
  b.at = in.instant();
  b.priority = in.text();
  b.tier = in.text();
  b.person = in.text();
  b.module = in.text();
  b.source = in.text();
  return b;
}

Key behind_prefix(PartitionId partition, std::string_view clock, std::string_view threshold) {
  return Key(partition, Family::kBehind).text(clock).text(threshold);
}

std::string inbox_key(PartitionId partition, InboxOf of, std::string_view name,
                      const EntityKey& entity, const EntityView& view, const GroupRow& group) {
  Key key(partition, Family::kGroup);
  const Inbox inbox = inbox_of(of, name, group, !called_persons(group).empty());
  return put_inbox_key(key, inbox, entity, view, next_pending(view))
      .text(group_name(entity, group.escalation))
      .take();
}

GroupSummary summarize(const EntityView& view, const GroupRow& group) {
  return {view.tier, view.priority, view.source, group.clock, group.urgency};
}

OpenSummary decode_open_summary(std::string_view bytes) {
  if (bytes.size() < 2) return {};
  ByteReader in(bytes.substr(2));
  OpenSummary s{bytes[0] == '1', static_cast<std::uint8_t>(bytes[1]), in.view(), {}};
  s.title = in.rest();
  return s;
}

std::string_view group_name(const EntityKey& entity, std::string_view escalation) {
  std::string_view rest = escalation;
  for (const std::string* part : {&entity.account, &entity.kind, &entity.id}) {
    if (!rest.starts_with(*part) || !rest.substr(part->size()).starts_with('/')) return escalation;
    rest.remove_prefix(part->size() + 1);
  }
  return rest;
}

void index_rows(PartitionId partition, const EntityKey& entity, const Projection& p, Arena& arena,
                std::vector<ViewRow>& rows) {
  rows.clear();
  if (!p.known) return;
  RowMaker make(partition, entity, arena, rows);
  // As their families sort, so that sorting finds little to do.
  const Day* days = p.due_days.data();
  for (const ClockRow& clock : p.view.clocks) {
    make.add_clock(p.view, clock);
    make.add_behind(p.view, clock, days);
    days += clock.thresholds.size();
  }
  for (std::size_t i = 0; i < p.view.scores.size(); ++i)
    make.add_behind(p.view, p.view.scores[i], p.score_days[i]);
  if (p.next_due != kNever) make.add_due(p.next_due);
  const bool has_alarms = make.add_alarms(p.view);
  if (has_alarms || !p.view.over || !p.view.created ||
      std::any_of(p.view.clocks.begin(), p.view.clocks.end(), is_live)) {
    make.add_open(p.view);
  }
  std::sort(rows.begin(), rows.end());
}

}  // namespace tocsin
