// Inside the inbound door: its figures, and what is kept with a rejected payload.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "connectors/crm/inbound.h"
#include "events/mutex.h"

namespace tocsin {

// Of one adapter. Reasons are counted by their first words, kReasonSeriesMax of them: the rest is
// `other`. Threads: any.
class AdapterFigures {
 public:
  static constexpr std::size_t kReasonSeriesMax = 40;

  void note(Instant arrival, std::size_t ignored, std::size_t not_ours);
  void reject(std::string_view reason);
  void unauthorized(std::string_view why);
  void facts(std::size_t accepted, std::size_t duplicates);

  struct Values {
    std::int64_t payloads = 0, ignored = 0, not_ours = 0, accepted = 0, duplicates = 0;
    Instant last;  // payload
    std::map<std::string, std::int64_t> rejected, unauthorized;
  };
  Values values() const;

 private:
  mutable Mutex mutex_;
  Values values_ GUARDED_BY(mutex_);
};

// `unmapped:state=On hold` is counted as `unmapped:state`.
std::string reason_class(std::string_view reason);

// Of a rejected record's headers: content and tracing, and what the adapter's paths name; never
// those that it is verified by; 4 KiB at most (contract §3).
HttpFields kept_headers(const InboundAdapter& adapter, const HttpFields& headers);

// Adds one event's outcome to the result of its payload.
void count_outcome(const EventOutcome& outcome, InboundResult& result);

}  // namespace tocsin
