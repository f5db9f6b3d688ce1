#include "app/embedded_node.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tocsin {

namespace {

// A burst of dues is told before its views are written. So much may wait for each entity in memory:
// twice what a due of it leaves behind.
constexpr std::size_t kUnwrittenBytes = 2 << 10;
constexpr Duration kViewsWritten = seconds(1);

std::unique_ptr<Store> open_store(const std::filesystem::path& directory, StoreOptions options,
                                  const EmbeddedLog& log, bool accept_loss) {
  options.remove_unusable = true;
  auto store = Store::open(directory, options);
  const Offset applied = store->applied(0), end = log.next_offset();
  if (applied <= end) return store;
  if (!accept_loss) {
    throw AcknowledgedLost(
        "the log ends at record " + std::to_string(end) + ", but " + std::to_string(applied) +
        " were acknowledged: records are missing; restore them from a copy, or start "
        "once with --accept-loss to go on without them");
  }
  store.reset();
  std::filesystem::remove_all(directory);
  return Store::open(directory, options);
}

}  // namespace

StoreOptions embedded_store_options() {
  StoreOptions options;
  options.keep_records = false;
  return options;
}

EmbeddedNode::EmbeddedNode(EmbeddedNodeOptions options)
    : LoopNode(options.clock ? options.clock : std::make_shared<WallClock>(), options.report) {
  options.clock = clock_;
  options.store.pending_bytes_max =
      std::max(options.store.pending_bytes_max, options.hot_entities * kUnwrittenBytes);
  log_ = EmbeddedLog::open(options.data / "log", options.log);
  store_ = open_store(options.data / "state", options.store, *log_, options.log.accept_loss);
  const RecoveryReport& found = log_->recovery();
  if (found.missing_batches > 0)
    report("error", "acknowledged_lost", std::to_string(found.missing_batches) + " batches");
  if (found.cut_bytes > 0)
    report("warn", "torn_tail_cut",
           std::to_string(found.cut_bytes) + " bytes that nobody was told of");
  if (store_->applied(0) == 0 && log_->next_offset() > 0)
    report("info", "views_made_anew", std::to_string(log_->next_offset()) + " records");
  loop_ = std::make_unique<EmbeddedLoop>(std::move(options), log_, *store_, teller());
}

void EmbeddedNode::start() {
  loop_->begin();
  const Offset there = loop().room(0).next();
  loop_->start();  // what is overdue is told while the views are written
  while (!store_->wait_applied(0, there, kViewsWritten) && store_->problem().empty()) {
  }
  loop_->open_door();
}

NodeStatus EmbeddedNode::status() {
  NodeStatus status = LoopNode::status();
  status.queued = loop_->queued();
  return status;
}

}  // namespace tocsin
