#include "engine/entity/entity_codec.h"

#include <algorithm>
#include <stdexcept>

#include "events/bytes.h"

namespace tocsin {

namespace {

constexpr std::uint8_t kFormat = 7;

void put_code(ByteBuffer& out, auto code) { put_signed(out, code.number()); }
template <class C>
void get_code(ByteReader& in, C& code) {
  code = C(in.signed_int());
}

std::uint16_t count(ByteReader& in) { return static_cast<std::uint16_t>(in.unsigned_int()); }

// kNever and kAlways are far from every other instant; they get one byte.
template <typename Out>
void put_instant(Out& out, Instant t) {
  if (t == kNever) {
    out.push_back('\2');
  } else if (t == kAlways) {
    out.push_back('\3');
  } else {
    out.push_back('\1');
    put_signed(out, t.ms);
  }
}

Instant instant(ByteReader& in) {
  const std::uint8_t tag = in.byte();
  return tag == 2 ? kNever : tag == 3 ? kAlways : Instant{in.signed_int()};
}

void put_fact(ByteBuffer& out, const EntityFact& f) {
  put_signed(out, f.time.ms);
  put_signed(out, f.recorded.ms - f.time.ms);
  put_instant(out, f.due);
  put_text(out, f.words.order());
  put_text(out, f.words.text());
  put_text(out, f.words.more());
  put_text(out, f.words.title());
  put_text(out, f.words.link());
  put_code(out, f.verb);
  put_code(out, f.other_verb);
  put_signed(out, f.version);
  put_code(out, f.choice);
  put_code(out, f.priority);
  put_code(out, f.tier);
  put_signed(out, f.number);
  put_signed(out, f.policy);
  out.push_back(static_cast<char>((f.creates ? 1 : 0) | (f.provisional ? 2 : 0) | (f.read ? 4 : 0) |
                                  (f.second_due != kNever ? 8 : 0) |
                                  (f.score != kNoScore ? 16 : 0)));
  if (f.second_due != kNever) put_instant(out, f.second_due);
  if (f.score != kNoScore) put_signed(out, f.score);
}

EntityFact get_fact(ByteReader& in) {
  EntityFact f;
  f.time = {in.signed_int()};
  f.recorded = {f.time.ms + in.signed_int()};
  f.due = instant(in);
  const std::string_view order = in.view(), text = in.view(), more = in.view(), title = in.view();
  f.words = {order, text, more, title, in.view()};
  get_code(in, f.verb);
  get_code(in, f.other_verb);
  f.version = static_cast<std::int32_t>(in.signed_int());
  get_code(in, f.choice);
  get_code(in, f.priority);
  get_code(in, f.tier);
  f.number = static_cast<std::int32_t>(in.signed_int());
  f.policy = static_cast<std::int32_t>(in.signed_int());
  const std::uint8_t flags = in.byte();
  f.creates = (flags & 1) != 0;
  f.provisional = (flags & 2) != 0;
  f.read = (flags & 4) != 0;
  if ((flags & 8) != 0) f.second_due = instant(in);
  if ((flags & 16) != 0) f.score = static_cast<std::int32_t>(in.signed_int());
  return f;
}

void put_cycle(ByteBuffer& out, const SaidCycle& c) {
  put_code(out, c.clock);
  put_signed(out, c.cycle);
  out.push_back(static_cast<char>(static_cast<int>(c.state) | (c.gone ? 0x80 : 0)));
  put_instant(out, c.start);
  put_instant(out, c.stopped);
  put_signed(out, c.elapsed_ms);
  for (const std::uint16_t n :
       {c.started, c.retargeted, c.paused, c.resumed, c.ended, c.cancelled, c.corrected}) {
    put_unsigned(out, n);
  }
  for (const SaidThreshold& t : c.thresholds) {
    out.push_back(static_cast<char>((t.exists ? 1 : 0) | (t.breached ? 2 : 0) |
                                    static_cast<int>(t.verdict) << 2));
    put_instant(out, t.due);
    put_instant(out, t.breached_at);
    for (const std::uint16_t n : {t.warned, t.warned_ids, t.breached_ids, t.withdrawn_ids})
      put_unsigned(out, n);
  }
}

SaidCycle get_cycle(ByteReader& in) {
  SaidCycle c;
  get_code(in, c.clock);
  c.cycle = in.signed_int();
  const std::uint8_t state = in.byte();
  c.state = static_cast<SaidState>(state & 0x7F);
  c.gone = (state & 0x80) != 0;
  c.start = instant(in);
  c.stopped = instant(in);
  c.elapsed_ms = in.signed_int();
  for (std::uint16_t* n :
       {&c.started, &c.retargeted, &c.paused, &c.resumed, &c.ended, &c.cancelled, &c.corrected}) {
    *n = count(in);
  }
  for (SaidThreshold& t : c.thresholds) {
    const std::uint8_t flags = in.byte();
    t.exists = (flags & 1) != 0;
    t.breached = (flags & 2) != 0;
    t.verdict = static_cast<Verdict>(flags >> 2);
    t.due = instant(in);
    t.breached_at = instant(in);
    for (std::uint16_t* n : {&t.warned, &t.warned_ids, &t.breached_ids, &t.withdrawn_ids})
      *n = count(in);
  }
  return c;
}

// The one code that a group of this kind has beside its clock.
template <class Key, class F>
void with_group_code(Key& key, const F& f) {
  switch (key.kind) {
    case GroupKey::Kind::kRouting:
      return f(key.priority);
    case GroupKey::Kind::kStage:
      return f(key.stage);
    default:
      return f(key.threshold);
  }
}

void put_group(ByteBuffer& out, const SaidGroup& g) {
  out.push_back(static_cast<char>(g.key.kind));
  put_code(out, g.key.clock);
  put_signed(out, g.key.cycle);
  with_group_code(g.key, [&](auto code) { put_code(out, code); });
  put_text(out, g.key.name);
  put_unsigned(out, g.key.reopening);
  put_signed(out, g.under);
  put_unsigned(out, g.instance);
  put_unsigned(out, g.told);
  put_unsigned(out, g.step);
  out.push_back(static_cast<char>(static_cast<int>(g.state) | (g.high ? 0x80 : 0)));
  put_code(out, g.tier);
  put_code(out, g.priority);
  put_instant(out, g.begun);
  put_instant(out, g.raised_at);
  put_instant(out, g.last_step);
  put_unsigned(out, g.roles.size());
  for (const RoleCode role : g.roles) put_code(out, role);
  put_unsigned(out, g.anchor_step);
  put_instant(out, g.anchor);
  put_instant(out, g.acknowledged_at);
  put_signed(out, g.timeout_ms);
  put_instant(out, g.reopened_at);
  for (const std::uint16_t n : {g.acknowledged, g.reopened, g.rung}) put_unsigned(out, n);
  put_unsigned(out, g.calls.size());
  for (const SaidCall& call : g.calls) {
    put_text(out, call.person);
    put_code(out, call.role);
    put_unsigned(out, call.step);
    put_instant(out, call.at);
  }
  put_text(out, g.by);
}

SaidGroup get_group(ByteReader& in) {
  SaidGroup g;
  g.key.kind = static_cast<GroupKey::Kind>(in.byte());
  get_code(in, g.key.clock);
  g.key.cycle = in.signed_int();
  with_group_code(g.key, [&](auto& code) { get_code(in, code); });
  g.key.name = in.text();
  g.key.reopening = in.unsigned_int();
  g.under = static_cast<std::int32_t>(in.signed_int());
  g.instance = count(in);
  g.told = count(in);
  g.step = count(in);
  const std::uint8_t state = in.byte();
  g.state = static_cast<GroupState>(state & 0x7F);
  g.high = (state & 0x80) != 0;
  get_code(in, g.tier);
  get_code(in, g.priority);
  g.begun = instant(in);
  g.raised_at = instant(in);
  g.last_step = instant(in);
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) get_code(in, g.roles.emplace_back());
  g.anchor_step = count(in);
  g.anchor = instant(in);
  g.acknowledged_at = instant(in);
  g.timeout_ms = in.signed_int();
  g.reopened_at = instant(in);
  for (std::uint16_t* n : {&g.acknowledged, &g.reopened, &g.rung}) *n = count(in);
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    SaidCall call;
    call.person = in.text();
    get_code(in, call.role);
    call.step = count(in);
    call.at = instant(in);
    g.calls.push_back(std::move(call));
  }
  g.by = in.text();
  return g;
}

void check_format(ByteReader& in) {
  if (in.byte() != kFormat) throw std::runtime_error("the store was written by another version");
}

}  // namespace

void encode_entity(ByteBuffer& out, const Entity& e) {
  out.push_back(static_cast<char>(kFormat));
  put_signed(out, e.policy->version);
  put_code(out, e.kind);
  put_signed(out, e.moves_known);
  put_unsigned(out, e.moves.size());
  for (const PolicyMove& move : e.moves) {
    put_instant(out, move.at);
    put_signed(out, move.from->version);
    out.push_back(move.read ? '\1' : '\0');
  }
  put_unsigned(out, e.cadences.size());
  for (const CadenceMove& move : e.cadences) {
    put_instant(out, move.at);
    put_signed(out, move.to->version);
  }
  put_unsigned(out, e.facts.size());
  for (const EntityFact& f : e.facts) put_fact(out, f);
  put_unsigned(out, e.said.size());
  for (const SaidCycle& c : e.said) put_cycle(out, c);
  put_unsigned(out, e.stages.size());
  for (const SaidStage& s : e.stages) {
    put_code(out, s.stage);
    put_code(out, s.from);
    out.push_back(s.stands ? '\1' : '\0');
    put_unsigned(out, s.advanced);
    put_unsigned(out, s.withdrawn);
  }
  put_unsigned(out, e.groups.size());
  for (const SaidGroup& g : e.groups) put_group(out, g);
  put_instant(out, e.told_at);
  out.push_back(e.retiered ? '\1' : '\0');
}

std::string encode_entity(const Entity& entity) {
  ByteBuffer out;
  encode_entity(out, entity);
  return std::string(out.view());
}

void decode_entity(std::string_view bytes, const PolicyFinder& policies, Entity& e) {
  ByteReader in(bytes);
  check_format(in);
  const auto policy = [&] {
    const Policy* found = policies(static_cast<std::int32_t>(in.signed_int()));
    if (found == nullptr)
      throw std::runtime_error("the store names a policy that the log does not hold");
    return found;
  };
  e.policy = policy();
  get_code(in, e.kind);
  e.moves_known = static_cast<std::int32_t>(in.signed_int());
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    PolicyMove move;
    move.at = instant(in);
    move.from = policy();
    move.read = in.byte() != 0;
    e.moves.push_back(move);
  }
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    CadenceMove move;
    move.at = instant(in);
    move.to = policy();
    e.cadences.push_back(move);
  }
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) e.facts.push_back(get_fact(in));
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) e.said.push_back(get_cycle(in));
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    SaidStage s;
    get_code(in, s.stage);
    get_code(in, s.from);
    s.stands = in.byte() != 0;
    s.advanced = count(in);
    s.withdrawn = count(in);
    e.stages.push_back(s);
  }
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) e.groups.push_back(get_group(in));
  e.told_at = instant(in);
  e.retiered = in.byte() != 0;
}

namespace {

constexpr std::size_t kProvisionalPerPiece = 256;

std::string module_piece(const Account& a, const std::string& module) {
  return a.name + "\1m" + module;
}

std::string openings_piece(const Account& a, const std::string& module, std::int64_t week,
                           unsigned part) {
  return a.name + "\1w" + module + "\1" + std::to_string(week) + "\1" + std::to_string(part);
}

std::string provisional_piece(const Account& a, std::size_t number) {
  return a.name + "\1p" + std::to_string(number);
}

constexpr std::size_t provisional_pieces(std::size_t entities) {
  return (entities + kProvisionalPerPiece - 1) / kProvisionalPerPiece;
}

const Openings::Part* find_part(const Account& a, const std::string& module, std::int64_t week,
                                unsigned part) {
  const auto weeks = a.faults.find(module);
  if (weeks == a.faults.end()) return nullptr;
  const auto openings = weeks->second.find(week);
  if (openings == weeks->second.end()) return nullptr;
  const auto found = openings->second.parts().find(part);
  return found == openings->second.parts().end() ? nullptr : &found->second;
}

std::string encode_openings(const Openings::Part* part) {
  std::string out;
  if (part == nullptr) return out;
  for (const auto& [time, id] : *part) {
    put_signed(out, time);
    put_text(out, id);
  }
  return out;
}

// A module's weeks, and a bit for each part that there is.
std::string encode_module(const Account& a, const std::string& module) {
  std::string out;
  const auto weeks = a.faults.find(module);
  if (weeks == a.faults.end()) return out;
  for (const auto& [week, openings] : weeks->second) {
    std::uint64_t parts = 0;
    for (const auto& [part, _] : openings.parts()) parts |= std::uint64_t{1} << part;
    put_signed(out, week);
    put_unsigned(out, parts);
  }
  return out;
}

std::string encode_provisional(const Account& a, std::size_t piece) {
  std::string out;
  const std::size_t end = std::min(a.provisional.size(), (piece + 1) * kProvisionalPerPiece);
  for (std::size_t i = piece * kProvisionalPerPiece; i < end; ++i) put_text(out, a.provisional[i]);
  return out;
}

// Whether nothing is known of it: what came to nothing leaves no row.
bool is_blank(const Account& a) {
  return a.tier.empty() && a.title.empty() && a.roles.empty() && a.provisional.empty() &&
         a.faults.empty() && a.faults_said.empty();
}

std::string encode_own_piece(const Account& a) {
  std::string out;
  if (is_blank(a)) return out;
  out.push_back(static_cast<char>(kFormat));
  put_instant(out, a.tier_time);
  put_text(out, a.tier_order);
  put_text(out, a.tier);
  put_text(out, a.settled_by);
  put_instant(out, a.settled_at);
  put_instant(out, a.name_time);
  put_text(out, a.name_order);
  put_text(out, a.title);
  put_unsigned(out, a.roles.size());
  for (const auto& [role, holder] : a.roles) {
    put_text(out, role);
    put_instant(out, holder.time);
    put_text(out, holder.order);
    put_unsigned(out, holder.persons.size());
    for (const std::string& person : holder.persons) put_text(out, person);
  }
  put_unsigned(out, a.provisional.size());
  put_unsigned(out, a.faults.size());
  for (const auto& [module, _] : a.faults) put_text(out, module);
  put_unsigned(out, a.faults_said.size());
  for (const auto& [module, week] : a.faults_said) {
    put_text(out, module);
    put_signed(out, week);
  }
  return out;
}

std::string loaded(const PieceLoader& load, const std::string& name) {
  auto bytes = load(name);
  if (!bytes) throw std::runtime_error("the store lacks a piece of an account");
  return *std::move(bytes);
}

void decode_openings(std::uint64_t parts, const std::string& module, std::int64_t week,
                     const PieceLoader& load, Account& a) {
  Openings& openings = a.faults[module][week];
  for (unsigned part = 0; part < Openings::kParts; ++part) {
    if ((parts >> part & 1U) == 0) continue;
    const std::string piece = loaded(load, openings_piece(a, module, week, part));
    for (ByteReader list(piece); !list.at_end();) {
      const std::int64_t time = list.signed_int();
      openings.add(time, list.text());
    }
  }
}

}  // namespace

std::vector<AccountPiece> encode_account(Account& a) {
  std::vector<AccountPiece> pieces;
  pieces.push_back({a.name, encode_own_piece(a)});
  for (const auto& [module, week, part] : a.parts_changed) {
    pieces.push_back(
        {openings_piece(a, module, week, part), encode_openings(find_part(a, module, week, part))});
  }
  for (const std::string& module : a.modules_changed)
    pieces.push_back({module_piece(a, module), encode_module(a, module)});
  a.parts_changed.clear();
  a.modules_changed.clear();

  // The list is appended to until a tier empties it, which ends it.
  const std::size_t size = a.provisional.size(), stored = a.provisional_stored;
  const std::size_t same = stored <= size ? stored / kProvisionalPerPiece : 0;
  const std::size_t end = std::max(provisional_pieces(size), provisional_pieces(stored));
  for (std::size_t i = same; i < end && size != stored; ++i)
    pieces.push_back({provisional_piece(a, i), encode_provisional(a, i)});
  a.provisional_stored = size;
  return pieces;
}

void decode_account(std::string_view bytes, const PieceLoader& load, Account& a) {
  ByteReader in(bytes);
  check_format(in);
  a.tier_time = instant(in);
  a.tier_order = in.text();
  a.tier = in.text();
  a.settled_by = in.text();
  a.settled_at = instant(in);
  a.name_time = instant(in);
  a.name_order = in.text();
  a.title = in.text();
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    RoleHolder& holder = a.roles[in.text()];
    holder.time = instant(in);
    holder.order = in.text();
    for (std::uint64_t p = in.unsigned_int(); p > 0; --p) holder.persons.push_back(in.text());
  }
  a.provisional_stored = in.unsigned_int();
  for (std::size_t i = 0; i < provisional_pieces(a.provisional_stored); ++i) {
    const std::string piece = loaded(load, provisional_piece(a, i));
    for (ByteReader list(piece); !list.at_end();) a.provisional.push_back(list.text());
  }
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    const std::string module = in.text();
    const std::string weeks = loaded(load, module_piece(a, module));
    for (ByteReader list(weeks); !list.at_end();) {
      const std::int64_t week = list.signed_int();
      decode_openings(list.unsigned_int(), module, week, load, a);
    }
  }
  for (std::uint64_t n = in.unsigned_int(); n > 0; --n) {
    std::string module = in.text();
    a.faults_said.emplace(std::move(module), in.signed_int());
  }
}

}  // namespace tocsin
