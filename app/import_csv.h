// `tocsin import csv --adapter FILE ROWS.csv`: rows of a table through an adapter, as facts on
// standard output, the whole file one stream.
//
// The first row names the members and every value is a text. The separator is the one of `,`, `;`
// and tab that the first row holds most of; the encoding is UTF-8, a byte order mark is skipped, or
// GB18030 where the adapter says so. Cost: the file is held in memory.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/adapter_try.h"
#include "connectors/crm/adapter.h"

namespace tocsin {

// An error for people, or empty. Rows that are no rows go to `damaged` with their line.
std::string import_csv(const Adapter& adapter, std::string text, AdapterTrial& trial,
                       const std::function<void(long line, const std::string& why)>& damaged,
                       Instant now);

}  // namespace tocsin
