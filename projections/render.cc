#include "projections/render.h"

#include <fmt/format.h>

#include "events/log_record.h"
#include "events/writer.h"

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

void add_time(JsonObject& object, std::string_view name, const std::optional<Instant>& t) {
  t ? object.time(name, *t) : object.null(name);
}

void add_text(JsonObject& object, std::string_view name, const std::string& text) {
  text.empty() ? object.null(name) : object.text(name, text);
}

// `object.name(name)` followed by an array with `append(item)` for each.
template <typename Items, typename Append>
void add_array(std::string& out, JsonObject& object, std::string_view name, const Items& items,
               Append append) {
  object.name(name);
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    append(item);
  }
  out += ']';
}

void add_texts(std::string& out, JsonObject& object, std::string_view name,
               const std::vector<std::string>& texts) {
  add_array(out, object, name, texts, [&](const std::string& t) { append_json_string(out, t); });
}

void add_cursor(JsonObject& object, const std::string& cursor) {
  add_text(object, "cursor", cursor);
}

void add_clock_members(std::string& out, JsonObject& object, const EntityKey& entity,
                       const ClockRow& clock) {
  object.text("account", entity.account)
      .text("entity", entity.kind + "/" + entity.id)
      .text("clock", clock.clock);
  clock.period ? object.text("cycle", clock.cycle) : object.raw("cycle", clock.cycle);
  object.text("state", name_of(clock.state)).time("start", clock.start);
  add_array(out, object, "thresholds", clock.thresholds, [&](const ThresholdRow& t) {
    JsonObject threshold(out);
    threshold.text("name", t.name);
    add_time(threshold, "due", t.due);
    threshold.text("verdict", name_of(t.verdict)).close();
  });
  add_time(object, "stopped", clock.stopped);
  clock.elapsed_ms ? object.number("elapsedMs", *clock.elapsed_ms) : object.null("elapsedMs");
}

void append_listed_clock(std::string& out, const ListedClock& listed) {
  JsonObject object(out);
  add_clock_members(out, object, listed.entity, listed.clock);
  object.boolean("atRisk", is_at_risk(listed.clock));
  add_text(object, "tier", listed.tier);
  add_text(object, "priority", listed.priority);
  add_text(object, "assignee", listed.assignee);
  add_text(object, "entityState", listed.state);
  object.close();
}

void add_clock_page(std::string& out, JsonObject& object, const ClockPage& page) {
  add_array(out, object, "clocks", page.clocks,
            [&](const ListedClock& c) { append_listed_clock(out, c); });
  add_cursor(object, page.cursor);
}

void add_group_members(std::string& out, JsonObject& object, const GroupRow& g) {
  object.text("escalation", g.escalation);
  add_text(object, "clock", g.clock);
  object.text("state", name_of(g.state)).number("step", g.step);
  add_texts(out, object, "roles", g.roles);
  add_texts(out, object, "persons", g.persons);
  object.text("urgency", g.urgency)
      .text("reason", g.reason)
      .time("begun", g.begun)
      .time("raised", g.raised);
  add_text(object, "by", g.by);
}

void add_entity_members(std::string& out, JsonObject& object, const EntityView& e) {
  object.text("account", e.account)
      .text("entity", e.kind + "/" + e.id)
      .boolean("created", e.created);
  add_text(object, "state", e.state);
  add_text(object, "tier", e.tier);
  object.boolean("provisional", e.provisional).number("policy", e.policy);
  add_text(object, "priority", e.priority);
  add_text(object, "stage", e.stage);
  add_text(object, "assignee", e.assignee);
  add_time(object, "opened", e.opened);
  object.number("factCount", e.facts);
  const EntityKey key{e.account, e.kind, e.id};
  add_array(out, object, "clocks", e.clocks,
            [&](const ClockRow& c) { append_clock_row(out, key, c); });
  add_array(out, object, "escalations", e.groups, [&](const GroupRow& g) {
    JsonObject group(out);
    add_group_members(out, group, g);
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

void add_summary(std::string& out, JsonObject& object, const AccountSummary& s) {
  add_text(object, "name", s.name);
  add_text(object, "tier", s.tier);
  object.boolean("keyAccount", s.is_key_account());
  object.name("team");
  JsonObject team(out);
  for (const auto& [role, holder] : s.team) {
    // Roles come from outside, so their names need escaping.
    std::string name;
    append_json_escaped(name, role);
    add_texts(out, team, name, holder.persons);
  }
  team.close();
  object.name("lastContacts");
  JsonObject contacts(out);
  for (const auto& [kind, time] : s.contacts) {
    std::string name;
    append_json_escaped(name, kind);
    contacts.time(name, time);
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

void add_satisfaction(JsonObject& object, const SatisfactionSum& s) {
  add_ratio(object, "mean", s.sum, s.count);
  object.number("count", s.count);
}

void append_kpi(std::string& out, const KpiRow& row) {
  JsonObject object(out);
  object.text("period", row.period).text("clock", row.clock).text("threshold", row.threshold);
  if (!row.account.empty()) object.text("account", row.account);
  if (!row.tier.empty()) object.text("tier", row.tier);
  if (!row.priority.empty()) object.text("priority", row.priority);
  const KpiValue& v = row.value;
  object.number("met", v.met).number("breached", v.breached).number("withdrawn", v.withdrawn);
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

// One body: `fill` adds members, `as_of_offset` ends it.
template <typename Fill>
std::string body(const ReadView& view, Fill fill) {
  std::string out;
  JsonObject object(out);
  fill(out, object);
  object.raw("as_of_offset", as_of_offset(view));
  object.close();
  return out;
}

}  // namespace

void append_clock_row(std::string& out, const EntityKey& entity, const ClockRow& clock) {
  JsonObject object(out);
  add_clock_members(out, object, entity, clock);
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

std::string clocks_json(const ReadView& view, const ClockPage& page) {
  return body(view,
              [&](std::string& out, JsonObject& object) { add_clock_page(out, object, page); });
}

std::string board_json(const ReadView& view, const ClockPage& running, const ClockPage& at_risk,
                       const ClockPage& overdue) {
  return body(view, [&](std::string& out, JsonObject& object) {
    const auto add = [&](std::string_view name, const ClockPage& page) {
      object.name(name);
      JsonObject part(out);
      add_clock_page(out, part, page);
      part.close();
    };
    add("running", running);
    add("at_risk", at_risk);
    add("overdue", overdue);
    add_counts(out, object, counts(view, ""));
  });
}

std::string inbox_json(const ReadView& view, const InboxPage& page) {
  return body(view, [&](std::string& out, JsonObject& object) {
    add_array(out, object, "escalations", page.items, [&](const InboxItem& item) {
      JsonObject group(out);
      group.text("account", item.entity.account)
          .text("entity", item.entity.kind + "/" + item.entity.id);
      add_group_members(out, group, item.group);
      add_text(group, "tier", item.tier);
      add_text(group, "priority", item.priority);
      add_text(group, "entityState", item.state);
      group.close();
    });
    add_cursor(object, page.cursor);
  });
}

std::string entity_json(const ReadView& view, const EntityView& entity,
                        const std::vector<TimelineEntry>& timeline) {
  return body(view, [&](std::string& out, JsonObject& object) {
    add_entity_members(out, object, entity);
    add_timeline(out, object, "facts", facts_of(timeline));
    add_timeline(out, object, "timeline", timeline);
  });
}

std::string timeline_json(const ReadView& view, const std::vector<TimelineEntry>& timeline) {
  return body(view, [&](std::string& out, JsonObject& object) {
    add_timeline(out, object, "timeline", timeline);
  });
}

std::string account_json(const ReadView& view, const AccountView& a) {
  return body(view, [&](std::string& out, JsonObject& object) {
    object.text("account", a.account);
    add_summary(out, object, a.summary);
    add_counts(out, object, a.counts);
    object.name("satisfaction");
    JsonObject satisfaction(out);
    add_satisfaction(satisfaction, a.satisfaction);
    satisfaction.close();
    const EntityKey self{a.account, "account", a.account};
    add_array(out, object, "cadence", a.cadence,
              [&](const ClockRow& c) { append_clock_row(out, self, c); });
    add_array(out, object, "open", a.open, [&](const EntityView& e) {
      JsonObject entity(out);
      add_entity_members(out, entity, e);
      entity.close();
    });
    object.boolean("moreOpen", a.more_open);
    add_timeline(out, object, "history", a.history);
  });
}

std::string accounts_json(const ReadView& view, const AccountPage& page) {
  return body(view, [&](std::string& out, JsonObject& object) {
    add_array(out, object, "accounts", page.accounts, [&](const auto& entry) {
      JsonObject account(out);
      account.text("account", entry.first);
      add_summary(out, account, entry.second);
      account.close();
    });
    add_cursor(object, page.cursor);
  });
}

std::string kpis_json(const ReadView& view, const std::vector<KpiRow>& rows,
                      const std::vector<SatisfactionRow>& satisfaction, double target) {
  return body(view, [&](std::string& out, JsonObject& object) {
    object.raw("target", fmt::format("{}", target));
    add_array(out, object, "kpis", rows, [&](const KpiRow& row) { append_kpi(out, row); });
    add_array(out, object, "satisfaction", satisfaction, [&](const SatisfactionRow& row) {
      JsonObject item(out);
      item.text("period", row.period);
      if (!row.account.empty()) item.text("account", row.account);
      if (!row.tier.empty()) item.text("tier", row.tier);
      add_satisfaction(item, row.value);
      item.close();
    });
  });
}

std::string faults_json(const ReadView& view, const std::vector<FaultRow>& faults) {
  return body(view, [&](std::string& out, JsonObject& object) {
    add_array(out, object, "faults", faults, [&](const FaultRow& fault) {
      JsonObject item(out);
      item.text("account", fault.account).time("time", fault.time);
      item.raw("data", fault.data.empty() ? "null" : fault.data).close();
    });
  });
}

}  // namespace tocsin
