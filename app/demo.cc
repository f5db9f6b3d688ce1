#include "app/demo.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "app/embedded.h"

namespace tocsin {

namespace {

constexpr Instant kBegin{1'772'413'140'000};  // 2026-03-02T08:59:00+08:00
constexpr int kSpeed = 2000;                  // a second is 33 minutes
constexpr auto kNap = std::chrono::milliseconds(20);

}  // namespace

DemoDirectory::DemoDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "tocsin-demo-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("cannot make a directory for the demonstration");
  path_ = name;
}

DemoDirectory::~DemoDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::shared_ptr<Clock> demo_clock() { return std::make_shared<FastClock>(kBegin, kSpeed); }

std::string demo_welcome(const std::string& url) {
  return "\nThis is a demonstration: two days of an invented company in a minute, forgotten "
         "afterwards.\n"
         "Watch the board:       " +
         url +
         "/\n"
         "Ask for what is due:   curl '" +
         url +
         "/v1/clocks?state=running&order=due'\n"
         "One ticket's story:    curl '" +
         url +
         "/v1/entities/ACME/ticket/T-2'\n"
         "End it with Ctrl-C.\n";
}

Demo::Demo(Node& node, std::shared_ptr<Clock> clock)
    : node_(node), clock_(std::move(clock)), thread_([this] { run(); }) {}

Demo::~Demo() {
  stopping_ = true;
  thread_.join();
}

void Demo::run() {
  std::istringstream story(embedded_files().at("app/demo/key_account.jsonl"));
  Decoder decoder;
  for (std::string line; std::getline(story, line);) {
    auto submission = std::make_unique<Submission>();
    submission->body = line;
    submission->source = "demonstration";
    SubmittedEvent& event = submission->events.emplace_back();
    event.original = submission->body;
    decoder.structured(submission->body, {}, event.decoded);
    const Instant time = event.decoded.fact.time;
    while (!stopping_ && clock_->now() < time)
      std::this_thread::sleep_for(std::min<std::chrono::milliseconds>(clock_->until(time), kNap));
    if (stopping_) return;
    node_.submit(std::move(submission), [](SubmitResult) {});
  }
}

}  // namespace tocsin
