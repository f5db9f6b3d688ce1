#include "projections/rows/projection.h"

#include "events/bytes.h"
#include "events/vocabulary.h"

namespace tocsin {
namespace {

void put_texts(ByteBuffer& out, const std::vector<std::string>& texts) {
  put_unsigned(out, texts.size());
  for (const std::string& t : texts) put_text(out, t);
}

// Before each element is read, so that a damaged count takes no memory.
template <typename T>
T& element(std::vector<T>& list, std::size_t i) {
  if (i == list.size()) list.emplace_back();
  return list[i];
}

// Reads a counted list in place of what is there: `read(element)` for each.
template <typename T, typename Read>
void take_list(ByteReader& in, std::vector<T>& list, const Read& read) {
  const std::uint64_t n = in.unsigned_int();
  for (std::size_t i = 0; i < n; ++i) read(element(list, i));
  list.resize(n);
}

void take_texts(ByteReader& in, std::vector<std::string>& texts) {
  take_list(in, texts, [&](std::string& text) { text = in.view(); });
}

bool counts_on(const ClockRow& c) {
  return c.state == ClockState::kRunning || c.state == ClockState::kPaused;
}

void put_clock(ByteBuffer& out, const ClockRow& c) {
  put_text(out, c.clock);
  put_text(out, c.cycle);
  out.push_back(static_cast<char>(static_cast<int>(c.state) | (c.period ? 0x10 : 0)));
  put_signed(out, c.start.ms);
  put_text(out, c.calendar);
  put_optional(out, c.stopped);
  out.push_back(c.elapsed_ms ? '\1' : '\0');
  if (c.elapsed_ms) put_signed(out, *c.elapsed_ms);
  if (counts_on(c)) {
    put_signed(out, c.counted_ms);
    put_signed(out, c.since.ms - c.start.ms);
  }
  put_unsigned(out, c.thresholds.size());
  for (const ThresholdRow& t : c.thresholds) {
    put_text(out, t.name);
    out.push_back(static_cast<char>(static_cast<int>(t.verdict) | (t.warned ? 0x10 : 0) |
                                    (t.excused ? 0x20 : 0) | (t.remaining_ms ? 0x40 : 0) |
                                    (t.person.empty() ? 0 : 0x80)));
    put_optional(out, t.due);
    if (t.excused) put_signed(out, t.excused->ms);
    if (t.remaining_ms) put_signed(out, *t.remaining_ms);
    if (!t.person.empty()) put_text(out, t.person);
  }
}

void take_clock(ByteReader& in, ClockRow& c) {
  c.clock = in.view();
  c.cycle = in.view();
  const std::uint8_t state = in.byte();
  c.state = static_cast<ClockState>(state & 0x0F);
  c.period = (state & 0x10) != 0;
  c.start = in.instant();
  c.calendar = in.view();
  c.stopped = in.optional_instant();
  c.elapsed_ms.reset();
  if (in.byte() != 0) c.elapsed_ms = in.signed_int();
  c.counted_ms = 0;
  c.since = c.start;
  if (counts_on(c)) {
    c.counted_ms = in.signed_int();
    c.since = c.start + milliseconds(in.signed_int());
  }
  take_list(in, c.thresholds, [&](ThresholdRow& t) {
    t.name = in.view();
    const std::uint8_t verdict = in.byte();
    t.verdict = static_cast<Verdict>(verdict & 0x0F);
    t.warned = (verdict & 0x10) != 0;
    t.due = in.optional_instant();
    t.excused.reset();
    if ((verdict & 0x20) != 0) t.excused = in.instant();
    t.remaining_ms.reset();
    if ((verdict & 0x40) != 0) t.remaining_ms = in.signed_int();
    t.person.clear();
    if ((verdict & 0x80) != 0) t.person = in.view();
  });
}

void put_call(ByteBuffer& out, const CallRow& c) {
  put_text(out, c.person);
  put_text(out, c.role);
  put_signed(out, c.step);
  put_signed(out, c.at.ms);
  put_text(out, c.channel);
  put_text(out, c.outcome);
  put_optional(out, c.delivered_at);
}

void take_call(ByteReader& in, CallRow& c) {
  c.person = in.view();
  c.role = in.view();
  c.step = static_cast<int>(in.signed_int());
  c.at = in.instant();
  c.channel = in.view();
  c.outcome = in.view();
  c.delivered_at = in.optional_instant();
}

void put_group(ByteBuffer& out, const GroupRow& g) {
  put_text(out, g.escalation);
  put_text(out, g.clock);
  put_signed(out, g.step);
  put_texts(out, g.roles);
  put_texts(out, g.persons);
  put_text(out, g.urgency);
  put_text(out, g.reason);
  out.push_back(static_cast<char>(g.state));
  put_signed(out, g.begun.ms);
  put_signed(out, g.raised.ms);
  put_text(out, g.by);
  put_text(out, g.cycle);
  put_text(out, g.threshold);
  put_optional(out, g.due);
  put_optional(out, g.acknowledged_at);
  put_unsigned(out, g.called.size());
  for (const CallRow& c : g.called) put_call(out, c);
  out.push_back(g.next ? '\1' : '\0');
  if (!g.next) return;
  put_signed(out, g.next->step);
  put_optional(out, g.next->at);
  put_texts(out, g.next->roles);
  put_texts(out, g.next->persons);
}

void take_group(ByteReader& in, GroupRow& g) {
  g.escalation = in.view();
  g.clock = in.view();
  g.step = static_cast<int>(in.signed_int());
  take_texts(in, g.roles);
  take_texts(in, g.persons);
  g.urgency = in.view();
  g.reason = in.view();
  g.state = static_cast<GroupState>(in.byte());
  g.begun = in.instant();
  g.raised = in.instant();
  g.by = in.view();
  g.cycle = in.view();
  g.threshold = in.view();
  g.due = in.optional_instant();
  g.acknowledged_at = in.optional_instant();
  take_list(in, g.called, [&](CallRow& c) { take_call(in, c); });
  g.next.reset();
  if (in.byte() == 0) return;
  NextRow& next = g.next.emplace();
  next.step = static_cast<int>(in.signed_int());
  next.at = in.optional_instant();
  take_texts(in, next.roles);
  take_texts(in, next.persons);
}

}  // namespace

bool is_read_by_views(std::string_view type) {
  return type == name(DerivedType::kClockWithdrawn) || type == name(DerivedType::kFaultRecurring);
}

// Not the account's name, which another entity's fact may change: who reads takes it from the account.
void encode_view(ByteBuffer& out, const EntityView& v) {
  out.push_back(
      static_cast<char>((v.created ? 1 : 0) | (v.provisional ? 2 : 0) | (v.over ? 4 : 0)));
  out.push_back(static_cast<char>(v.rank));
  put_text(out, v.tier);
  put_signed(out, v.policy);
  put_text(out, v.state);
  put_text(out, v.priority);
  put_text(out, v.stage);
  put_text(out, v.assignee);
  put_text(out, v.title);
  put_text(out, v.link);
  put_text(out, v.source);
  put_text(out, v.module);
  put_optional(out, v.opened);
  put_signed(out, v.facts);
  put_unsigned(out, v.clocks.size());
  for (const ClockRow& c : v.clocks) put_clock(out, c);
  put_unsigned(out, v.groups.size());
  for (const GroupRow& g : v.groups) put_group(out, g);
  put_unsigned(out, v.scores.size());
  for (const ScoreRow& row : v.scores) {
    put_text(out, row.type);
    put_signed(out, row.score);
    put_signed(out, row.at.ms);
    put_text(out, row.person);
  }
  put_unsigned(out, v.contacts.size());
  for (const ContactRow& row : v.contacts) {
    put_text(out, row.kind);
    put_signed(out, row.at.ms);
  }
}

std::string encode_view(const EntityView& view) {
  ByteBuffer out;
  encode_view(out, view);
  return std::string(out.view());
}

void decode_view(std::string_view bytes, EntityView& v) {
  ByteReader in(bytes);
  const std::uint8_t flags = in.byte();
  v.account.clear();
  v.kind.clear();
  v.id.clear();
  v.created = (flags & 1) != 0;
  v.provisional = (flags & 2) != 0;
  v.over = (flags & 4) != 0;
  v.rank = in.byte();
  v.tier = in.view();
  v.policy = static_cast<std::int32_t>(in.signed_int());
  v.state = in.view();
  v.priority = in.view();
  v.stage = in.view();
  v.assignee = in.view();
  v.title = in.view();
  v.link = in.view();
  v.source = in.view();
  v.module = in.view();
  v.opened = in.optional_instant();
  v.facts = in.signed_int();
  take_list(in, v.clocks, [&](ClockRow& c) { take_clock(in, c); });
  take_list(in, v.groups, [&](GroupRow& g) { take_group(in, g); });
  take_list(in, v.scores, [&](ScoreRow& row) {
    row.type = in.view();
    row.score = static_cast<int>(in.signed_int());
    row.at = in.instant();
    row.person = in.view();
  });
  take_list(in, v.contacts, [&](ContactRow& row) {
    row.kind = in.view();
    row.at = in.instant();
  });
}

EntityView decode_view(std::string_view bytes) {
  EntityView v;
  decode_view(bytes, v);
  return v;
}

void encode_projection(ByteBuffer& out, std::string_view view, const Projection& p) {
  put_text(out, view);
  put_signed(out, p.next_due.ms);
  put_unsigned(out, p.due_days.size());
  for (const Day day : p.due_days) put_signed(out, day);
  put_unsigned(out, p.score_days.size());
  for (const Day day : p.score_days) put_signed(out, day);
  put_unsigned(out, p.withdrawn.size());
  for (const Withdrawn& w : p.withdrawn) {
    put_text(out, w.clock);
    put_text(out, w.threshold);
    put_signed(out, w.day);
    put_signed(out, w.count);
  }
}

void decode_projection(std::string_view bytes, Projection& p) {
  ByteReader in(bytes);
  const std::string_view view = in.view();
  p.known = !view.empty();
  if (p.known) {
    decode_view(view, p.view);
  } else {
    p.view = {};
  }
  p.next_due = in.instant();
  take_list(in, p.due_days, [&](Day& day) { day = static_cast<Day>(in.signed_int()); });
  take_list(in, p.score_days, [&](Day& day) { day = static_cast<Day>(in.signed_int()); });
  take_list(in, p.withdrawn, [&](Withdrawn& w) {
    w.clock = in.view();
    w.threshold = in.view();
    w.day = static_cast<Day>(in.signed_int());
    w.count = in.signed_int();
  });
}

Projection decode_projection(std::string_view bytes) {
  Projection p;
  decode_projection(bytes, p);
  return p;
}

bool is_known(std::string_view projection) { return !ByteReader(projection).view().empty(); }

void encode_entity_row(ByteBuffer& out, const EntityRow& row) {
  put_text(out, row.state);
  put_text(out, row.projection);
  out += row.offsets;
}

EntityRow split_entity_row(std::string_view row) {
  ByteReader in(row);
  EntityRow parts;
  parts.state = in.view();
  parts.projection = in.view();
  parts.offsets = in.rest();
  return parts;
}

}  // namespace tocsin
