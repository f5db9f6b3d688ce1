// Questions: GET routes that are answered from the views. A new one is three places: a function
// that answers it and its line in the table below it (api_questions.cc), and what it asks of the
// views (projections/read/query.h).
//
// An answer is computed on a query thread and may block; what is wrong with the parameters comes as
// BadParameter, which becomes a 400 naming it; anything else thrown is a 500.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/message.h"
#include "engine/policy/policy.h"
#include "projections/read/query.h"

namespace tocsin {

// What questions are answered from. All from any thread.
struct ReadSide {
  std::function<ReadView()> view;  // of one moment; the answer says of which
  // Of the engine: virtual where its time is.
  std::function<Instant()> now;
  // In force; its figures and labels, and its working calendar for periods.
  std::function<std::shared_ptr<const Policy>()> policy;
  RecordSource records;  // for stores that do not keep timelines' records; may be empty
  ReachedBy reached;     // what the notifier came to; may be empty
  // By the roster in force; empty: a person is known by the word itself alone.
  std::function<PersonWords(const std::string& person)> words_for;
  PersonShown person_shown;    // by the same roster
  std::function<void()> want;  // somebody waits for newer views; may be empty
};

struct Question {
  const HttpRequest& request;
  const std::vector<std::string>& path;  // its parameters, decoded, in order
  const ReadSide& from;
};

struct QuestionRoute {
  std::string_view pattern;  // `/v1/accounts/{account}`
  HttpResponse (*answer)(const Question&);
};
const std::vector<QuestionRoute>& question_routes();

// A parameter that is refused.
struct BadParameter : std::runtime_error {
  BadParameter(std::string parameter, const std::string& detail)
      : std::runtime_error(detail), name(std::move(parameter)) {}
  std::string name;
};
HttpResponse bad_parameter(const BadParameter& error);

// Throws BadParameter where the query has a name that is not among `known`, or one twice.
void refuse_unknown(const HttpRequest& request, std::span<const std::string_view> known);

// Every question takes it, beside its own parameters.
inline constexpr std::string_view kMinOffset = "min_offset";

// The query parameters of a request, each read once.
class Parameters {
 public:
  using Words = std::initializer_list<std::string_view>;

  // Refuses names that are not among `known`, and names given twice.
  Parameters(const HttpRequest& request, Words known);

  // Empty when it is absent or empty.
  std::string text(std::string_view name) const;
  // One of `words`, or empty.
  std::string word(std::string_view name, Words words) const;
  // Whether it is `true`; absent, empty and `false` are not.
  bool flag(std::string_view name) const;
  // `a,b`: its parts, each one of `words`.
  std::vector<std::string> list(std::string_view name, Words words) const;
  std::size_t limit() const;
  // A cursor that the list with these rows gave, or empty.
  std::string cursor(Family family) const;
  // A date such as 2026-03-02.
  std::optional<Day> day(std::string_view name) const;
  TimelineQuery timeline() const;

 private:
  const HttpFields& query_;
};

HttpResponse json_response(std::string body, int status = 200);

}  // namespace tocsin
