#include "connectors/http/problem.h"

#include <simdjson.h>

#include "events/writer.h"

namespace tocsin {

Problem::Problem(int status, std::string_view name, std::string_view detail) : status_(status) {
  std::string title(name);
  for (char& c : title) {
    if (c == '-') c = ' ';
  }
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z')
    title[0] = static_cast<char>(title[0] - 32);
  json_ = "{\"type\":\"urn:tocsin:problem:";
  json_ += name;
  json_ += '"';
  member("title", title);
  json_ += ",\"status\":";
  append_int(json_, status);
  member("detail", detail);
}

Problem& Problem::member(std::string_view name, std::string_view text) {
  json_ += ",\"";
  json_ += name;
  json_ += "\":";
  if (simdjson::validate_utf8(text)) {
    append_json_string(json_, text);
  } else {
    append_json_string(json_, valid_utf8(text));
  }
  return *this;
}

Problem& Problem::members(std::string_view json) {
  if (json.empty()) return *this;
  json_ += ',';
  json_ += json;
  return *this;
}

Problem& Problem::header(std::string_view name, std::string_view value) {
  headers_.emplace_back(name, value);
  return *this;
}

Problem& Problem::retry_after(int seconds) {
  return header("Retry-After", std::to_string(seconds < 1 ? 1 : seconds));
}

HttpResponse Problem::response() const {
  HttpResponse response;
  response.status = status_;
  response.content_type = "application/problem+json";
  response.body = json_ + "}";
  response.headers = headers_;
  return response;
}

std::string_view status_text(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t length = 1;
    const auto first = static_cast<unsigned char>(text[0]);
    if (first >= 0xf0) {
      length = 4;
    } else if (first >= 0xe0) {
      length = 3;
    } else if (first >= 0xc0) {
      length = 2;
    }
    if (length <= text.size() && simdjson::validate_utf8(text.data(), length)) {
      out += text.substr(0, length);
      text.remove_prefix(length);
    } else {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace tocsin
