// A plain HTTP client for tests: what is sent is said byte by byte, answers are read strictly.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tocsin::test {

struct Answer {
  int status = 0;  // 0: the connection ended instead
  std::string head;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class Client {
 public:
  // Every wait of a client ends after this: a test fails, it does not hang.
  static constexpr int kPatienceSeconds = 10;

  explicit Client(std::uint16_t port, SSL_CTX* tls = nullptr) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    timeval patience{kPatienceSeconds, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (tls != nullptr) {
      ssl_ = SSL_new(tls);
      SSL_set_fd(ssl_, socket_);
      connected_ = SSL_connect(ssl_) == 1;
    }
  }
  ~Client() { disconnect(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return socket_; }

  void disconnect() {
    if (ssl_ != nullptr) SSL_free(ssl_);
    ssl_ = nullptr;
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  // No more requests; answers can still be read.
  void half_close() { ::shutdown(socket_, SHUT_WR); }

  // False: the other side does not take it any more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ssl_ != nullptr
                            ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                            : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  Answer get(std::string_view target, std::string_view headers = {}) {
    send("GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(headers) +
         "\r\n");
    return read();
  }
  Answer post(std::string_view target, std::string_view type, std::string_view body,
              std::string_view headers = {}) {
    send(post_text(target, type, body, headers));
    return read();
  }
  static std::string post_text(std::string_view target, std::string_view type,
                               std::string_view body, std::string_view headers = {}) {
    return "POST " + std::string(target) +
           " HTTP/1.1\r\nHost: test\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(headers) +
           "\r\n" + std::string(body);
  }

  // The next answer, with its body unless it answers HEAD.
  Answer read(bool head_only = false) {
    Answer answer;
    if (!read_head(answer) || head_only || answer.status == 204 || answer.status / 100 == 1)
      return answer;
    if (answer.headers.count("transfer-encoding") != 0) {
      for (std::string chunk; read_chunk(chunk);) answer.body += chunk;
    } else if (const auto length = answer.headers.find("content-length");
               length != answer.headers.end()) {
      const std::size_t bytes = std::stoul(length->second);
      while (buffer_.size() < bytes && fill()) {
      }
      answer.body = buffer_.substr(0, bytes);
      buffer_.erase(0, bytes);
    } else {
      answer.body = read_rest();
    }
    return answer;
  }

  bool read_head(Answer& answer) {
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return false;
    }
    answer.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    answer.status = std::stoi(answer.head.substr(9, 3));
    std::size_t line = answer.head.find("\r\n") + 2;
    while (line < answer.head.size()) {
      const std::size_t line_end = answer.head.find("\r\n", line);
      const std::size_t colon = answer.head.find(": ", line);
      std::string name = answer.head.substr(line, colon - line);
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      answer.headers[name] = answer.head.substr(colon + 2, line_end - colon - 2);
      line = line_end + 2;
    }
    return true;
  }

  // False: the last chunk, or the connection ended.
  bool read_chunk(std::string& chunk) {
    chunk.clear();
    std::size_t end;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!fill()) return false;
    }
    const std::size_t size = std::stoul(buffer_.substr(0, end), nullptr, 16);
    while (buffer_.size() < end + 4 + size && fill()) {
    }
    chunk = buffer_.substr(end + 2, size);
    buffer_.erase(0, end + 4 + size);
    return size > 0;
  }

  // Everything until the other side closes.
  std::string read_rest() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }
  // True: the other side has closed, and nothing is left.
  bool closed() { return buffer_.empty() && !fill(); }

 private:
  bool fill() {
    char bytes[65536];
    const auto got = ssl_ != nullptr ? SSL_read(ssl_, bytes, sizeof bytes)
                                     : ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int socket_ = -1;
  bool connected_ = false;
  SSL* ssl_ = nullptr;
  std::string buffer_;
};

}  // namespace tocsin::test
