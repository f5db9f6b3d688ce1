// The API on a real server, with a node that judges events as the contract says but keeps them in a
// map, and a small store.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "connectors/http/api.h"
#include "events/hash.h"
#include "tests/connectors/http/server_fixture.h"
#include "tests/connectors/http/small_store.h"

namespace tocsin::test {

class FakeNode : public NodePort {
 public:
  void submit(std::unique_ptr<Submission> submission, SubmitDone done) override {
    SubmitResult result;
    {
      const std::lock_guard lock(mutex_);
      if (!unavailable.empty()) {
        result.status = SubmitResult::Status::kUnavailable;
        result.detail = unavailable;
        result.retry_after_seconds = 7;
      } else {
        for (SubmittedEvent& event : submission->events) result.events.push_back(one(event));
      }
      headers = submission->headers;
      source = submission->source;
      if (hold) {
        held_.push_back([done, result] { done(result); });
        return;
      }
    }
    done(std::move(result));
  }
  void submit_own(OwnRecord, OwnDone done) override { done({}); }
  bool knows_duplicates() const override { return knows; }
  Readiness ready() const override { return readiness; }
  std::string sick() const override { return sickness; }
  std::string metrics() const override { return "# TYPE tocsin_test gauge\ntocsin_test 1\n"; }

  std::vector<Fact> facts() {
    const std::lock_guard lock(mutex_);
    return facts_;
  }
  std::vector<std::pair<std::string, std::string>> rejected() {
    const std::lock_guard lock(mutex_);
    return rejected_;
  }
  std::size_t held() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  void release() {
    std::vector<std::function<void()>> held;
    {
      const std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (const auto& answer : held) answer();
  }

  std::atomic<bool> hold{false}, knows{true};
  std::shared_ptr<const Policy> known;  // by which facts are ignored; null: none is
  std::string unavailable, sickness;
  Readiness readiness{true, ""};
  HttpFields headers;
  std::string source;

 private:
  EventOutcome one(SubmittedEvent& event) {
    Decoded& decoded = event.decoded;
    const auto reject = [&](std::string_view reason) {
      rejected_.emplace_back(reason, event.original);
      return EventOutcome{EventVerdict::kRejected, std::string(reason)};
    };
    if (!decoded.form_error.empty()) return reject(decoded.form_error);
    if (decoded.has_identity) {
      const Fact& fact = decoded.fact;
      const std::string identity = fact.account + "\n" + fact.source + "\n" + fact.id;
      if (const auto seen = seen_.find(identity); seen != seen_.end()) {
        return {
            seen->second == content_hash(fact) ? EventVerdict::kDuplicate : EventVerdict::kConflict,
            ""};
      }
      if (const auto reason = judge(decoded, kNow); !reason.empty()) return reject(reason);
      if (fact.data.find("\"P9\"") != std::string::npos) {
        EventOutcome bad = reject("bad_data:priority");
        bad.detail = "priority is \"P9\"; allowed is one of P1, P2";
        return bad;
      }
      seen_[identity] = content_hash(fact);
      facts_.push_back(fact);
      EventOutcome accepted;
      accepted.miss = known ? miss_of(*known, fact) : Miss::kNone;
      return accepted;
    }
    return reject(judge(decoded, kNow));
  }

  std::mutex mutex_;
  std::map<std::string, std::uint64_t> seen_;
  std::vector<Fact> facts_;
  std::vector<std::pair<std::string, std::string>> rejected_;
  std::vector<std::function<void()>> held_;
};

// A log in memory; committed as it is appended.
class FakeLog : public LogReader {
 public:
  Offset read(PartitionId partition, Offset from, const LogSink& sink) override {
    std::vector<std::pair<std::string, std::string>> records;
    {
      const std::lock_guard lock(mutex_);
      if (broken) throw std::runtime_error("the log is damaged");
      const auto& all = partitions_[partition];
      const Offset end = static_cast<Offset>(all.size());
      from = std::min(from, end);
      // More at a time would only be copied for readers that do not want it.
      records.assign(all.begin() + from, all.begin() + std::min(from + 1000, end));
      ++reads;
    }
    for (const auto& [key, value] : records) {
      if (!sink(from++, key, value)) return from;
    }
    return from;
  }
  Offset append(PartitionId partition, std::string key, std::string value) {
    const std::lock_guard lock(mutex_);
    partitions_[partition].emplace_back(std::move(key), std::move(value));
    return static_cast<Offset>(partitions_[partition].size()) - 1;
  }

  std::atomic<bool> broken{false};
  std::atomic<int> reads{0};

 private:
  std::mutex mutex_;
  std::map<PartitionId, std::vector<std::pair<std::string, std::string>>> partitions_;
};

inline HttpResponse json_ok() {
  HttpResponse response;
  response.content_type = "application/json";
  response.body = "{}";
  return response;
}

inline std::string event_text(std::string_view id, std::string_view more = {},
                              std::string_view data = "{\"priority\":\"P1\"}") {
  return "{\"specversion\":\"1.0\",\"id\":\"" + std::string(id) +
         "\",\"source\":\"/crm\",\"type\":\"tocsin.ticket.opened\",\"time\":\"2026-03-02T09:15:00+"
         "08:00\",\"subject\":\"T-1\",\"partitionkey\":\"acme\"" +
         std::string(more) + ",\"data\":" + std::string(data) + "}";
}

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    options.now = [] { return kNow; };
    options.hosts = {"h", "test"};  // as whom the tests' clients speak to it
    server_options.listen = "127.0.0.1:0";
  }
  ~ApiTest() override { stop(); }

  void start() {
    api = std::make_shared<Api>(options, node, store.views(), log);
    server = HttpServer::start(server_options, api);
    api->watch(*server);
    client.emplace(server->port());
  }
  void stop() {
    client.reset();
    if (server) server->stop();
    if (api) api->stop();
    server.reset();
    api.reset();
  }

  Answer post(std::string_view body, std::string_view type = "application/cloudevents+json") {
    return client->post("/v1/events", type, body);
  }
  Answer batch(std::string_view body) { return post(body, "application/cloudevents-batch+json"); }

  FakeNode node;
  SmallStore store;
  FakeLog log;
  ApiOptions options;
  HttpServerOptions server_options;
  std::shared_ptr<Api> api;
  std::unique_ptr<HttpServer> server;
  std::optional<Client> client;
};

}  // namespace tocsin::test
