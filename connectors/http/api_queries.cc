// Questions: parameters in, JSON out. And the stream of events.
#include <algorithm>
#include <charconv>

#include "connectors/http/api_call.h"

namespace tocsin {
namespace {

HttpResponse not_found(std::string_view what) { return problem(404, "not-found", what).response(); }

std::string join(std::initializer_list<std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) {
    if (!out.empty()) out += ", ";
    out += word;
  }
  return out;
}

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

// `2026-03-02`; whether the month has that day is the views' business.
bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

}  // namespace

HttpResponse json_response(std::string body, int status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

HttpResponse bad_parameter(const BadParameter& error) {
  return problem(400, "bad-parameter", error.name + ": " + error.what())
      .field(error.name)
      .response();
}

Parameters::Parameters(const HttpRequest& request, std::initializer_list<std::string_view> known)
    : query_(request.query) {
  for (std::size_t i = 0; i < query_.size(); ++i) {
    const std::string& name = query_[i].first;
    if (name == kMinOffset) continue;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw BadParameter(name, known.size() == 0 ? "this route takes no parameters"
                                                 : "no such parameter; there are " + join(known));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (query_[j].first == name) throw BadParameter(name, "is given twice");
    }
  }
}

std::string Parameters::text(std::string_view name) const {
  for (const auto& [key, value] : query_) {
    if (key == name) return value;
  }
  return {};
}

std::string Parameters::word(std::string_view name,
                             std::initializer_list<std::string_view> words) const {
  const std::string value = text(name);
  if (!value.empty() && std::find(words.begin(), words.end(), value) == words.end())
    throw BadParameter(std::string(name), "must be one of " + join(words));
  return value;
}

std::size_t Parameters::limit() const {
  const std::string value = text("limit");
  if (value.empty()) return kLimitDefault;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
  if (error != std::errc{} || end != value.data() + value.size() || limit < 1 || limit > kLimitMax)
    throw BadParameter("limit", "must be a whole number from 1 to " + std::to_string(kLimitMax));
  return limit;
}

TimelineRequest Parameters::timeline() const {
  TimelineRequest request;
  request.limit = limit();
  request.newest_first = word("order", {"oldest", "newest"}) == "newest";
  const std::string after = text("after");
  if (after.empty()) return request;
  const auto positions = parse_positions(after);
  if (!positions || positions->size() != 1)
    throw BadParameter("after", "must be a position partition:offset such as 0:17");
  request.after = positions->begin()->second;
  return request;
}

// Runs `answer` on a query thread, after min_offset where that is asked for.
void Api::query(Call call, std::function<HttpResponse(const HttpRequest&, QueryPort&)> answer) {
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
  const auto run = [this, shared, answer = std::move(answer)] {
    try {
      shared->reply(answer(shared->request, queries_));
    } catch (const BadParameter& error) {
      shared->reply(bad_parameter(error));
    } catch (const std::exception& error) {
      shared->reply(problem(500, "failed", error.what()).response());
    }
  };
  const auto reached = [this, wanted] {
    const Positions applied = queries_.applied();
    return std::all_of(wanted->begin(), wanted->end(), [&](const auto& position) {
      const auto found = applied.find(position.first);
      return found != applied.end() && found->second > position.second;
    });
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

void Api::get_clocks(Call call) {
  query(std::move(call), [](const HttpRequest& request, QueryPort& queries) {
    const Parameters p(request, {"state", "kind", "clock", "account", "tier", "role", "person",
                                 "order", "limit", "cursor"});
    ClocksRequest clocks;
    clocks.state =
        p.word("state", {"running", "paused", "stopped", "cancelled", "at_risk", "overdue"});
    p.word("order", {"due"});
    clocks.kind = p.text("kind");
    clocks.clock = p.text("clock");
    clocks.account = p.text("account");
    clocks.tier = p.text("tier");
    clocks.role = p.text("role");
    clocks.person = p.text("person");
    clocks.page = p.page();
    return json_response(queries.clocks(clocks));
  });
}

void Api::get_board(Call call) {
  query(std::move(call), [](const HttpRequest& request, QueryPort& queries) {
    const Parameters p(request, {"account", "kind", "tier", "role", "person", "limit"});
    BoardRequest board;
    board.account = p.text("account");
    board.kind = p.text("kind");
    board.tier = p.text("tier");
    board.role = p.text("role");
    board.person = p.text("person");
    board.limit = p.limit();
    return json_response(queries.board(board));
  });
}

void Api::get_inbox(Call call) {
  query(std::move(call), [](const HttpRequest& request, QueryPort& queries) {
    const Parameters p(request, {"person", "role", "limit", "cursor"});
    InboxRequest inbox;
    inbox.person = p.text("person");
    inbox.role = p.text("role");
    if (!inbox.person.empty() && !inbox.role.empty())
      throw BadParameter("role", "give either person or role");
    inbox.page = p.page();
    return json_response(queries.inbox(inbox));
  });
}

void Api::get_entity(Call call) {
  const auto path = call.parameters;
  query(std::move(call), [path](const HttpRequest& request, QueryPort& queries) {
    const Parameters p(request, {});
    auto answer = queries.entity(path[0], path[1], path[2]);
    return answer ? json_response(std::move(*answer)) : not_found("no fact names this entity");
  });
}

void Api::get_entity_timeline(Call call) {
  const auto path = call.parameters;
  query(std::move(call), [path](const HttpRequest& request, QueryPort& queries) {
    const Parameters p(request, {"after", "order", "limit"});
    auto answer = queries.entity_timeline(path[0], path[1], path[2], p.timeline());
    return answer ? json_response(std::move(*answer)) : not_found("no fact names this entity");
  });
}

void Api::get_accounts(Call call) {
  query(std::move(call), [](const HttpRequest& request, QueryPort& queries) {
    return json_response(queries.accounts(Parameters(request, {"limit", "cursor"}).page()));
  });
}

void Api::get_account(Call call) {
  const auto path = call.parameters;
  query(std::move(call), [path](const HttpRequest& request, QueryPort& queries) {
    const Parameters p(request, {});
    auto answer = queries.account(path[0]);
    return answer ? json_response(std::move(*answer)) : not_found("no fact names this account");
  });
}

void Api::get_account_timeline(Call call) {
  const auto path = call.parameters;
  query(std::move(call), [path](const HttpRequest& request, QueryPort& queries) {
    const Parameters p(request, {"after", "order", "limit"});
    auto answer = queries.account_timeline(path[0], p.timeline());
    return answer ? json_response(std::move(*answer)) : not_found("no fact names this account");
  });
}

void Api::get_kpis(Call call) {
  query(std::move(call), [](const HttpRequest& request, QueryPort& queries) {
    const Parameters p(request,
                       {"by", "from", "to", "clock", "account", "tier", "priority", "per"});
    KpisRequest kpis;
    const std::string by = p.word("by", {"day", "week", "month"});
    kpis.by = by == "day"    ? KpisRequest::By::kDay
              : by == "week" ? KpisRequest::By::kWeek
                             : KpisRequest::By::kMonth;
    for (const std::string_view name : {"from", "to"}) {
      const std::string date = p.text(name);
      if (!date.empty() && !is_date(date))
        throw BadParameter(std::string(name), "must be a date such as 2026-03-02");
      (name == "from" ? kpis.from : kpis.to) = date;
    }
    kpis.clock = p.text("clock");
    kpis.account = p.text("account");
    kpis.tier = p.text("tier");
    kpis.priority = p.text("priority");
    for (const std::string& per : split_list(p.text("per"))) {
      if (per == "account") {
        kpis.per_account = true;
      } else if (per == "tier") {
        kpis.per_tier = true;
      } else if (per == "priority") {
        kpis.per_priority = true;
      } else {
        throw BadParameter("per", "must be a list of account, tier, priority");
      }
    }
    return json_response(queries.kpis(kpis));
  });
}

void Api::get_faults(Call call) {
  query(std::move(call), [](const HttpRequest& request, QueryPort& queries) {
    const Parameters p(request, {"account", "limit"});
    return json_response(queries.faults(p.text("account"), p.limit()));
  });
}

void Api::get_stream(Call call) {
  try {
    const HttpRequest& request = call.request;
    const Parameters p(request, {"after", "account", "types"});
    FeedRequest feed;
    feed.client = (request.client.empty() ? "" : request.client + " ") + request.remote;
    feed.account = p.text("account");
    feed.types = split_list(p.text("types"));
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
