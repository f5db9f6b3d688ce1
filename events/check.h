// CHECK: our own mistakes end the program, in release too, before they become wrong decisions.
//
// For invariants only: what comes from outside is judged and answered, never checked. Prints the
// condition and its place on standard error. Any thread. Cost: a branch that is never taken.
#pragma once

namespace tocsin {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace tocsin

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::tocsin::check_failed(#condition, __FILE__, __LINE__))
