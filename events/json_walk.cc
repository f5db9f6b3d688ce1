#include "events/json_walk.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "events/byte_scan.h"
#include "events/hash.h"
#include "events/writer.h"

namespace tocsin {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_scalar(std::string_view token) {
  switch (token.front()) {
    case 't':
      return token == "true";
    case 'f':
      return token == "false";
    case 'n':
      return token == "null";
    default:
      return is_json_number(token);
  }
}

bool has_backslash(std::string_view text) {
  return any_byte(text, [](Bytes16 bytes) { return bytes == '\\'; });
}

// The end of the printable ASCII without quotes and backslashes that begins at `p`: the closing
// quote of most strings. The buffer's padding of zeros ends it at the latest; reads up to 15 bytes
// past the end.
const char* plain_end(const char* p) {
  return find_byte(p, [](Bytes16 bytes) {
    const auto as_signed = reinterpret_cast<SignedBytes16>(bytes);  // beyond ASCII: below zero
    return (as_signed < 0x20) | (bytes == 0x7f) | (bytes == '"') | (bytes == '\\');
  });
}

// 1, 1.0 and 1e0 are one number; integers too long for a double are taken by their digits.
std::uint64_t number_hash(std::string_view token) {
  constexpr std::size_t kExactDigits = 15;
  const bool integer = token.find_first_of(".eE") == std::string_view::npos;
  double number = 0;
  if ((!integer || token.size() <= kExactDigits) &&
      std::from_chars(token.data(), token.data() + token.size(), number).ec == std::errc()) {
    if (number == 0) number = 0;  // -0 is 0
    char bits[sizeof number];
    std::memcpy(bits, &number, sizeof number);
    return hash128({bits, sizeof bits}, {0, 'd'}).low;
  }
  return hash128(token, {0, 'i'}).low;
}

}  // namespace

// RFC 8259 §6: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
bool is_json_number(std::string_view token) {
  const char* p = token.data();
  const char* const end = p + token.size();
  const auto digits = [&] {
    const char* const first = p;
    while (p != end && is_digit(*p)) ++p;
    return p != first;
  };
  if (p != end && *p == '-') ++p;
  if (p != end && *p == '0') {
    ++p;
  } else if (!digits()) {
    return false;
  }
  if (p != end && *p == '.') {
    ++p;
    if (!digits()) return false;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return false;
  }
  return p == end;
}

void MemberList::start(const std::string& out) {
  start_ = out.size();
  members_.clear();
  seen_ = 0;
  maybe_equal_ = false;
}

void MemberList::begin(std::string& out) {
  if (!members_.empty()) out += ',';
  members_.push_back({out.size(), 0, 0});
}

void MemberList::named(const std::string& out) {
  Member& member = members_.back();
  member.name_end = out.size();
  // A cheap hash: most objects are known at once to have no two names alike.
  const std::size_t length = member.name_end - member.begin;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(out[at]); };
  const std::uint64_t bit = std::uint64_t{1}
                            << ((length * 7 + byte(member.begin + length / 2) * 3u +
                                 byte(member.begin + 1)) &
                                63);
  maybe_equal_ |= (seen_ & bit) != 0;
  seen_ |= bit;
}

bool MemberList::has_equal_names(const std::string& out) const {
  constexpr std::size_t kPairwise = 16;  // up to here comparing all pairs is cheaper than sorting
  const auto name = [&](const Member& m) {
    return std::string_view(out).substr(m.begin, m.name_end - m.begin);
  };
  if (members_.size() <= kPairwise) {
    for (std::size_t i = 1; i < members_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (name(members_[i]) == name(members_[j])) return true;
      }
    }
    return false;
  }
  names_.clear();
  for (const Member& m : members_) names_.push_back(name(m));
  std::sort(names_.begin(), names_.end());
  return std::adjacent_find(names_.begin(), names_.end()) != names_.end();
}

void MemberList::keep_last_of_each_name(std::string& out) {
  if (!maybe_equal_ || !has_equal_names(out)) return;
  const std::string all = out;
  const auto name = [&](const Member& m) {
    return std::string_view(all).substr(m.begin, m.name_end - m.begin);
  };
  std::vector<std::size_t> order(members_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return name(members_[a]) < name(members_[b]);
  });
  std::vector<bool> kept(members_.size(), true);
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (name(members_[order[i - 1]]) == name(members_[order[i]])) kept[order[i - 1]] = false;
  }
  out.resize(start_);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!kept[i]) continue;
    if (out.size() != start_) out += ',';
    out.append(all, members_[i].begin, members_[i].end - members_[i].begin);
  }
}

bool JsonWalker::open(std::string_view before, std::string_view text, std::string_view after,
                      Document& document) {
  const std::size_t length = before.size() + text.size() + after.size();
  buffer_.clear();
  buffer_.reserve(length + simdjson::SIMDJSON_PADDING);
  buffer_.append(before).append(text).append(after);
  // The parser may look past the end; what it sees there must not continue the text.
  buffer_.append(simdjson::SIMDJSON_PADDING, '\0');
  return !parser_.iterate(buffer_.data(), length, buffer_.size()).get(document);
}

bool JsonWalker::at_end(Document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

bool JsonWalker::name_of(Field& field, std::string_view& name, bool& as_written) {
  const char* const first = field.key().raw();
  const char* end = plain_end(first);
  as_written = *end == '"';
  if (as_written) {
    name = {first, static_cast<std::size_t>(end - first)};
    return true;
  }
  // Backwards from the value: `"name" : value`.
  end = field.value().raw_json_token().data() - 1;
  while (is_json_space(*end)) --end;
  --end;  // the colon, which the reader has seen
  while (is_json_space(*end)) --end;
  name = {first, static_cast<std::size_t>(end - first)};
  as_written = !has_backslash(name);
  if (as_written) return true;
  return !field.unescaped_key().get(name) && simdjson::validate_utf8(name);
}

bool JsonWalker::read_string(Value value, std::string& out) {
  const std::string_view text = token(value);
  if (text.front() != '"') return false;
  if (text.size() >= 2 && !has_backslash(text)) {
    simdjson::ondemand::raw_json_string consumed;
    if (value.get_raw_json_string().get(consumed)) return false;
    out.assign(text.substr(1, text.size() - 2));
    return true;
  }
  std::string_view unescaped;
  // Not every version of the library refuses lone surrogates; their three bytes are no UTF-8.
  if (value.get_string().get(unescaped) || !simdjson::validate_utf8(unescaped)) return false;
  out.assign(unescaped);
  return true;
}

bool JsonWalker::read_plain(Value value, std::string& out) {
  const char* const first = value.raw_json_token().data();
  if (*first != '"') return false;
  const char* const end = plain_end(first + 1);
  simdjson::ondemand::raw_json_string consumed;
  if (*end != '"' || value.get_raw_json_string().get(consumed)) return false;
  out.assign(first + 1, end);
  return true;
}

bool JsonWalker::copy(Value value, std::string& out, int depth) {
  const std::string_view text = token(value);
  switch (text.front()) {
    case '{':
      return depth < kNestingMax && copy_object(value, out, depth + 1);
    case '[':
      return depth < kNestingMax && copy_array(value, out, depth + 1);
    case '"':
      if (text.size() >= 2 && !has_backslash(text)) {
        out += text;
      } else {
        if (!read_string(value, scratch_)) return false;
        append_json_string(out, scratch_);
        return true;
      }
      break;
    default:
      if (!is_scalar(text)) return false;
      out += text;
  }
  simdjson::ondemand::raw_json_string consumed;
  return text.front() != '"' || !value.get_raw_json_string().get(consumed);
}

bool JsonWalker::copy_object(Value value, std::string& out, int depth) {
  constexpr int kFirstLevel = 2;
  const bool first_level = depth == kFirstLevel;
  Object object;
  if (value.get_object().get(object)) return false;
  out += '{';
  if (first_level) members_.start(out);
  bool first = true;
  for (auto result : object) {
    Field field;
    std::string_view name;
    bool as_written;
    if (std::move(result).get(field) || !name_of(field, name, as_written)) return false;
    if (first_level) {
      members_.begin(out);
    } else if (!first) {
      out += ',';
    }
    first = false;
    if (as_written) {
      out.append(name.data() - 1, name.size() + 2);  // with its quotes
    } else {
      append_json_string(out, name);
    }
    if (first_level) members_.named(out);
    out += ':';
    if (!copy(field.value(), out, depth)) return false;
    if (first_level) members_.end(out);
  }
  if (first_level) members_.keep_last_of_each_name(out);
  out += '}';
  return true;
}

bool JsonWalker::copy_array(Value value, std::string& out, int depth) {
  Array array;
  if (value.get_array().get(array)) return false;
  out += '[';
  bool first = true;
  for (auto result : array) {
    Value element;
    if (std::move(result).get(element)) return false;
    if (!first) out += ',';
    first = false;
    if (!copy(element, out, depth)) return false;
  }
  out += ']';
  return true;
}

// A document whose root is a scalar is a special case of the parser; an array around it is not.
bool JsonWalker::copy_text(std::string_view text, std::string& out) {
  Document document;
  Array array;
  if (!open("[", text, "]", document) || document.get_array().get(array)) return false;
  int elements = 0;
  for (auto result : array) {
    Value element;
    if (std::move(result).get(element) || ++elements > 1 || !copy(element, out)) return false;
  }
  return elements == 1 && at_end(document);
}

std::uint64_t JsonWalker::value_hash(std::string_view text) {
  Document document;
  Array array;
  if (!open("[", text, "]", document) || document.get_array().get(array)) return 0;
  std::uint64_t result = 0;
  for (auto element_result : array) {
    Value element;
    if (std::move(element_result).get(element) || !hash(element, result, 1)) return 0;
  }
  return result;
}

bool JsonWalker::hash(Value value, std::uint64_t& result, int depth) {
  const std::string_view text = token(value);
  if (depth > kNestingMax) return false;
  if (text.front() == '{') {
    Object object;
    if (value.get_object().get(object)) return false;
    std::uint64_t sum = 0;  // a sum, because the order of members does not count
    for (auto field_result : object) {
      Field field;
      std::string_view name;
      bool as_written;
      if (std::move(field_result).get(field) || !name_of(field, name, as_written)) return false;
      const Hash128 seed = hash128(name, {0, 'm'});
      std::uint64_t member = 0;
      if (!hash(field.value(), member, depth + 1)) return false;
      sum += hash128({}, {seed.low, seed.high ^ member}).low;
    }
    result = hash128({}, {sum, 'o'}).low;
  } else if (text.front() == '[') {
    Array array;
    if (value.get_array().get(array)) return false;
    Hash128 all{0, 'a'};
    for (auto element_result : array) {
      Value element;
      std::uint64_t one = 0;
      if (std::move(element_result).get(element) || !hash(element, one, depth + 1)) return false;
      all = hash128({}, {all.low, all.high ^ one});
    }
    result = hash128({}, all).low;
  } else if (text.front() == '"') {
    if (!read_string(value, scratch_)) return false;
    result = hash128(scratch_, {0, 's'}).low;
  } else if (is_digit(text.front()) || text.front() == '-') {
    result = number_hash(text);
  } else {
    result = hash128(text, {0, 'l'}).low;
  }
  return true;
}

}  // namespace tocsin
