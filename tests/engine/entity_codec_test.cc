#include "engine/entity/entity_codec.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace tocsin {
namespace {

using Pieces = std::map<std::string, std::string, std::less<>>;

// Stores what changed, as a store does. Returns the bytes written.
std::size_t store(Account& account, Pieces& pieces) {
  std::size_t bytes = 0;
  for (const AccountPiece& piece : encode_account(account)) {
    bytes += piece.bytes.size();
    if (piece.bytes.empty()) {
      pieces.erase(piece.name);
    } else {
      pieces[piece.name] = piece.bytes;
    }
  }
  return bytes;
}

Account load(const Pieces& pieces) {
  const PieceLoader loader = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = pieces.find(name);
    return found == pieces.end() ? std::nullopt : std::optional(found->second);
  };
  Account account;
  account.name = "acme";
  decode_account(*loader("acme"), loader, account);
  return account;
}

void open(Account& a, const std::string& module, std::int64_t week, std::int64_t time) {
  const std::string id = "T-" + std::to_string(time);
  a.faults[module][week].add(time, id);
  a.parts_changed.emplace(module, week, Openings::part_of(id));
  a.modules_changed.insert(module);
}

void forget_week(Account& a, const std::string& module, std::int64_t week) {
  for (const auto& [part, _] : a.faults[module][week].parts())
    a.parts_changed.emplace(module, week, part);
  a.faults[module].erase(week);
  if (a.faults[module].empty()) a.faults.erase(module);
  a.modules_changed.insert(module);
}

TEST(AccountPieces, LoadAsTheyWereAndLeaveNothingBehind) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Account account;
  account.name = "acme";
  Pieces pieces;
  for (int step = 0; step < 300; ++step) {
    const std::string module = "m" + std::to_string(random() % 3);
    const auto week = static_cast<std::int64_t>(random() % 4);
    if (random() % 4 == 0) {
      forget_week(account, module, week);
    } else {
      open(account, module, week, step);
    }
    for (auto n = random() % 50; n > 0; --n)
      account.provisional.push_back("ticket/" + std::to_string(n));
    if (random() % 40 == 0) {  // a tier: nothing joins the list before that is stored
      account.provisional.clear();
      store(account, pieces);
    }
    if (random() % 10 == 0) account.faults_said.emplace(module, week);
    if (random() % 3 != 0) continue;
    store(account, pieces);
    const Account loaded = load(pieces);
    ASSERT_EQ(loaded.faults, account.faults);
    ASSERT_EQ(loaded.provisional, account.provisional);
    ASSERT_EQ(loaded.faults_said, account.faults_said);
  }
  account.provisional.clear();
  while (!account.faults.empty()) {
    const std::string module = account.faults.begin()->first;
    forget_week(account, module, account.faults[module].begin()->first);
  }
  store(account, pieces);
  EXPECT_EQ(pieces.size(), 1u) << "only its own is left";
}

// Two years of ten tickets a week in each of five modules, none of them with a known tier.
TEST(AccountPieces, AChangeWritesLittleHoweverLongTheHistory) {
  Account account;
  account.name = "acme";
  Pieces pieces;
  std::int64_t time = 0;
  for (int week = 0; week < 104; ++week) {
    for (int i = 0; i < 50; ++i, ++time) {
      open(account, "m" + std::to_string(i % 5), week, time);
      account.provisional.push_back("ticket/T-" + std::to_string(time));
    }
  }
  EXPECT_GT(store(account, pieces), 100'000u);
  open(account, "m1", 103, time);
  account.provisional.push_back("ticket/T-" + std::to_string(time));
  EXPECT_LT(store(account, pieces), 6'000u);
}

TEST(AccountPieces, AnOpeningWritesLittleHoweverManyAWeekHas) {
  Account account;
  account.name = "acme";
  Pieces pieces;
  for (std::int64_t time = 0; time < 10'000; ++time) open(account, "m", 0, time);
  EXPECT_GT(store(account, pieces), 60'000u);
  open(account, "m", 0, 10'000);
  EXPECT_LT(store(account, pieces), 3'000u);
}

}  // namespace
}  // namespace tocsin
