// Questions on their way to a thread that may block; and the stream of events.
#include <algorithm>

#include "connectors/http/api_call.h"
#include "connectors/http/question.h"

namespace tocsin {
namespace {

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    if (comma > begin) parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return parts;
}

}  // namespace

// Answers on a query thread, after min_offset where that is asked for.
void Api::ask(const Route& route, Call call) {
  const auto shared = std::make_shared<Call>(std::move(call));
  std::optional<Positions> wanted;
  for (const auto& [name, value] : shared->request.query) {
    if (name != kMinOffset || value.empty()) continue;
    wanted = parse_positions(value);
    if (!wanted) {
      return shared->reply(bad_parameter(BadParameter(
          std::string(kMinOffset), "must be positions partition:offset such as 0:17")));
    }
  }
  const auto run = [this, shared, answer = route.question] {
    try {
      shared->reply(answer({shared->request, shared->parameters, views_}));
    } catch (const BadParameter& error) {
      shared->reply(bad_parameter(error));
    } catch (const std::exception& error) {
      shared->reply(problem(500, "failed", error.what()).response());
    }
  };
  const auto reached = [this, wanted] {
    const Positions applied = views_.view().applied();
    const bool there = std::all_of(wanted->begin(), wanted->end(), [&](const auto& position) {
      const auto found = applied.find(position.first);
      return found != applied.end() && found->second > position.second;
    });
    if (!there && views_.want) views_.want();
    return there;
  };
  const auto run_or_give_up = [shared, run](bool is_reached) {
    if (is_reached) return run();
    shared->reply(problem(503, "not-there-yet", "min_offset has not been reached in time")
                      .field(kMinOffset)
                      .retry_after(1)
                      .response());
  };
  const bool taken =
      wanted ? pool_.submit_when(reached, std::chrono::milliseconds(options_.min_offset_wait.ms),
                                 run_or_give_up)
             : pool_.submit(run);
  if (!taken) {
    shared->reply(problem(503, "overloaded", "too many queries wait").retry_after(1).response());
  }
}

void Api::get_stream(Call call) {
  try {
    const HttpRequest& request = call.request;
    const Parameters p(request, {"after", "account", "types"});
    FeedRequest feed;
    feed.client = (request.client.empty() ? "" : request.client + " ") + request.remote;
    feed.account = p.text("account");
    feed.types = split_list(p.text("types"));
    feed.scope = request.scope;
    feed.admitted = guard_.admission(request);
    // A client that reconnects knows better than the address it was given at first.
    std::string after(request.header("Last-Event-ID"));
    const std::string where = after.empty() ? "after" : "Last-Event-ID";
    if (after.empty()) after = p.text("after");
    if (!after.empty()) {
      feed.after = parse_positions(after);
      if (!feed.after) throw BadParameter(where, "must be positions partition:offset such as 0:17");
    }
    HttpResponse response;
    response.content_type = "text/event-stream";
    response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
    response.stream = feed_.subscribe(std::move(feed));
    if (!response.stream) {
      return call.reply(problem(503, "overloaded", "the stream has as many clients as it may have")
                            .retry_after(5)
                            .response());
    }
    call.reply(std::move(response));
  } catch (const BadParameter& error) {
    call.reply(bad_parameter(error));
  }
}

}  // namespace tocsin
