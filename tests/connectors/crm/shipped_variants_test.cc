// What vendors leave out, send as null or in another kind: a payload of a shipped adapter says then
// less, or is rejected with a reason, but nothing that it did not say before.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/connectors/crm/adapter_fixture.h"

namespace tocsin::test {
namespace {

namespace dom = simdjson::dom;

const char* const kVariants[] = {"",   "null", "\"\"", "{}",          "[]",
                                 "-1", "0.5",  "true", "\"no such\"", "\"13/13/2026 25:00\""};
const std::string kOtherKind = "other kind";  // a number as text, digits as a number

// Members that say who the assignee is: emptied, they say that nobody is.
const std::map<std::string, std::set<std::string>> kAssignee = {
    {"chatwoot", {"meta.assignee", "conversation.meta.assignee"}},
    {"debezium", {"after.owner", "payload.after.owner"}},
    {"frappe", {"ticket._assign"}},
    {"freshdesk", {"ticket.agent", "ticket.agent.email"}},
    {"gitlab", {"assignees", "assignees.0", "assignees.0.username"}},
    {"glpi", {"ticket.technicians", "ticket.technicians.0", "ticket.technicians.0.name"}},
    {"hubspot", {"owner"}},
    {"jira", {"issue.fields.assignee", "issue.fields.assignee.accountId"}},
    {"odoo", {"user_email"}},
    {"rows", {"owner"}},
    {"servicenow", {"assigned_to"}},
    {"zammad", {"ticket.owner", "ticket.owner.email"}},
    {"zendesk", {"detail.assignee_id"}},
};

// Without what was said, these payloads are snapshots of the ticket, and true.
const std::set<std::string> kMessages = {"frappe: communication", "glpi: followup"};

// Writes JSON, and something else in one place: the n-th value.
class Variant {
 public:
  Variant(dom::element root, int place, std::string instead)
      : place_(place), instead_(std::move(instead)) {
    value(root, "");
  }
  const std::string& text() const { return text_; }
  const std::string& path() const { return path_; }  // of what was replaced; empty: there is none

 private:
  // Whether something stands there.
  bool value(dom::element node, const std::string& path) {
    if (seen_++ == place_ && !path.empty()) {
      path_ = path;
      if (instead_ == kOtherKind) return other_kind(node);
      text_ += instead_;
      return !instead_.empty();
    }
    if (node.is_object()) {
      members(node, path);
    } else if (node.is_array()) {
      elements(node, path);
    } else {
      text_ += simdjson::minify(node);
    }
    return true;
  }
  bool other_kind(dom::element node) {
    std::string_view text;
    const std::string written = simdjson::minify(node);
    const bool digits = node.get(text) == simdjson::SUCCESS && !text.empty() && text.size() < 16 &&
                        text.find_first_not_of("0123456789") == std::string_view::npos &&
                        (text == "0" || text[0] != '0');
    text_ += digits ? std::string(text) : node.is_number() ? "\"" + written + "\"" : written;
    return true;
  }
  void members(dom::element node, const std::string& path) {
    text_ += '{';
    bool any = false;
    for (const auto member : dom::object(node)) {
      const std::size_t before = text_.size();
      if (any) text_ += ',';
      text_ += '"';
      text_ += member.key;  // of payloads here, without escapes
      text_ += "\":";
      const bool there =
          value(member.value, (path.empty() ? "" : path + ".") + std::string(member.key));
      if (!there) text_.resize(before);
      any = any || there;
    }
    text_ += '}';
  }
  void elements(dom::element node, const std::string& path) {
    text_ += '[';
    bool any = false;
    std::size_t n = 0;
    for (const auto element : dom::array(node)) {
      const std::size_t before = text_.size();
      if (any) text_ += ',';
      const bool there = value(element, path + "." + std::to_string(n++));
      if (!there) text_.resize(before);
      any = any || there;
    }
    text_ += ']';
  }

  int place_, seen_ = 0;
  std::string instead_, text_, path_;
};

struct Payload {
  std::string adapter, file, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

std::vector<Payload> shipped_payloads() {
  namespace fs = std::filesystem;
  const fs::path home = fs::path(TOCSIN_SOURCE_DIR) / "connectors/crm/adapters/payloads";
  std::vector<Payload> out;
  for (const auto& folder : fs::directory_iterator(home)) {
    for (const auto& file : fs::directory_iterator(folder.path())) {
      Payload payload{folder.path().filename(), file.path().filename(), {}, {}};
      dom::parser parser;
      const std::string text =
          source_text("connectors/crm/adapters/payloads/" + payload.adapter + "/" + payload.file);
      dom::element root = parser.parse(text), body;
      dom::object headers;
      const bool wrapped = root["body"].get(body) == simdjson::SUCCESS;
      payload.body = simdjson::minify(wrapped ? body : root);
      if (wrapped && root["headers"].get(headers) == simdjson::SUCCESS) {
        for (const auto header : headers) {
          std::string name(header.key);
          std::transform(name.begin(), name.end(), name.begin(),
                         [](unsigned char c) { return std::tolower(c); });
          payload.headers.emplace_back(name, std::string_view(header.value));
        }
      }
      out.push_back(std::move(payload));
    }
  }
  return out;
}

struct Said {
  std::set<std::string> verbs, subjects;
  std::string all;  // a line a fact, or why there is none
};

// As a node takes it: a run with a fact that is refused gives none.
Said run(const std::shared_ptr<const Adapter>& adapter, const Payload& payload,
         const std::string& body) {
  static FactCheck check(default_policy());
  std::vector<HeaderView> headers;
  for (const auto& [name, text] : payload.headers) headers.push_back({name, text});
  Said said;
  Decoded decoded;
  SubjectMemory memory;
  Evaluator evaluator;
  const auto take = [&](AdapterRun&& one) {
    if (one.outcome != AdapterRun::Outcome::kFacts) said.all += one.reason + "\n";
    if (one.outcome != AdapterRun::Outcome::kFacts) return;
    const auto facts = memory.give(one);
    for (const GivenFact& given : facts) {
      std::string text;
      append_given(text, *adapter, given);
      const std::string fault = check.check(text, *adapter, given, kArrival, decoded);
      if (fault.empty()) continue;
      said.all += fault + "\n";
      return;
    }
    for (const GivenFact& given : facts) {
      said.verbs.insert(given.fact.verb);
      said.subjects.insert(given.subject);
      said.all += given.fact.verb + " " + given.subject + " " + given.fact.data + "\n";
    }
  };
  said.all += evaluator.run(*adapter, {body, headers, kArrival}, memory, take);
  return said;
}

TEST(ShippedVariants, SayLessOrAreRejectedButNothingNew) {
  int tried = 0;
  for (const Payload& payload : shipped_payloads()) {
    const auto read = adapter(source_text("connectors/crm/adapters/" + payload.adapter + ".yaml"));
    const Said before = run(read, payload, payload.body);
    if (before.verbs.empty()) continue;  // what is ignored or refused
    dom::parser parser;
    const dom::element root = parser.parse(payload.body);
    const auto assignee = kAssignee.find(payload.adapter);
    for (int place = 1;; ++place) {
      std::string path;
      for (const char* instead : kVariants) {
        const Variant variant(root, place, instead);
        path = variant.path();
        if (path.empty() || kMessages.count(payload.adapter + ": " + path) != 0) break;
        const Said now = run(read, payload, variant.text());
        ++tried;
        const std::string what = payload.adapter + "/" + payload.file + ": " + path + " is " +
                                 (*instead == '\0' ? "absent" : instead) + "\n" + now.all;
        const bool assigns = assignee != kAssignee.end() && assignee->second.count(path) != 0;
        for (const std::string& verb : now.verbs) {
          const bool known = before.verbs.count(verb) != 0 ||
                             (assigns && (verb == "unassigned" || verb == "assigned"));
          EXPECT_TRUE(known) << verb << " was not said before\n" << what;
        }
        const std::string_view text(instead);
        if (text.empty() || text == "null" || text == "\"\"" || text == "{}" || text == "[]") {
          for (const std::string& subject : now.subjects)
            EXPECT_TRUE(before.subjects.count(subject)) << "of another ticket\n" << what;
        }
      }
      if (path.empty()) break;
      const Variant variant(root, place, kOtherKind);
      const Said now = run(read, payload, variant.text());
      EXPECT_EQ(now.verbs, before.verbs)
          << payload.adapter << "/" << payload.file << ": " << path << " in the other kind\n"
          << now.all;
    }
  }
  EXPECT_GT(tried, 5000);
}

}  // namespace
}  // namespace tocsin::test
