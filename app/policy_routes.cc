#include "app/policy_routes.h"

#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <thread>

#include "app/policy_diff.h"
#include "app/policy_json.h"
#include "app/policy_record.h"
#include "connectors/http/problem.h"
#include "engine/policy/compile/yaml.h"
#include "events/mutex.h"
#include "events/writer.h"

namespace tocsin {

namespace {

using Compiled = std::variant<std::shared_ptr<const Policy>, std::vector<PolicyError>>;

HttpResponse json(std::string body, int status = 200) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

std::string query(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.query) {
    if (key == name) return value;
  }
  return {};
}

constexpr std::size_t kWhoMax = 512;  // bytes, as of a fact's attributes

bool is_a_name(const std::string& text) {
  return text.size() <= kWhoMax && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

// nullopt: neither.
std::optional<bool> flag(const HttpRequest& request, std::string_view name) {
  const std::string value = query(request, name);
  if (value.empty() || value == "false" || value == "0") return false;
  if (value == "true" || value == "1") return true;
  return std::nullopt;
}

// Of a request that gets, or got, its answer otherwise.
HttpResponse answered_elsewhere() {
  HttpResponse none;
  none.status = 0;
  return none;
}

HttpResponse bad_parameter(const std::string& name, const std::string& wanted) {
  return problem(400, "bad-parameter", name + " must be " + wanted).field(name).response();
}

// What a request brings: a policy, or what is wrong with its body.
struct Given {
  PolicyText text;
  std::string wrong;
};

// The body: YAML, or {"text": "…"}.
Given text_of(const HttpRequest& request) {
  Given out;
  out.text.name = "policy";
  out.text.text = request.body;
  if (request.header("content-type").substr(0, 16) != "application/json") return out;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view text;
  const simdjson::padded_string padded(request.body);
  if (parser.parse(padded).get(root) != simdjson::SUCCESS) {
    out.wrong = "the body is sent as JSON and cannot be read as such: it must be {\"text\": \"…\"}";
  } else if (root["text"].get(text) != simdjson::SUCCESS) {
    out.wrong = "text: must be the policy's text, in a body {\"text\": \"…\"}";
  } else {
    out.text.text = text;
  }
  return out;
}

Compiled compile(const Given& given) {
  const PolicyText& text = given.text;
  if (!given.wrong.empty()) return std::vector<PolicyError>{{text.name, 0, given.wrong}};
  if (text.text.size() > kYamlBytesMax)
    return std::vector<PolicyError>{{text.name, 0, "is longer than 1 MiB"}};
  return compile_policy(text, load_zone_for_policy);
}

HttpResponse refused(const std::vector<PolicyError>& errors) {
  std::string list = "\"errors\":";
  append_errors(list, errors);
  std::string detail = errors.empty() ? "" : errors.front().reason;
  if (errors.size() > 1) detail += " (and " + std::to_string(errors.size() - 1) + " more)";
  return problem(400, "bad-policy", detail).members(list).response();
}

// A thread that makes answers, one after the other.
class Worker {
 public:
  using Make = std::function<HttpResponse()>;
  Worker() : thread_([this] { work(); }) {}

  // What is under way is waited for, what waits is refused.
  void stop() {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  bool stopping() const { return stopping_; }

  // False: too much waits; it was refused.
  bool later(Reply reply, Make make) {
    {
      const MutexLock lock(mutex_);
      if (waiting_.size() < PolicyRoutes::kWaitingMax && !stopping_) {
        waiting_.push_back({std::move(reply), std::move(make)});
        wake_.notify_one();
        return true;
      }
    }
    reply(problem(503, "busy", "other policies are being looked at").retry_after(5).response());
    return false;
  }

 private:
  struct Job {
    Reply reply;
    Make make;
  };

  void work() {
    for (;;) {
      Job job;
      {
        MutexLock lock(mutex_);
        wake_.wait(lock, [this]() REQUIRES(mutex_) { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        job = std::move(waiting_.front());
        waiting_.pop_front();
      }
      HttpResponse response;
      try {
        response =
            stopping_ ? problem(503, "stopping", "the node is going down").response() : job.make();
      } catch (const std::exception& e) {
        response = problem(500, "failed", e.what()).response();
      }
      if (response.status != 0) job.reply(std::move(response));
    }
  }

  Mutex mutex_;
  Changed wake_;
  std::deque<Job> waiting_ GUARDED_BY(mutex_);
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace

class PolicyRoutes::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(Node& node) : node_(node) {}

  void stop() {
    trials_.stop();
    others_.stop();
  }

  // In turn, on a thread of this object's own.
  void later(Reply reply, Worker::Make make) { others_.later(std::move(reply), std::move(make)); }

  HttpResponse show(const HttpRequest& request) {
    const auto history = versions();
    if (history.empty())
      return problem(503, "not-ready", "no policy is in force yet").retry_after(1).response();
    const std::string wanted = query(request, "version");
    for (auto it = history.rbegin(); it != history.rend(); ++it) {
      if (wanted.empty() || wanted == std::to_string(it->version))
        return json(policy_json(*it, node_.now()));
    }
    return problem(404, "not-found", "there is no policy version " + wanted).response();
  }

  HttpResponse list() {
    const auto history = versions();
    std::string out;
    JsonObject object(out);
    object.time("now", node_.now()).number("inForce", history.empty() ? 0 : history.back().version);
    object.name("versions");
    out += '[';
    for (std::size_t i = 0; i < history.size(); ++i) {
      if (i > 0) out += ',';
      append_version(out, history[i]);
    }
    out += ']';
    object.close();
    return json(std::move(out));
  }

  HttpResponse check(const HttpRequest& request) {
    const Compiled compiled = compile(given(request));
    std::string out;
    JsonObject object(out);
    const auto* errors = std::get_if<std::vector<PolicyError>>(&compiled);
    object.boolean("ok", errors == nullptr);
    if (errors == nullptr) {
      const auto& policy = std::get<std::shared_ptr<const Policy>>(compiled);
      object.text("name", policy->name).text("hash", policy->hash);
      object.boolean("inForce", policy->hash_alone == node_.policy()->hash_alone);
    }
    object.name("errors");
    append_errors(out, errors == nullptr ? std::vector<PolicyError>{} : *errors);
    object.close();
    return json_now(out);
  }

  HttpResponse diff(const HttpRequest& request) {
    const Compiled compiled = compile(given(request));
    if (const auto* errors = std::get_if<std::vector<PolicyError>>(&compiled))
      return refused(*errors);
    const auto history = versions();
    if (history.empty())
      return problem(503, "not-ready", "no policy is in force yet").retry_after(1).response();
    // As it was posted: what the node has also remembers names of policies before.
    const auto now = policy_of_record(history.back().data, history.back().since);
    const Policy& policy = *std::get<std::shared_ptr<const Policy>>(compiled);
    std::string sentences, details;
    for (const PolicyChange& change : policy_diff(*now, policy)) {
      if (!sentences.empty()) {
        sentences += ',';
        details += ',';
      }
      append_json_string(sentences, change.sentence);
      append_change(details, change);
    }
    std::string labels;
    JsonObject named(labels);
    for (const auto& [name, label] : policy.labels) {
      std::string member, of;
      append_json_escaped(member, name);
      JsonObject(of).text("zh", label.zh).text("en", label.en).close();
      named.raw(member, of);
    }
    named.close();
    return json_now("{\"changes\":[" + sentences + "],\"details\":[" + details +
                    "],\"labels\":" + labels + "}");
  }

  void apply(const HttpRequest& request, Reply reply) {
    const auto to_open = flag(request, "to_open"), dry_run = flag(request, "dry_run");
    if (!to_open) return reply(bad_parameter("to_open", "true or false"));
    if (!dry_run) return reply(bad_parameter("dry_run", "true or false"));
    std::string by = query(request, "by");
    if (by.empty()) by = request.actor();
    if (by.empty() && !*dry_run) return reply(bad_parameter("by", "who does it"));
    if (!is_a_name(by))
      return reply(bad_parameter("by", "a name of 512 bytes at most, without control characters"));
    later(reply, [this, request, to_open = *to_open, dry_run = *dry_run, by, reply]() {
      const Given brought = given(request);
      const Compiled compiled = compile(brought);
      if (const auto* errors = std::get_if<std::vector<PolicyError>>(&compiled))
        return refused(*errors);
      const Policy& policy = *std::get<std::shared_ptr<const Policy>>(compiled);
      if (dry_run) return preview(policy, to_open);
      if (policy.hash_alone == node_.policy()->hash_alone && !to_open)
        return answer(policy, false, to_open);
      hand_in(brought.text, policy, to_open, by, reply);
      return answered_elsewhere();  // it is answered when it is durable
    });
  }

  void try_it(const HttpRequest& request, Reply reply) {
    const std::string since_text = query(request, "since");
    const auto since = since_text.empty() ? std::optional(kAlways) : parse_rfc3339(since_text);
    if (!since)
      return reply(bad_parameter("since", "an RFC 3339 instant, like 2026-03-02T09:00:00+08:00"));
    const Compiled compiled = compile(given(request));
    if (const auto* errors = std::get_if<std::vector<PolicyError>>(&compiled))
      return reply(refused(*errors));
    {
      const MutexLock lock(mutex_);
      if (trial_running_)
        return reply(problem(429, "busy",
                             "another policy is being tried; GET /v1/policy/try says "
                             "how far it is")
                         .retry_after(10)
                         .response());
      trial_running_ = true;
      trial_result_.clear();
      trial_facts_ = 0;
    }
    const bool begun = trials_.later(reply, [this, since = *since, tried = std::get<0>(compiled),
                                             reply] { return run_trial(tried, since, reply); });
    if (!begun) trial_running_ = false;
  }

  HttpResponse trial() {
    const MutexLock lock(mutex_);
    if (!trial_result_.empty()) return json_now(trial_result_);
    return progress();
  }

 private:
  // The policy that a request brings. A calendar's file that it names is the one that the policy in force
  // has: what the page shows can be changed and given back.
  Given given(const HttpRequest& request) {
    Given brought = text_of(request);
    std::vector<YamlFault> faults;
    const Yaml root = read_yaml(brought.text.text, faults);
    const auto history = known_versions();
    for (const Yaml& calendar : root["calendars"].values) {
      if (history.empty() || !calendar.is_text()) continue;
      const auto& files = history.back().text.files;
      if (const auto file = files.find(calendar.text); file != files.end())
        brought.text.files.insert(*file);
    }
    return brought;
  }

  std::vector<PolicyVersion> versions() {
    node_.store().refresh(seconds(2));
    return known_versions();
  }

  std::vector<PolicyVersion> known_versions() {
    const auto partitions = node_.store().view().partitions();
    std::vector<PolicyVersion> longest;
    for (const PartitionId partition : partitions) {
      auto history = policy_history(node_.store(), partition);
      if (history.size() > longest.size()) longest = std::move(history);
    }
    return longest;
  }

  // The object with the engine's instant in front.
  HttpResponse json_now(std::string_view object, int status = 200) const {
    return json("{\"now\":\"" + format_rfc3339(node_.now()) + "\"," + std::string(object.substr(1)),
                status);
  }

  HttpResponse answer(const Policy& policy, bool changed, bool to_open) {
    std::string out;
    JsonObject(out)
        .text("name", policy.name)
        .text("hash", policy.hash)
        .boolean("changed", changed)
        .boolean("toOpen", to_open)
        .close();
    return json_now(out);
  }

  HttpResponse preview(const Policy& policy, bool to_open) {
    node_.store().refresh(seconds(10));
    Preview preview;
    if (to_open) {
      preview = preview_to_open(node_.store(), policy, node_.now(),
                                [this] { return others_.stopping(); });
    }
    std::string out;
    append_preview(out, preview);
    return json_now(out);
  }

  void hand_in(const PolicyText& text, const Policy& policy, bool to_open, const std::string& by,
               Reply reply) {
    OwnRecord record;
    record.type = kPolicyType;
    record.subject = policy.name;
    record.data = policy_data(text, policy, 0, to_open, by);
    auto compiled = std::make_shared<Policy>(policy);
    node_.submit_own(std::move(record), [self = shared_from_this(), compiled, to_open,
                                         reply = std::move(reply)](OwnResult result) {
      if (result.status == OwnResult::Status::kDurable)
        return reply(self->answer(*compiled, true, to_open));
      if (result.status == OwnResult::Status::kRefused)
        return reply(problem(409, "refused", result.detail).response());
      std::string missing = "\"missing\":[";
      for (std::size_t i = 0; i < result.missing.size(); ++i)
        missing += (i > 0 ? "," : "") + std::to_string(result.missing[i]);
      reply(problem(503, "unavailable", result.detail)
                .members(missing + "]")
                .retry_after(10)
                .response());
    });
  }

  HttpResponse progress() const {
    std::string out;
    JsonObject(out)
        .text("state", trial_running_ ? "running" : "none")
        .number("facts", trial_facts_)
        .close();
    return json_now(out, trial_running_ ? 202 : 200);
  }

  // Answers 202 when it takes longer than people wait.
  HttpResponse run_trial(std::shared_ptr<const Policy> tried, Instant since, const Reply& reply) {
    const auto begun = std::chrono::steady_clock::now();
    bool answered = false;
    std::string out;
    try {
      const auto partitions = node_.store().view().partitions();
      const Trial trial = try_policy(node_.log(), partitions, node_.policy(), std::move(tried),
                                     since, node_.now(), [&](std::int64_t facts) {
                                       trial_facts_ = facts;
                                       const auto taken = std::chrono::steady_clock::now() - begun;
                                       if (!answered && taken > std::chrono::seconds(10)) {
                                         answered = true;
                                         reply(progress());
                                       }
                                       return !trials_.stopping();
                                     });
      append_trial(out, trial);
    } catch (...) {
      const MutexLock lock(mutex_);
      trial_running_ = false;
      throw;
    }
    const MutexLock lock(mutex_);
    trial_running_ = false;
    trial_result_ = out;
    return answered ? answered_elsewhere() : json_now(out);
  }

  Node& node_;
  Mutex mutex_;
  std::atomic<bool> trial_running_{false};
  std::atomic<std::int64_t> trial_facts_{0};
  std::string trial_result_ GUARDED_BY(mutex_);  // of the last one; JSON
  Worker trials_, others_;
};

PolicyRoutes::PolicyRoutes(Node& node) : impl_(std::make_shared<Impl>(node)) {}
PolicyRoutes::~PolicyRoutes() { impl_->stop(); }

std::vector<ModuleRoute> PolicyRoutes::routes() {
  // Held weakly: the API that keeps the routes may outlive this.
  const auto on_thread = [weak = std::weak_ptr<Impl>(impl_)](auto make) {
    return [weak, make](ModuleCall call) {
      const auto impl = weak.lock();
      if (!impl) return;
      auto request = std::make_shared<HttpRequest>(std::move(call.request));
      impl->later(std::move(call.reply),
                  [impl = impl.get(), request, make] { return make(*impl, *request); });
    };
  };
  const auto at_once = [weak = std::weak_ptr<Impl>(impl_)](auto take) {
    return [weak, take](ModuleCall call) {
      if (const auto impl = weak.lock()) take(*impl, call.request, std::move(call.reply));
    };
  };
  using Names = std::vector<std::string_view>;
  return {
      {"GET", "/v1/policy", Role::kRead,
       on_thread([](Impl& impl, const HttpRequest& request) { return impl.show(request); }), true,
       Names{"version"}},
      {"GET", "/v1/policy/versions", Role::kRead,
       on_thread([](Impl& impl, const HttpRequest&) { return impl.list(); }), true, Names{}},
      // A `dryrun` that is passed over would write.
      {"POST", "/v1/policy", Role::kAdmin,
       at_once([](Impl& impl, const HttpRequest& request, Reply reply) {
         impl.apply(request, std::move(reply));
       }),
       false, Names{"by", "to_open", "dry_run"}},
      {"POST", "/v1/policy/check", Role::kRead,
       on_thread([](Impl& impl, const HttpRequest& request) { return impl.check(request); }), true,
       Names{}},
      {"POST", "/v1/policy/diff", Role::kRead,
       on_thread([](Impl& impl, const HttpRequest& request) { return impl.diff(request); }), true,
       Names{}},
      {"POST", "/v1/policy/try", Role::kRead,
       at_once([](Impl& impl, const HttpRequest& request, Reply reply) {
         impl.try_it(request, std::move(reply));
       }),
       false, Names{"since"}},
      {"GET", "/v1/policy/try", Role::kRead,
       at_once([](Impl& impl, const HttpRequest&, Reply reply) { reply(impl.trial()); }), false,
       Names{}},
  };
}

}  // namespace tocsin
