#include "app/log_commands.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <stdexcept>

#include "app/line_writer.h"
#include "app/log_source.h"
#include "events/base64.h"
#include "events/writer.h"

namespace tocsin {

namespace {

bool read_position(const std::string& text, PartitionId& partition, Offset& offset) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return false;
  const char* end = text.data() + text.size();
  const auto a = std::from_chars(text.data(), text.data() + colon, partition);
  const auto b = std::from_chars(text.data() + colon + 1, end, offset);
  return a.ec == std::errc{} && a.ptr == text.data() + colon && b.ec == std::errc{} &&
         b.ptr == end && partition >= 0 && offset >= 0;
}

void append_position(std::string& out, PartitionId partition, Offset offset) {
  out += "{\"position\":\"";
  append_int(out, partition);
  out += ':';
  append_int(out, offset);
  out += '"';
}

// False: nobody reads any more (`| head`). Throws where the output cannot be written.
bool check_output(bool written) {
  if (!written && errno != EPIPE)
    throw std::runtime_error(std::string("standard output cannot be written: ") +
                             std::strerror(errno));
  return written;
}

bool print(std::string& line) {
  static const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  if (terminal) line = printable(line);
  line += '\n';
  errno = 0;
  const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size();
  line.clear();
  return check_output(written);
}

bool flush() {
  errno = 0;
  return check_output(std::fflush(stdout) == 0);
}

std::string rejected_line(PartitionId partition, Offset offset, const RejectedRecord& record) {
  std::string line;
  append_position(line, partition, offset);
  line += ",\"reason\":";
  append_json_string(line, record.reason);
  line += ",\"headers\":{";
  std::map<std::string, std::string> headers(record.headers.begin(), record.headers.end());
  bool first = true;
  for (const auto& [name, value] : headers) {
    if (!first) line += ',';
    first = false;
    append_json_string(line, name);
    line += ':';
    append_json_string(line, value);
  }
  line += "},\"source\":";
  append_json_string(line, record.source);
  line += ",\"original\":\"" + base64(record.original) + "\"}";
  return line;
}

}  // namespace

int run_log_command(const Config& config, const LogCommand& command) {
  PartitionId from_partition = 0;
  Offset after = -1;
  if (!command.after.empty() && !read_position(command.after, from_partition, after)) {
    std::cerr << "tocsin: --after must be a position like 0:17\n";
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);  // told by the write instead
  try {
    const auto source = open_log_source(config);
    std::map<PartitionId, Offset> next;
    for (const PartitionId p : source->partitions()) next[p] = 0;
    for (auto& [p, offset] : next) {
      if (!command.after.empty() && p == from_partition) offset = after + 1;
    }
    do {
      for (auto& position : next) {
        const PartitionId p = position.first;
        Offset& offset = position.second;
        if (!command.after.empty() && p < from_partition) continue;
        std::string line;
        bool open = true;
        if (command.rejected) {
          offset = source->read_rejected(p, offset, [&](Offset o, const RejectedRecord& record) {
            line = rejected_line(p, o, record);
            return open = print(line);
          });
        } else {
          offset = source->read(p, offset, [&](Offset o, std::string_view, std::string_view value) {
            append_position(line, p, o);
            line += ",\"event\":";
            line += value;
            line += '}';
            return open = print(line);
          });
        }
        if (!open) return 0;  // nobody reads any more
      }
      if (!flush()) return 0;
    } while (command.follow && source->wait());
  } catch (const std::exception& e) {
    std::cerr << "tocsin: " << e.what() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace tocsin
