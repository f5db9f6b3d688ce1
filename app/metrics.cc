#include "app/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

#include "events/log_record.h"
#include "projections/query.h"
#include "projections/record_type.h"

namespace tocsin {

namespace {

// Types that have a figure of their own; those that come later share one.
constexpr std::size_t kTypesMax = 500;
constexpr std::string_view kOther = "other";

// The value of a text member of a derived event's data: names and words only, no escapes.
std::string member(std::string_view data, std::string_view name) {
  const std::string begin = "\"" + std::string(name) + "\":\"";
  const std::size_t at = data.find(begin);
  if (at == std::string_view::npos) return {};
  const std::size_t from = at + begin.size();
  return std::string(data.substr(from, data.find('"', from) - from));
}

}  // namespace

struct Metrics::Impl {
  explicit Impl(Node& n) : node(n) {}

  // Cached: adding to a family takes a lock and a search.
  prometheus::Counter& counter(prometheus::Family<prometheus::Counter>& family,
                               const prometheus::Labels& labels) {
    auto& slot = counters[&family][labels];
    if (slot == nullptr) slot = &family.Add(labels);
    return *slot;
  }
  void count(std::string_view type) {
    auto at = by_type.find(type);
    if (at == by_type.end() && by_type.size() >= kTypesMax) at = by_type.find(kOther);
    if (at == by_type.end()) {
      prometheus::Counter& added = records.Add({{"type", std::string(type)}});
      at = by_type.emplace(type, &added).first;
    }
    at->second->Increment();
  }
  prometheus::Family<prometheus::Gauge>& gauges(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }
  void set(const char* name, const char* help, double value) {
    gauges(name, help).Add({}).Set(value);
  }

  Node& node;
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  prometheus::Family<prometheus::Counter>& records = prometheus::BuildCounter()
                                                         .Name("tocsin_records_total")
                                                         .Help("Committed log records by type.")
                                                         .Register(registry);
  prometheus::Family<prometheus::Counter>& breaches =
      prometheus::BuildCounter()
          .Name("tocsin_breaches_total")
          .Help("Announced breaches by clock and threshold.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& alarms = prometheus::BuildCounter()
                                                        .Name("tocsin_escalations_raised_total")
                                                        .Help("Raised escalation steps by urgency.")
                                                        .Register(registry);
  std::mutex mutex;
  std::map<std::string, prometheus::Counter*, std::less<>> by_type;
  std::map<const void*, std::map<prometheus::Labels, prometheus::Counter*>> counters;
};

Metrics::Metrics(Node& node) : impl_(std::make_unique<Impl>(node)) {}
Metrics::~Metrics() = default;

void Metrics::observe(std::string_view record) {
  const std::string_view type = type_of_record(record);
  const std::lock_guard lock(impl_->mutex);
  impl_->count(type.starts_with("tocsin.") ? type : kOther);
  const bool breached = type == "tocsin.clock.breached";
  if (!breached && type != "tocsin.escalation.raised") return;
  thread_local LogEvent event;
  if (!read_log_record(record, event)) return;
  if (breached) {
    impl_
        ->counter(impl_->breaches, {{"clock", member(event.data, "clock")},
                                    {"threshold", member(event.data, "threshold")}})
        .Increment();
  } else {
    impl_->counter(impl_->alarms, {{"urgency", member(event.data, "urgency")}}).Increment();
  }
}

std::string Metrics::text() {
  const NodeStatus status = impl_->node.status();
  const Counters& c = status.counters;
  const auto number = [](std::int64_t n) { return static_cast<double>(n); };
  impl_->set("tocsin_facts_accepted", "Facts accepted by this process since its start.",
             number(c.accepted));
  impl_->set("tocsin_facts_duplicate", "Facts dropped because they were accepted before.",
             number(c.duplicates));
  impl_->set("tocsin_facts_conflicting",
             "Facts dropped because their id was taken by another content.", number(c.conflicts));
  impl_->set("tocsin_facts_rejected", "Facts rejected.", number(c.rejected));
  impl_->set("tocsin_facts_late", "Facts that had their entity read anew.", number(c.late));
  impl_->set("tocsin_tier_stamps_provisional", "Entities that wait for their account's first tier.",
             number(c.provisional));
  impl_->set("tocsin_decisions", "Decisions about an entity.", number(c.decisions));
  impl_->set("tocsin_derived_events", "Derived events decided.", number(c.derived));
  impl_->set("tocsin_entities_in_memory", "Entities in memory.",
             static_cast<double>(status.entities_in_memory));
  impl_->set("tocsin_queue_events", "Events that wait to be decided about.", number(status.queued));
  impl_->set("tocsin_commits", "Batches written to the log.", number(status.commits));
  impl_->set("tocsin_commit_failures", "Batches that could not be written.",
             number(status.commit_failures));
  impl_->set("tocsin_clock_jumps", "Jumps of the system clock.", number(status.clock_jumps));
  impl_->set("tocsin_lateness_seconds_p50", "Decided minus due, median.",
             status.lateness_p50_ms / 1000);
  impl_->set("tocsin_lateness_seconds_p99", "Decided minus due, 99th percentile.",
             status.lateness_p99_ms / 1000);
  impl_->set("tocsin_lateness_seconds_max", "Decided minus due, largest.",
             status.lateness_max_ms / 1000);
  auto& applied = impl_->gauges("tocsin_applied_offset", "Offset after the last applied record.");
  for (const auto& [p, offset] : status.applied)
    applied.Add({{"partition", std::to_string(p)}}).Set(number(offset));
  const auto each = [&](const char* name, const char* help,
                        const std::map<PartitionId, std::int64_t>& values) {
    auto& family = impl_->gauges(name, help);
    const std::lock_guard lock(impl_->mutex);
    for (const auto& [p, _] : status.applied) {
      auto& gauge = family.Add({{"partition", std::to_string(p)}});
      const auto it = values.find(p);
      if (it == values.end()) {  // another node's by now
        family.Remove(&gauge);
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
  impl_->set("tocsin_holds", "Times that dues were told though intake was not read to its end.",
             number(status.held));
  impl_->set("tocsin_partitions_owned", "Partitions that this node decides about.",
             static_cast<double>(status.owned.size()));
  impl_->set("tocsin_intake_rerouted", "Facts moved to their account's partition.",
             number(status.rerouted));
  impl_->set("tocsin_intake_tombstones", "Records without value, skipped.",
             number(status.tombstones));
  impl_->set("tocsin_rejected_cut", "Rejected records too large to be kept whole.",
             number(status.rejected_cut));
  auto& board =
      impl_->gauges("tocsin_board",
                    "Clocks and escalations by state: running, paused, at_risk, overdue, groups.");
  for (const auto& [name, n] : counts(impl_->node.store().view(), ""))
    board.Add({{"state", name}}).Set(number(n));
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace tocsin
