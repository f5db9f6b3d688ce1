// A store that is filled by hand, for tests of questions.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "projections/read/query.h"
#include "projections/read/render.h"
#include "tests/engine/policy_fixture.h"
#include "tests/projections/pages.h"
#include "tests/projections/random_batches.h"
#include "tests/projections/temp_directory.h"

namespace tocsin {

inline constexpr Duration kLong = seconds(30);

// `view` is of everything given so far.
class QueryTest : public testing::Test {
 protected:
  QueryTest() {
    StoreOptions options;
    options.write_interval = hours(1);
    store_ = Store::open(directory_.path(), options);
  }

  EntityView& entity(const std::string& account, const std::string& kind, const std::string& id) {
    EntityView& v = entities_[{account, kind, id}];
    v.account = account;
    v.kind = kind;
    v.id = id;
    v.created = true;
    v.state = "open";
    return v;
  }

  static ClockRow running(const std::string& name, Instant due, bool warned = false) {
    ClockRow c;
    c.clock = name;
    c.cycle = "1";
    c.start = kBegin;
    c.thresholds = {{"target", due, Verdict::kPending, warned}};
    return c;
  }

  static ClockRow stopped(const std::string& name, Instant due, Verdict verdict,
                          std::int64_t elapsed_ms) {
    ClockRow c = running(name, due);
    c.state = ClockState::kStopped;
    c.thresholds[0].verdict = verdict;
    c.stopped = due;
    c.elapsed_ms = elapsed_ms;
    return c;
  }

  void event(const EntityKey& key, std::string record) {
    timeline_.push_back({next_++, key, std::move(record)});
  }

  ReadView view() {
    AppliedBatch batch;
    batch.business_day = shanghai_day();
    for (const auto& [key, v] : entities_) batch.add_entity(key, "state", encoded(v), kNever);
    for (const auto& [account, summary] : summaries_)
      batch.summaries.push_back({account, encode(summary)});
    for (const Told& told : std::exchange(timeline_, {}))
      batch.add_event(told.offset, told.entity, told.record);
    batch.next = ++next_;
    store_->apply(std::move(batch));
    EXPECT_TRUE(store_->refresh(kLong));
    return store_->view();
  }

  static std::vector<std::string> ids(const ClockPage& page) {
    std::vector<std::string> ids;
    for (const ListedClock& c : page.clocks) ids.push_back(c.entity.id);
    return ids;
  }
  using Ids = std::vector<std::string>;

  TempDirectory directory_;
  std::unique_ptr<Store> store_;
  std::map<EntityKey, EntityView> entities_;
  std::map<std::string, AccountSummary> summaries_;
  struct Told {
    Offset offset;
    EntityKey entity;
    std::string record;
  };
  std::vector<Told> timeline_;
  Offset next_ = 0;
};

inline Instant at(std::int64_t ms) { return kBegin + milliseconds(ms); }

}  // namespace tocsin
