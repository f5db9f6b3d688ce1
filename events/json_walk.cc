#include "events/json_walk.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "events/byte_scan.h"
#include "events/hash.h"
#include "events/writer.h"

namespace tocsin {
namespace {

// Behind the text: a step looks at most sixteen bytes past a byte that it does not let pass.
constexpr std::size_t kPadding = 32;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The closing quote of the string that `p` is inside of; nullptr: a control character comes first.
const char* closing_quote(const char* p, bool& escaped) {
  for (;; p += 2) {
    p = find_byte(p, [](Bytes16 b) { return (b < 0x20) | (b == '"') | (b == '\\'); });
    if (*p == '"') return p;
    if (*p != '\\') return nullptr;
    escaped = true;
  }
}

// Four hexadecimal digits; -1: none.
int hex4(const char* p) {
  int code = 0;
  const auto read = std::from_chars(p, p + 4, code, 16);
  return read.ptr == p + 4 && *p != '-' ? code : -1;
}

// What follows `\u`: a character, or two halves of one (RFC 8259 §7). False: none.
bool append_character(const char*& p, std::string& out) {
  const int first = hex4(p);
  if (first < 0 || (first >= 0xdc00 && first < 0xe000)) return false;
  auto code = static_cast<std::uint32_t>(first);
  p += 4;
  if (first >= 0xd800 && first < 0xdc00) {
    if (p[0] != '\\' || p[1] != 'u') return false;
    const int second = hex4(p + 2);
    if (second < 0xdc00 || second >= 0xe000) return false;
    code = 0x10000 + ((code - 0xd800) << 10) + static_cast<std::uint32_t>(second - 0xdc00);
    p += 6;
  }
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  const auto put_tail = [&](int shift) { put(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6), put_tail(0);
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12), put_tail(6), put_tail(0);
  } else {
    put(0xf0 | code >> 18), put_tail(12), put_tail(6), put_tail(0);
  }
  return true;
}

// What is inside of a string, its escapes undone. A quote follows it.
bool unescape(std::string_view inside, std::string& out) {
  constexpr std::string_view kEscapes = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
  out.clear();
  const char* p = inside.data();
  const char* const end = p + inside.size();
  for (;;) {
    const char* const slash = std::find(p, end, '\\');
    out.append(p, slash);
    if (slash == end) return true;
    p = slash + 2;
    if (slash[1] == 'u') {
      if (!append_character(p, out)) return false;
      continue;
    }
    const std::size_t which = kEscapes.find(slash[1]);
    if (which == std::string_view::npos) return false;
    out += kMeant[which];
  }
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

// RFC 8259 §6: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
// The end of the number that begins at `p`; nullptr: none does. Reads one byte past it.
const char* number_end(const char* p) {
  const auto digits = [&] {
    const char* const first = p;
    while (is_digit(*p)) ++p;
    return p != first;
  };
  if (*p == '-') ++p;
  if (*p == '0') {
    ++p;
  } else if (!digits()) {
    return nullptr;
  }
  if (*p == '.') {
    ++p;
    if (!digits()) return nullptr;
  }
  if (*p == 'e' || *p == 'E') {
    ++p;
    if (*p == '+' || *p == '-') ++p;
    if (!digits()) return nullptr;
  }
  return p;
}

}  // namespace

bool is_json_number(std::string_view token) {
  const std::string ended(token);
  return number_end(ended.c_str()) == ended.c_str() + ended.size();
}

void MemberList::start(std::size_t at) {
  start_ = at;
  members_.clear();
  seen_ = 0;
  maybe_equal_ = false;
}

void MemberList::add(std::size_t begin, std::size_t name_end, std::string_view name) {
  members_.push_back({begin, name_end, 0});
  // A cheap hash: most objects are known at once to have no two names alike.
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(name[i]); };
  const std::size_t hash =
      name.empty() ? 0 : name.size() * 7 + byte(name.size() / 2) * 3u + byte(0);
  const std::uint64_t bit = std::uint64_t{1} << (hash & 63);
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
  if (!has_equal_names(out)) return;
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

void JsonWalker::open(std::string_view text) {
  buffer_.clear();
  buffer_.reserve(text.size() + kPadding);
  buffer_.append(text).append(kPadding, '\0');
  p_ = buffer_.data();
  out_ = nullptr;
  skip_space();
}

bool JsonWalker::at_end() {
  skip_space();
  return p_ == buffer_.data() + (buffer_.size() - kPadding);
}

bool JsonWalker::pass_other_text(const char* from, std::string_view& text, std::string& unescaped) {
  const char* const quote = p_;
  bool escaped = false;
  const char* const end = closing_quote(from, escaped);
  if (end == nullptr) return false;
  text = {quote + 1, static_cast<std::size_t>(end - quote - 1)};
  if (!simdjson::validate_utf8(text)) return false;
  p_ = end + 1;
  if (!escaped) return true;
  if (!unescape(text, unescaped)) return false;
  text = unescaped;
  if (out_ != nullptr) {
    out_->append(copied_, quote);
    append_json_string(*out_, text);
    copied_ = p_;
  }
  return true;
}

bool JsonWalker::pass_scalar() {
  for (const std::string_view word : {"true", "false", "null"}) {
    if (word.front() != *p_) continue;
    if (std::memcmp(p_, word.data(), word.size()) != 0) return false;
    p_ += word.size();
    return true;
  }
  const char* const end = number_end(p_);
  if (end == nullptr) return false;
  p_ = end;
  return true;
}

bool JsonWalker::read_string(Value value, std::string& out) {
  p_ = value;
  std::string_view text;
  if (!pass_text(text, scratch_)) return false;
  out.assign(text);
  return true;
}

bool JsonWalker::read_plain(Value value, std::string& out) {
  if (*value != '"') return false;
  const char* const end = plain_end(value + 1);
  if (*end != '"') return false;
  out.assign(value + 1, end);
  p_ = end + 1;
  return true;
}

bool JsonWalker::copy(Value value, std::string& out) {
  p_ = copied_ = value;
  out_ = &out;
  const bool right = copy_value(1);
  if (right) flush();
  out_ = nullptr;
  return right;
}

bool JsonWalker::copy_value(int depth) {
  constexpr int kFirstLevel = 1;
  switch (*p_) {
    case '{': {
      if (depth >= kNestingMax) return false;
      const bool first_level = depth == kFirstLevel;
      if (first_level) members_.start(at() + 1);
      const bool right = each_member(scratch_, [&](std::string_view name) {
        if (!first_level) return copy_value(depth + 1);
        members_.add(name_at_, at() - 1, name);
        if (!copy_value(depth + 1)) return false;
        members_.end(at());
        return true;
      });
      if (right && first_level && members_.maybe_equal()) {
        flush();
        out_->pop_back();
        members_.keep_last_of_each_name(*out_);
        *out_ += '}';
      }
      return right;
    }
    case '[':
      return depth < kNestingMax && each_element([&] { return copy_value(depth + 1); });
    case '"': {
      std::string_view text;
      return pass_text(text, scratch_);
    }
    default:
      return pass_scalar();
  }
}

bool JsonWalker::copy_text(std::string_view text, std::string& out) {
  open(text);
  return copy(p_, out) && at_end();
}

std::uint64_t JsonWalker::value_hash(std::string_view text) {
  open(text);
  std::uint64_t result = 0;
  return hash_value(result, 1) && at_end() ? result : 0;
}

bool JsonWalker::hash_value(std::uint64_t& result, int depth) {
  if (depth > kNestingMax) return false;
  const char* const first = p_;
  if (*first == '{') {
    std::uint64_t sum = 0;  // a sum, because the order of members does not count
    const bool right = each_member(scratch_, [&](std::string_view name) {
      const Hash128 seed = hash128(name, {0, 'm'});
      std::uint64_t member = 0;
      if (!hash_value(member, depth + 1)) return false;
      sum += hash128({}, {seed.low, seed.high ^ member}).low;
      return true;
    });
    result = hash128({}, {sum, 'o'}).low;
    return right;
  }
  if (*first == '[') {
    Hash128 all{0, 'a'};
    const bool right = each_element([&] {
      std::uint64_t one = 0;
      if (!hash_value(one, depth + 1)) return false;
      all = hash128({}, {all.low, all.high ^ one});
      return true;
    });
    result = hash128({}, all).low;
    return right;
  }
  if (*first == '"') {
    std::string_view text;
    if (!pass_text(text, scratch_)) return false;
    result = hash128(text, {0, 's'}).low;
    return true;
  }
  if (!pass_scalar()) return false;
  const std::string_view token(first, static_cast<std::size_t>(p_ - first));
  result = is_digit(*first) || *first == '-' ? number_hash(token) : hash128(token, {0, 'l'}).low;
  return true;
}

}  // namespace tocsin
