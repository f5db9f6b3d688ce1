#include "app/import_csv.h"

#include <iconv.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "connectors/crm/csv.h"
#include "events/writer.h"

namespace tocsin {
namespace {

// False where the bytes are none of the encoding.
bool from_gb18030(std::string& text) {
  const iconv_t converter = iconv_open("UTF-8", "GB18030");
  if (converter == reinterpret_cast<iconv_t>(-1)) return false;
  std::string out(text.size() * 2 + 16, '\0');
  char *from = text.data(), *to = out.data();
  std::size_t left = text.size(), room = out.size();
  const bool whole = iconv(converter, &from, &left, &to, &room) != static_cast<std::size_t>(-1);
  iconv_close(converter);
  out.resize(out.size() - room);
  text = std::move(out);
  return whole;
}

char separator_of(std::string_view text) {
  std::size_t counts[3] = {};
  constexpr char kSeparators[] = {',', ';', '\t'};
  bool quoted = false;
  for (const char c : text) {
    if (c == '\n' && !quoted) break;
    if (c == '"') quoted = !quoted;
    for (int i = 0; i < 3 && !quoted; ++i) counts[i] += c == kSeparators[i] ? 1u : 0u;
  }
  return kSeparators[std::max_element(counts, counts + 3) - counts];
}

}  // namespace

std::string import_csv(const Adapter& adapter, std::string text, AdapterTrial& trial,
                       const std::function<void(long line, const std::string& why)>& damaged,
                       Instant now) {
  if (adapter.gb18030 && !from_gb18030(text)) return "it is no GB18030 text";
  const char separator = separator_of(text);
  std::istringstream in(std::move(text));
  CsvReader reader(in, separator);
  if (reader.header().empty() || (reader.header().size() == 1 && reader.header()[0].empty()))
    return "the first row must name the members";
  std::vector<std::string> row;
  std::string json;
  for (;;) {
    if (!reader.next(row)) {
      if (reader.error().empty()) return {};
      damaged(reader.line(), reader.error());
      if (!in) return {};
      continue;
    }
    json.clear();
    for (std::size_t i = 0; i < row.size(); ++i) {
      json += i == 0 ? '{' : ',';
      append_json_string(json, reader.header()[i]);
      json += ':';
      append_json_string(json, row[i]);
    }
    json += '}';
    trial.body(json, {}, now);
  }
}

}  // namespace tocsin
