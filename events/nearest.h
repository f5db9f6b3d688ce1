// Guessing what somebody meant who mistyped a word: `did you mean …?`.
//
// Threads: pure. Cost: the product of the lengths, a candidate; texts over kNearestTextMax are not
// guessed at.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tocsin {

inline constexpr std::size_t kNearestTextMax = 100;

// The least number of letters to add, drop or change.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that is a few typing errors away from `text`, the first of the nearest; empty when
// none is. A third of the text's letters may be wrong, two always.
std::string_view nearest(std::string_view text, std::span<const std::string> candidates);

}  // namespace tocsin
