#include "connectors/http/server.h"

#include <thread>

#include "tests/connectors/http/server_fixture.h"

namespace tocsin::test {
namespace {

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  start_echo();
  Client client(port());
  for (int i = 0; i < 3; ++i) {
    const Answer answer = client.get("/a?b=c");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a?b=c ");
    EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
    // `Sun, 06 Nov 1994 08:49:37 GMT`
    EXPECT_EQ(answer.headers.at("date").size(), 29u);
    EXPECT_EQ(answer.headers.count("connection"), 0u);
  }
  EXPECT_EQ(server->stats().connections_total, 1);
  EXPECT_EQ(server->stats().requests, 3);
}

TEST_F(ServerTest, RequestIsTakenApart) {
  start();
  Client client(port());
  client.send(
      "POST /v1/x%2Fy?q=a%20b+c&q=%E5%AE%A2&flag HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-two:  "
      "zwei \r\nContent-Length: 4\r\n\r\nbody");
  auto held = service->next();
  EXPECT_EQ(held.request.method, "POST");
  EXPECT_EQ(held.request.path, "/v1/x%2Fy");
  const HttpFields query = {{"q", "a b c"}, {"q", "客"}, {"flag", ""}};
  EXPECT_EQ(held.request.query, query);
  EXPECT_EQ(held.request.header("x-ONE"), "1");
  EXPECT_EQ(held.request.header("X-Two"), "zwei");
  EXPECT_EQ(held.request.header("X-Three"), "");
  EXPECT_EQ(held.request.body, "body");
  EXPECT_TRUE(held.request.remote.starts_with("127.0.0.1:"));
  held.reply(text("ok"));
  EXPECT_EQ(client.read().body, "ok");
}

TEST_F(ServerTest, PipelinedAnswersKeepTheOrderOfRequests) {
  start();
  Client client(port());
  std::string requests;
  for (int i = 0; i < 5; ++i)
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  client.send(requests);
  std::vector<TestService::Held> held;
  for (int i = 0; i < 5; ++i) held.push_back(service->next());
  for (int i = 4; i >= 0; --i) {
    const auto index = static_cast<std::size_t>(i);
    EXPECT_EQ(held[index].request.target, "/" + std::to_string(i));
    held[index].reply(text("answer " + std::to_string(i)));
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.read().body, "answer " + std::to_string(i));
}

TEST_F(ServerTest, PipelineIsBoundedAndGoesOn) {
  options.pipeline_max = 2;
  start();
  Client client(port());
  std::string requests;
  for (int i = 0; i < 7; ++i)
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  client.send(requests);
  for (int i = 0; i < 7; ++i) {
    auto held = service->next();
    EXPECT_EQ(held.request.target, "/" + std::to_string(i));
    EXPECT_LE(service->held(), 1u);
    held.reply(text(std::to_string(i)));
    EXPECT_EQ(client.read().body, std::to_string(i));
  }
}

TEST_F(ServerTest, RequestByteByByte) {
  start_echo();
  Client client(port());
  for (const char c : Client::post_text("/p", "text/plain", "hello")) client.send({&c, 1});
  EXPECT_EQ(client.read().body, "POST /p hello");
}

TEST_F(ServerTest, ChunkedBody) {
  start_echo();
  Client client(port());
  client.send(
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(client.read().body, "POST /c hello world");
  EXPECT_EQ(client.get("/next").body, "GET /next ");
}

TEST_F(ServerTest, HeadHasLengthButNoBody) {
  start_echo();
  Client client(port());
  client.send("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n");
  const Answer head = client.read(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), "8");  // `HEAD /h `
  EXPECT_EQ(client.get("/g").body, "GET /g ");
}

TEST_F(ServerTest, OldAndClosingClients) {
  start_echo();
  Client old(port());
  old.send("GET /1 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read().headers.at("connection"), "close");
  EXPECT_TRUE(old.closed());
  Client old_kept(port());
  old_kept.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(old_kept.read().headers.at("connection"), "keep-alive");
  EXPECT_EQ(old_kept.get("/2").status, 200);
  Client closing(port());
  EXPECT_EQ(closing.get("/1", "Connection: close\r\n").headers.at("connection"), "close");
  EXPECT_TRUE(closing.closed());
}

TEST_F(ServerTest, HalfClosedClientGetsItsAnswers) {
  start();
  Client client(port());
  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3");
  client.half_close();
  service->next().reply(text("one"));
  service->next().reply(text("two"));
  EXPECT_EQ(client.read().body, "one");
  EXPECT_EQ(client.read().body, "two");
  EXPECT_TRUE(client.closed());
}

// Read as bodies of no length they would leave their bytes to be the next request.
TEST_F(ServerTest, OtherTransferCodingsAreRefused) {
  start_echo();
  for (const std::string_view coding : {"gzip", "gzip, chunked", "identity"}) {
    Client client(port());
    client.send("POST /e HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " + std::string(coding) +
                "\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
    EXPECT_EQ(client.read().status, 501) << coding;
    EXPECT_TRUE(client.closed()) << coding;
  }
  Client client(port());
  client.send(
      "POST /e HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
  EXPECT_EQ(client.read().body, "POST /e body");
}

TEST_F(ServerTest, ContinueIsSaidToThoseWhoWaitForIt) {
  start_echo();
  Client client(port());
  client.send("POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read().status, 100);
  client.send("body");
  EXPECT_EQ(client.read().body, "POST /e body");
  client.send("POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: miracles\r\n\r\nbody");
  EXPECT_EQ(client.read().status, 417);
}

TEST_F(ServerTest, RefusedBeforeTheBodyWithoutContinue) {
  service->on_admit = [](HttpRequest&) { return text("no", 403); };
  start();
  Client client(port());
  client.send("POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  const Answer answer = client.read();
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, RefusedSmallBodyKeepsTheConnection) {
  service->on_admit = [](HttpRequest& request) -> std::optional<HttpResponse> {
    if (request.method == "POST") return text("no", 403);
    return std::nullopt;
  };
  service->on_handle = [](HttpRequest, Reply reply) { reply(text("yes")); };
  start();
  Client client(port());
  EXPECT_EQ(client.post("/", "text/plain", "dropped").status, 403);
  EXPECT_EQ(client.get("/").body, "yes");
}

// 413 comes although the client sends all of it before it reads.
TEST_F(ServerTest, TooLargeBodyIsRefusedUnread) {
  options.body_bytes_max = 1000;
  start();
  const std::string at_limit(1000, 'x'), above(1001, 'x');
  {
    Client client(port());
    client.send(Client::post_text("/", "text/plain", at_limit));
    auto held = service->next();
    EXPECT_EQ(held.request.body, at_limit);
    held.reply(text("fits"));
    EXPECT_EQ(client.read().body, "fits");
    const Answer answer = client.post("/", "text/plain", above);
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    EXPECT_NE(answer.body.find("\"status\":413"), std::string::npos);
    client.half_close();
    EXPECT_TRUE(client.closed());
  }
  {
    Client client(port());
    // Many clients send all before they read: what they send must be taken, not reset.
    EXPECT_TRUE(client.send(Client::post_text("/", "text/plain", std::string(20 << 20, 'x'))));
    EXPECT_EQ(client.read().status, 413);
  }
  {
    // Chunks whose sum is too large.
    Client client(port());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("3e8\r\n" + at_limit + "\r\n1\r\nx\r\n0\r\n\r\n");
    EXPECT_EQ(client.read().status, 413);
  }
  EXPECT_EQ(service->held(), 0u);
}

TEST_F(ServerTest, TooLargeHeader) {
  options.header_bytes_max = 2000;
  start_echo();
  {
    Client client(port());
    EXPECT_EQ(client.get("/", "X: " + std::string(1900, 'x') + "\r\n").status, 200);
    EXPECT_EQ(client.get("/", "X: " + std::string(2000, 'x') + "\r\n").status, 431);
    client.half_close();
    EXPECT_TRUE(client.closed());
  }
  {
    Client client(port());  // one line without end
    client.send("GET /" + std::string(100'000, 'x'));
    EXPECT_EQ(client.read().status, 431);
  }
}

TEST_F(ServerTest, WhatIsNotHttp) {
  start_echo();
  for (const std::string_view request :
       {"hello\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.1\r\nNo colon\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "\x16\x03\x01\x02\r\n\r\n"}) {
    Client client(port());
    client.send(request);
    const Answer answer = client.read();
    EXPECT_TRUE(answer.status == 400 || answer.status == 505) << request << answer.head;
    EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos);
    client.half_close();
    EXPECT_TRUE(client.closed());
  }
  for (const std::string_view target : {"nowhere", "/?a=%zz", "/?a=%2", "/?a=%ff", "/?a=%00"}) {
    Client client(port());
    EXPECT_EQ(client.get(target).status, 400) << target;
    EXPECT_EQ(client.get("/").status, 200) << "the connection lives on";
  }
}

// A chunk header that never ends must not fill memory.
TEST_F(ServerTest, EndlessChunkHeader) {
  start_echo();
  Client client(port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;");
  client.send(std::string(200'000, 'x'));
  EXPECT_EQ(client.read().status, 400);
}

TEST_F(ServerTest, SlowHeaderAndSlowBody) {
  options.header_timeout = options.body_timeout = milliseconds(50);
  start_echo();
  Client header(port());
  header.send("GET / HT");
  EXPECT_EQ(header.read().status, 408);
  header.half_close();
  EXPECT_TRUE(header.closed());
  Client body(port());
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  const Answer answer = body.read();
  EXPECT_EQ(answer.status, 408);
  EXPECT_NE(answer.body.find("body"), std::string::npos);
  EXPECT_EQ(server->stats().timeouts, 2);
}

TEST_F(ServerTest, IdleConnectionIsClosed) {
  options.idle_timeout = milliseconds(50);
  start_echo();
  Client never(port());
  EXPECT_TRUE(never.closed());
  Client once(port());
  EXPECT_EQ(once.get("/").status, 200);
  EXPECT_TRUE(once.closed());
}

// The service may take its time: only clients are timed.
TEST_F(ServerTest, WaitingForTheServiceIsNoIdleness) {
  options.idle_timeout = options.header_timeout = milliseconds(40);
  start();
  Client waiting(port());
  waiting.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  auto held = service->next();
  Client idle(port());
  EXPECT_TRUE(idle.closed());  // its time is over, and it began later
  held.reply(text("at last"));
  EXPECT_EQ(waiting.read().body, "at last");
}

TEST_F(ServerTest, ClientThatReadsNothingIsCutOff) {
  options.write_timeout = milliseconds(50);
  service->on_handle = [](HttpRequest, Reply reply) { reply(text(std::string(16 << 20, 'x'))); };
  start();
  Client client(port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return server->stats().timeouts == 1; }));
  EXPECT_TRUE(eventually([&] { return server->stats().connections_open == 0; }));
}

TEST_F(ServerTest, ConnectionLimit) {
  options.connections_max = 2;
  start_echo();
  Client first(port()), second(port());
  EXPECT_EQ(first.get("/").status, 200);
  EXPECT_EQ(second.get("/").status, 200);
  {
    Client third(port());
    const Answer answer = third.get("/");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers.at("connection"), "close");
    EXPECT_EQ(answer.headers.at("retry-after"), "1");
  }
  EXPECT_EQ(server->stats().connections_refused, 1);
  first.disconnect();
  EXPECT_TRUE(eventually([&] { return server->stats().connections_open == 1; }));
  Client fourth(port());
  EXPECT_EQ(fourth.get("/").status, 200);
}

TEST_F(ServerTest, ReplyFromAnotherThreadAfterTheClientHasGone) {
  start();
  Reply late;
  {
    Client client(port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    late = service->next().reply;
  }
  EXPECT_TRUE(eventually([&] { return server->stats().connections_open <= 1; }));
  std::thread([&] { late(text("nobody hears")); }).join();
  late(text("twice"));
  Client client(port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  Reply reply = service->next().reply;
  std::thread([&] { reply(text("heard")); }).join();
  reply(text("a second answer is none"));
  EXPECT_EQ(client.read().body, "heard");
  server.reset();
  late(text("after the server"));
}

TEST_F(ServerTest, ForgottenReplyIsA500) {
  service->on_handle = [](HttpRequest, Reply) {};
  start();
  Client client(port());
  EXPECT_EQ(client.get("/").status, 500);
}

TEST_F(ServerTest, StopAnswersWhatWasBegun) {
  start();
  Client in_flight(port()), idle(port()), half_sent(port());
  in_flight.send("GET /begun HTTP/1.1\r\nHost: h\r\n\r\n");
  auto held = service->next();
  half_sent.send("POST /half HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
  // It is there when the loop has read it; requests before it have been.
  EXPECT_TRUE(eventually([&] { return server->stats().bytes_read > 80; }));
  std::thread stopping([&] { server->stop(); });
  EXPECT_TRUE(idle.closed());
  half_sent.send("dy");
  auto half = service->next();
  EXPECT_EQ(half.request.body, "body");
  held.reply(text("one"));
  half.reply(text("two"));
  const Answer one = in_flight.read(), two = half_sent.read();
  EXPECT_EQ(one.body, "one");
  EXPECT_EQ(one.headers.at("connection"), "close");
  EXPECT_EQ(two.body, "two");
  in_flight.disconnect();
  half_sent.disconnect();
  stopping.join();
  Client late(port());
  EXPECT_FALSE(late.connected());
}

TEST_F(ServerTest, StopDoesNotWaitForEver) {
  options.drain_timeout = milliseconds(50);
  start();
  Client client(port());
  client.send("GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
  auto held = service->next();
  server->stop();
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, SeveralThreadsAndClients) {
  options.threads = 3;
  start_echo();
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      Client client(port());
      for (int i = 0; i < 50; ++i) {
        const std::string body = std::to_string(c) + "-" + std::to_string(i);
        if (client.post("/", "text/plain", body).body == "POST / " + body) ++answered;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 400);
  EXPECT_EQ(server->stats().answers_by_class[2], 400);
}

TEST_F(ServerTest, HeaderValuesCannotBringHeaders) {
  service->on_handle = [](HttpRequest, Reply reply) {
    HttpResponse response = text("x");
    response.headers.emplace_back("X-Name", "a\r\nX-Evil: 1");
    reply(std::move(response));
  };
  start();
  Client client(port());
  const Answer answer = client.get("/");
  EXPECT_EQ(answer.headers.count("x-evil"), 0u);
  EXPECT_EQ(answer.headers.at("x-name"), "a  X-Evil: 1");
}

TEST(ListenAddress, IsReadStrictly) {
  EXPECT_EQ(read_listen_address("127.0.0.1:8080").port, 8080);
  EXPECT_TRUE(read_listen_address("127.0.0.1:8080").loopback);
  EXPECT_TRUE(read_listen_address("127.8.0.9:1").loopback);
  EXPECT_TRUE(read_listen_address("[::1]:8080").loopback);
  EXPECT_TRUE(read_listen_address("localhost:0").loopback);
  EXPECT_TRUE(read_listen_address("[::ffff:127.0.0.1]:1").loopback);
  EXPECT_FALSE(read_listen_address("0.0.0.0:80").loopback);
  EXPECT_EQ(read_listen_address("0.0.0.0:80").address, "0.0.0.0");
  EXPECT_FALSE(read_listen_address("[::]:80").loopback);
  for (const std::string_view bad : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536",
                                     "127.0.0.1:-1", "::1:80", "example.org:80", "127.0.0.1:8o"}) {
    EXPECT_EQ(read_listen_address(bad).address, "") << bad;
  }
}

TEST(HttpServerStart, SaysWhatIsWrong) {
  const auto failure = [](HttpServerOptions options) -> std::string {
    try {
      HttpServer::start(options, std::make_shared<TestService>());
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  HttpServerOptions options;
  options.listen = "nowhere";
  EXPECT_NE(failure(options).find("`nowhere`"), std::string::npos);
  options.listen = "127.0.0.1:0";
  const auto first = HttpServer::start(options, std::make_shared<TestService>());
  options.listen = "127.0.0.1:" + std::to_string(first->port());
  EXPECT_NE(failure(options).find("in use"), std::string::npos);
  options.listen = "127.0.0.1:0";
  options.tls_certificate = "/nonexistent.pem";
  EXPECT_NE(failure(options).find("both"), std::string::npos);
  options.tls_key = "/nonexistent.key";
  EXPECT_NE(failure(options).find("/nonexistent.pem"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::test
