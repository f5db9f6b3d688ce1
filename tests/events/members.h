// A structured event of which a test changes one member: Members{.type = R"("x")"}.json().
#pragma once

#include <string>

namespace tocsin {

// Each value is JSON; an empty one leaves the member out.
struct Members {
  std::string specversion = R"("1.0")", id = R"("1")", source = R"("/crm")",
              type = R"("tocsin.ticket.opened")", time = R"("2026-03-02T09:15:00+08:00")",
              subject = R"("T-1")", partitionkey = R"("ACC")", rest = "";
  std::string json() const {
    std::string out = "{";
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty())
        out += (out.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + value;
    };
    add("specversion", specversion);
    add("id", id);
    add("source", source);
    add("type", type);
    add("time", time);
    add("subject", subject);
    add("partitionkey", partitionkey);
    return out + (rest.empty() ? "" : "," + rest) + "}";
  }
};

}  // namespace tocsin
