#include "app/policy_commands.h"

#include <simdjson.h>

#include <chrono>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <thread>

#include "app/http_ask.h"
#include "app/policy_diff.h"
#include "app/policy_load.h"
#include "engine/policy/compile/written_out.h"

namespace tocsin {

namespace {

namespace dom = simdjson::dom;

// Nothing: it was said on standard error.
std::optional<PolicyText> readable(const std::string& path) {
  auto text = read_policy(path);
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&text)) {
    std::cerr << describe(*errors);
    return std::nullopt;
  }
  PolicyText alone = written_out(std::get<PolicyText>(text));
  alone.name = path;
  const auto compiled = compile_policy(std::get<PolicyText>(text), load_zone_for_policy);
  if (const auto* errors = std::get_if<std::vector<PolicyError>>(&compiled)) {
    std::cerr << describe(*errors);
    return std::nullopt;
  }
  return alone;
}

std::string_view text_of(const dom::element& object, const char* name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::int64_t number_of(const dom::element& object, const char* name) {
  std::int64_t number = 0;
  return object[name].get(number) == simdjson::SUCCESS ? number : 0;
}

HttpAnswer ask_node(const PolicyAsk& ask, const std::string& method, const std::string& path,
                    const std::string& body) {
  HttpAsk question;
  question.method = method;
  question.url = ask.url;
  while (question.url.ends_with('/')) question.url.pop_back();
  question.url += path;
  question.token = token_of(ask.token);
  if (method == "POST") question.content_type = "application/yaml";
  question.body = body;
  return ask_http(question);
}

// True: it can be read as `root`. Else the refusal was told.
bool right(const HttpAnswer& answer, dom::parser& parser, dom::element& root) {
  if (answer.status == 0) {
    std::cerr << "the node was not reached: " << answer.error << "\n";
    return false;
  }
  const bool json = parser.parse(answer.body).get(root) == simdjson::SUCCESS;
  if (json && answer.status < 300) return true;
  std::cerr << "refused with " << answer.status;
  dom::array errors;
  if (json && root["errors"].get(errors) == simdjson::SUCCESS && errors.size() > 0) {
    std::cerr << ": the node, which may be of another version, does not understand it\n";
    for (const auto error : errors)
      std::cerr << "line " << number_of(error, "line") << ": " << text_of(error, "reason") << "\n";
    return false;
  }
  if (json) std::cerr << ": " << text_of(root, "detail");
  std::cerr << "\n";
  return false;
}

void print_preview(const dom::element& root) {
  std::cout << number_of(root, "entities") << " open entities would move, "
            << number_of(root, "changed") << " dues change, " << number_of(root, "breaches")
            << " are breached\n";
  dom::array dues;
  if (root["dues"].get(dues) != simdjson::SUCCESS) return;
  const auto or_none = [](std::string_view text) { return text.empty() ? "-" : text; };
  for (const auto due : dues) {
    std::cout << text_of(due, "account") << ' ' << text_of(due, "entity") << ' '
              << text_of(due, "clock") << ' ' << text_of(due, "cycle") << ' '
              << text_of(due, "threshold") << ": " << text_of(due, "change") << ' '
              << or_none(text_of(due, "from")) << " -> " << or_none(text_of(due, "to")) << "\n";
  }
}

void print_trial(const dom::element& root) {
  std::cout << number_of(root, "facts") << " facts\n                 in force     tried\n";
  for (const char* what : {"breaches", "calls", "warnings"}) {
    std::string name = what;
    name.resize(14, ' ');
    dom::element now, then;
    if (root["inForce"].get(now) != simdjson::SUCCESS ||
        root["tried"].get(then) != simdjson::SUCCESS)
      return;
    std::cout << name << number_of(now, what) << "  ->  " << number_of(then, what) << "\n";
  }
  dom::array changes;
  if (root["changes"].get(changes) != simdjson::SUCCESS) return;
  for (const auto change : changes) {
    std::cout << text_of(change, "change") << ' ' << text_of(change, "what") << ' '
              << text_of(change, "time") << ' ' << text_of(change, "id") << "\n";
  }
}

int unusable(const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 2;
}

}  // namespace

int command_policy_apply(const PolicyAsk& ask) try {
  const auto text = readable(ask.file);
  if (!text) return 2;
  std::string path = "/v1/policy?by=" + url_encoded(ask.by);
  if (ask.to_open) path += "&to_open=true";
  if (ask.dry_run) path += "&dry_run=true";
  dom::parser parser;
  dom::element root;
  if (!right(ask_node(ask, "POST", path, text->text), parser, root)) return 1;
  if (ask.dry_run) {
    print_preview(root);
    return 0;
  }
  bool changed = false;
  if (root["changed"].get(changed) != simdjson::SUCCESS) return 1;
  std::cout << "policy " << text_of(root, "name")
            << (changed ? " is in force" : " was in force already") << "\n";
  return 0;
} catch (const std::runtime_error& error) {
  return unusable(error);
}

int command_policy_diff(const std::string& old_file, const std::string& new_file,
                        const PolicyAsk& ask) try {
  if (old_file.empty()) {
    const auto text = readable(new_file);
    if (!text) return 2;
    dom::parser parser;
    dom::element root;
    if (!right(ask_node(ask, "POST", "/v1/policy/diff", text->text), parser, root)) return 1;
    dom::array sentences;
    if (root["changes"].get(sentences) != simdjson::SUCCESS) return 1;
    for (const auto sentence : sentences) {
      std::string_view text;
      if (sentence.get(text) == simdjson::SUCCESS) std::cout << text << "\n";
    }
    return 0;
  }
  std::shared_ptr<const Policy> policies[2];
  for (int i = 0; i < 2; ++i) {
    const auto compiled = load_policy(i == 0 ? old_file : new_file);
    if (const auto* errors = std::get_if<std::vector<PolicyError>>(&compiled)) {
      std::cerr << describe(*errors);
      return 2;
    }
    policies[i] = std::get<std::shared_ptr<const Policy>>(compiled);
  }
  for (const PolicyChange& change : policy_diff(*policies[0], *policies[1]))
    std::cout << change.sentence << "\n";
  return 0;
} catch (const std::runtime_error& error) {
  return unusable(error);
}

int command_policy_try(const PolicyAsk& ask) try {
  const auto text = readable(ask.file);
  if (!text) return 2;
  std::string path = "/v1/policy/try";
  if (!ask.since.empty()) path += "?since=" + url_encoded(ask.since);
  HttpAnswer answer = ask_node(ask, "POST", path, text->text);
  while (answer.status == 202) {  // it takes a while
    dom::parser parser;
    dom::element root;
    if (parser.parse(answer.body).get(root) == simdjson::SUCCESS)
      std::cerr << "\r" << number_of(root, "facts") << " facts" << std::flush;
    std::this_thread::sleep_for(std::chrono::seconds(1));
    answer = ask_node(ask, "GET", "/v1/policy/try", {});
  }
  dom::parser parser;
  dom::element root;
  if (!right(answer, parser, root)) return 1;
  print_trial(root);
  return 0;
} catch (const std::runtime_error& error) {
  return unusable(error);
}

}  // namespace tocsin
