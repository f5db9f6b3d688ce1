// What CRMs send to `/v1/in/{name}`: verified, turned into facts, handed to the node.
//
// A request goes: adapter (404) → size (413) → signature over the raw bytes (401) → runs → facts
// and, once a payload, what was rejected with its bytes → the node → 202 once durable, else 503.
// What no rule matches is 202 too: the sender cannot mend it.
//
// A payload with a subject that has moved, one whose subject is moving, and a large one wait for a
// thread of our own, which holds up nobody; all others are done at once, under one lock, so that the
// payloads of a subject count in the order in which they came.
//
// Threads: handle and figures from any; stop once, after the server and before the node.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "connectors/crm/given_facts.h"
#include "connectors/crm/signature.h"
#include "connectors/crm/subject_book.h"
#include "connectors/http/module_route.h"
#include "engine/input_port.h"
#include "events/mutex.h"

namespace tocsin {

struct InboundAdapter {
  std::shared_ptr<const Adapter> adapter;
  std::vector<AdapterSecret> secrets;
  bool act = false;  // may acknowledge, excuse and escalate
};

struct InboundOptions {
  std::map<std::string, InboundAdapter> adapters;  // by their name in the config
  std::string public_url;  // `https://desk.example`; empty: as the Host header says
  bool loopback = true;    // whether `verify: none` is good enough
  std::function<Instant()> now;
  std::function<std::shared_ptr<const Policy>()> policy;
  StoredAccount stored_account;
  // All that a source gave of a subject under an account, in the log's order. May take some ms;
  // includes what was durable before the call.
  std::function<SubjectHistory(const Adapter& adapter, const std::string& account,
                               const std::string& subject)>
      history;
  // An event of a chat vendor, verified, as JSON: who has more to fetch does so.
  std::function<void(const std::string& name, const std::string& event)> on_chat_event;
  std::size_t waiting_max = 1'000;  // payloads that wait for our thread; beyond them 503
  std::size_t waiting_bytes_max = 64 << 20;
};

// One payload on its way.
struct InboundPayload {
  std::string name;  // of the adapter in the config
  std::string body;  // JSON
  HttpFields headers;
  std::string source;  // `http 127.0.0.1:5000 /v1/in/zammad`
  Instant arrival;
  bool replayed = false;  // it was rejected before: what is rejected again is not written again
};

struct InboundResult {
  bool kept = false;  // durable; else try again
  std::string detail;
  int retry_after_seconds = 1;
  std::size_t accepted = 0, duplicates = 0, ignored = 0;
  std::vector<std::string> rejected;  // reasons, at most kReasonsMax
  static constexpr std::size_t kReasonsMax = 100;
};

class AdapterFigures;

class Inbound {
 public:
  Inbound(InboundOptions options, InputPort& node);
  ~Inbound();

  std::vector<ModuleRoute> routes();
  void handle(ModuleCall call);

  // A payload that needs no signature: from a topic, a puller, or rejected before. `done` comes
  // from any thread, once. False: there is no such adapter; `done` is not called.
  using Done = std::function<void(InboundResult)>;
  bool take(InboundPayload payload, Done done);

  const InboundAdapter* find(const std::string& name) const;
  // The adapter that rejected with `adapter:<its own name>:…`; its name in the config, or empty.
  std::string name_of_reason(std::string_view reason) const;

  // Text exposition format.
  std::string metrics() const;
  void stop();

 private:
  struct Work;
  struct Pass;
  // What payloads are run with; our thread has one of its own.
  struct Tools {
    Evaluator evaluator;
    std::shared_ptr<const Policy> policy;
    std::unique_ptr<FactCheck> check;  // by that policy
  };

  void refuse(const ModuleCall& call, const std::string& name, std::string_view why);
  void take_at_once(std::unique_ptr<Work> work);    // or puts it behind others, for our thread
  void take_patiently(std::unique_ptr<Work> work);  // on our thread
  // Makes the pass; false: it must wait for our thread.
  bool evaluate(const Work& work, Pass& pass, Tools& tools, bool may_wait);
  bool fetch_history(const Adapter& adapter, Pass& pass, const std::string& subject,
                     const std::string& account);
  bool is_moving(const std::string& key);
  void release(const std::vector<std::string>& moving);
  void give(Pass& pass, const InboundAdapter& in, FactCheck& check, AdapterRun run,
            Instant arrival);
  void hand_in(std::unique_ptr<Work> work, Pass pass) REQUIRES(mutex_);
  void wait_behind(std::unique_ptr<Work> work);
  void run();

  const InboundOptions options_;
  InputPort& node_;
  std::map<std::string, std::unique_ptr<AdapterFigures>> figures_;

  SubjectBook book_;
  Mutex mutex_;  // of `tools_`, and of handing in
  Tools tools_ GUARDED_BY(mutex_), tools_of_thread_;
  Mutex moving_mutex_;
  std::set<std::string> moving_ GUARDED_BY(moving_mutex_);  // subjects that our thread moves

  Mutex queue_mutex_;
  Changed wake_;
  std::deque<std::unique_ptr<Work>> queue_ GUARDED_BY(queue_mutex_);
  std::size_t queue_bytes_ GUARDED_BY(queue_mutex_) = 0;
  bool stopping_ GUARDED_BY(queue_mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin
