#include "events/codec.h"

#include <simdjson.h>

#include <algorithm>

#include "events/decode_work.h"
#include "events/vocabulary.h"

namespace tocsin {

Decoder::Decoder(RecordedTime recorded_time, Writer writer) : work_(std::make_unique<Work>()) {
  work_->recorded_time = recorded_time;
  work_->writer = writer;
}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

void Decoder::structured(std::string_view json, std::string_view key, Decoded& out) {
  work_->start(out);
  if (json.size() > kEventBytesMax) {
    out.form_error = kTooLarge;
    return;
  }
  const bool whole =
      work_->walker.walk_object(json, [&](std::string_view name, JsonWalker::Value value) {
        return work_->structured_member(name, value, out);
      });
  if (!whole || (work_->has_data && work_->has_base64)) {
    out.form_error = kMalformed;
    out.detail = whole ? "both data and data_base64" : "not one JSON object in valid UTF-8";
    return;
  }
  if (work_->has_base64 && !work_->decode_base64(out.fact.data)) {
    out.form_error = kMalformed;
    out.detail = "data_base64 is not JSON in base64";
    return;
  }
  work_->finish(key, out);
}

void Decoder::parts(const EventParts& event, Decoded& out) {
  work_->start(out);
  const auto put = [&](Attribute attribute, std::string_view text) {
    work_->text_of(attribute, out.fact).assign(text);
    work_->set(attribute, text);
  };
  char time[kRfc3339Max];
  const char* const time_end = write_rfc3339(time, event.time);
  put(Attribute::kSpecVersion, "1.0");
  put(Attribute::kId, event.id);
  put(Attribute::kSource, event.source);
  put(Attribute::kType, event.type);
  put(Attribute::kTime, {time, static_cast<std::size_t>(time_end - time)});
  put(Attribute::kSubject, event.subject);
  put(Attribute::kPartitionKey, event.account);
  put(Attribute::kSequence, event.sequence);
  add_extension(out.fact, "tocsinadapter", event.adapter);
  out.fact.data.assign(event.data);
  work_->finish({}, out);
}

std::string_view judge(Decoded& decoded, Instant arrival) {
  if (!decoded.attribute_error.empty()) return decoded.attribute_error;
  Fact& fact = decoded.fact;
  if (fact.claimed > arrival + kAheadMax) return kTimeInFuture;
  fact.recorded = arrival;
  fact.time = std::min(fact.claimed, arrival);
  return {};
}

Instant simulated_arrival(const Decoded& decoded, Instant so_far) {
  return std::max(so_far, decoded.recorded.value_or(decoded.fact.claimed));
}

void Decoder::Work::start(Decoded& out) {
  states.fill(AttributeState::kMissing);
  has_data = has_base64 = false;
  out.form_error = out.detail = out.attribute_error = {};
  out.tombstone = out.has_identity = false;
  out.recorded.reset();
  Fact& fact = out.fact;
  for (std::string* text : {&fact.account, &fact.subject, &fact.type, &fact.kind, &fact.verb,
                            &fact.source, &fact.id, &fact.sequence, &fact.data, &fact.extensions}) {
    text->clear();  // and keep its memory
  }
  fact.time = fact.recorded = fact.claimed = {};
  extensions.start(0);
}

bool Decoder::Work::structured_member(std::string_view name, JsonWalker::Value value,
                                      Decoded& out) {
  if (const auto attribute = attribute_of(name)) {
    std::string& text = text_of(*attribute, out.fact);
    if (walker.read_plain(value, text)) {
      judge_text(*attribute, text, !text.empty());
      return true;
    }
    if (JsonWalker::is_string(value)) {
      if (!walker.read_string(value, text)) return false;
      set(*attribute, text);
      return true;
    }
    state(*attribute) =
        JsonWalker::is_null(value) ? AttributeState::kMissing : AttributeState::kBad;
    return skip(value);
  }
  const bool null = JsonWalker::is_null(value);
  if (name == "data") {
    out.fact.data.clear();
    has_data = !null;
    return null ? skip(value) : walker.copy(value, out.fact.data);
  }
  if (name == "data_base64") {
    has_base64 = !null;
    return null ? skip(value) : walker.read_string(value, base64);
  }
  if (null || is_reserved_extension(name)) return skip(value);
  // Every fact with data has this content type unless it says otherwise.
  if (name == "datacontenttype" && walker.read_plain(value, scratch) &&
      scratch == "application/json")
    return true;
  begin_extension(name, out.fact);
  if (!walker.copy(value, out.fact.extensions)) return false;
  extensions.end(out.fact.extensions.size());
  return true;
}

// Reads for right form only.
bool Decoder::Work::skip(JsonWalker::Value value) {
  scratch.clear();
  return walker.copy(value, scratch);
}

std::string& Decoder::Work::text_of(Attribute attribute, Fact& fact) {
  switch (attribute) {
    case Attribute::kSpecVersion:
      return spec_version;
    case Attribute::kId:
      return fact.id;
    case Attribute::kSource:
      return fact.source;
    case Attribute::kType:
      return fact.type;
    case Attribute::kTime:
      return time;
    case Attribute::kSubject:
      return fact.subject;
    case Attribute::kPartitionKey:
      return fact.account;
    case Attribute::kSequence:
      return fact.sequence;
    case Attribute::kRecordedTime:
      break;
  }
  return recorded;
}

void Decoder::Work::set(Attribute attribute, std::string_view text) {
  judge_text(attribute, text, is_good_text(text));
}

void Decoder::Work::judge_text(Attribute attribute, std::string_view text, bool good) {
  good = good && text.size() <= kAttributeBytesMax;
  state(attribute) = good ? AttributeState::kGood : AttributeState::kBad;
}

void Decoder::Work::begin_extension(std::string_view name, Fact& fact) {
  std::string& out = fact.extensions;
  if (!out.empty()) out += ',';
  const std::size_t begin = out.size();
  append_json_string(out, name);
  extensions.add(begin, out.size(), name);
  out += ':';
}

void Decoder::Work::finish(std::string_view key, Decoded& out) {
  Fact& fact = out.fact;
  if (extensions.maybe_equal()) extensions.keep_last_of_each_name(fact.extensions);
  if (state(Attribute::kPartitionKey) == AttributeState::kMissing && !key.empty()) {
    fact.account.assign(key);
    judge_text(Attribute::kPartitionKey, key, simdjson::validate_utf8(key) && is_good_text(key));
  }
  if (state(Attribute::kSequence) != AttributeState::kGood) fact.sequence.clear();
  out.has_identity = state(Attribute::kPartitionKey) == AttributeState::kGood &&
                     state(Attribute::kSource) == AttributeState::kGood &&
                     state(Attribute::kId) == AttributeState::kGood;
  check_values(out);
  out.attribute_error = first_error();
}

// Turns to bad what is a good string but not a good value.
void Decoder::Work::check_values(Decoded& out) {
  Fact& fact = out.fact;
  const auto bad_unless = [this](Attribute attribute, bool good) {
    if (!good) state(attribute) = AttributeState::kBad;
  };
  if (is_good(Attribute::kSpecVersion)) bad_unless(Attribute::kSpecVersion, spec_version == "1.0");
  if (is_good(Attribute::kSource) && writer == Writer::kOutsider)
    bad_unless(Attribute::kSource, !fact.source.starts_with(kOwnSourcePrefix));
  if (is_good(Attribute::kType)) {
    bad_unless(Attribute::kType, !is_reserved_type(fact.type));
    const TypeParts parts = split_type(fact.type);
    fact.kind.assign(parts.kind);
    fact.verb.assign(parts.verb);
  }
  if (is_good(Attribute::kTime)) {
    const auto instant = parse_rfc3339(time);
    bad_unless(Attribute::kTime, instant && in_calendar_range(*instant));
    fact.time = fact.claimed = instant.value_or(Instant{});
  }
  if (is_good(Attribute::kType) && is_good(Attribute::kSubject) &&
      is_good(Attribute::kPartitionKey) && is_account_level(fact.kind)) {
    bad_unless(Attribute::kSubject, fact.subject == fact.account);
  }
  if (recorded_time == RecordedTime::kIgnored) {
    state(Attribute::kRecordedTime) = AttributeState::kMissing;
  } else if (is_good(Attribute::kRecordedTime)) {
    out.recorded = parse_rfc3339(recorded);
    bad_unless(Attribute::kRecordedTime, out.recorded && in_calendar_range(*out.recorded));
  }
}

std::string_view Decoder::Work::first_error() const {
  for (std::size_t i = 0; i < kRequired; ++i) {
    if (states[i] == AttributeState::kMissing) return kMissing[i];
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (states[i] == AttributeState::kBad) return kBad[i];
  }
  return {};
}

}  // namespace tocsin
