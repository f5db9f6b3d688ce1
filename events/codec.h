// Decoding: from the bytes of a record, by every way in, to a Fact or to the reason why not.
//
// CloudEvents 1.0 over HTTP (structured, batched, binary) and Kafka (structured, binary), and the
// JSON lines of `simulate`, which are structured events. The contract judges in three steps, and so
// does the caller:
//
//   decoder.structured(text, {}, decoded);
//   if (!decoded.form_error.empty()) reject(decoded.form_error);          // too_large, malformed
//   else if (decoded.has_identity && accepted_before(decoded.fact)) drop;  // account, source, id
//   else if (auto reason = judge(decoded, arrival); !reason.empty()) reject(reason);
//   else …  // bad_data:<field> needs the policy; then decoded.fact is a fact
//
// Promises:
//  1. Any bytes at all give a Decoded; nothing throws but std::bad_alloc.
//  2. A reason is the first that applies, in the contract's order, and a literal that lives for
//     ever.
//  3. After judge() returned "", `fact` is complete: strings are valid UTF-8 without control
//     characters, `time` ≤ `recorded`, `data` is compact JSON whose first-level names are unique.
//
// Left open by the contract and decided here (docs/adr/0010-reading-cloudevents.md): of members or
// headers with the same name the last counts; `data: null` is no data; text of a content type that
// is not JSON is a JSON string; bodies and `data_base64` that should be JSON and are not are
// `malformed`, as are `data` with `data_base64`; an attribute with control characters or in a
// header that does not decode is bad; attributes named `tocsin…` are our stamps and ignored from
// outside.
//
// Threads: a Decoder belongs to one thread at a time. Keep it and the Decoded: both reuse their
// memory. Cost: 0.6 µs for a structured event of 440 bytes (bench/codec).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/fact.h"

namespace tocsin {

// Of one event as received: a structured event's JSON text; in binary mode the body and the names
// and values of the attribute headers (for Kafka the key too).
inline constexpr std::size_t kEventBytesMax = 256 * 1024;

// Of each attribute that the contract names.
inline constexpr std::size_t kAttributeBytesMax = 512;

// How far `time` may be ahead of the arrival.
inline constexpr Duration kAheadMax = minutes(5);

struct HeaderView {
  std::string_view name, value;
};

struct Decoded {
  // `too_large`, `malformed`, what the door refuses (`forbidden:…`, put there by it), or empty.
  std::string_view form_error;
  std::string_view detail;    // for people, when malformed: what is wrong with the text
  bool tombstone = false;     // a Kafka record without value and attributes: skip and count it
  bool has_identity = false;  // fact.account, .source and .id are good: "once" can be checked
  std::string_view
      attribute_error;  // the first of missing_attribute:… and bad_attribute:…, or empty
  std::optional<Instant> recorded;  // `recordedtime`, when it is read and good
  // Complete but for the times' cut when form_error and attribute_error are empty; when only
  // has_identity is set, whatever could be read.
  Fact fact;
};

// What becomes of `recordedtime` from outside: ignored whatever it is, or (simulate) read and
// checked.
enum class RecordedTime : std::uint8_t { kIgnored, kRead };

// Whose records are read: an outsider's may not bear a source of ours; a log's, which `simulate`
// reads again, were accepted before.
enum class Writer : std::uint8_t { kOutsider, kLog };

// An event of which every part is known: what a structured one of these parts says. `data` is a
// compact object without lists and objects in it, its names unique; empty: none. All are valid
// UTF-8; an adapter's name and hash hold nothing that JSON escapes.
struct EventParts {
  std::string_view id, source, type;
  Instant time;
  std::string_view subject, account, sequence, adapter, data;
};

class Decoder {
 public:
  explicit Decoder(RecordedTime recorded_time = RecordedTime::kIgnored,
                   Writer writer = Writer::kOutsider);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // One structured event: an HTTP body, an element of a batch, a line, a Kafka value. `key` stands
  // in for a missing partitionkey (Kafka); empty elsewhere.
  void structured(std::string_view json, std::string_view key, Decoded& out);

  // The same as of the structured event that these parts make, without its text being read again.
  void parts(const EventParts& event, Decoded& out);

  // HTTP binary mode: `ce-` headers (names in any case, values percent-decoded once), the content
  // type in `content-type`, the data in the body.
  void http_binary(std::span<const HeaderView> headers, std::string_view body, Decoded& out);

  // A Kafka record in either mode. Structured when `content-type` begins with
  // `application/cloudevents`; binary when there are `ce_` headers; a value with neither is read as
  // a structured event, so that plain producers that cannot set headers are heard. nullopt: a
  // record without value.
  void kafka(std::span<const HeaderView> headers, std::string_view key,
             std::optional<std::string_view> value, Decoded& out);

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

// An attribute header's value as HTTP's binding has it: quotes undone, percent-decoded once. False:
// it is not well formed.
bool decode_http_value(std::string_view value, std::string& out);

// The rest of the judgement of a Decoded without form_error: its attribute_error; `time_in_future`;
// else empty, and then the fact is stamped: `recorded` = arrival, `time` cut to it.
std::string_view judge(Decoded& decoded, Instant arrival);

// The arrival of a line of `simulate`: recordedtime when given, else time, never before `so_far`.
// Requires empty form_error and attribute_error.
Instant simulated_arrival(const Decoded& decoded, Instant so_far);

enum class SplitResult : std::uint8_t { kSplit, kMalformed, kTooMany };

// Splits a batch's JSON array into the bytes of its elements, each to be decoded alone: a broken
// element does not spoil the others as long as its quotes and brackets are closed. Malformed when
// it is no such array; too many when it has more than `events_max`. The views point into `body`.
SplitResult split_batch(std::string_view body, std::vector<std::string_view>& events,
                        std::size_t events_max);

// Splits lines of JSON (application/x-ndjson) in the same way; blank ones are skipped. Never
// malformed: each line is judged alone.
SplitResult split_lines(std::string_view body, std::vector<std::string_view>& events,
                        std::size_t events_max);

enum class ContentMode : std::uint8_t {
  kStructured,
  kBatch,
  kBinary,
  kLines,  // a batch, a line an event
  kJson,   // by its first character: structured, or a batch where it is `[`
  kUnsupported,
};

// The content mode of an HTTP request: by its Content-Type, and binary for any other one when there
// are `ce-` headers.
ContentMode http_content_mode(std::string_view content_type, std::span<const HeaderView> headers);

}  // namespace tocsin
