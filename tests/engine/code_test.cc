// Codes are types: none passes for another, and a table dies of one that it does not have.
#include "engine/policy/code.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "engine/entity/entity.h"
#include "engine/policy/policy.h"

namespace tocsin {
namespace {

// ---- what does not compile

template <class Table, class Index>
concept Indexable = requires(const Table& table, const Index& index) {
  table[index];
};
template <class A, class B>
concept Comparable = requires(const A& a, const B& b) {
  a == b;
};

// Whether every one of these is itself alone: no other code, and no number.
template <class... Cs>
constexpr bool all_apart() {
  const auto apart_from_all = []<class C>(C) {
    return ((std::is_same_v<C, Cs> ||
             (!std::is_convertible_v<Cs, C> && !std::is_constructible_v<C, Cs> &&
              !Comparable<C, Cs> && !std::is_assignable_v<C&, Cs>)) &&
            ...) &&
           !std::is_convertible_v<int, C> && !std::is_convertible_v<C, int> &&
           !std::is_constructible_v<int, C> && !Comparable<C, int>;
  };
  return (apart_from_all(Cs()) && ...);
}
static_assert(all_apart<KindCode, VerbCode, WordCode, ClockCode, StageCode, PriorityCode, TierCode,
                        RoleCode, ThresholdCode, CalendarCode>());

static_assert(Indexable<decltype(Policy::tiers), TierCode>);
static_assert(!Indexable<decltype(Policy::tiers), RoleCode>);
static_assert(!Indexable<decltype(Policy::tiers), std::size_t>);
static_assert(!Indexable<decltype(Policy::tiers), int>);
static_assert(Indexable<decltype(SaidCycle::thresholds), ThresholdCode>);
static_assert(!Indexable<decltype(SaidCycle::thresholds), int>);
static_assert(!std::is_invocable_v<decltype(&Policy::priority_name), const Policy&, TierCode>);
static_assert(!std::is_invocable_v<decltype(&Policy::calendar), const Policy&, int>);
static_assert(!std::is_convertible_v<Names<TierCode>, Names<RoleCode>>);

// They cost what a number costs.
static_assert(sizeof(VerbCode) == sizeof(std::int16_t));
static_assert(std::is_trivially_copyable_v<VerbCode>);

// ---- what they are

TEST(CodeTest, NoCodeIsNoneAndComesBeforeAllOthers) {
  const VerbCode none;
  EXPECT_EQ(none, kNone);
  EXPECT_EQ(none.number(), -1);
  EXPECT_NE(VerbCode(0), kNone);
  EXPECT_LT(VerbCode(0), VerbCode(1));
  EXPECT_FALSE((Names<VerbCode>{"opened"}).has(none));
}

TEST(CodeTest, ACodeIsKeptAsTheNumberThatItWas) {
  for (const int number : {-2, -1, 0, 7, 300}) EXPECT_EQ(CalendarCode(number).number(), number);
}

TEST(CodeTest, CodesAreToldApartInASet) {
  const std::unordered_set<ClockCode> set = {ClockCode(0), ClockCode(1), ClockCode(1), kNone};
  EXPECT_EQ(set.size(), 3U);
}

TEST(CodeTest, ATableIsWalkedByItsCodes) {
  const Names<TierCode> tiers = {"A", "B"};
  std::string walked;
  for (const TierCode tier : tiers.codes()) walked += std::to_string(tier.index()) + tiers[tier];
  EXPECT_EQ(walked, "0A1B");
  EXPECT_EQ(tiers.find([](const std::string& name) { return name == "B"; }), TierCode(1));
  EXPECT_EQ(tiers.find([](const std::string& name) { return name == "C"; }), kNone);
}

TEST(CodeTest, ATableOfFlagsIsWrittenByItsCodes) {
  Coded<PriorityCode, bool> urgent(2);
  urgent[PriorityCode(1)] = true;
  EXPECT_FALSE(urgent[PriorityCode(0)]);
  EXPECT_TRUE(urgent[PriorityCode(1)]);
}

TEST(CodeTest, AllowancesAreByPriorityAndByTierWhereTheyDiffer) {
  Allowances all;
  EXPECT_EQ(all.of(PriorityCode(5), kNone).kind, Allowance::Kind::kNothing);
  all.resize(2, 2, false);
  all.put(PriorityCode(1), kNone, {Allowance::Kind::kOpenTime, 7});
  EXPECT_EQ(all.of(PriorityCode(1), TierCode(1)).amount, 7);
  Allowances by_tier;
  by_tier.resize(2, 2, true);
  by_tier.put(PriorityCode(0), TierCode(1), {Allowance::Kind::kOpenTime, 9});
  EXPECT_EQ(by_tier.of(PriorityCode(0), TierCode(1)).amount, 9);
  EXPECT_EQ(by_tier.of(PriorityCode(0), TierCode(0)).amount, 0);
}

// ---- a code that a table does not have

TEST(CodeDeathTest, ATableEndsTheProgram) {
  const Names<TierCode> tiers = {"A", "B"};
  EXPECT_DEATH((void)tiers[TierCode(2)], "has\\(code\\)");
  EXPECT_DEATH((void)tiers[kNone], "has\\(code\\)");
  EXPECT_DEATH((void)tiers[TierCode(-2)], "has\\(code\\)");
  Names<TierCode> own = tiers;
  EXPECT_DEATH(own[TierCode(2)] = "C", "has\\(code\\)");
  Coded<PriorityCode, bool> urgent(2);
  EXPECT_DEATH(urgent[PriorityCode(2)] = true, "has\\(code\\)");
}

TEST(CodeDeathTest, ATableOfFixedSizeEndsTheProgram) {
  ByThreshold<int> dues;
  EXPECT_DEATH(dues[ThresholdCode(kMaxThresholds)] = 1, "index\\(\\) < N");
  EXPECT_DEATH(dues[kNone] = 1, "index\\(\\) < N");
}

TEST(CodeDeathTest, AnAllowanceOfAnotherPriorityOrTierEndsTheProgram) {
  Allowances by_tier;
  by_tier.resize(2, 2, true);
  EXPECT_DEATH((void)by_tier.of(PriorityCode(2), TierCode(0)), "priorities_");
  EXPECT_DEATH((void)by_tier.of(PriorityCode(0), TierCode(2)), "priorities_");
  EXPECT_DEATH((void)by_tier.of(PriorityCode(1), kNone), "priorities_");
}

TEST(CodeDeathTest, APriorityThatNoVersionHadEndsTheProgram) {
  Policy policy;
  policy.priorities = {"P1"};
  policy.retired_priorities = {"P9"};
  EXPECT_EQ(policy.priority_name(PriorityCode(1)), "P9");
  EXPECT_DEATH((void)policy.priority_name(PriorityCode(2)), "retired");
  EXPECT_DEATH((void)policy.priority_name(kNone), "kNone");
}

}  // namespace
}  // namespace tocsin
