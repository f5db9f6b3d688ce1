// Inside the API: routes, a request on its way, and reading parameters. Not for users of
// connectors/http.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/api.h"
#include "connectors/http/problem.h"

namespace tocsin {

struct Api::Route {
  std::string_view method;
  std::string_view pattern;    // `/v1/accounts/{account}`
  std::optional<Role> needed;  // empty: anybody, without a token too
  Handler handler;
  std::vector<std::string_view> segments;  // of the pattern; `{…}` takes any
  const ModuleRoute* module = nullptr;     // instead of `handler`
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

HttpResponse json_response(std::string body, int status = 200);

// The query parameters of a request, each read once. What is wrong with them comes as BadParameter.
class Parameters {
 public:
  // Refuses names that are not among `known`, and names given twice.
  Parameters(const HttpRequest& request, std::initializer_list<std::string_view> known);

  // Empty when it is absent or empty.
  std::string text(std::string_view name) const;
  // One of `words`, or empty.
  std::string word(std::string_view name, std::initializer_list<std::string_view> words) const;
  std::size_t limit() const;
  PageRequest page() const { return {limit(), text("cursor")}; }
  TimelineRequest timeline() const;

 private:
  const HttpFields& query_;
};

HttpResponse bad_parameter(const BadParameter& error);

// Every route that asks the views takes it, beside its own parameters.
inline constexpr std::string_view kMinOffset = "min_offset";

}  // namespace tocsin
