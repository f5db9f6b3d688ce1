// Files that are compiled into the binary, so that it runs alone: the shipped policies, their
// calendars, the demo. Made by cmake/Embed.cmake.
#pragma once

#include <map>
#include <string>

namespace tocsin {

// By name, as `policy/key-account.yaml`.
const std::map<std::string, std::string>& embedded_files();

}  // namespace tocsin
