// Inside the API: routes, and a request on its way. Not for users of
// connectors/http.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/api.h"
#include "connectors/http/problem.h"

namespace tocsin {

struct Api::Route {
  std::string_view method;
  std::string_view pattern;                // `/v1/accounts/{account}`
  std::optional<Role> needed;              // empty: anybody, without a token too
  Handler handler;                         // or `module`, or `question`
  std::vector<std::string_view> segments;  // of the pattern; `{…}` takes any
  const ModuleRoute* module = nullptr;
  HttpResponse (*question)(const Question&) = nullptr;
  bool obeys_scope = false;  // of a list: its answer leaves out what lies outside
};

struct Api::Call {
  HttpRequest request;
  std::vector<std::string> parameters;  // of the path, decoded, in order
  Reply reply;
};

// What happened on one route; status classes and a histogram of the time to the answer.
struct Api::RouteFigures {
  static constexpr std::array<std::int64_t, 12> kMicrosMax = {
      100, 250, 500, 1000, 2500, 5000, 10'000, 25'000, 50'000, 100'000, 1'000'000, 10'000'000};
  std::array<std::atomic<std::int64_t>, 6> by_class{};
  std::array<std::atomic<std::int64_t>, kMicrosMax.size() + 1> by_micros{};
  std::atomic<std::int64_t> micros_sum{0};
};

// Who sends events: what its token allows.
struct Sender {
  std::string name;  // of its token, for `tocsinby`
  Roles roles;
  std::shared_ptr<const Scope> scope;
};

inline Sender sender_of(const HttpRequest& request) {
  return {request.client, request.roles, request.scope};
}

// `forbidden:acknowledged`, `forbidden:account` …, or empty: the sender may send this fact.
std::string_view refusal_of(const Fact& fact, const Sender& sender);

// A submission and what its answer needs of it.
struct Api::Events {
  std::unique_ptr<Submission> submission;
  bool batch = false;
  Sender sender;
};

}  // namespace tocsin
