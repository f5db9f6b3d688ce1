#include "app/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "app/figure_metrics.h"
#include "app/unknown_persons.h"
#include "engine/said/derived.h"
#include "events/mutex.h"
#include "projections/read/query.h"
#include "projections/rows/views.h"

namespace tocsin {

namespace {

constexpr std::string_view kOther = "other";
// Bounds of the lateness buckets; up to 50 ms exact, then as Lateness has them.
constexpr std::array<std::int64_t, 15> kLatenessMs = {1,   2,   5,    10,   20,   50,    64,   128,
                                                      256, 512, 1024, 2048, 4096, 16384, 65536};

constexpr std::pair<const char*, Miss> kMisses[] = {
    {"kind", Miss::kKind}, {"verb", Miss::kVerb}, {"form", Miss::kForm}};

enum Ending : std::size_t { kMet, kBreached, kWithdrawn };
constexpr std::array<const char*, 3> kEndings = {"met", "breached", "withdrawn"};

double number(std::int64_t n) { return static_cast<double>(n); }
double in_seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

template <typename Builder>
auto& family(prometheus::Registry& registry, Builder builder, const char* name, const char* help) {
  return builder.Name(name).Help(help).Register(registry);
}

struct Views {
  std::map<std::string, std::int64_t> counts;
  Instant earliest_due;
};

Views read_views(const ReadView& view) {
  ClockQuery first;
  first.classes = {ClockClass::kRunning};
  first.limit = 1;
  const ClockPage page = list_clocks(view, first);
  return {counts(view, {}), page.clocks.empty() ? kNever : next_pending(page.clocks.front().clock)};
}

}  // namespace

struct Metrics::Impl {
  explicit Impl(Node& n) : node(n) {}

  prometheus::Family<prometheus::Gauge>& gauges(const char* name, const char* help) {
    return family(registry, prometheus::BuildGauge(), name, help);
  }
  prometheus::Family<prometheus::Counter>& counters(const char* name, const char* help) {
    return family(registry, prometheus::BuildCounter(), name, help);
  }
  void set(const char* name, const char* help, double value) {
    gauges(name, help).Add({}).Set(value);
  }
  // A count that is kept elsewhere.
  void follow(const char* name, const char* help, std::int64_t total) {
    std::int64_t& before = followed[name];
    // It goes back where a partition is taken over anew, whose part of it begins at zero.
    counters(name, help).Add({}).Increment(number(std::max<std::int64_t>(0, total - before)));
    before = total;
  }

  void follow_ignored(const char* why, std::int64_t total) {
    std::int64_t& before = followed[std::string("ignored ") + why];
    counters("tocsin_facts_ignored_total",
             "Facts accepted whose kind, verb or form of type no policy mentions.")
        .Add({{"why", why}})
        .Increment(number(std::max<std::int64_t>(0, total - before)));
    before = total;
  }

  void count_record(std::string_view type);
  bool is_known(std::string_view type) const;
  void count_decided(const Committed& record);
  void count_roles(const Committed& record);
  using Endings = std::array<prometheus::Counter*, kEndings.size()>;
  Endings& endings_of(const std::string& clock, const std::string& threshold);
  void create_decided(const Policy& of);
  void show_lateness(const Lateness& now);
  void show_partitions(const NodeStatus& status);
  void show_views(const Views& views);

  Node& node;
  Mutex mutex;  // guards what follows
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  prometheus::Family<prometheus::Counter>& records = counters(
      "tocsin_records_total", "Committed log records by type, since this process started.");
  prometheus::Family<prometheus::Counter>& decided =
      counters("tocsin_thresholds_decided_total",
               "Thresholds of clocks as announced: met when the clock stopped in time, breached "
               "when the due passed, withdrawn when a late fact took a breach back.");
  prometheus::Family<prometheus::Counter>& raised =
      counters("tocsin_escalations_raised_total", "Raised escalation steps.");
  prometheus::Family<prometheus::Counter>& closed =
      counters("tocsin_escalations_closed_total", "Escalations that need nobody any more.");
  prometheus::Counter& unheard =
      counters("tocsin_escalations_unheard_total",
               "Raised escalation steps for which nobody at all was found.")
          .Add({});
  prometheus::Family<prometheus::Counter>& called =
      counters("tocsin_escalations_called_total", "Raised escalation steps by the roles called.");
  prometheus::Counter& unknown =
      counters("tocsin_persons_unknown_total",
               "Persons named in facts whom the roster in force does not know.")
          .Add({});
  std::map<std::string, prometheus::Counter*, std::less<>> by_role;
  std::map<std::string, prometheus::Counter*, std::less<>> by_type;
  std::shared_ptr<const Policy> policy;
  // By clock and threshold: adding to a family takes a lock and a search. By name, for codes are those
  // of one version of one partition's policy, which remembers what came before it.
  std::map<std::string, std::map<std::string, Endings>> endings;
  std::array<prometheus::Counter*, 2> by_urgency = {&raised.Add({{"urgency", "low"}}),
                                                    &raised.Add({{"urgency", "high"}})};
  prometheus::Counter& acknowledged = closed.Add({{"how", "acknowledged"}});
  prometheus::Counter& cleared = closed.Add({{"how", "cleared"}});
  prometheus::Counter& withdrawn = closed.Add({{"how", "withdrawn"}});
  std::map<std::string, std::int64_t, std::less<>> followed;
  Lateness shown;
};

Metrics::Metrics(Node& node) : impl_(std::make_unique<Impl>(node)) {}
Metrics::~Metrics() = default;

// Only types that the policy or the product knows have a series of their own: a sender cannot make
// one.
void Metrics::Impl::count_record(std::string_view type) {
  auto at = by_type.find(type);
  if (at == by_type.end()) {
    if (!is_known(type)) policy = node.policy();  // a new one may know it
    const std::string shown(is_known(type) ? type : kOther);
    at = by_type.try_emplace(shown, &records.Add({{"type", shown}})).first;
  }
  at->second->Increment();
}

bool Metrics::Impl::is_known(std::string_view type) const {
  constexpr std::string_view kOurs = "tocsin.";
  if (is_engine_type(type) ||
      std::find(kDerivedTypes.begin(), kDerivedTypes.end(), type) != kDerivedTypes.end()) {
    return true;
  }
  return type.starts_with(kOurs) && policy != nullptr &&
         policy->types.find(type.substr(kOurs.size())) != policy->types.end();
}

Metrics::Impl::Endings& Metrics::Impl::endings_of(const std::string& clock,
                                                  const std::string& threshold) {
  auto& of_clock = endings[clock];
  const auto [at, fresh] = of_clock.try_emplace(threshold);
  if (fresh) {
    for (std::size_t o = 0; o < kEndings.size(); ++o)
      at->second[o] =
          &decided.Add({{"clock", clock}, {"threshold", threshold}, {"outcome", kEndings[o]}});
  }
  return at->second;
}

// So that the first of a kind is seen to be one more than none.
void Metrics::Impl::create_decided(const Policy& of) {
  for (const KindSpec& kind : of.kinds) {
    for (const ClockSpec& clock : kind.clocks) {
      for (const ThresholdCode t : of.thresholds.codes()) {
        if (t.index() > 0 && clock.allowance[t].empty()) continue;  // it has no such threshold
        endings_of(clock.name, of.thresholds[t]);
      }
    }
  }
}

void Metrics::Impl::count_decided(const Committed& record) {
  const Derived& derived = *record.derived;
  const std::string& clock = record.spec->clocks[derived.clock].name;
  const auto count = [&](ThresholdCode threshold, Ending ending) {
    endings_of(clock, record.policy->thresholds[threshold])[ending]->Increment();
  };
  if (derived.type != DerivedType::kClockStopped) {
    return count(derived.threshold,
                 derived.type == DerivedType::kClockBreached ? kBreached : kWithdrawn);
  }
  for (const ThresholdCode t : kThresholds) {
    if (has(derived.exists, t) && derived.verdict[t] == Verdict::kMet) count(t, kMet);
  }
}

void Metrics::Impl::count_roles(const Committed& record) {
  for (const RoleCode role : record.derived->roles) {
    const std::string& name = record.policy->roles[role];
    prometheus::Counter*& counter = by_role[name];
    if (counter == nullptr) counter = &called.Add({{"role", name}});
    counter->Increment();
  }
}

void Metrics::observe(const Committed& record) {
  if (record.replayed || record.kind == RecordKind::kRejected) return;
  const MutexLock lock(impl_->mutex);
  impl_->count_record(record.type);
  if (record.kind == RecordKind::kFact) {
    if (const auto roster = impl_->node.roster())
      impl_->unknown.Increment(static_cast<double>(unknown_persons(record.bytes, *roster)));
  }
  if (record.derived == nullptr) return;
  switch (record.derived->type) {
    case DerivedType::kEscalationRaised:
      if (record.derived->persons.empty()) impl_->unheard.Increment();
      impl_->count_roles(record);
      return impl_->by_urgency[record.derived->high ? 1 : 0]->Increment();
    case DerivedType::kEscalationAcknowledged:
      return impl_->acknowledged.Increment();
    case DerivedType::kEscalationCleared:
      return impl_->cleared.Increment();
    case DerivedType::kEscalationWithdrawn:
      return impl_->withdrawn.Increment();
    case DerivedType::kClockBreached:
    case DerivedType::kClockStopped:
    case DerivedType::kClockWithdrawn:
      return impl_->count_decided(record);
    default:
      return;
  }
}

void Metrics::Impl::show_lateness(const Lateness& now) {
  prometheus::Histogram::BucketBoundaries bounds;
  std::vector<double> increments;
  std::int64_t before = 0;
  for (const std::int64_t ms : kLatenessMs) {
    bounds.push_back(in_seconds(ms));
    const std::int64_t more = now.up_to(ms) - shown.up_to(ms);
    increments.push_back(number(more - before));
    before = more;
  }
  increments.push_back(number(now.up_to(INT64_MAX) - shown.up_to(INT64_MAX) - before));
  family(registry, prometheus::BuildHistogram(), "tocsin_lateness_seconds",
         "Decided minus due, of what this process decided.")
      .Add({}, bounds)
      .ObserveMultiple(increments, in_seconds(now.sum_ms() - shown.sum_ms()));
  shown = now;
}

void Metrics::Impl::show_partitions(const NodeStatus& status) {
  auto& applied = gauges("tocsin_applied_offset", "Offset after the last applied record.");
  for (const auto& [p, offset] : status.applied)
    applied.Add({{"partition", std::to_string(p)}}).Set(number(offset));
  const auto each = [&](const char* name, const char* help,
                        const std::map<PartitionId, std::int64_t>& values) {
    auto& of = gauges(name, help);
    for (const auto& [p, _] : status.applied) {
      auto& gauge = of.Add({{"partition", std::to_string(p)}});
      const auto it = values.find(p);
      if (it == values.end()) {  // another node's by now
        of.Remove(&gauge);
      } else {
        gauge.Set(number(it->second));
      }
    }
  };
  each("tocsin_intake_lag", "Intake records that are not read; owned partitions.", status.lag);
  each("tocsin_intake_position", "Offset after the last intake record read; owned partitions.",
       status.intake_position);
  each("tocsin_intake_end", "Offset after the last intake record there is, as last seen.",
       status.intake_end);
  set("tocsin_partitions_owned", "Partitions that this node decides about.",
      static_cast<double>(status.owned.size()));
}

void Metrics::Impl::show_views(const Views& views) {
  const auto of = [&](const std::string& name) {
    const auto found = views.counts.find(name);
    return found == views.counts.end() ? 0 : found->second;
  };
  // By tier; what has none, so that the sum is that of all.
  const auto by_tier = [&](const char* metric, const char* help, const std::string& name) {
    auto& clocks = gauges(metric, help);
    std::int64_t rest = of(name);
    for (const std::string& tier : policy ? policy->tiers : Names<TierCode>{}) {
      const std::int64_t n = of(name + "/" + tier);
      rest -= n;
      clocks.Add({{"tier", tier}}).Set(number(n));
    }
    clocks.Add({{"tier", "none"}}).Set(number(rest));
  };
  by_tier("tocsin_clocks_running", "Clocks that run.", "running");
  by_tier("tocsin_clocks_paused", "Clocks that are paused.", "paused");
  by_tier("tocsin_clocks_at_risk", "Running clocks whose warning was told and whose due is ahead.",
          "at_risk");
  by_tier("tocsin_clocks_overdue", "Running and paused clocks that have a breach.", "overdue");
  auto& open = gauges("tocsin_escalations_open", "Escalations that nobody has answered yet.");
  open.Add({{"urgency", "high"}}).Set(number(of("groups/high")));
  open.Add({{"urgency", "low"}}).Set(number(of("groups") - of("groups/high")));
  auto& entities = gauges("tocsin_entities", "Tickets, complaints and so on, by kind.");
  auto& unfinished = gauges("tocsin_entities_open", "Those of them that are not at their end.");
  for (const KindSpec& kind : policy ? policy->kinds : Coded<KindCode, KindSpec>{}) {
    entities.Add({{"kind", kind.name}}).Set(number(of("entities/" + kind.name)));
    unfinished.Add({{"kind", kind.name}}).Set(number(of("open/" + kind.name)));
  }
  set("tocsin_entities_provisional", "Entities that wait for their account's first tier.",
      number(of("provisional")));
  set("tocsin_entities_waiting", "Entities of which facts came before the first one that counts.",
      number(of("waiting")));
  set("tocsin_earliest_due_timestamp_seconds",
      "Due of the running clock that is due first, which may have passed; 0: there is none.",
      views.earliest_due == kNever ? 0 : in_seconds(views.earliest_due.ms));
}

std::string Metrics::text() {
  const ReadView view = impl_->node.store().view();
  const Views views = read_views(view);
  prometheus::Registry figures;
  if (const auto policy = impl_->node.policy())
    show_figures(figures, view, *policy, impl_->node.now());
  const MutexLock lock(impl_->mutex);
  Impl& to = *impl_;
  const NodeStatus status = to.node.status();  // in order: of two who ask, the later sees the later
  const Counters& c = status.counters;
  to.policy = to.node.policy();
  if (to.policy) to.create_decided(*to.policy);
  to.gauges("tocsin_build_info", "Always 1.")
      .Add({{"version", TOCSIN_VERSION}, {"rocksdb", rocksdb_build()}})
      .Set(1);
  to.follow("tocsin_facts_accepted_total", "Facts accepted.", c.accepted);
  to.follow("tocsin_facts_duplicate_total", "Facts dropped because they were accepted before.",
            c.duplicates);
  to.follow("tocsin_facts_conflicting_total",
            "Facts dropped because their id was taken by another content.", c.conflicts);
  to.follow("tocsin_facts_rejected_total", "Facts rejected.", c.rejected);
  for (const auto& [why, miss] : kMisses)
    to.follow_ignored(why, c.ignored[static_cast<std::size_t>(miss)]);
  to.follow("tocsin_facts_late_total", "Facts that had their entity read anew.", c.late);
  to.follow("tocsin_decisions_total", "Decisions about an entity.", c.decisions);
  to.follow("tocsin_derived_events_total", "Derived events decided.", c.derived);
  to.follow("tocsin_commits_total", "Batches written to the log.", status.commits);
  to.follow("tocsin_commit_failures_total", "Batches that could not be written.",
            status.commit_failures);
  to.set("tocsin_clock_doubt_seconds",
         "How far a wall clock that is not believed is from what is; 0: it is believed.",
         in_seconds(status.clock_doubt.ms));
  to.follow("tocsin_clock_jumps_total", "Jumps of the system clock.", status.clock_jumps);
  to.follow("tocsin_holds_total",
            "Times that dues were told though intake was not read to its end.", status.held);
  to.follow("tocsin_intake_rerouted_total", "Facts moved to their account's partition.",
            status.rerouted);
  to.follow("tocsin_intake_tombstones_total", "Records without value, skipped.", status.tombstones);
  to.follow("tocsin_rejected_cut_total", "Rejected records too large to be kept whole.",
            status.rejected_cut);
  to.show_lateness(status.lateness);
  to.set("tocsin_last_decision_timestamp_seconds",
         "The last instant at which this node decided or followed something; 0: none.",
         status.latest == kAlways ? 0 : in_seconds(status.latest.ms));
  to.set("tocsin_entities_in_memory", "Entities in memory.",
         static_cast<double>(status.entities_in_memory));
  to.set("tocsin_queue_events", "Events that wait to be decided about.", number(status.queued));
  to.set("tocsin_views_unwritten_bytes", "What was decided and is not in the views yet.",
         static_cast<double>(to.node.store().waiting_bytes()));
  to.set("tocsin_views_age_seconds", "How long the oldest of it has waited.",
         in_seconds(to.node.store().views_age().ms));
  to.set("tocsin_sought_filter_bytes",
         "Memory of the filter that says which identities and entities the store has.",
         static_cast<double>(to.node.store().sought_bytes()));
  to.set("tocsin_sought_filter_filled",
         "1: it knows all of them; 0: it is being filled after a start, and files are asked.",
         to.node.store().sought_filled() ? 1 : 0);
  to.show_partitions(status);
  to.show_views(views);
  const prometheus::TextSerializer text;
  return text.Serialize(to.registry.Collect()) + text.Serialize(figures.Collect());
}

}  // namespace tocsin
