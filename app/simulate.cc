#include "app/simulate.h"

#include <algorithm>
#include <vector>

#include "app/event_line.h"
#include "app/summary.h"
#include "engine/partition.h"
#include "engine/said/derived.h"
#include "engine/said/unconfirmed_years.h"
#include "engine/views.h"
#include "events/codec.h"
#include "events/writer.h"

namespace tocsin {

namespace {

constexpr std::size_t kFlushBytes = 1 << 20;
constexpr std::int64_t kProgressLines = 100'000;

class Simulation {
 public:
  Simulation(std::ostream& out, std::ostream& errors, const SimulateOptions& options)
      : out_(out),
        errors_(errors),
        options_(options),
        decoder_(RecordedTime::kRead),
        log_decoder_(RecordedTime::kRead, Writer::kLog),
        partition_(options.policy) {
    if (options.roster) partition_.adopt(options.roster);
    sink_ = [this](const Entity& entity, const Derived& event, Instant recorded) {
      if (const auto year = years_.notice(entity, event)) warn_of(*year);
      if (options_.emit == Emit::kSummary) summary_.count(event, entity, *entity.policy);
      if (options_.emit != Emit::kEvents) return;
      encode(text_, entity, *entity.policy, event, recorded, false);
      text_ += '\n';
      if (text_.size() > kFlushBytes) flush();
    };
  }

  int run(std::istream& facts) {
    std::string line;
    while (std::getline(facts, line)) {
      ++lines_;
      if (options_.progress && lines_ % kProgressLines == 0)
        errors_ << "\r" << lines_ << " facts" << std::flush;
      if (line.find_first_not_of(" \t\r") != std::string::npos) take(line);
    }
    if (options_.progress && lines_ >= kProgressLines) errors_ << "\r" << lines_ << " facts\n";
    if (arrived_ != kAlways) partition_.decide(arrived_, arrived_, sink_);
    fire_until(options_.until ? *options_.until : arrived_);
    if (options_.emit == Emit::kVerdicts) emit_verdicts();
    if (options_.emit == Emit::kSummary) emit_summary();
    flush();
    return rejected_ ? 3 : 0;
  }

 private:
  void take(const std::string& line) {
    const EventLine::Kind kind = event_line_.read(line);
    if (kind == EventLine::Kind::kNotAFact) return;
    Decoder& decoder = kind == EventLine::Kind::kLogged ? log_decoder_ : decoder_;
    decoder.structured(event_line_.text(), {}, decoded_);
    Instant arrival = so_far_;
    if (decoded_.form_error.empty() && decoded_.attribute_error.empty()) {
      arrival = simulated_arrival(decoded_, so_far_);
    }
    partition_.check(decoded_, arrival, false, judged_);
    if (judged_.outcome == Outcome::kRejected) reject(judged_.reason);
    if (judged_.outcome != Outcome::kAccepted) return;
    so_far_ = arrival;
    if (options_.until && arrival > *options_.until) return partition_.remember(judged_);
    if (arrival > arrived_) advance_to(arrival);
    partition_.take(decoded_, judged_);
  }

  // Everything that arrived before is decided and what fell due before it is fired.
  void advance_to(Instant arrival) {
    if (arrived_ != kAlways) partition_.decide(arrived_, arrived_, sink_);
    fire_until({arrival.ms - 1});
    arrived_ = arrival;
  }

  void fire_until(Instant until) {
    for (Instant due = partition_.next_due(); due <= until; due = partition_.next_due()) {
      const Instant now = std::max(due, arrived_);
      partition_.fire(now, now, sink_);
    }
  }

  void reject(const std::string& reason) {
    rejected_ = true;
    std::string text = "{\"line\":";
    append_int(text, lines_);
    text += ",\"reason\":";
    append_json_string(text, reason);
    text += "}\n";
    errors_ << text;
  }

  void warn_of(std::int32_t year) {
    errors_ << "{\"warning\":\"the holidays of " << year
            << " are not in the policy's calendar yet: dues in it count plain weekdays\"}\n";
  }

  std::vector<EntityView> views() {
    std::vector<EntityView> all;
    partition_.each_entity([&](Entity& entity) { all.push_back(partition_.view(entity)); });
    std::sort(all.begin(), all.end(), [](const EntityView& a, const EntityView& b) {
      if (a.account != b.account) return a.account < b.account;
      return a.kind + "/" + a.id < b.kind + "/" + b.id;
    });
    return all;
  }

  void emit_verdicts() {
    for (const EntityView& view : views()) {
      for (const ClockRow& row : view.clocks) {
        append_verdict(text_, view, row);
        text_ += '\n';
        if (text_.size() > kFlushBytes) flush();
      }
    }
  }

  void emit_summary() {
    const std::vector<NamedFigure> figures = named_figures(partition_.policy());
    const Instant now = options_.until ? *options_.until : arrived_;
    for (const EntityView& view : views()) summary_.count(view, figures, now);
    text_ += summary_.figures(figures) + "\n" + summary_.table();
  }

  void flush() {
    out_ << text_;
    out_.flush();
    text_.clear();
  }

  std::ostream& out_;
  std::ostream& errors_;
  const SimulateOptions& options_;
  EventLine event_line_;
  Decoder decoder_, log_decoder_;
  Decoded decoded_;
  Judged judged_;
  Partition partition_;
  DerivedSink sink_;
  UnconfirmedYears years_;
  Summary summary_;
  std::string text_;
  Instant arrived_{kAlways};  // of the facts read
  Instant so_far_{kAlways};   // of all accepted lines
  std::int64_t lines_ = 0;
  bool rejected_ = false;
};

}  // namespace

int simulate(std::istream& facts, std::ostream& out, std::ostream& errors,
             const SimulateOptions& options) {
  return Simulation(out, errors, options).run(facts);
}

}  // namespace tocsin
