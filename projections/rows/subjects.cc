#include "projections/rows/subjects.h"

#include "events/bytes.h"

namespace tocsin {

Hash128 subject_hash(std::string_view source, std::string_view kind, std::string_view subject) {
  return hash128(subject, hash128(kind, hash128(source)));
}

std::optional<SubjectRow> subject_row(const Fact& fact, std::string_view attributes) {
  if (attributes.find("\"tocsinadapter\":") == std::string_view::npos) return std::nullopt;
  if (fact.verb == "cancelled" && fact.data == R"({"reason":"moved"})") return std::nullopt;
  return SubjectRow{subject_hash(fact.source, fact.kind, fact.subject), fact.recorded,
                    fact.account};
}

std::string encode_subject(const SubjectRow& row) {
  std::string out;
  put_signed(out, row.recorded.ms);
  put_text(out, row.account);
  return out;
}

SubjectRow decode_subject(std::string_view bytes) {
  ByteReader in(bytes);
  SubjectRow row;
  row.recorded = {in.signed_int()};
  row.account = in.view();
  return row;
}

}  // namespace tocsin
