#include "connectors/crm/csv.h"

#include <algorithm>

namespace tocsin {

CsvReader::CsvReader(std::istream& in, char separator) : in_(in), separator_(separator) {
  // A mark before a quoted name would take the quote for a letter: it goes first.
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  std::size_t seen = 0;
  while (seen < kMark.size() && in_.peek() == static_cast<unsigned char>(kMark[seen])) {
    in_.get();
    ++seen;
  }
  read_row(header_);
  if (seen < kMark.size()) header_[0].insert(0, kMark.substr(0, seen));
}

int CsvReader::column(std::string_view name) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  return found == header_.end() ? -1 : static_cast<int>(found - header_.begin());
}

bool CsvReader::next(std::vector<std::string>& row) {
  error_.clear();
  while (read_row(row)) {
    if (row.size() == 1 && row[0].empty()) continue;
    if (row.size() == header_.size()) return true;
    error_ = std::to_string(row.size()) + " fields where the header has " +
             std::to_string(header_.size());
    return false;
  }
  return false;
}

bool CsvReader::read_row(std::vector<std::string>& row) {
  row.assign(1, {});
  row_line_ = next_line_;
  bool quoted = false, any = false;
  std::size_t bytes = 0;
  for (int c; (c = in_.get()) != std::istream::traits_type::eof();) {
    any = true;
    if (++bytes > kRowBytesMax) {
      error_ = "a row of more than " + std::to_string(kRowBytesMax) + " bytes: is a quote missing?";
      return false;
    }
    const char byte = static_cast<char>(c);
    if (byte == '\n') ++next_line_;
    if (quoted) {
      if (byte != '"') {
        row.back() += byte;
      } else if (in_.peek() == '"') {
        row.back() += static_cast<char>(in_.get());
      } else {
        quoted = false;
      }
    } else if (byte == '"' && row.back().empty()) {
      quoted = true;
    } else if (byte == separator_) {
      row.emplace_back();
    } else if (byte == '\n') {
      if (!row.back().empty() && row.back().back() == '\r') row.back().pop_back();
      return true;
    } else {
      row.back() += byte;
    }
  }
  if (quoted) error_ = "the file ends inside a quoted field";
  return any && !quoted;
}

}  // namespace tocsin
