#include <thread>

#include "connectors/http/stream_reply.h"
#include "tests/connectors/http/server_fixture.h"

namespace tocsin::test {
namespace {

struct Ends {
  std::mutex mutex;
  std::vector<std::string> reasons;
  std::function<void(std::string_view)> callback() {
    return [this](std::string_view reason) {
      const std::lock_guard lock(mutex);
      reasons.emplace_back(reason);
    };
  }
  bool is(const std::vector<std::string>& expected) {
    const std::lock_guard lock(mutex);
    return reasons == expected;
  }
};

HttpResponse streaming(const std::shared_ptr<StreamReply>& stream) {
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.stream = stream;
  return response;
}

class StreamTest : public ServerTest {
 protected:
  // The server ends streams when it stops, and `ends` must still be there.
  ~StreamTest() override { server.reset(); }

  void start_streaming(StreamReplyOptions stream_options) {
    stream_options.on_end = ends.callback();
    stream = std::make_shared<StreamReply>(std::move(stream_options));
    service->on_handle = [this](HttpRequest request, Reply reply) {
      last_event_id = std::string(request.header("Last-Event-ID"));
      reply(streaming(stream));
    };
    start();
  }

  Ends ends;
  std::string last_event_id;
  std::shared_ptr<StreamReply> stream;
};

TEST_F(StreamTest, ChunksArriveInOrderUntilTheEnd) {
  start_streaming({});
  stream->send("before the client\n");
  Client client(port());
  client.send("GET /s HTTP/1.1\r\nHost: h\r\nLast-Event-ID: 0:17\r\n\r\n");
  Answer head;
  ASSERT_TRUE(client.read_head(head));
  EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(head.headers.count("content-length"), 0u);
  std::string chunk;
  EXPECT_TRUE(client.read_chunk(chunk));
  EXPECT_EQ(chunk, "before the client\n");
  EXPECT_EQ(last_event_id, "0:17");
  std::thread sender([&] {
    for (int i = 0; i < 1000; ++i) stream->send(std::to_string(i) + "\n");
    stream->finish();
  });
  std::string all, expected;
  while (client.read_chunk(chunk)) all += chunk;
  for (int i = 0; i < 1000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(all, expected);
  sender.join();
  EXPECT_FALSE(stream->send("after the end"));
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(ends.is({"finished"}));
}

TEST_F(StreamTest, OldClientReadsUntilTheConnectionCloses) {
  start_streaming({});
  Client client(port());
  client.send("GET /s HTTP/1.0\r\n\r\n");
  Answer head;
  ASSERT_TRUE(client.read_head(head));
  stream->send("one ");
  stream->send("two");
  stream->finish();
  EXPECT_EQ(client.read_rest(), "one two");
}

TEST_F(StreamTest, SilenceIsFilledWithHeartbeats) {
  options.heartbeat = milliseconds(20);
  StreamReplyOptions stream_options;
  stream_options.heartbeat = ": alive\n\n";
  start_streaming(stream_options);
  Client client(port());
  client.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n");
  Answer head;
  ASSERT_TRUE(client.read_head(head));
  for (int i = 0; i < 3; ++i) {
    std::string chunk;
    ASSERT_TRUE(client.read_chunk(chunk));
    EXPECT_EQ(chunk, ": alive\n\n");
  }
}

TEST_F(StreamTest, ClientThatLeavesIsNoticed) {
  start_streaming({});
  {
    Client client(port());
    client.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n");
    Answer head;
    ASSERT_TRUE(client.read_head(head));
    EXPECT_EQ(server->stats().streams_open, 1);
  }
  EXPECT_TRUE(eventually([&] { return ends.is({"client gone"}); }));
  EXPECT_FALSE(stream->send("to nobody"));
  EXPECT_TRUE(eventually([&] { return server->stats().streams_open == 0; }));
}

// What fits into the sockets' buffers is read by nobody; then the queue fills.
TEST_F(StreamTest, SlowClientIsDroppedWithAFarewell) {
  StreamReplyOptions stream_options;
  stream_options.queue_bytes_max = 100'000;
  stream_options.farewell = "dropped";
  start_streaming(stream_options);
  Client client(port());
  client.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n");
  Answer head;
  ASSERT_TRUE(client.read_head(head));
  const auto chunk = std::make_shared<const std::string>(10'000, 'x');
  std::size_t sent = 0;
  while (stream->send(chunk)) {
    ASSERT_LT(++sent, 1'000'000u);
    std::this_thread::yield();
  }
  EXPECT_TRUE(ends.is({"too slow"}));
  // What was under way arrives whole, then the farewell, then the end.
  std::string all, piece;
  while (client.read_chunk(piece)) all += piece;
  EXPECT_TRUE(all.ends_with("dropped"));
  EXPECT_EQ((all.size() - 7) % 10'000, 0u);
  EXPECT_LT((all.size() - 7) / 10'000, sent) << "the queue was let go";
}

TEST_F(StreamTest, QueueIsBoundedExactly) {
  StreamReplyOptions stream_options;
  stream_options.queue_bytes_max = 10;
  stream_options.on_end = ends.callback();
  StreamReply reply(stream_options);
  EXPECT_TRUE(reply.send("12345"));
  EXPECT_TRUE(reply.send("67890"));
  EXPECT_FALSE(reply.send("!"));
  EXPECT_TRUE(reply.over());
  EXPECT_TRUE(ends.is({"too slow"}));
  std::vector<StreamReply::Chunk> chunks;
  EXPECT_TRUE(reply.take(chunks, 1000));
  EXPECT_TRUE(chunks.empty());
}

TEST_F(StreamTest, StopEndsStreams) {
  start_streaming({});
  Client client(port());
  client.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n");
  Answer head;
  ASSERT_TRUE(client.read_head(head));
  stream->send("last words");
  std::thread stopping([&] { server->stop(); });
  std::string all, chunk;
  while (client.read_chunk(chunk)) all += chunk;
  EXPECT_EQ(all, "last words");
  client.disconnect();
  stopping.join();
  EXPECT_TRUE(ends.is({"finished"}));
}

TEST_F(StreamTest, HeadOfAStreamIsJustAHead) {
  start_streaming({});
  Client client(port());
  client.send("HEAD /s HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read(true).status, 200);
  client.half_close();
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(ends.is({"head"}));
}

TEST_F(StreamTest, ReplyToAClientThatHasGoneEndsTheStream) {
  start();
  Reply reply;
  {
    Client client(port());
    client.send("GET /s HTTP/1.1\r\nHost: h\r\n\r\n");
    reply = service->next().reply;
  }
  StreamReplyOptions stream_options;
  stream_options.on_end = ends.callback();
  reply(streaming(std::make_shared<StreamReply>(stream_options)));
  EXPECT_TRUE(eventually([&] { return ends.is({"client gone"}); }));
  EXPECT_TRUE(eventually([&] { return server->stats().connections_open == 0; }));
}

}  // namespace
}  // namespace tocsin::test
