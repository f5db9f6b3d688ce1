#include "projections/projection.h"

#include "events/bytes.h"

namespace tocsin {
namespace {

void put_texts(std::string& out, const std::vector<std::string>& texts) {
  put_unsigned(out, texts.size());
  for (const std::string& t : texts) put_text(out, t);
}

std::vector<std::string> take_texts(ByteReader& in) {
  std::vector<std::string> texts;
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) texts.push_back(in.text());
  return texts;
}

void put_clock(std::string& out, const ClockRow& c) {
  put_text(out, c.clock);
  put_text(out, c.cycle);
  out.push_back(static_cast<char>(static_cast<int>(c.state) | (c.period ? 0x10 : 0)));
  put_signed(out, c.start.ms);
  put_text(out, c.calendar);
  put_optional(out, c.stopped);
  out.push_back(c.elapsed_ms ? '\1' : '\0');
  if (c.elapsed_ms) put_signed(out, *c.elapsed_ms);
  put_unsigned(out, c.thresholds.size());
  for (const ThresholdRow& t : c.thresholds) {
    put_text(out, t.name);
    out.push_back(static_cast<char>(static_cast<int>(t.verdict) | (t.warned ? 0x10 : 0)));
    put_optional(out, t.due);
  }
}

ClockRow take_clock(ByteReader& in) {
  ClockRow c;
  c.clock = in.text();
  c.cycle = in.text();
  const std::uint8_t state = in.byte();
  c.state = static_cast<ClockState>(state & 0x0F);
  c.period = (state & 0x10) != 0;
  c.start = in.instant();
  c.calendar = in.text();
  c.stopped = in.optional_instant();
  if (in.byte() != 0) c.elapsed_ms = in.signed_int();
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    ThresholdRow& t = c.thresholds.emplace_back();
    t.name = in.text();
    const std::uint8_t verdict = in.byte();
    t.verdict = static_cast<Verdict>(verdict & 0x0F);
    t.warned = (verdict & 0x10) != 0;
    t.due = in.optional_instant();
  }
  return c;
}

void put_group(std::string& out, const GroupRow& g) {
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
}

GroupRow take_group(ByteReader& in) {
  GroupRow g;
  g.escalation = in.text();
  g.clock = in.text();
  g.step = static_cast<int>(in.signed_int());
  g.roles = take_texts(in);
  g.persons = take_texts(in);
  g.urgency = in.text();
  g.reason = in.text();
  g.state = static_cast<GroupState>(in.byte());
  g.begun = in.instant();
  g.raised = in.instant();
  g.by = in.text();
  return g;
}

}  // namespace

void encode_view(std::string& out, const EntityView& v) {
  out.push_back(static_cast<char>((v.created ? 1 : 0) | (v.provisional ? 2 : 0)));
  put_text(out, v.tier);
  put_signed(out, v.policy);
  put_text(out, v.state);
  put_text(out, v.priority);
  put_text(out, v.stage);
  put_text(out, v.assignee);
  put_optional(out, v.opened);
  put_signed(out, v.facts);
  put_unsigned(out, v.clocks.size());
  for (const ClockRow& c : v.clocks) put_clock(out, c);
  put_unsigned(out, v.groups.size());
  for (const GroupRow& g : v.groups) put_group(out, g);
}

EntityView decode_view(std::string_view bytes) {
  ByteReader in(bytes);
  EntityView v;
  const std::uint8_t flags = in.byte();
  v.created = (flags & 1) != 0;
  v.provisional = (flags & 2) != 0;
  v.tier = in.text();
  v.policy = static_cast<std::int32_t>(in.signed_int());
  v.state = in.text();
  v.priority = in.text();
  v.stage = in.text();
  v.assignee = in.text();
  v.opened = in.optional_instant();
  v.facts = in.signed_int();
  const std::uint64_t clocks = in.unsigned_int();
  for (std::uint64_t n = clocks; n > 0; --n) v.clocks.push_back(take_clock(in));
  const std::uint64_t groups = in.unsigned_int();
  for (std::uint64_t n = groups; n > 0; --n) v.groups.push_back(take_group(in));
  return v;
}

void encode_projection(std::string& out, std::string_view view, const Projection& p) {
  put_text(out, view);
  put_signed(out, p.next_due.ms);
  put_unsigned(out, p.due_days.size());
  for (const Day day : p.due_days) put_signed(out, day);
  out.push_back(p.satisfaction ? '\1' : '\0');
  if (p.satisfaction) {
    put_signed(out, p.satisfaction->time.ms);
    put_text(out, p.satisfaction->order);
    put_signed(out, p.satisfaction->score);
    put_signed(out, p.satisfaction->day);
  }
  put_unsigned(out, p.withdrawn.size());
  for (const Withdrawn& w : p.withdrawn) {
    put_text(out, w.clock);
    put_text(out, w.threshold);
    put_signed(out, w.day);
    put_signed(out, w.count);
  }
}

Projection decode_projection(std::string_view bytes) {
  ByteReader in(bytes);
  Projection p;
  const std::string_view view = in.view();
  p.known = !view.empty();
  if (p.known) p.view = decode_view(view);
  p.next_due = in.instant();
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    p.due_days.push_back(static_cast<Day>(in.signed_int()));
  }
  if (in.byte() != 0) {
    Satisfaction& s = p.satisfaction.emplace();
    s.time = in.instant();
    s.order = in.text();
    s.score = static_cast<int>(in.signed_int());
    s.day = static_cast<Day>(in.signed_int());
  }
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    Withdrawn& w = p.withdrawn.emplace_back();
    w.clock = in.text();
    w.threshold = in.text();
    w.day = static_cast<Day>(in.signed_int());
    w.count = in.signed_int();
  }
  return p;
}

bool is_known(std::string_view projection) { return !ByteReader(projection).view().empty(); }

void encode_entity_row(std::string& out, const EntityRow& row) {
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
