// Where the subjects of a CRM were seen last: of each (source, kind, subject) whose facts came
// through an adapter, the account of the latest one. A view like others: made from the log alone.
//
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/fact.h"
#include "events/hash.h"
#include "events/time.h"

namespace tocsin {

struct SubjectRow {
  Hash128 subject;
  Instant recorded;  // which partition's row is the latest
  std::string account;
};

Hash128 subject_hash(std::string_view source, std::string_view kind, std::string_view subject);

// The row that an accepted fact makes, if it came through an adapter: `attributes` are the log
// record's stamps, or the fact's extensions. The `cancelled` of a move says nothing of where the
// subject is now.
std::optional<SubjectRow> subject_row(const Fact& fact, std::string_view attributes);

std::string encode_subject(const SubjectRow& row);
SubjectRow decode_subject(std::string_view bytes);  // but for the hash

}  // namespace tocsin
