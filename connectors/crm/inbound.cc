#include "connectors/crm/inbound.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "connectors/crm/inbound_parts.h"
#include "events/mutex.h"
#include "events/reasons.h"

namespace tocsin {
namespace {

constexpr std::size_t kLargeBytes = 64 << 10;
constexpr Duration kMoveWait = seconds(5);
constexpr int kPassesMax = 5;  // over a payload whose subjects move under its eyes
// Of one payload: beyond it the whole is `too_large` (subjects that move to and fro repeat facts).
constexpr std::size_t kFactsMax = 100'000;

bool needs_act(const std::string& verb) {
  return verb == "acknowledged" || verb == "excused" || verb == "escalated";
}

InboundResult unavailable(std::string detail) {
  InboundResult result;
  result.detail = std::move(detail);
  return result;
}

}  // namespace

struct Inbound::Work {
  InboundPayload payload;
  Done done;
};

// What a payload came to, before it is handed in.
struct Inbound::Pass final : SubjectPort {
  explicit Pass(SubjectBook& b) : book(b) {}

  std::optional<std::string> account_of(const Adapter& adapter,
                                        const std::string& subject) override {
    const auto here = seen.find(subject);
    return here == seen.end() ? book.account_of(adapter, subject) : here->second.account;
  }
  // What is known of a subject that moves: the log's, then what came before in this payload.
  SubjectHistory history_before(const AdapterRun& run) const {
    SubjectHistory before;
    const auto stored = fetched.find(run.subject);
    const auto here = seen.find(run.subject);
    if (stored != fetched.end()) before.account = stored->second.account;
    if (here != seen.end()) before.account = here->second.account;
    if (before.account == run.account) return before;
    if (stored != fetched.end()) before.facts = stored->second.facts;
    if (here != seen.end())
      before.facts.insert(before.facts.end(), here->second.facts.begin(), here->second.facts.end());
    return before;
  }
  // The first reason stands with the payload's bytes.
  void reject(const Adapter& adapter, const std::string& reason) {
    rejected.push_back(reason);
    if (why.empty()) why = "adapter:" + adapter.name + ":" + reason;
  }
  void clear() {
    seen.clear();
    take_back({});
    rejected.clear();
    why.clear();
    ignored = not_ours = 0;
    too_many = false;
  }

  // How far the submission goes: to undo what a run gave.
  struct Mark {
    std::size_t facts = 0, bytes = 0;
  };
  Mark mark() const { return {given->events.size(), given->body.size()}; }
  void take_back(Mark mark) {
    given->events.resize(mark.facts);
    ends.resize(mark.facts);
    given->body.resize(mark.bytes);
  }

  SubjectBook& book;
  std::map<std::string, SubjectHistory> fetched;  // from the log, by subject
  std::map<std::string, SubjectHistory> seen;     // in this payload
  // The facts' texts one behind the other, and the facts; `original` is set when it is complete.
  std::unique_ptr<Submission> given = std::make_unique<Submission>();
  std::vector<std::size_t> ends;  // of the facts in the submission's body
  std::vector<std::string> rejected;
  std::string why;                  // the first of them, with its prefix
  std::vector<std::string> moving;  // keys of subjects that others wait for
  std::size_t ignored = 0, not_ours = 0;
  bool too_many = false;  // more than kFactsMax: the payload is refused
};

Inbound::Inbound(InboundOptions options, InputPort& node)
    : options_(std::move(options)), node_(node), book_(options_.stored_account) {
  for (const auto& [name, adapter] : options_.adapters)
    figures_.emplace(name, std::make_unique<AdapterFigures>());
  thread_ = std::thread([this] { run(); });
}

Inbound::~Inbound() { stop(); }

void Inbound::stop() {
  std::deque<std::unique_ptr<Work>> left;
  {
    const MutexLock lock(queue_mutex_);
    stopping_ = true;
    left.swap(queue_);
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (const auto& work : left) work->done(unavailable("the node is stopping"));
}

const InboundAdapter* Inbound::find(const std::string& name) const {
  const auto found = options_.adapters.find(name);
  return found == options_.adapters.end() ? nullptr : &found->second;
}

std::string Inbound::name_of_reason(std::string_view reason) const {
  for (const auto& [name, in] : options_.adapters) {
    if (reason.starts_with("adapter:" + in.adapter->name + ":")) return name;
  }
  return {};
}

bool Inbound::take(InboundPayload payload, Done done) {
  if (find(payload.name) == nullptr) return false;
  auto work = std::make_unique<Work>();
  work->payload = std::move(payload);
  work->done = std::move(done);
  take_at_once(std::move(work));
  return true;
}

void Inbound::take_at_once(std::unique_ptr<Work> work) {
  if (work->payload.body.size() > kLargeBytes) return wait_behind(std::move(work));
  {
    Pass pass(book_);
    const MutexLock lock(mutex_);
    if (evaluate(*work, pass, tools_, false)) return hand_in(std::move(work), std::move(pass));
  }
  wait_behind(std::move(work));
}

void Inbound::take_patiently(std::unique_ptr<Work> work) {
  Pass pass(book_);
  if (!evaluate(*work, pass, tools_of_thread_, true)) {
    release(pass.moving);
    return work->done(unavailable("a subject is being moved; try again"));
  }
  const std::vector<std::string> moving = pass.moving;
  {
    const MutexLock lock(mutex_);
    hand_in(std::move(work), std::move(pass));
  }
  release(moving);
}

void Inbound::release(const std::vector<std::string>& moving) {
  if (moving.empty()) return;
  const MutexLock lock(moving_mutex_);
  for (const std::string& key : moving) moving_.erase(key);
}

bool Inbound::is_moving(const std::string& key) {
  const MutexLock lock(moving_mutex_);
  return moving_.count(key) != 0;
}

bool Inbound::evaluate(const Work& work, Pass& pass, Tools& tools, bool may_wait) {
  const InboundAdapter& in = *find(work.payload.name);
  std::vector<HeaderView> headers;
  for (const auto& [name, value] : work.payload.headers) headers.push_back({name, value});
  const AdapterInput input{work.payload.body, headers, work.payload.arrival};
  for (int n = 0; n < kPassesMax; ++n) {
    if (auto policy = options_.policy(); policy != tools.policy) {
      tools.policy = policy;
      tools.check = std::make_unique<FactCheck>(policy);
    }
    pass.clear();
    // Subjects whose history is not known yet, and from where they move.
    std::map<std::string, std::string> moved;
    bool wait = false;
    const std::string why = tools.evaluator.run(*in.adapter, input, pass, [&](AdapterRun&& run) {
      if (wait) return;
      if (run.outcome == AdapterRun::Outcome::kFacts) {
        wait = !may_wait && is_moving(subject_key(*in.adapter, run.subject));
        const auto before = pass.account_of(*in.adapter, run.subject);
        if (before && *before != run.account && pass.fetched.count(run.subject) == 0)
          moved.emplace(run.subject, *before);
      }
      if (!wait && moved.empty())
        give(pass, in, *tools.check, std::move(run), work.payload.arrival);
    });
    if (wait || (!moved.empty() && !may_wait)) return false;
    if (moved.empty()) {
      if (pass.too_many) {
        pass.clear();
        pass.reject(*in.adapter, std::string(kTooLarge));
      } else if (!why.empty()) {
        pass.reject(*in.adapter, why);
      }
      return true;
    }
    for (const auto& [subject, account] : moved) {
      if (!fetch_history(*in.adapter, pass, subject, account)) return false;
    }
  }
  return false;
}

// Waits until nothing of the subject is under way, then reads what the log has of it. Payloads that
// come of it meanwhile wait behind.
bool Inbound::fetch_history(const Adapter& adapter, Pass& pass, const std::string& subject,
                            const std::string& account) {
  const std::string key = subject_key(adapter, subject);
  {
    const MutexLock lock(moving_mutex_);
    moving_.insert(key);
  }
  pass.moving.push_back(key);
  { const MutexLock lock(mutex_); }  // what was evaluated before that is handed in by now
  const bool settled = book_.wait_until_settled(key, kMoveWait);
  if (settled) pass.fetched[subject] = options_.history(adapter, account, subject);
  pass.fetched[subject].account = account;
  return settled;
}

void Inbound::give(Pass& pass, const InboundAdapter& in, FactCheck& check, AdapterRun run,
                   Instant arrival) {
  const auto reject = [&](const std::string& reason) { pass.reject(*in.adapter, reason); };
  if (run.outcome == AdapterRun::Outcome::kRejected) return reject(run.reason);
  if (run.outcome != AdapterRun::Outcome::kFacts) {
    ++(run.outcome == AdapterRun::Outcome::kIgnored ? pass.ignored : pass.not_ours);
    return;
  }
  if (pass.too_many) return;
  const SubjectHistory before = pass.history_before(run);
  Submission& given = *pass.given;
  const Pass::Mark mark = pass.mark();
  const std::size_t facts = before.facts.size() + run.facts.size();
  pass.too_many = mark.facts + facts > kFactsMax;
  if (pass.too_many) return;
  std::string why;
  if (mark.facts == 0) given.events.reserve(facts + 1);
  visit_given(run, &before, [&](const std::string& account, const AdapterFact& fact) {
    append_given(given.body, *in.adapter, account, run.subject, fact);
    const std::size_t begin = pass.ends.empty() ? 0 : pass.ends.back();
    pass.ends.push_back(given.body.size());
    const std::string_view text = std::string_view(given.body).substr(begin);
    if (!in.act && needs_act(fact.verb)) {
      why = "forbidden:" + fact.verb;
    } else {
      why = check.check(text, *in.adapter, account, run.subject, fact, arrival,
                        given.events.emplace_back().decoded);
    }
    return why.empty();
  });
  if (!why.empty()) {
    pass.take_back(mark);
    return reject(why);
  }
  if (given.events.size() == mark.facts) return;
  SubjectHistory& seen = pass.seen[run.subject];
  seen.account = std::move(run.account);
  std::move(run.facts.begin(), run.facts.end(), std::back_inserter(seen.facts));
}

// With mutex_ held: the node gets payloads in the order in which they were read.
void Inbound::hand_in(std::unique_ptr<Work> work, Pass pass) {
  AdapterFigures& figures = *figures_.at(work->payload.name);
  const InboundAdapter& in = *find(work->payload.name);
  auto result = std::make_shared<InboundResult>();
  result->ignored = pass.ignored + pass.not_ours;
  for (std::string& reason : pass.rejected) {
    figures.reject(reason);
    if (result->rejected.size() < InboundResult::kReasonsMax)
      result->rejected.push_back("adapter:" + in.adapter->name + ":" + reason);
  }
  figures.note(work->payload.arrival, pass.ignored, pass.not_ours);
  if (work->payload.replayed) pass.why.clear();
  if (pass.given->events.empty() && pass.why.empty()) {
    result->kept = true;
    return work->done(std::move(*result));
  }
  std::unique_ptr<Submission> submission = std::move(pass.given);
  const std::size_t facts = submission->events.size(), facts_bytes = submission->body.size();
  const bool rejects = !pass.why.empty();
  if (rejects) submission->body += work->payload.body;
  const std::string_view whole = submission->body;
  for (std::size_t i = 0, begin = 0; i < facts; begin = pass.ends[i++])
    submission->events[i].original = whole.substr(begin, pass.ends[i] - begin);
  if (rejects) {
    SubmittedEvent& event = submission->events.emplace_back();
    event.original = whole.substr(facts_bytes);
    event.decoded.form_error = submission->texts.emplace_back(std::move(pass.why));
  }
  submission->source = work->payload.source;
  submission->headers = kept_headers(in, work->payload.headers);
  std::vector<std::string> keys;
  for (const auto& [subject, history] : pass.seen) {
    keys.push_back(subject_key(*in.adapter, subject));
    book_.handed_in(keys.back(), history.account);
  }
  node_.submit(std::move(submission), [this, keys = std::move(keys), facts, result, &figures,
                                       done = std::move(work->done)](SubmitResult answer) {
    const bool kept = answer.status == SubmitResult::Status::kJudged;
    for (const std::string& key : keys) book_.done(key, kept);
    result->kept = kept;
    result->detail = std::move(answer.detail);
    result->retry_after_seconds = answer.retry_after_seconds;
    for (std::size_t i = 0; kept && i < facts && i < answer.events.size(); ++i)
      count_outcome(answer.events[i], *result);
    figures.facts(result->accepted, result->duplicates);
    done(std::move(*result));
  });
}

void Inbound::wait_behind(std::unique_ptr<Work> work) {
  {
    const MutexLock lock(queue_mutex_);
    const std::size_t bytes = work->payload.body.size();
    if (!stopping_ && queue_.size() < options_.waiting_max &&
        queue_bytes_ + bytes <= options_.waiting_bytes_max) {
      queue_bytes_ += bytes;
      queue_.push_back(std::move(work));
    }
  }
  if (work) return work->done(unavailable("too many payloads wait"));
  wake_.notify_one();
}

void Inbound::run() {
  for (;;) {
    std::unique_ptr<Work> work;
    {
      MutexLock lock(queue_mutex_);
      wake_.wait(lock, [&]() REQUIRES(queue_mutex_) { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      work = std::move(queue_.front());
      queue_.pop_front();
      queue_bytes_ -= work->payload.body.size();
    }
    take_patiently(std::move(work));
  }
}

}  // namespace tocsin
