// What the HTTP API needs from the node behind it, as a plain interface that `app` supplies.
// (Questions are asked of the views: question.h.)
//
// Ingestion is asynchronous: `submit` hands a decoded request over and is answered when the batch
// that holds it is durable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/message.h"
#include "engine/input_port.h"
#include "engine/log_port.h"
#include "events/codec.h"

namespace tocsin {

// ---- events in: engine/input_port.h

struct Readiness {
  bool ready = false;
  std::string detail;     // what is missing: `partition 3: 1200 records behind`
  std::string note = {};  // ready, but somebody should know: a wall clock that is not believed
};

// What describes content and tracing (`content-…`, `ce-…`, `traceparent`, `user-agent`); all else may
// be somebody's key.
HttpFields kept_headers(const HttpFields& received);

class NodePort : public InputPort {
 public:
  // On Kafka only a partition's owner knows what is a duplicate: answers say null.
  virtual bool knows_duplicates() const = 0;
  // Caught up: what is asked now is answered from the whole log.
  virtual Readiness ready() const = 0;
  // Empty, or why this process should be restarted: the disk failed, a thread died.
  virtual std::string sick() const = 0;
  // Prometheus text format; may be empty. From query threads.
  virtual std::string metrics() const = 0;
};

}  // namespace tocsin
