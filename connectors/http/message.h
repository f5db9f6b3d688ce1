// What a request and an answer are to everything but the server: plain values, no Asio, no Beast.
//
// A Reply takes the one answer of one request. It may be called from any thread, during `handle` or
// much later, also when the client has gone or the server was stopped; a second call is ignored. A
// Reply that goes away uncalled answers 500: no client waits for ever because of our mistake.
//
// Threads: values; pass them by move.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/scope.h"
#include "events/time.h"

namespace tocsin {

class StreamReply;

// What a token allows. kAdmin allows everything.
enum class Role : std::uint8_t { kIngest = 1, kRead = 2, kAct = 4, kAdmin = 8 };

class Roles {
 public:
  constexpr void add(Role role) { bits_ = static_cast<std::uint8_t>(bits_ | bit(role)); }
  constexpr bool has(Role role) const { return (bits_ & (bit(role) | bit(Role::kAdmin))) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(Roles, Roles) = default;
  static constexpr Roles all() {
    Roles roles;
    roles.add(Role::kAdmin);
    return roles;
  }

 private:
  static constexpr std::uint8_t bit(Role role) { return static_cast<std::uint8_t>(role); }
  std::uint8_t bits_ = 0;
};

std::string_view role_name(Role role);
std::optional<Role> role_of(std::string_view name);

using HttpFields = std::vector<std::pair<std::string, std::string>>;

// ASCII only, as HTTP's names are.
bool equal_ignoring_case(std::string_view a, std::string_view b);

struct AccessToken;  // guard.h

struct HttpRequest {
  std::string method;  // as received: `GET`
  std::string target;  // as received: `/v1/clocks?state=running`
  std::string path;    // of the target, still percent-encoded (a segment may hold `%2F`)
  HttpFields query;    // decoded, in order; `+` is a space; a name may occur again
  HttpFields headers;  // as received, in order
  std::string body;
  std::string remote;  // `127.0.0.1:5000`
  std::string client;  // the name of its token; empty without one
  std::string person;  // whom its token stands for; empty: nobody in particular
  // By whom a fact of this request is, where it does not say so itself: that person, else the token.
  const std::string& actor() const { return person.empty() ? client : person; }
  Roles roles;                         // of its token; everything where no tokens are configured
  std::shared_ptr<const Scope> scope;  // of its token; null: everything
  bool phone = false;                  // its token is a paired phone's
  std::shared_ptr<const AccessToken> token;  // as it was then; null: there is none
  Instant good_until{kNever};                // of a phone's token

  // The first header of that name; empty when there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type;  // no Content-Type when empty
  std::string body;
  HttpFields headers;                   // besides the ones the server sets itself
  std::shared_ptr<StreamReply> stream;  // instead of `body`: an answer without end (stream_reply.h)
};

using Reply = std::function<void(HttpResponse)>;

// What the server asks of those who answer. Called from its io threads; several at a time when it
// has several.
class HttpService {
 public:
  virtual ~HttpService() = default;

  // After the header, before the body is read. An answer given here refuses the request: its body
  // is not looked at.
  virtual std::optional<HttpResponse> admit(HttpRequest& request) = 0;

  // Answered also on a connection beyond the limits, before `admit`: health, which must be told.
  virtual bool is_vital(const HttpRequest&) const { return false; }

  // The whole request. Must not block: it holds up every connection of its thread.
  virtual void handle(HttpRequest request, Reply reply) = 0;
};

}  // namespace tocsin
