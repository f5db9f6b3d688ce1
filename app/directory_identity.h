// Whether a directory is still the one that it was: not removed, moved away or mounted over.
//
// Threads: a value.
#pragma once

#include <sys/stat.h>

#include <filesystem>

namespace tocsin {

class DirectoryIdentity {
 public:
  DirectoryIdentity() = default;
  explicit DirectoryIdentity(std::filesystem::path path) : path_(std::move(path)) {
    known_ = ::stat(path_.c_str(), &found_) == 0;
  }
  bool still_there() const {
    struct stat now {};
    return !known_ || (::stat(path_.c_str(), &now) == 0 && now.st_dev == found_.st_dev &&
                       now.st_ino == found_.st_ino);
  }

 private:
  std::filesystem::path path_;
  struct stat found_ {};
  bool known_ = false;
};

}  // namespace tocsin
