// What people read on standard output, also when nobody reads it.
#include "app/journal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace tocsin {
namespace {

using ::testing::HasSubstr;

class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_) != 0) throw std::runtime_error("no pipe");
  }
  ~Pipe() {
    close_writing();
    ::close(ends_[0]);
  }
  int in() const { return ends_[1]; }
  void close_writing() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  // All that there is, without waiting for more.
  std::string read() {
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    std::string all;
    char buffer[4096];
    for (ssize_t n; (n = ::read(ends_[0], buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }

 private:
  int ends_[2];
};

TEST(LineWriterTest, WritesAllInOrder) {
  Pipe pipe;
  std::string wanted;
  {
    LineWriter writer(pipe.in());
    for (int i = 0; i < 1000; ++i) {
      writer.write("line " + std::to_string(i));
      wanted += "line " + std::to_string(i) + "\n";
    }
  }
  EXPECT_EQ(pipe.read(), wanted);
}

TEST(LineWriterTest, WhoDoesNotReadHoldsNobodyUpAndIsToldWhatIsLacking) {
  Pipe pipe;
  const std::string line(999, 'x');
  std::string read;
  {
    LineWriter writer(pipe.in(), 100'000);
    for (int i = 0; i < 10'000; ++i) writer.write(line);  // a pipe holds 64 KiB
    EXPECT_GT(writer.dropped(), 9'000);
    while (read.find("nobody read in time") == std::string::npos) read += pipe.read();
  }
  EXPECT_THAT(read, HasSubstr(" lines that nobody read in time)\n"));
}

TEST(LineWriterTest, AnEndDoesNotWaitForAReader) {
  Pipe pipe;
  LineWriter writer(pipe.in());
  for (int i = 0; i < 1000; ++i) writer.write(std::string(999, 'x'));
}

TEST(LineWriterTest, WhatActsOnATerminalIsWrittenAsAnEscape) {
  EXPECT_EQ(printable("a\x1b[31mb\x7f\xc2\x9b"), "a\\u001b[31mb\\u007f\\u009b");
  EXPECT_EQ(printable("\xe2\x80\xaetxt\xe2\x81\xa6"), "\\u202etxt\\u2066");
  EXPECT_EQ(printable("王芳 ü€ \xf0\x9f\x98\x80 \xff"), "王芳 ü€ \xf0\x9f\x98\x80 \xff");
}

TEST(JournalTest, ALineThatIsNotTakenIsDroppedAndCounted) {
  Pipe pipe;
  Journal journal(LogLevel::kInfo, pipe.in());
  for (int i = 0; i < 1000; ++i) journal.line("info", "event", std::string(500, 'x'));
  EXPECT_LT(pipe.read().size(), 100'000u);
  journal.line("info", "after");
  EXPECT_THAT(pipe.read(), HasSubstr("\"lines_dropped\",\"detail\":\""));
}

Committed fact(bool replayed) {
  Committed record;
  record.type = "tocsin.ticket.opened";
  record.time = *parse_rfc3339("2026-03-02T10:15:00Z");
  record.account = "acme";
  record.entity_kind = "ticket";
  record.entity_id = "T-1";
  record.replayed = replayed;
  return record;
}

TEST(RecordPrinterTest, WhatIsReplayedIsNotPrintedAgain) {
  Pipe pipe;
  {
    RecordPrinter printer(pipe.in(), true);
    printer.print(fact(true));
    printer.print(fact(false));
  }
  EXPECT_EQ(pipe.read(), "2026-03-02T10:15:00Z  acme  T-1  ticket.opened\n");
}

}  // namespace
}  // namespace tocsin
