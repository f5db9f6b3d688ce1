#include "app/notify_wiring.h"

#include <cstdio>
#include <map>

#include "app/clock.h"
#include "connectors/http/problem.h"
#include "events/codec.h"
#include "projections/read/query.h"

namespace tocsin {

namespace {

notify::OwnedPartitions owned_by(Node& node) {
  if (!node.ready().ready) return {};
  const NodeStatus status = node.status();
  return {{status.owned.begin(), status.owned.end()}, status.owned_until_ms};
}

void submit_fact(Node& node, std::string event, std::function<void(bool)> done) {
  auto submission = std::make_unique<Submission>();
  submission->body = std::move(event);
  submission->source = "notify";
  SubmittedEvent& submitted = submission->events.emplace_back();
  submitted.original = submission->body;
  thread_local Decoder decoder;
  decoder.structured(submission->body, {}, submitted.decoded);
  node.submit(std::move(submission), [done = std::move(done)](SubmitResult result) {
    const bool kept = result.status == SubmitResult::Status::kJudged && !result.events.empty() &&
                      result.events.front().verdict != EventVerdict::kRejected;
    done(kept);
  });
}

}  // namespace

std::unique_ptr<notify::Notifier> make_notifier(const Config& config, const std::string& data,
                                                Node& node, Journal& journal) {
  if (!config.notify.on()) return nullptr;
  notify::NotifierPorts ports;
  ports.now = [&node] { return node.now(); };
  ports.log = &node.log();
  ports.owned = [&node] { return owned_by(node); };
  ports.since_boot_ms = since_boot_ms;
  ports.healthy = [&node] { return node.sick().empty() && node.ready().ready; };
  ports.record = [&node](std::vector<OutcomeRecord> records, std::function<void(bool)> done) {
    node.submit_outcomes(std::move(records), [done = std::move(done)](OwnResult result) {
      done(result.status == OwnResult::Status::kDurable);
    });
  };
  ports.record_everywhere = [&node, &journal](std::string type, std::string words,
                                              std::function<void(bool)> done) {
    node.submit_own({std::move(type), "notify", std::move(words), -1},
                    [&journal, done = std::move(done)](const OwnResult& r) {
                      const bool durable = r.status == OwnResult::Status::kDurable;
                      if (!durable) journal.line("warn", "notify_not_recorded", r.detail);
                      done(durable);
                    });
  };
  ports.submit_fact = [&node](std::string event, std::function<void(bool)> done) {
    submit_fact(node, std::move(event), std::move(done));
  };
  ports.roster = [&node] { return node.roster(); };
  ports.policy = [&node] { return node.policy(); };
  ports.sources = [&node]() -> notify::SourceOf {
    return [view = node.store().view(), known = std::map<EntityKey, std::string>()](
               const std::string& account, const std::string& kind, const std::string& id) mutable {
      const auto [entry, fresh] = known.try_emplace({account, kind, id});
      if (fresh) {
        if (const auto found = find_entity(view, entry->first)) entry->second = found->source;
      }
      return entry->second;
    };
  };
  ports.report = [&journal](std::string_view level, std::string_view event,
                            const std::string& detail) { journal.line(level, event, detail); };
  ports.print = [](const std::string& line) {
    std::fwrite((line + "\n").data(), 1, line.size() + 1, stdout);
    std::fflush(stdout);
  };
  notify::Settings settings = config.notify;
  settings.many_nodes = config.on_kafka();
  return std::make_unique<notify::Notifier>(std::move(settings), data, std::move(ports));
}

ModuleRoute no_deliveries_route() {
  return {"GET", "/v1/deliveries", Role::kRead, [](const ModuleCall& call) {
            call.reply(problem(404, "not-found",
                               "this node tells nobody: `notify` is not configured; what others "
                               "report by `notified` stands in `called` of /v1/inbox")
                           .response());
          }};
}

}  // namespace tocsin
