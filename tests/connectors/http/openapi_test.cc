// docs/openapi.yaml and the API's own routes say the same: every route that is described answers
// with a described status, every route that answers is described, examples have the form of their
// schema. Routes of modules are held to it by tests/system/openapi.py, on a running node.
#include <gmock/gmock.h>
#include <yaml-cpp/yaml.h>

#include <boost/json.hpp>
#include <fstream>
#include <set>

#include "connectors/http/question.h"
#include "tests/connectors/http/api_fixture.h"

namespace tocsin::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAreArray;

const std::set<std::string> kMethods = {"get", "put", "post", "delete", "options", "head", "patch"};

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(c));
  return text;
}

std::string source_path() { return std::string(TOCSIN_SOURCE_DIR) + "/docs/openapi.yaml"; }

class OpenApiTest : public ApiTest {
 protected:
  OpenApiTest() : document(YAML::LoadFile(source_path())) {
    store.fill("T-1001", "acme");
    start();
  }

  struct Operation {
    std::string path, method;
    YAML::Node node;
  };
  std::vector<Operation> operations() const {
    std::vector<Operation> all;
    for (const auto& path : document["paths"]) {
      for (const auto& member : path.second) {
        const auto method = member.first.as<std::string>();
        if (kMethods.count(method) == 0) continue;
        Operation one{path.first.as<std::string>(), upper(method), member.second};
        const auto own = Api::routes();
        if (std::find(own.begin(), own.end(), one.method + " " + one.path) != own.end())
          all.push_back(std::move(one));
      }
    }
    return all;
  }
  YAML::Node resolve(YAML::Node node) const {
    while (node["$ref"]) {
      const auto reference = node["$ref"].as<std::string>();
      EXPECT_TRUE(reference.starts_with("#/")) << reference;
      YAML::Node found(document);  // the same node; reset() looks elsewhere, = would overwrite it
      std::istringstream parts(reference.substr(2));
      for (std::string part; std::getline(parts, part, '/');)
        found.reset(static_cast<const YAML::Node&>(found)[part]);
      EXPECT_TRUE(found.IsDefined() && !found.IsNull()) << reference;
      node.reset(found);
    }
    return node;
  }
  // `/v1/accounts/{account}` → `/v1/accounts/acme`, from the parameters' examples.
  std::string target(const Operation& operation) const {
    std::string out = operation.path;
    for (const YAML::Node& parameter : document["paths"][operation.path]["parameters"]) {
      const YAML::Node p = resolve(parameter);
      const std::string name = "{" + p["name"].as<std::string>() + "}";
      out.replace(out.find(name), name.size(), p["example"].as<std::string>());
    }
    return out;
  }
  Answer call(const Operation& operation, std::string_view body, std::string_view type,
              std::string_view query = {}) {
    Client fresh(server->port());
    const std::string where = target(operation) + std::string(query);
    if (operation.method == "POST") {
      return fresh.post(where, type, body);
    }
    fresh.send(operation.method + " " + where + " HTTP/1.1\r\nHost: h\r\n\r\n");
    if (operation.path != "/v1/stream") return fresh.read();
    Answer answer;
    fresh.read_head(answer);
    if (answer.status != 200) fresh.disconnect();
    return answer;
  }
  void expect_described(const Operation& operation, const Answer& answer) const {
    const YAML::Node response = resolve(operation.node["responses"][std::to_string(answer.status)]);
    const std::string what =
        operation.method + " " + operation.path + ": " + std::to_string(answer.status);
    ASSERT_TRUE(operation.node["responses"][std::to_string(answer.status)]) << what;
    if (!response["content"]) return;
    const auto content_type = answer.headers.find("content-type");
    ASSERT_NE(content_type, answer.headers.end()) << what;
    const std::string type = content_type->second.substr(0, content_type->second.find(';'));
    EXPECT_TRUE(response["content"][type]) << what << " as " << type;
    for (const auto& header : response["headers"]) {
      if (!resolve(header.second)["required"]) continue;
      std::string name = header.first.as<std::string>();
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      EXPECT_EQ(answer.headers.count(name), 1u) << what << " without " << name;
    }
  }

  // Whether a value has the form that a schema says; appends what is wrong with it.
  void check(YAML::Node schema, const boost::json::value& value, const std::string& where,
             std::string& wrong) const {
    schema = resolve(schema);
    const auto complain = [&](const std::string& what) { wrong += where + ": " + what + "\n"; };
    if (schema["oneOf"]) {
      int fits = 0;
      for (const YAML::Node& one : schema["oneOf"]) {
        std::string why;
        check(one, value, where, why);
        fits += why.empty() ? 1 : 0;
      }
      if (fits != 1) complain("fits " + std::to_string(fits) + " of its forms");
      return;
    }
    if (schema["type"] && !has_type(schema["type"], value)) return complain("is of another type");
    if (value.is_array() && schema["items"]) {
      for (const auto& item : value.as_array()) check(schema["items"], item, where + "[]", wrong);
    }
    if (value.is_object()) check_members(schema, value.as_object(), where, wrong);
  }
  void check_members(const YAML::Node& schema, const boost::json::object& object,
                     const std::string& where, std::string& wrong) const {
    for (const YAML::Node& name : schema["required"]) {
      if (!object.contains(name.as<std::string>()))
        wrong += where + " lacks " + name.as<std::string>() + "\n";
    }
    const YAML::Node more = schema["additionalProperties"];
    for (const auto& [key, member] : object) {
      const std::string name(key);
      const YAML::Node properties = schema["properties"];
      if (properties && properties[name]) {
        check(properties[name], member, where + "." + name, wrong);
      } else if (more && more.IsMap()) {
        check(more, member, where + "." + name, wrong);
      } else if (more && more.as<std::string>() == "false") {
        wrong += where + " has " + name + ", which is not described\n";
      }
    }
  }
  static bool has_type(const YAML::Node& type, const boost::json::value& value) {
    if (type.IsSequence()) {
      for (const YAML::Node& one : type) {
        if (has_type(one, value)) return true;
      }
      return false;
    }
    const auto name = type.as<std::string>();
    if (name == "null") return value.is_null();
    if (name == "string") return value.is_string();
    if (name == "boolean") return value.is_bool();
    if (name == "integer") return value.is_int64() || value.is_uint64();
    if (name == "number") return value.is_number();
    if (name == "array") return value.is_array();
    return name == "object" && value.is_object();
  }

  const YAML::Node document;
};

// Every member of every answer of a question is described, and there.
TEST_F(OpenApiTest, AnswersHaveTheFormThatIsDescribed) {
  int checked = 0;
  for (const Operation& operation : operations()) {
    const YAML::Node ok = operation.node["responses"]["200"];
    const YAML::Node content = ok ? resolve(ok)["content"] : ok;
    if (operation.method != "GET" || !content || !content["application/json"]) continue;
    const Answer answer = call(operation, "", "");
    ASSERT_EQ(answer.status, 200) << operation.path << answer.body;
    std::string wrong;
    check(content["application/json"]["schema"], boost::json::parse(answer.body), operation.path,
          wrong);
    EXPECT_EQ(wrong, "") << answer.body;
    ++checked;
  }
  EXPECT_GT(checked, 10);
}

TEST_F(OpenApiTest, DescribesEveryRouteOfTheApi) {
  std::vector<std::string> described;
  for (const Operation& operation : operations())
    described.push_back(operation.method + " " + operation.path);
  EXPECT_THAT(described, UnorderedElementsAreArray(Api::routes()));
}

TEST_F(OpenApiTest, EveryOperationAnswersAsDescribed) {
  api->feed().begin({{0, 0}});
  for (const Operation& operation : operations()) {
    SCOPED_TRACE(operation.method + " " + operation.path);
    const YAML::Node body = operation.node["requestBody"];
    if (!body) {
      const Answer answer = call(operation, "", "");
      EXPECT_EQ(answer.status / 100, 2);
      expect_described(operation, answer);
      continue;
    }
    for (const auto& content : body["content"]) {
      const std::string type = content.first.as<std::string>();
      if (operation.path == "/v1/events" && type == "application/json") continue;  // binary mode
      const auto example = [&] {
        YAML::Emitter json;
        json.SetSeqFormat(YAML::Flow);
        json.SetMapFormat(YAML::Flow);
        json.SetStringFormat(YAML::DoubleQuoted);
        json << YAML::Flow << content.second["example"];
        return std::string(json.c_str());
      }();
      const Answer answer = call(operation, example, type);
      EXPECT_EQ(answer.status / 100, 2) << example << answer.body;
      expect_described(operation, answer);
    }
  }
}

TEST_F(OpenApiTest, RefusalsAreDescribedToo) {
  node.unavailable = "full";
  node.sickness = "sick";
  node.readiness.ready = false;
  for (const Operation& operation : operations()) {
    SCOPED_TRACE(operation.method + " " + operation.path);
    const bool events = operation.path == "/v1/events";
    expect_described(operation, call(operation, "{", "application/json"));
    expect_described(operation, call(operation, "{", "application/cloudevents+json"));
    if (events) {
      expect_described(operation, call(operation, event_text("1"), "application/cloudevents+json"));
    } else if (operation.path.starts_with("/v1/")) {
      expect_described(operation, call(operation, "{}", "application/json", "?nonsense=1"));
    }
  }
}

TEST_F(OpenApiTest, WithTokensUnauthorizedAndForbiddenAreDescribed) {
  stop();
  options.access.tokens = {{"x", sha256("x-secret"), Roles{}}};
  options.access.rate_per_second = 1000;
  start();
  for (const Operation& operation : operations()) {
    SCOPED_TRACE(operation.method + " " + operation.path);
    const Answer answer = call(operation, "{}", "application/json");
    const bool open = operation.node["security"] && operation.node["security"].size() == 0;
    EXPECT_EQ(answer.status == 401, !open) << "security: [] stands where no token is needed";
    expect_described(operation, answer);
    if (open) continue;
    Client fresh(server->port());
    const std::string head = operation.method + " " + target(operation) +
                             " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x-secret\r\n"
                             "Content-Length: 0\r\n\r\n";
    fresh.send(head);
    const Answer forbidden = fresh.read();
    EXPECT_EQ(forbidden.status, 403);
    expect_described(operation, forbidden);
  }
}

TEST_F(OpenApiTest, IsServedAsItStands) {
  std::ifstream file(source_path());
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const Answer answer = client->get("/openapi.yaml");
  EXPECT_EQ(answer.body, text);
  EXPECT_EQ(answer.headers.at("content-type"), "application/yaml");
}

TEST_F(OpenApiTest, HasUniqueOperationIdsAndNoLooseEnds) {
  EXPECT_EQ(document["openapi"].as<std::string>(), "3.1.0");
  std::set<std::string> ids;
  for (const Operation& operation : operations())
    EXPECT_TRUE(ids.insert(operation.node["operationId"].as<std::string>()).second);
  // Every reference leads somewhere.
  std::vector<YAML::Node> open = {document};
  while (!open.empty()) {
    const YAML::Node node = open.back();
    open.pop_back();
    if (node.IsMap()) {
      if (node["$ref"]) resolve(node);
      for (const auto& member : node) open.push_back(member.second);
    } else if (node.IsSequence()) {
      for (const YAML::Node& item : node) open.push_back(item);
    }
  }
}

}  // namespace
}  // namespace tocsin::test
