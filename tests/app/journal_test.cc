// What people read on standard output.
#include "app/journal.h"

#include <gtest/gtest.h>

#include <string>

namespace tocsin {
namespace {

std::string breached(int i) {
  const std::string id = "T-" + std::to_string(i);
  return R"({"specversion":"1.0","id":"b)" + std::to_string(i) +
         R"(","source":"/tocsin/engine","type":"tocsin.clock.breached",)"
         R"("time":"2026-03-02T10:15:00.000Z","subject":")" +
         id +
         R"(","partitionkey":"acme","recordedtime":"2026-03-02T10:15:00.001Z",)"
         R"("datacontenttype":"application/json","data":{"entity":"ticket/)" +
         id +
         R"(","clock":"ticket.response","cycle":1,"threshold":"target",)"
         R"("due":"2026-03-02T10:15:00.000Z"}})";
}

TEST(RecordPrinterTest, PrintsAllInOrderAlsoWhenMoreComesThanMayWait) {
  std::FILE* const out = std::tmpfile();
  std::string wanted;
  {
    RecordPrinter printer(out, false, 1000);
    for (int i = 0; i < 100; ++i) {
      printer.print(breached(i));
      wanted += "2026-03-02T10:15:00Z  acme  ticket/T-" + std::to_string(i) +
                "  BREACHED ticket.response target, due 2026-03-02T10:15:00.000Z\n";
    }
  }
  std::rewind(out);
  std::string printed(wanted.size() + 1, '\0');
  printed.resize(std::fread(printed.data(), 1, printed.size(), out));
  std::fclose(out);
  EXPECT_EQ(printed, wanted);
}

}  // namespace
}  // namespace tocsin
