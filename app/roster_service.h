// The roster of a running node, by HTTP: questions, overrides, reading its file again on demand (that
// it is read when it changes is RosterWatch's).
//
// A file's roster, and each override, count when they stand in the log of every partition. A file
// that cannot be read, or has mistakes, changes nothing and is reported.
//
// Threads: any.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/node.h"
#include "connectors/http/module_route.h"

namespace tocsin {

class RosterService {
 public:
  using Report = std::function<void(std::string_view level, std::string_view event,
                                    const std::string& detail)>;

  // `path` empty: there is no file.
  RosterService(Node& node, std::string path, Report report);
  // Says where what is in force is not the file.
  void start();
  std::vector<ModuleRoute> routes();

 private:
  // Reads the file; `done` says how it went, as the status and words of an answer.
  void reload(std::function<void(int, const std::string&)> done);
  void get_oncall(ModuleCall call);
  void get_calendar(ModuleCall call);
  void get_roster(ModuleCall call);
  void post_override(ModuleCall call);
  void delete_override(ModuleCall call);

  Node& node_;
  const std::string path_;
  const Report report_;
};

}  // namespace tocsin
