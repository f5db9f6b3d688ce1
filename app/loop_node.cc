#include "app/loop_node.h"

#include <exception>

namespace tocsin {

namespace {

constexpr Duration kLastWrite = seconds(10);  // that a stop waits for the store

}  // namespace

void LoopNode::stop() {
  loop().stop();
  // A store that cannot be written is behind, and made good from the log at the next start.
  if (!store().refresh(kLastWrite)) return;
  try {
    store().flush();
  } catch (const std::exception& e) {
    report("warn", "store_not_flushed", e.what());
  }
}

}  // namespace tocsin
