// What an account's first tier changes of entities whose tier was guessed is about that fact, and is
// said to be so: at once, by an owner that held it back, and by the next owner.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/said/derived.h"
#include "events/log_record.h"
#include "tests/engine/map_store.h"
#include "tests/engine/policy_fixture.h"
#include "tests/engine/property_world.h"

namespace tocsin {
namespace {

constexpr Instant kOpened{1'772'423'400'000};  // 2026-03-02T11:50 in Shanghai, ten minutes to lunch
constexpr Instant in(std::int64_t minutes) { return {kOpened.ms + minutes * 60'000}; }

Given fact(const std::string& id, const std::string& kind, const std::string& verb,
           const std::string& subject, Instant time, const std::string& data) {
  Given given;
  given.account = "A";
  given.kind = kind;
  given.verb = verb;
  given.subject = subject;
  given.id = id;
  given.time = time;
  given.data = data;
  return given;
}

using Lines = std::vector<std::string>;  // `id of the event cause`

class Owner {
 public:
  explicit Owner(MapStore& store)
      : store_(store), partition_(default_policy(), &store), decoder_(RecordedTime::kRead) {
    partition_.set_horizon(kNever);
  }

  // The fact's record.
  std::string arrive(const Given& given) {
    Decoded decoded;
    Judged judged;
    decoder_.structured(line_of(given), {}, decoded);
    partition_.check(decoded, given.time, false, judged);
    EXPECT_EQ(judged.reason, "");
    partition_.take(decoded, judged);
    std::string record;
    append_fact_record(record, decoded.fact, judged.stamps);
    return record;
  }

  Lines decide(Instant now, Instant release) {
    Lines said;
    partition_.decide(now, release, [&](const Entity& e, const Derived& event, Instant at) {
      std::string record;
      encode(record, e, *e.policy, event, at, true);
      records.push_back(record);
      LogEvent read;
      EXPECT_TRUE(read_log_record(record, read));
      const std::string_view order = event.cause;
      const std::string id(read.id.substr(read.id.find('/') + 1));
      said.push_back(id + " " + std::string(order.substr(order.rfind('\0') + 1)));
    });
    hand_over(partition_, store_);
    return said;
  }

  void follow(const Lines& log) {
    Instant last = kOpened;
    for (const std::string& line : log) {
      LogEvent record;
      ASSERT_TRUE(read_log_record(line, record));
      partition_.evolve(record);
      last = record.decided;
    }
    partition_.settle(last, true);
    hand_over(partition_, store_);
  }

  Entity* ticket() { return partition_.find({"A", "ticket", "T"}); }

  Lines records;

 private:
  MapStore& store_;
  Partition partition_;
  Decoder decoder_;
};

// C by guess: ten minutes to lunch and five after. A: fifteen minutes around the clock.
const Given kTicket = fact("open", "ticket", "opened", "T", kOpened, R"({"priority":"P1"})");
const Given kTier = fact("tier", "account", "tiered", "A", in(14), R"({"tier":"A"})");

// Of the response clock what was said since.
Lines of_response(const Lines& said) {
  Lines out;
  for (const std::string& line : said) {
    if (line.starts_with("ticket/T/ticket.response/") && line.find("warned") == std::string::npos)
      out.push_back(line);
  }
  return out;
}

TEST(FirstTier, IsNamedAtOnce) {
  MapStore store;
  Owner owner(store);
  owner.arrive(kTicket);
  owner.decide(kOpened, kOpened);
  owner.arrive(kTier);
  EXPECT_EQ(of_response(owner.decide(in(14), in(14))),
            Lines{"ticket/T/ticket.response/1/retargeted:1 tier"});
  EXPECT_FALSE(owner.ticket()->retiered);
}

// Past the new due while the intake is behind: the owner waits with what it has to say.
TEST(FirstTier, IsNamedByWhoHeldItBackAndByTheNextOwner) {
  const Lines expected = {"ticket/T/ticket.response/1/breached:target tier",
                          "ticket/T/ticket.response/1/target:2 tier",  // the first is in the past
                          "ticket/T/ticket.response/1/retargeted:1 tier"};
  const Given late = fact("tier", "account", "tiered", "A", in(30), R"({"tier":"A"})");
  MapStore store;
  Owner owner(store);
  Lines log = {owner.arrive(kTicket)};
  owner.decide(kOpened, kOpened);
  log.insert(log.end(), owner.records.begin(), owner.records.end());
  log.push_back(owner.arrive(late));
  EXPECT_EQ(owner.decide(in(30), in(10)), Lines{});
  EXPECT_TRUE(owner.ticket()->retiered);

  MapStore empty;
  Owner replayed(empty);
  replayed.follow(log);
  MapStore kept = store;
  Owner restarted(kept);
  EXPECT_EQ(kept.entities.at({"A", "ticket", "T"}).first,
            empty.entities.at({"A", "ticket", "T"}).first);

  EXPECT_EQ(of_response(owner.decide(in(31), in(31))), expected);
  EXPECT_EQ(of_response(replayed.decide(in(31), in(31))), expected);
  ASSERT_NE(restarted.ticket(), nullptr);
  EXPECT_TRUE(restarted.ticket()->retiered);
}

// What it gave nothing to say is over, for who decided and for who only reads the log.
TEST(FirstTier, ThatChangesNothingIsNamedByNothingLater) {
  MapStore store, empty;
  Owner owner(store);
  Lines log = {owner.arrive(kTicket)};
  owner.decide(kOpened, kOpened);
  log.insert(log.end(), owner.records.begin(), owner.records.end());
  log.push_back(owner.arrive(fact("tier", "account", "tiered", "A", in(3), R"({"tier":"C"})")));
  EXPECT_EQ(of_response(owner.decide(in(3), in(3))), Lines{});
  Owner replayed(empty);
  replayed.follow(log);
  for (Owner* one : {&owner, &replayed}) EXPECT_FALSE(one->ticket()->retiered);
}

}  // namespace
}  // namespace tocsin
