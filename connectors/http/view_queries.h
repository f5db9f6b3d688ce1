// The query port over the projections: requests to projections/query.h, answers by
// projections/render.h.
//
// Each answer is of one moment; `as_of_offset` in it says which.
//
// Threads: any; so must be the functions given. Cost: see projections/query.h.
#pragma once

#include <functional>
#include <string>

#include "connectors/http/ports.h"
#include "projections/query.h"

namespace tocsin {

struct ViewQueriesOptions {
  std::function<ReadView()> view;
  std::function<Instant()> now;
  std::function<Day(Instant)> business_day;  // of the business zone, for KPI periods
  RecordSource records;  // for stores that do not keep timelines' records; may be empty
  double kpi_target = 0.95;
};

class ViewQueries final : public QueryPort {
 public:
  explicit ViewQueries(ViewQueriesOptions options) : options_(std::move(options)) {}

  std::string clocks(const ClocksRequest& request) override;
  std::string board(const BoardRequest& request) override;
  std::string inbox(const InboxRequest& request) override;
  std::string accounts(const PageRequest& request) override;
  std::string kpis(const KpisRequest& request) override;
  std::string faults(const std::string& account, std::size_t limit) override;
  std::optional<std::string> entity(const std::string& account, const std::string& kind,
                                    const std::string& id) override;
  std::optional<std::string> entity_timeline(const std::string& account, const std::string& kind,
                                             const std::string& id,
                                             const TimelineRequest& request) override;
  std::optional<std::string> account(const std::string& account) override;
  std::optional<std::string> account_timeline(const std::string& account,
                                              const TimelineRequest& request) override;
  std::map<PartitionId, Offset> applied() override;

 private:
  const ViewQueriesOptions options_;
};

}  // namespace tocsin
