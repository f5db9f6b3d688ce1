// A store of a few entities, and the questions' side of it: what tests of the API read.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "connectors/http/question.h"
#include "engine/entity/entity_codec.h"
#include "events/log_record.h"
#include "projections/store.h"
#include "tests/engine/policy_fixture.h"

namespace tocsin::test {

inline constexpr Instant kNow{1'772'414'100'000};  // 2026-03-02T01:15:00Z

inline Instant at(std::int64_t ms) { return kNow + milliseconds(ms); }

// 86,400,000 ms a day, eight hours ahead: Shanghai has no summer time now.
inline Day shanghai(Instant t) { return static_cast<Day>((t.ms + 8 * 3'600'000) / 86'400'000); }

class SmallStore {
 public:
  SmallStore()
      : directory_(std::filesystem::temp_directory_path() /
                   ("tocsin-views-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(directory_);
    store_ = Store::open(directory_, {});
  }
  ~SmallStore() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  ReadSide views() {
    ReadSide side;
    side.view = [this] {
      if (broken) throw std::runtime_error("the store failed");
      return store_->view();
    };
    side.now = [] { return kNow; };
    side.policy = default_policy;
    return side;
  }
  // As if the log's records up to `next` were applied.
  void apply_up_to(Offset next) {
    AppliedBatch batch;
    batch.business_day = std::make_shared<BusinessDay>(shanghai);
    batch.next = next;
    apply(std::move(batch));
  }
  static ClockRow running(std::string clock, Instant due) {
    ClockRow row;
    row.clock = std::move(clock);
    row.cycle = "1";
    row.start = kNow;
    row.calendar = "24x7";
    row.thresholds = {{"target", due, Verdict::kPending, false}};
    return row;
  }
  static GroupRow group(std::string id, std::string role, std::string urgency, Instant begun) {
    GroupRow row;
    row.escalation = std::move(id);
    row.step = 1;
    row.roles = {role, "executive"};
    row.persons = {"李"};
    row.urgency = std::move(urgency);
    row.reason = "routed";
    row.begun = row.raised = begun;
    return row;
  }
  // Of a ticket without facts.
  static std::string engine_state() {
    Entity entity;
    entity.policy = default_policy().get();
    entity.kind = default_policy()->code_of(*default_policy()->kind_named("ticket"));
    return encode_entity(entity);
  }
  static void add_ticket(AppliedBatch& batch, const std::string& account, const std::string& id,
                         std::vector<ClockRow> clocks, std::vector<GroupRow> groups) {
    EntityView view;
    view.created = true;
    view.source = "/crm";
    view.state = "open";
    view.priority = "P1";
    view.tier = "A";
    view.clocks = std::move(clocks);
    view.groups = std::move(groups);
    batch.add_entity({account, "ticket", id}, engine_state(), encode_view(view), kNever);
  }
  static void add_fact(AppliedBatch& batch, const EntityKey& key, const std::string& verb,
                       std::string id, std::string source, Offset offset) {
    Fact fact;
    fact.account = key.account;
    fact.subject = key.id;
    fact.type = "tocsin." + key.kind + "." + verb;
    fact.kind = key.kind;
    fact.verb = verb;
    fact.source = std::move(source);
    fact.id = std::move(id);
    fact.time = fact.recorded = fact.claimed = kNow;
    std::string record;
    append_fact_record(record, fact, "");
    batch.add_event(offset, key, record);
  }

  // `id` and `account` are those of the first ticket.
  void fill(const std::string& id = "T-1", const std::string& account = "a/b") {
    AppliedBatch batch;
    batch.business_day = std::make_shared<BusinessDay>(shanghai);
    add_ticket(batch, account, id, {running("ticket.response", at(300))},
               {group("g1", "service_director", "low", at(1))});
    add_ticket(batch, "acme", "T-2", {running("ticket.response", at(100))},
               {group("g2", "account_manager", "high", at(2))});
    ClockRow met = running("ticket.response", at(200));
    met.state = ClockState::kStopped;
    met.thresholds[0].verdict = Verdict::kMet;
    met.stopped = at(150);
    met.elapsed_ms = 150;
    add_ticket(batch, "acme", "T-3", {met}, {});
    add_fact(batch, {"acme", "other", "X-1"}, "seen", "1", "/crm", 5);
    batch.next = 6;
    apply(std::move(batch));
  }

  // One more fact of a ticket of acme, of this source.
  void tell(std::string id, Offset offset, std::string source) {
    AppliedBatch batch;
    batch.business_day = std::make_shared<BusinessDay>(shanghai);
    add_fact(batch, {"acme", "ticket", std::move(id)}, "progressed", std::to_string(offset),
             std::move(source), offset);
    batch.next = offset + 1;
    apply(std::move(batch));
  }

  std::atomic<bool> broken{false};

 private:
  void apply(AppliedBatch batch) {
    store_->apply(std::move(batch));
    ASSERT_TRUE(store_->refresh(seconds(30)));
  }

  const std::filesystem::path directory_;
  std::unique_ptr<Store> store_;
};

}  // namespace tocsin::test
