#include "connectors/http/event_feed.h"

#include <gmock/gmock.h>

#include <random>
#include <thread>

#include "events/log_record.h"
#include "tests/connectors/http/api_fixture.h"
#include "tests/projections/temp_directory.h"

namespace tocsin::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string record(std::string_view id, std::string_view type, std::string_view account) {
  std::string out;
  append_own_event(out, {id, type, "T-1", account, kNow, kNow, "{}"});
  return out;
}

// What a client has received, by event id; and the last position.
struct Received {
  std::vector<std::string> ids;
  std::string position;
  bool dropped = false;

  void take(StreamReply& reply) {
    std::vector<StreamReply::Chunk> chunks;
    reply.take(chunks, 1 << 30);
    for (const auto& chunk : chunks) read(*chunk);
  }
  void read(const std::string& text) {
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      const std::string line = text.substr(begin, end - begin);
      begin = end + 1;
      if (line.starts_with("id: ")) position = line.substr(4);
      if (line.starts_with("event: dropped")) dropped = true;
      if (line.starts_with("data: {\"specversion\"")) {
        const std::size_t id = line.find("\"id\":\"") + 6;
        ids.push_back(line.substr(id, line.find('"', id) - id));
      }
    }
  }
};

class FeedTest : public ::testing::Test {
 protected:
  FeedTest() {
    options.log = [this](std::string_view event, std::string_view client, std::string_view) {
      const std::lock_guard lock(mutex);
      logged.push_back(std::string(event) + " " + std::string(client));
    };
  }
  void start(const Positions& next = {{0, 0}}) {
    options.views = [this] { return store->view(); };
    feed = std::make_unique<EventFeed>(options, log);
    feed->begin(next);
  }
  // Appends to the log and publishes, as the node does after a commit.
  void happen(std::string_view id, std::string_view type = "tocsin.clock.started",
              std::string_view account = "acme", PartitionId partition = 0) {
    const std::string text = record(id, type, account);
    const Offset offset = log.append(partition, std::string(account), text);
    if (feed) publish(partition, offset, account, type, text, false);
  }
  void publish(PartitionId partition, Offset offset, std::string_view account,
               std::string_view type, std::string_view text, bool replayed) {
    Committed committed;
    committed.partition = partition;
    committed.offset = offset;
    committed.replayed = replayed;
    committed.kind =
        type.starts_with("tocsin.engine.") ? RecordKind::kEngine : RecordKind::kDerived;
    committed.type = type;
    committed.account = account;
    committed.bytes = text;
    feed->publish(committed);
  }
  std::shared_ptr<StreamReply> subscribe(std::string_view after = {}, std::string account = {},
                                         std::vector<std::string> types = {}) {
    FeedRequest request;
    request.client = "wall 10.0.0.1:5";
    if (!after.empty()) request.after = parse_positions(after);
    request.account = std::move(account);
    request.types = std::move(types);
    return feed->subscribe(std::move(request));
  }
  // The views have applied the log up to there, and know these tickets of acme and their sources.
  void apply_up_to(Offset next, const std::map<std::string, std::string>& tickets) {
    AppliedBatch batch;
    batch.business_day = std::make_shared<BusinessDay>([](Instant) { return Day{0}; });
    for (const auto& [id, source] : tickets) {
      EntityView view;
      view.created = true;
      view.source = source;
      batch.add_entity({"acme", "ticket", id}, "state", encode_view(view), kNever);
    }
    batch.next = next;
    store->apply(std::move(batch));
    ASSERT_TRUE(store->refresh(seconds(30)));
  }
  bool eventually_received(StreamReply& reply, Received& received, std::size_t count) {
    return eventually([&] {
      received.take(reply);
      return received.ids.size() >= count;
    });
  }
  bool was_logged(const std::string& line) {
    const std::lock_guard lock(mutex);
    return std::count(logged.begin(), logged.end(), line) == 1;
  }

  std::mutex mutex;
  std::vector<std::string> logged;
  TempDirectory directory;
  const std::unique_ptr<Store> store = Store::open(directory.path(), {});
  FakeLog log;
  FeedOptions options;
  std::unique_ptr<EventFeed> feed;
};

TEST(Positions, Text) {
  EXPECT_EQ(parse_positions("0:17"), (Positions{{0, 17}}));
  EXPECT_EQ(parse_positions("0:17,3:-1"), (Positions{{0, 17}, {3, -1}}));
  EXPECT_EQ(format_positions({{0, 17}, {3, -1}}), "0:17,3:-1");
  for (const std::string_view bad :
       {"", "0", "0:", ":1", "a:1", "0:1,", "0:1 ", "-1:1", "0:-2", "0:1,0:2", "99999999999:1"})
    EXPECT_EQ(parse_positions(bad), std::nullopt) << bad;
}

TEST_F(FeedTest, WhatLiesOutsideAScopeIsLeftOut) {
  start();
  FeedRequest request;
  request.client = "east";
  request.scope = std::make_shared<const Scope>(Scope{{"acme"}, {"/crm"}, {"ticket"}});
  const auto reply = feed->subscribe(std::move(request));
  const auto fact = [&](std::string_view id, std::string_view account, std::string_view source,
                        std::string_view type) {
    Fact f;
    f.id = id;
    f.account = account;
    f.source = source;
    f.type = type;
    f.subject = "T-1";
    f.time = f.recorded = f.claimed = kNow;
    std::string out;
    append_fact_record(out, f, {});
    publish(0, log.append(0, std::string(account), out), account, type, out, false);
  };
  const auto derived = [&](std::string_view id, std::string_view account, std::string_view entity) {
    std::string out;
    append_own_event(out, {id, "tocsin.clock.breached", "T-1", account, kNow, kNow,
                           "{\"entity\":\"" + std::string(entity) + "\"}"});
    publish(0, log.append(0, std::string(account), out), account, "tocsin.clock.breached", out,
            false);
  };
  fact("in", "acme", "/crm", "tocsin.ticket.opened");
  fact("account", "beta", "/crm", "tocsin.ticket.opened");
  fact("source", "acme", "/own", "tocsin.ticket.opened");
  fact("kind", "acme", "/crm", "tocsin.complaint.opened");
  derived("in too", "acme", "ticket/T-1");
  derived("kind too", "acme", "complaint/C-1");
  derived("account too", "beta", "ticket/T-1");
  apply_up_to(7, {{"T-1", "/crm"}});
  Received received;
  ASSERT_TRUE(eventually_received(*reply, received, 2));
  EXPECT_THAT(received.ids, ElementsAre("in", "in too"));
}

// What the engine decides about an entity of another source is not for it, nor are facts about that
// entity; of which source it is the views tell, once they have applied what is sent.
TEST_F(FeedTest, AScopeOfSourcesFollowsTheViews) {
  start();
  FeedRequest request;
  request.client = "east";
  request.scope = std::make_shared<const Scope>(Scope{{}, {"/crm"}, {}});
  const auto reply = feed->subscribe(std::move(request));
  const auto fact = [&](std::string_view id, std::string_view subject, std::string_view source) {
    Fact f;
    f.id = id;
    f.account = "acme";
    f.source = source;
    f.type = "tocsin.ticket.progressed";
    f.subject = subject;
    f.time = f.recorded = f.claimed = kNow;
    std::string out;
    append_fact_record(out, f, {});
    publish(0, log.append(0, "acme", out), "acme", f.type, out, false);
  };
  const auto breach = [&](std::string_view id, const std::string& subject) {
    std::string out;
    append_own_event(out, {id, "tocsin.clock.breached", subject, "acme", kNow, kNow,
                           R"({"entity":"ticket/)" + subject + "\"}"});
    publish(0, log.append(0, "acme", out), "acme", "tocsin.clock.breached", out, false);
  };
  fact("mine", "crm", "/crm");
  fact("of another", "crm", "/own");
  fact("on another's", "own", "/crm");
  breach("of mine", "crm");
  breach("of another's", "own");
  apply_up_to(4, {{"crm", "/crm"}, {"own", "/own"}});  // all but the last
  Received received;
  ASSERT_TRUE(eventually_received(*reply, received, 2));
  breach("later", "crm");
  apply_up_to(6, {});
  ASSERT_TRUE(eventually_received(*reply, received, 3));
  EXPECT_THAT(received.ids, ElementsAre("mine", "of mine", "later"));
}

TEST_F(FeedTest, NewClientGetsWhatHappensFromNowOn) {
  happen("old");
  start({{0, 1}});
  const auto reply = subscribe();
  happen("a");
  happen("b");
  Received received;
  received.take(*reply);
  EXPECT_THAT(received.ids, ElementsAre("a", "b"));
  EXPECT_EQ(received.position, "0:2");
  EXPECT_EQ(log.reads, 0);
}

TEST_F(FeedTest, FiltersByAccountAndType) {
  start();
  const auto acme = subscribe("", "acme"), clocks = subscribe("", "", {"tocsin.clock.", "other"});
  happen("1", "tocsin.clock.started", "acme");
  happen("2", "tocsin.ticket.opened", "acme");
  happen("3", "tocsin.clock.breached", "else");
  happen("4", "tocsin.engine.policy", "acme");
  Received of_acme, of_clocks;
  of_acme.take(*acme);
  of_clocks.take(*clocks);
  EXPECT_THAT(of_acme.ids, ElementsAre("1", "2")) << "the engine's own records are not for it";
  EXPECT_THAT(of_clocks.ids, ElementsAre("1", "3"));
}

// 256 records that a client does not want move its position all the same.
TEST_F(FeedTest, PositionMovesWithoutEvents) {
  start();
  const auto reply = subscribe("", "nobody");
  Received received;
  for (int i = 0; i < 255; ++i) happen(std::to_string(i));
  received.take(*reply);
  EXPECT_EQ(received.position, "0:-1");
  happen("255");
  received.take(*reply);
  EXPECT_EQ(received.position, "0:255");
  EXPECT_THAT(received.ids, IsEmpty());
}

TEST_F(FeedTest, ResumeReadsTheLogAndGoesOnLive) {
  for (int i = 0; i < 2000; ++i) happen("old" + std::to_string(i));
  start({{0, 2000}});
  const auto reply = subscribe("0:999");
  Received received;
  ASSERT_TRUE(eventually_received(*reply, received, 1000));
  happen("new");
  ASSERT_TRUE(eventually_received(*reply, received, 1001));
  EXPECT_EQ(received.ids.size(), 1001u);
  EXPECT_EQ(received.ids.front(), "old1000");
  EXPECT_EQ(received.ids.back(), "new");
  EXPECT_EQ(received.position, "0:2000");
}

TEST_F(FeedTest, ResumeBeyondTheEndIsFromNow) {
  start({{0, 3}});
  const auto reply = subscribe("0:1000,7:5");
  happen("x");  // the log is empty, so this is offset 0: published long ago for this client
  Received received;
  received.take(*reply);
  EXPECT_EQ(received.position, "0:2");
}

// A client that catches up is read for at its own pace and never dropped.
// The node reads again what its views lack, while a client goes on where it was.
TEST_F(FeedTest, WhatIsReplayedIsNotSentAgain) {
  constexpr std::string_view kType = "tocsin.clock.started";
  for (const char* id : {"a", "b", "c"}) happen(id);
  start({{0, 3}});
  const auto reply = subscribe("0:1");
  Received received;
  ASSERT_TRUE(eventually_received(*reply, received, 1));
  for (Offset offset = 0; const char* id : {"a", "b", "c"})
    publish(0, offset++, "acme", kType, record(id, kType, "acme"), true);
  const auto late = subscribe("0:2");  // it has seen all
  happen("d");
  ASSERT_TRUE(eventually_received(*reply, received, 2));
  EXPECT_THAT(received.ids, ElementsAre("c", "d"));
  Received by_late;
  ASSERT_TRUE(eventually_received(*late, by_late, 1));
  EXPECT_THAT(by_late.ids, ElementsAre("d"));
}

TEST_F(FeedTest, CatchingUpIsPacedByTheClient) {
  options.queue_bytes_max = 20'000;
  for (int i = 0; i < 3000; ++i) happen(std::to_string(i));
  start({{0, 3000}});
  const auto reply = subscribe("0:-1");
  ASSERT_TRUE(eventually([&] { return log.reads > 0 && reply->waiting_bytes() > 0; }));
  EXPECT_LE(reply->waiting_bytes(), 20'000u);
  Received received;
  EXPECT_TRUE(eventually_received(*reply, received, 3000))
      << received.ids.size() << " dropped " << received.dropped << " waiting "
      << reply->waiting_bytes() << " over " << reply->over();
  EXPECT_FALSE(received.dropped);
  for (int i = 0; i < 3000; ++i)
    ASSERT_EQ(received.ids[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_F(FeedTest, SlowLiveClientIsDroppedByNameOthersAreNot) {
  options.queue_bytes_max = 5000;
  start();
  const auto slow = subscribe(), fast = subscribe();
  Received of_slow, of_fast;
  for (int i = 0; i < 100; ++i) {
    happen(std::to_string(i));
    of_fast.take(*fast);
  }
  EXPECT_EQ(of_fast.ids.size(), 100u);
  EXPECT_FALSE(of_fast.dropped);
  of_slow.take(*slow);
  EXPECT_TRUE(of_slow.dropped);
  EXPECT_TRUE(slow->over());
  EXPECT_TRUE(eventually([&] { return was_logged("stream_dropped wall 10.0.0.1:5"); }));
  EXPECT_EQ(feed->stats().dropped, 1);
  EXPECT_EQ(feed->stats().clients, 1);
}

TEST_F(FeedTest, ClientsAreLimited) {
  options.clients_max = 1;
  start();
  const auto first = subscribe();
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(subscribe(), nullptr);
  first->abandon("client gone");
  EXPECT_TRUE(eventually([&] { return feed->stats().clients == 0; }));
  EXPECT_NE(subscribe(), nullptr);
}

TEST_F(FeedTest, DamagedLogEndsTheStreamOfWhoNeedsIt) {
  happen("old");
  start({{0, 1}});
  const auto live = subscribe();
  log.broken = true;
  const auto behind = subscribe("0:-1");
  EXPECT_TRUE(eventually([&] { return behind->over(); }));
  EXPECT_FALSE(live->over());
}

// Its token has expired, or is gone: at the next event at the latest, and where none comes soon after.
TEST_F(FeedTest, AStreamEndsWithTheTokenThatItWasOpenedBy) {
  start();
  std::atomic<bool> live_may = true, idle_may = true;
  const auto open = [&](std::atomic<bool>& may, std::string account) {
    FeedRequest request;
    request.client = "wall";
    request.account = std::move(account);
    request.admitted = [&may] { return may.load(); };
    return feed->subscribe(std::move(request));
  };
  const auto live = open(live_may, ""), idle = open(idle_may, "nobody"), other = subscribe();
  Received received;
  happen("1");
  ASSERT_TRUE(eventually_received(*live, received, 1));
  happen("waits");  // for a slow reader
  live_may = false;
  happen("2");
  EXPECT_TRUE(live->over());
  received.take(*live);
  EXPECT_THAT(received.ids, ElementsAre("1"));
  EXPECT_FALSE(idle->over());
  idle_may = false;
  EXPECT_TRUE(eventually([&] { return idle->over(); }));
  EXPECT_FALSE(other->over());
  EXPECT_TRUE(eventually([&] { return feed->stats().clients == 1; }));
  feed->stop();
}

TEST_F(FeedTest, StopEndsAll) {
  start();
  const auto reply = subscribe();
  feed->stop();
  EXPECT_TRUE(reply->over());
  EXPECT_EQ(subscribe(), nullptr);
}

TEST_F(FeedTest, SeveralPartitions) {
  start({{0, 0}, {1, 0}});
  const auto reply = subscribe();
  happen("a", "t", "acme", 0);
  happen("b", "t", "acme", 1);
  happen("c", "t", "acme", 0);
  Received received;
  received.take(*reply);
  EXPECT_THAT(received.ids, ElementsAre("a", "b", "c"));
  EXPECT_EQ(received.position, "0:1,1:0");
  const auto again = subscribe("0:0,1:-1");
  Received resumed;
  ASSERT_TRUE(eventually_received(*again, resumed, 2));
  std::sort(resumed.ids.begin(), resumed.ids.end());
  EXPECT_THAT(resumed.ids, ElementsAre("b", "c"));
}

// While records are published, clients leave and resume at random; each sees every record once.
TEST_F(FeedTest, NothingIsLostOrDoubledAroundReconnections) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  options.queue_bytes_max = 50'000;
  start();
  constexpr int kRecords = 20'000;
  std::thread node([&] {
    for (int i = 0; i < kRecords; ++i) happen(std::to_string(i));
  });
  std::vector<std::thread> clients;
  for (unsigned c = 0; c < 3; ++c) {
    clients.emplace_back([&, c] {
      std::mt19937 random(seed + c);
      Received received;
      received.position = "0:-1";
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
      while (received.ids.size() < kRecords && std::chrono::steady_clock::now() < end) {
        const auto reply = subscribe(received.position);
        const std::size_t leave_at = received.ids.size() + 1 + random() % 3000;
        while (received.ids.size() < leave_at && received.ids.size() < kRecords && !reply->over()) {
          received.take(*reply);
          std::this_thread::yield();
        }
        // What waits when a client leaves is lost to it, as on a broken connection.
        reply->abandon("client gone");
      }
      bool in_order = received.ids.size() == kRecords;
      for (std::size_t i = 0; in_order && i < kRecords; ++i)
        in_order = received.ids[i] == std::to_string(i);
      EXPECT_TRUE(in_order) << received.ids.size();
    });
  }
  node.join();
  for (std::thread& client : clients) client.join();
}

}  // namespace
}  // namespace tocsin::test
