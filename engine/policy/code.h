// Codes: places in a policy's own lists, each list with a type of code of its own.
//
// A verb is a place in its kind's list of verbs, a clock in its kind's clocks, a priority its rank
// (0 is the most urgent), a tier its place among the tiers. A code of one list cannot be taken for
// one of another, nor for a number; a table takes codes of its own list only, and one that it does
// not have is our mistake: it ends the program, in release too.
//
// Example
//   Coded<TierCode, std::string> tiers = {"A", "B"};
//   for (const TierCode tier : tiers.codes()) print(tiers[tier]);
//   tiers[StageCode(0)];  // does not compile
//   tiers[TierCode(2)];   // ends the program
//
// Numbers come in and go out by `number()` in what is stored and logged, and nowhere else.
// Pure; any thread. Cost: that of a number; a table's `[]` compares once.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

#include "events/check.h"

namespace tocsin {

// No code of any list; every code can be compared with it and set to it.
struct NoCode {};
inline constexpr NoCode kNone;

template <class Tag>
class Code {
 public:
  constexpr Code() = default;
  constexpr Code(NoCode) {}
  constexpr explicit Code(std::integral auto place) : number_(static_cast<std::int16_t>(place)) {}

  // Its place; beyond every list where there is none.
  constexpr std::size_t index() const { return static_cast<std::size_t>(number_); }
  // As it is stored: its place, or −1.
  constexpr std::int16_t number() const { return number_; }

  friend constexpr auto operator<=>(Code, Code) = default;
  friend std::size_t hash_value(Code code) { return std::hash<std::int16_t>()(code.number_); }

 private:
  std::int16_t number_ = -1;
};

using KindCode = Code<struct KindTag>;            // in a policy's `kinds`
using VerbCode = Code<struct VerbTag>;            // in a kind's `verbs`
using WordCode = Code<struct WordTag>;            // in the words of a field, or a verb's subjects
using ClockCode = Code<struct ClockTag>;          // in a kind's `clocks`
using StageCode = Code<struct StageTag>;          // in a kind's `stages`
using PriorityCode = Code<struct PriorityTag>;    // in a policy's `priorities`, retired ones behind
using TierCode = Code<struct TierTag>;            // in a policy's `tiers`
using RoleCode = Code<struct RoleTag>;            // in a policy's `roles`
using ThresholdCode = Code<struct ThresholdTag>;  // in a policy's `thresholds`
using CalendarCode = Code<struct CalendarTag>;    // in a policy's `calendars`

// The codes of a list of so many, in order.
template <class C>
class Codes {
 public:
  class Iterator {
   public:
    constexpr explicit Iterator(std::size_t place) : place_(place) {}
    constexpr C operator*() const { return C(place_); }
    constexpr Iterator& operator++() {
      ++place_;
      return *this;
    }
    friend constexpr bool operator==(Iterator, Iterator) = default;

   private:
    std::size_t place_;
  };

  constexpr explicit Codes(std::size_t size) : size_(size) {}
  constexpr Iterator begin() const { return Iterator(0); }
  constexpr Iterator end() const { return Iterator(size_); }

 private:
  std::size_t size_;
};

// A list by codes: a vector that is asked by its own codes alone.
template <class C, class T>
class Coded : private std::vector<T> {
  using List = std::vector<T>;

 public:
  using List::assign, List::back, List::begin, List::clear, List::emplace_back, List::empty,
      List::end, List::front, List::push_back, List::reserve, List::resize, List::size;
  using typename List::value_type;

  Coded() = default;
  explicit Coded(std::size_t size) : List(size) {}
  Coded(std::initializer_list<T> list) : List(list) {}
  Coded(List list) : List(std::move(list)) {}

  decltype(auto) operator[](C code) {
    CHECK(has(code));
    return *(begin() + static_cast<std::ptrdiff_t>(code.index()));
  }
  decltype(auto) operator[](C code) const {
    CHECK(has(code));
    return *(begin() + static_cast<std::ptrdiff_t>(code.index()));
  }

  bool has(C code) const { return code.index() < size(); }
  Codes<C> codes() const { return Codes<C>(size()); }
  // Of the first that is so; kNone when none is.
  template <class Is>
  C find(const Is& is) const {
    const auto it = std::find_if(begin(), end(), is);
    return it == end() ? C() : C(it - begin());
  }
  const List& list() const { return *this; }

  friend bool operator==(const Coded& a, const Coded& b) { return a.list() == b.list(); }
};

// The same of a fixed size.
template <class C, class T, std::size_t N>
class CodedArray {
 public:
  constexpr T& operator[](C code) {
    CHECK(code.index() < N);
    return list_[code.index()];
  }
  constexpr const T& operator[](C code) const {
    CHECK(code.index() < N);
    return list_[code.index()];
  }

  constexpr auto begin() { return list_.begin(); }
  constexpr auto begin() const { return list_.begin(); }
  constexpr auto end() { return list_.end(); }
  constexpr auto end() const { return list_.end(); }
  constexpr void fill(const T& value) { list_.fill(value); }

  friend bool operator==(const CodedArray&, const CodedArray&) = default;

 private:
  std::array<T, N> list_{};
};

}  // namespace tocsin

template <class Tag>
struct std::hash<tocsin::Code<Tag>> {
  std::size_t operator()(tocsin::Code<Tag> code) const { return hash_value(code); }
};
