// Reading comma-separated values (RFC 4180) with a header line, one row at a time.
//
// Fields may be in double quotes and then hold commas, line ends and doubled quotes. Line ends are
// LF or CRLF; a byte order mark is skipped; empty lines are too. Threads: one at a time.
#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

class CsvReader {
 public:
  // A row longer than this is damage, such as a quote that was never closed.
  static constexpr std::size_t kRowBytesMax = 1 << 20;

  // Reads the header line.
  explicit CsvReader(std::istream& in, char separator = ',');

  const std::vector<std::string>& header() const { return header_; }
  // The column of that name, or -1.
  int column(std::string_view name) const;

  // The next row; false at the end or when a row is damaged (then `error` says why; reading may go
  // on behind one that has another number of fields).
  bool next(std::vector<std::string>& row);

  // The line in which the last row began, from 1.
  long line() const { return row_line_; }
  const std::string& error() const { return error_; }

 private:
  bool read_row(std::vector<std::string>& row);

  std::istream& in_;
  const char separator_;
  std::vector<std::string> header_;
  long next_line_ = 1, row_line_ = 1;
  std::string error_;
};

}  // namespace tocsin
