#include "projections/read/render.h"

#include <fmt/format.h>

#include "events/log_record.h"
#include "events/writer.h"
#include "projections/read/json_parts.h"
#include "projections/read/progress.h"

namespace tocsin {
namespace {

const char* name_of(ClockState state) {
  switch (state) {
    case ClockState::kRunning:
      return "running";
    case ClockState::kPaused:
      return "paused";
    case ClockState::kStopped:
      return "stopped";
    case ClockState::kCancelled:
      return "cancelled";
  }
  return "";
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPending:
      return "pending";
    case Verdict::kMet:
      return "met";
    case Verdict::kBreached:
      return "breached";
  }
  return "";
}

const char* name_of(GroupState state) {
  switch (state) {
    case GroupState::kOpen:
      return "open";
    case GroupState::kAcknowledged:
      return "acknowledged";
    case GroupState::kCleared:
      return "cleared";
    case GroupState::kWithdrawn:
      return "withdrawn";
  }
  return "";
}

void add_text(JsonObject& object, std::string_view name, const std::string& text) {
  text.empty() ? object.null(name) : object.text(name, text);
}

void add_texts(std::string& out, JsonObject& object, std::string_view name,
               const std::vector<std::string>& texts) {
  add_array(out, object, name, texts, [&](const std::string& t) { append_json_string(out, t); });
}

void add_cursor(JsonObject& object, const std::string& cursor) {
  add_text(object, "cursor", cursor);
}

// What is shown of a threshold beyond the verdict that the contract gives to the byte.
enum class Excuses { kShown, kLeftOut };

void add_clock_members(std::string& out, JsonObject& object, const EntityKey& entity,
                       const ClockRow& clock, Excuses excuses) {
  object.text("account", entity.account)
      .text("entity", entity.kind + "/" + entity.id)
      .text("clock", clock.clock);
  clock.period ? object.text("cycle", clock.cycle) : object.raw("cycle", clock.cycle);
  object.text("state", name_of(clock.state)).time("start", clock.start);
  add_array(out, object, "thresholds", clock.thresholds, [&](const ThresholdRow& t) {
    JsonObject threshold(out);
    threshold.text("name", t.name);
    add_time(threshold, "due", t.due);
    threshold.text("verdict", name_of(t.verdict));
    if (t.excused && excuses == Excuses::kShown) threshold.time("excusedAt", *t.excused);
    threshold.close();
  });
  add_time(object, "stopped", clock.stopped);
  clock.elapsed_ms ? object.number("elapsedMs", *clock.elapsed_ms) : object.null("elapsedMs");
}

void add_number(JsonObject& object, std::string_view name, const std::optional<std::int64_t>& n) {
  n ? object.number(name, *n) : object.null(name);
}

// The same, with how far it has come; the contract's members first.
void add_clock_with_progress(std::string& out, JsonObject& object, const Shown& shown,
                             const EntityKey& entity, const ClockRow& clock) {
  ClockRow row = clock;
  const Progress progress = progress_of(clock, shown.policy, shown.now);
  row.elapsed_ms = progress.elapsed_ms;
  add_clock_members(out, object, entity, row, Excuses::kShown);
  add_number(object, "remainingMs", progress.remaining_ms);
  progress.fraction ? object.raw("elapsedFraction", fmt::format("{:.4f}", *progress.fraction))
                    : object.null("elapsedFraction");
  object.boolean("atRisk", is_at_risk(clock)).boolean("overdue", is_overdue(clock));
}

void append_clock_with_progress(std::string& out, const Shown& shown, const EntityKey& entity,
                                const ClockRow& clock) {
  JsonObject object(out);
  add_clock_with_progress(out, object, shown, entity, clock);
  object.close();
}

// What people know an entity by.
void add_known_by(JsonObject& object, const EntityView& of, const std::string& account_name) {
  add_text(object, "title", of.title);
  add_text(object, "accountName", account_name.empty() ? of.account_name : account_name);
  add_text(object, "link", of.link);
  add_text(object, "tier", of.tier);
  object.boolean("provisional", of.provisional);
  add_text(object, "priority", of.priority);
  add_text(object, "assignee", of.assignee);
  add_text(object, "entityState", of.state);
}

void append_listed_clock(std::string& out, const Shown& shown, const ListedClock& listed) {
  JsonObject object(out);
  add_clock_with_progress(out, object, shown, listed.entity, listed.clock);
  add_known_by(object, listed.of, listed.account_name);
  object.close();
}

void add_clock_page(std::string& out, JsonObject& object, const Shown& shown,
                    const ClockPage& page) {
  add_array(out, object, "clocks", page.clocks,
            [&](const ListedClock& c) { append_listed_clock(out, shown, c); });
  add_cursor(object, page.cursor);
}

// Who was called, with what the node's own notifier came to. Of several words about one call that holds
// by which it got through; who was told besides, because nobody who was called could be, stands there too.
std::vector<CallRow> with_our_word(const Shown& shown, const GroupRow& group) {
  std::vector<CallRow> calls = group.called;
  if (!shown.reached) return calls;
  for (const Reached& ours : shown.reached(group.escalation)) {
    bool called = false;
    for (CallRow& call : calls) {
      if (call.step != ours.step || call.person != ours.person) continue;
      called = true;
      if (!ours.got_through && !call.outcome.empty()) continue;
      call.channel = ours.channel;
      call.outcome = ours.outcome;
      call.delivered_at = ours.at;
    }
    if (!called)
      calls.push_back({ours.person, {}, ours.step, ours.at, ours.channel, ours.outcome, ours.at});
  }
  return calls;
}

void append_call(std::string& out, const CallRow& call) {
  JsonObject object(out);
  object.text("person", call.person);
  add_text(object, "role", call.role);
  object.number("step", call.step).time("at", call.at);
  if (call.outcome.empty()) {
    object.null("delivery");
  } else {
    object.name("delivery");
    JsonObject delivery(out);
    delivery.text("channel", call.channel).text("outcome", call.outcome);
    add_time(delivery, "at", call.delivered_at);
    delivery.close();
  }
  object.close();
}

void add_next(std::string& out, JsonObject& object, const std::optional<NextRow>& next) {
  if (!next) {
    object.null("next");
    return;
  }
  object.name("next");
  JsonObject step(out);
  step.number("step", next->step);
  add_time(step, "at", next->at);
  add_texts(out, step, "roles", next->roles);
  add_texts(out, step, "persons", next->persons);
  step.close();
}

void add_group_members(std::string& out, JsonObject& object, const Shown& shown,
                       const GroupRow& g) {
  object.text("escalation", g.escalation);
  add_text(object, "clock", g.clock);
  add_text(object, "cycle", g.cycle);
  add_text(object, "threshold", g.threshold);
  add_time(object, "due", g.due);
  object.text("state", name_of(g.state)).number("step", g.step);
  add_texts(out, object, "roles", g.roles);
  add_texts(out, object, "persons", g.persons);
  object.text("urgency", g.urgency)
      .text("reason", g.reason)
      .time("begun", g.begun)
      .time("raised", g.raised);
  add_array(out, object, "called", with_our_word(shown, g),
            [&](const CallRow& c) { append_call(out, c); });
  add_next(out, object, g.next);
  add_text(object, "acknowledgedBy", g.by);
  add_time(object, "acknowledgedAt", g.acknowledged_at);
}

void add_entity_members(std::string& out, JsonObject& object, const Shown& shown,
                        const EntityView& e) {
  object.text("account", e.account)
      .text("entity", e.kind + "/" + e.id)
      .boolean("created", e.created);
  add_text(object, "title", e.title);
  add_text(object, "link", e.link);
  add_text(object, "accountName", e.account_name);
  add_text(object, "state", e.state);
  object.boolean("over", e.over);
  add_text(object, "tier", e.tier);
  object.boolean("provisional", e.provisional).number("policy", e.policy);
  add_text(object, "priority", e.priority);
  add_text(object, "stage", e.stage);
  add_text(object, "assignee", e.assignee);
  add_text(object, "module", e.module);
  add_time(object, "opened", e.opened);
  object.number("factCount", e.facts);
  const EntityKey key{e.account, e.kind, e.id};
  add_array(out, object, "clocks", e.clocks,
            [&](const ClockRow& c) { append_clock_with_progress(out, shown, key, c); });
  add_array(out, object, "escalations", e.groups, [&](const GroupRow& g) {
    JsonObject group(out);
    add_group_members(out, group, shown, g);
    group.close();
  });
}

void append_entry(std::string& out, const TimelineEntry& entry) {
  JsonObject object(out);
  object.text("position", fmt::format("{}:{}", entry.partition, entry.offset));
  object.raw("event", entry.record.empty() ? "null" : entry.record).close();
}

void add_timeline(std::string& out, JsonObject& object, std::string_view name,
                  const std::vector<TimelineEntry>& entries) {
  add_array(out, object, name, entries, [&](const TimelineEntry& e) { append_entry(out, e); });
}

std::vector<TimelineEntry> facts_of(const std::vector<TimelineEntry>& entries) {
  std::vector<TimelineEntry> facts;
  LogEvent event;
  for (const TimelineEntry& e : entries) {
    if (read_log_record(e.record, event) && event.is_fact()) facts.push_back(e);
  }
  return facts;
}

void add_summary(std::string& out, JsonObject& object, const AccountSummary& s, bool is_key_account,
                 const std::vector<ContactRow>& last_contacts) {
  add_text(object, "name", s.name);
  add_text(object, "tier", s.tier);
  object.boolean("keyAccount", is_key_account);
  object.name("team");
  JsonObject team(out);
  for (const auto& [role, persons] : s.team) {
    // Roles come from outside, so their names need escaping.
    std::string name;
    append_json_escaped(name, role);
    add_texts(out, team, name, persons);
  }
  team.close();
  object.name("lastContacts");
  JsonObject contacts(out);
  for (const ContactRow& contact : last_contacts) {
    std::string name;
    append_json_escaped(name, contact.kind);
    contacts.time(name, contact.at);
  }
  contacts.close();
}

void add_counts(std::string& out, JsonObject& object,
                const std::map<std::string, std::int64_t>& counts) {
  object.name("counts");
  JsonObject all(out);
  for (const auto& [name, n] : counts) {
    std::string escaped;
    append_json_escaped(escaped, name);
    all.number(escaped, n);
  }
  all.close();
}

void add_ratio(JsonObject& object, std::string_view name, std::int64_t part, std::int64_t whole) {
  if (whole == 0) {
    object.null(name);
  } else {
    object.raw(name, fmt::format("{:.4f}", static_cast<double>(part) / static_cast<double>(whole)));
  }
}

void add_score(JsonObject& object, const ScoreSum& s) {
  add_ratio(object, "mean", s.sum, s.count);
  object.number("count", s.count);
}

void append_figure(std::string& out, const FigureRow& row) {
  JsonObject object(out);
  object.text("figure", row.figure).text("period", row.period);
  if (!row.account.empty()) object.text("account", row.account);
  if (!row.tier.empty()) object.text("tier", row.tier);
  if (!row.priority.empty()) object.text("priority", row.priority);
  if (!row.person.empty()) object.text("person", row.person);
  if (!row.module.empty()) object.text("module", row.module);
  object.raw("target", fmt::format("{}", row.target));
  if (row.is_mean) {
    add_score(object, row.scores);
  } else {
    object.number("met", row.met).number("breached", row.breached).number("excused", row.excused);
    add_ratio(object, "ratio", row.met, row.met + row.breached);
  }
  object.close();
}

void append_kpi(std::string& out, const KpiRow& row) {
  JsonObject object(out);
  object.text("period", row.period).text("clock", row.clock).text("threshold", row.threshold);
  if (!row.account.empty()) object.text("account", row.account);
  if (!row.tier.empty()) object.text("tier", row.tier);
  if (!row.priority.empty()) object.text("priority", row.priority);
  const KpiValue& v = row.value;
  object.number("met", v.met)
      .number("breached", v.breached)
      .number("excused", v.excused)
      .number("withdrawn", v.withdrawn);
  add_ratio(object, "ratio", v.met, v.met + v.breached);
  object.name("elapsed");
  JsonObject elapsed(out);
  elapsed.number("count", v.elapsed_count).number("sumMs", v.elapsed_sum_ms);
  std::vector<int> used;
  for (int i = 0; i < kElapsedBuckets; ++i) {
    if (v.elapsed[static_cast<std::size_t>(i)] != 0) used.push_back(i);
  }
  add_array(out, elapsed, "buckets", used, [&](int i) {
    JsonObject bucket(out);
    const std::int64_t max = elapsed_bucket_ms_max(i);
    max == kNever.ms ? bucket.null("upToMs") : bucket.number("upToMs", max);
    bucket.number("count", v.elapsed[static_cast<std::size_t>(i)]).close();
  });
  elapsed.close();
  object.close();
}

// One body: `fill` adds members; which moment it is of ends it.
template <typename Fill>
std::string body(const Shown& shown, Fill fill) {
  std::string out;
  JsonObject object(out);
  object.time("now", shown.now);
  fill(out, object);
  object.raw("as_of_offset", as_of_offset(shown.view));
  object.close();
  return out;
}

}  // namespace

void append_clock_row(std::string& out, const EntityKey& entity, const ClockRow& clock) {
  JsonObject object(out);
  add_clock_members(out, object, entity, clock, Excuses::kLeftOut);
  object.close();
}

std::string as_of_offset(const ReadView& view) {
  std::string out;
  JsonObject object(out);
  for (const auto& [partition, offset] : view.applied()) {
    object.number(std::to_string(partition), offset);
  }
  object.close();
  return out;
}

std::string clocks_json(const Shown& shown, const ClockPage& page,
                        const std::map<std::string, std::int64_t>& counts) {
  return body(shown, [&](std::string& out, JsonObject& object) {
    add_clock_page(out, object, shown, page);
    add_counts(out, object, counts);
  });
}

std::string board_json(const Shown& shown, const ClockPage& running, const ClockPage& at_risk,
                       const ClockPage& overdue,
                       const std::map<std::string, std::int64_t>& counts) {
  return body(shown, [&](std::string& out, JsonObject& object) {
    const auto add = [&](std::string_view name, const ClockPage& page) {
      object.name(name);
      JsonObject part(out);
      add_clock_page(out, part, shown, page);
      part.close();
    };
    add("running", running);
    add("at_risk", at_risk);
    add("overdue", overdue);
    add_counts(out, object, counts);
  });
}

std::string inbox_json(const Shown& shown, const InboxPage& page,
                       const std::map<std::string, std::int64_t>& counts) {
  return body(shown, [&](std::string& out, JsonObject& object) {
    add_array(out, object, "escalations", page.items, [&](const InboxItem& item) {
      JsonObject group(out);
      group.text("account", item.entity.account)
          .text("entity", item.entity.kind + "/" + item.entity.id);
      add_group_members(out, group, shown, item.group);
      add_known_by(group, item.of, item.account_name);
      add_time(group, "nextDue",
               item.next_due == kNever ? std::nullopt : std::optional(item.next_due));
      group.close();
    });
    add_cursor(object, page.cursor);
    add_counts(out, object, counts);
  });
}

std::string entity_json(const Shown& shown, const EntityView& entity,
                        const std::vector<TimelineEntry>& timeline) {
  return body(shown, [&](std::string& out, JsonObject& object) {
    add_entity_members(out, object, shown, entity);
    add_timeline(out, object, "facts", facts_of(timeline));
    add_timeline(out, object, "timeline", timeline);
  });
}

std::string timeline_json(const Shown& shown, const std::vector<TimelineEntry>& timeline) {
  return body(shown, [&](std::string& out, JsonObject& object) {
    add_timeline(out, object, "timeline", timeline);
  });
}

std::string account_json(const Shown& shown, const AccountView& a) {
  return body(shown, [&](std::string& out, JsonObject& object) {
    object.text("account", a.account);
    add_summary(out, object, a.summary, a.is_key_account, a.contacts);
    add_counts(out, object, a.counts);
    // By the policy's figures that are means; the first of them is what people call satisfaction.
    std::vector<std::pair<std::string, ScoreSum>> scores;
    for (const NamedFigure& figure : named_figures(shown.policy)) {
      const auto found = a.scores.find(figure.score_type);
      if (figure.is_mean())
        scores.emplace_back(figure.name, found == a.scores.end() ? ScoreSum{} : found->second);
    }
    object.name("satisfaction");
    JsonObject satisfaction(out);
    add_score(satisfaction, scores.empty() ? ScoreSum{} : scores.front().second);
    satisfaction.close();
    add_array(out, object, "scores", scores, [&](const auto& score) {
      JsonObject item(out);
      item.text("figure", score.first);
      add_score(item, score.second);
      item.close();
    });
    add_array(out, object, "cadence", a.cadence,
              [&](const ClockRow& c) { append_clock_with_progress(out, shown, a.cadence_of, c); });
    const auto add_entity = [&](const EntityView& e) {
      JsonObject entity(out);
      add_entity_members(out, entity, shown, e);
      entity.close();
    };
    add_array(out, object, "open", a.open, add_entity);
    object.boolean("moreOpen", a.more_open);
    add_array(out, object, "ended", a.ended, add_entity);
    add_timeline(out, object, "history", a.history);
  });
}

std::string accounts_json(const Shown& shown, const AccountPage& page) {
  return body(shown, [&](std::string& out, JsonObject& object) {
    add_array(out, object, "accounts", page.accounts, [&](const ListedAccount& entry) {
      JsonObject account(out);
      account.text("account", entry.account);
      add_summary(out, account, entry.summary, entry.is_key_account, entry.contacts);
      account.close();
    });
    add_cursor(object, page.cursor);
  });
}

std::string kpis_json(const Shown& shown, const std::vector<KpiRow>& rows,
                      const std::vector<ScoreRowSum>& scores,
                      const std::vector<FigureRow>& figures) {
  return body(shown, [&](std::string& out, JsonObject& object) {
    object.raw("target", fmt::format("{}", shown.policy.target));
    add_array(out, object, "figures", figures,
              [&](const FigureRow& row) { append_figure(out, row); });
    add_array(out, object, "kpis", rows, [&](const KpiRow& row) { append_kpi(out, row); });
    add_array(out, object, "satisfaction", scores, [&](const ScoreRowSum& row) {
      JsonObject item(out);
      item.text("period", row.period).text("type", row.type);
      if (!row.account.empty()) item.text("account", row.account);
      if (!row.tier.empty()) item.text("tier", row.tier);
      if (!row.priority.empty()) item.text("priority", row.priority);
      add_score(item, row.value);
      item.close();
    });
  });
}

std::string figures_json(const Shown& shown, const std::vector<FigureRow>& figures) {
  return body(shown, [&](std::string& out, JsonObject& object) {
    add_array(out, object, "figures", figures,
              [&](const FigureRow& row) { append_figure(out, row); });
  });
}

std::string behind_json(const Shown& shown, const BehindPage& page) {
  return body(shown, [&](std::string& out, JsonObject& object) {
    add_array(out, object, "entities", page.rows, [&](const BehindRow& row) {
      JsonObject item(out);
      item.text("account", row.entity.account)
          .text("entity", row.entity.kind + "/" + row.entity.id)
          .text("outcome", outcome_name(row.behind.what));
      if (row.behind.what == Behind::What::kScore) {
        item.text("type", row.clock).number("score", row.behind.score).time("at", row.behind.at);
      } else {
        item.text("clock", row.clock).text("cycle", row.cycle).text("threshold", row.threshold);
        item.time("due", row.behind.at);
      }
      add_text(item, "priority", row.behind.priority);
      add_text(item, "tier", row.behind.tier);
      add_text(item, "person", row.behind.person);
      add_text(item, "module", row.behind.module);
      add_text(item, "title", row.title);
      add_text(item, "accountName", row.account_name);
      add_text(item, "link", row.link);
      item.close();
    });
    add_cursor(object, page.cursor);
  });
}

std::string faults_json(const Shown& shown, const FaultPage& page) {
  return body(shown, [&](std::string& out, JsonObject& object) {
    add_array(out, object, "faults", page.faults, [&](const FaultRow& fault) {
      JsonObject item(out);
      item.text("account", fault.account).time("time", fault.time);
      item.raw("data", fault.data.empty() ? "null" : fault.data).close();
    });
    add_cursor(object, page.cursor);
  });
}

}  // namespace tocsin
