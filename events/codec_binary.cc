// The Decoder's binary modes: attributes in headers, data in the body; and small tables it shares.
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "events/base64.h"
#include "events/decode_work.h"

namespace tocsin {
namespace {

constexpr std::string_view kHttpPrefix = "ce-";
constexpr std::string_view kKafkaPrefix = "ce_";
constexpr std::string_view kContentType = "content-type";
constexpr std::string_view kStructuredType = "application/cloudevents";

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && starts_with_ignoring_case(a, b);
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// `application/json; charset=utf-8` is the media type `application/json`.
std::string_view media_type(std::string_view content_type) {
  return trim(content_type.substr(0, content_type.find(';')));
}

bool is_json(std::string_view type) {
  constexpr std::string_view kEnds[] = {"/json", "+json"};
  return std::any_of(std::begin(kEnds), std::end(kEnds), [&](std::string_view end) {
    return type.size() > end.size() &&
           equal_ignoring_case(type.substr(type.size() - end.size()), end);
  });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

}  // namespace

// HTTP binding §3.1.3.2: undo double quotes with backslash escapes, then percent-decode once.
bool decode_http_value(std::string_view value, std::string& out) {
  out.clear();
  value = trim(value);
  std::string unquoted;
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '\\' && ++i == value.size()) return false;
      unquoted += value[i];
    }
    value = unquoted;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '%') {
      out += value[i];
      continue;
    }
    if (i + 2 >= value.size()) return false;
    const int high = hex_digit(value[i + 1]), low = hex_digit(value[i + 2]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return simdjson::validate_utf8(out);
}

std::optional<Attribute> attribute_of(std::string_view name) {
  const auto if_named =
      [&](std::initializer_list<Attribute> candidates) -> std::optional<Attribute> {
    for (const Attribute a : candidates) {
      if (kAttributeNames[static_cast<std::size_t>(a)] == name) return a;
    }
    return std::nullopt;
  };
  switch (name.size()) {
    case 2:
      return if_named({Attribute::kId});
    case 4:
      return if_named({Attribute::kType, Attribute::kTime});
    case 6:
      return if_named({Attribute::kSource});
    case 7:
      return if_named({Attribute::kSubject});
    case 8:
      return if_named({Attribute::kSequence});
    case 11:
      return if_named({Attribute::kSpecVersion});
    case 12:
      return if_named({Attribute::kPartitionKey, Attribute::kRecordedTime});
    default:
      return std::nullopt;
  }
}

bool is_good_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    // U+0080–U+009F, in UTF-8 C2 80 to C2 9F.
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0)
      return false;
  }
  return !text.empty();
}

void Decoder::Work::binary_attribute(std::string_view name, std::string_view value, bool decodes,
                                     Decoded& out) {
  if (const auto attribute = attribute_of(name)) {
    text_of(*attribute, out.fact).assign(value);
    set(*attribute, value);
    if (!decodes) state(*attribute) = AttributeState::kBad;
    return;
  }
  // The bindings put these elsewhere. An extension that does not decode is no reason to lose a
  // fact.
  if (name == "data" || name == "data_base64" || name == "datacontenttype" || !decodes ||
      is_reserved_extension(name))
    return;
  begin_extension(name, out.fact);
  append_json_string(out.fact.extensions, value);
  extensions.end(out.fact.extensions.size());
}

// False: malformed.
bool Decoder::Work::binary_data(std::string_view content_type, std::string_view body,
                                Decoded& out) {
  const std::string_view type = media_type(content_type);
  // What `curl -d` and Python's urllib add unasked says nothing about the body.
  const bool unasked = equal_ignoring_case(type, "application/x-www-form-urlencoded");
  const bool json = type.empty() || unasked || is_json(type);
  if (!type.empty() && !unasked && !equal_ignoring_case(content_type, "application/json") &&
      simdjson::validate_utf8(content_type)) {
    begin_extension("datacontenttype", out.fact);
    append_json_string(out.fact.extensions, content_type);
    extensions.end(out.fact.extensions.size());
  }
  if (body.empty()) return true;
  if (json) return json_data(body, out.fact.data);
  if (!simdjson::validate_utf8(body)) return false;
  append_json_string(out.fact.data, body);
  return true;
}

bool Decoder::Work::decode_base64(std::string& data) {
  return tocsin::decode_base64(base64, scratch) && json_data(scratch, data);
}

bool Decoder::Work::json_data(std::string_view text, std::string& data) {
  data.clear();
  if (!walker.copy_text(text, data)) return false;
  if (data == "null") data.clear();
  return true;
}

void Decoder::http_binary(std::span<const HeaderView> headers, std::string_view body,
                          Decoded& out) {
  Work& work = *work_;
  work.start(out);
  std::size_t size = body.size();
  std::string_view content_type;
  for (const HeaderView& header : headers) {
    if (starts_with_ignoring_case(header.name, kHttpPrefix)) {
      size += header.name.size() + header.value.size();
    } else if (equal_ignoring_case(header.name, kContentType)) {
      content_type = trim(header.value);
    }
  }
  if (size > kEventBytesMax) {
    out.form_error = kTooLarge;
    return;
  }
  std::string name, value;
  for (const HeaderView& header : headers) {
    if (!starts_with_ignoring_case(header.name, kHttpPrefix)) continue;
    name.assign(header.name.substr(kHttpPrefix.size()));
    std::transform(name.begin(), name.end(), name.begin(), lower);
    const bool decodes = decode_http_value(header.value, value) && simdjson::validate_utf8(name);
    work.binary_attribute(name, value, decodes, out);
  }
  if (!work.binary_data(content_type, body, out)) {
    out.form_error = kMalformed;
    out.detail = "the body is not what its content type says";
    return;
  }
  work.finish({}, out);
}

void Decoder::kafka(std::span<const HeaderView> headers, std::string_view key,
                    std::optional<std::string_view> value, Decoded& out) {
  Work& work = *work_;
  std::size_t size = key.size() + value.value_or("").size();
  std::string_view content_type;
  bool attributes = false;
  for (const HeaderView& header : headers) {
    if (header.name.starts_with(kKafkaPrefix)) {
      attributes = true;
      size += header.name.size() + header.value.size();
    } else if (equal_ignoring_case(header.name, kContentType)) {
      content_type = trim(header.value);
    }
  }
  work.start(out);
  if (!value && !attributes) {
    out.tombstone = true;
    return;
  }
  if (!attributes || starts_with_ignoring_case(content_type, kStructuredType)) {
    structured(value.value_or(""), key, out);
    return;
  }
  if (size > kEventBytesMax) {
    out.form_error = kTooLarge;
    return;
  }
  for (const HeaderView& header : headers) {
    if (!header.name.starts_with(kKafkaPrefix)) continue;
    const std::string_view name = header.name.substr(kKafkaPrefix.size());
    const bool decodes = simdjson::validate_utf8(header.value) && simdjson::validate_utf8(name);
    work.binary_attribute(name, header.value, decodes, out);
  }
  if (!work.binary_data(content_type, value.value_or(""), out)) {
    out.form_error = kMalformed;
    out.detail = "the value is not what its content type says";
    return;
  }
  work.finish(key, out);
}

ContentMode http_content_mode(std::string_view content_type, std::span<const HeaderView> headers) {
  const std::string_view type = media_type(content_type);
  if (equal_ignoring_case(type, "application/cloudevents-batch+json")) return ContentMode::kBatch;
  if (equal_ignoring_case(type, "application/cloudevents+json")) return ContentMode::kStructured;
  if (starts_with_ignoring_case(type, kStructuredType)) return ContentMode::kUnsupported;
  const bool attributes = std::any_of(headers.begin(), headers.end(), [](const HeaderView& header) {
    return starts_with_ignoring_case(header.name, kHttpPrefix);
  });
  if (attributes) return ContentMode::kBinary;
  if (equal_ignoring_case(type, "application/x-ndjson")) return ContentMode::kLines;
  return equal_ignoring_case(type, "application/json") ? ContentMode::kJson
                                                       : ContentMode::kUnsupported;
}

}  // namespace tocsin
