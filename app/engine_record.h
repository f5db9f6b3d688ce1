// Records of the engine's own in the log (`tocsin.engine.…`, contract §8): about no account's
// business, so their account is `tocsin`.
#pragma once

#include <string>
#include <string_view>

#include "events/log_record.h"

namespace tocsin {

// In place of a record that was handed in and that the partition could not take.
inline constexpr std::string_view kRefusedType = "tocsin.engine.refused";

// The record, compact JSON. `id` is unique in the log, `data` a JSON object; true and decided `at`
// the same instant; `stamps` as append_own_event takes them. Pure.
inline std::string engine_record(std::string_view type, std::string_view id, std::string_view data,
                                 Instant at, std::string_view subject = "tocsin",
                                 std::string_view stamps = {}) {
  std::string record;
  append_own_event(record, {id, type, subject, "tocsin", at, at, data, stamps});
  return record;
}

}  // namespace tocsin
