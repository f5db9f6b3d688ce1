// One `push` of the configuration: which events go where, and how the request is made.
//
//   push:
//     - name: zammad-breach
//       on: [tocsin.clock.breached]
//       where: {data.clock: ticket.response}          # conditions of docs/adapters.md, on the event
//       url: https://desk.example/api/v1/tickets/{{subject}}
//       method: PUT
//       secret: file:/run/secrets/push                # signed as Standard Webhooks say
//       headers: {Authorization: "Token token={{secret.token}}"}
//       body: '{"article": {"body": "{{data.clock}} is late since {{data.due}}", "internal": true}}'
//
// Templates (connectors/template) see the event as it stands in the log; without a body the event
// itself is sent. In a body every value is escaped for the inside of a JSON text, in the address for
// a URL. Immutable once read; any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connectors/crm/adapter.h"
#include "connectors/http/message.h"
#include "connectors/template/mustache.h"
#include "engine/policy/compile/yaml.h"
#include "engine/policy/policy.h"

namespace tocsin {

struct PushText {
  std::string name, url, method = "POST", body;
  Yaml where;  // conditions; absent: all
  std::vector<std::string> on;
  std::string secret;                          // the secret itself; empty: not signed
  std::map<std::string, std::string> headers;  // templates too
};

struct PushRequest {
  std::string id, method, url, body;  // id: the event's, the same at every try
  HttpFields headers;
};

class PushRule {
 public:
  // The rule, or what is wrong with it.
  static std::variant<std::shared_ptr<const PushRule>, std::string> read(PushText text);

  const std::string& name() const { return text_.name; }
  // A record of the log, and its type.
  bool wants(std::string_view type, std::string_view record) const;
  // Nullopt where the templates make nothing that could be sent (over 1 MiB).
  std::optional<PushRequest> request(std::string_view record) const;
  // The signature's headers, which depend on the time of each try.
  void sign(PushRequest& request, std::int64_t unix_seconds) const;

 private:
  PushRule() = default;

  PushText text_;
  Adapter place_;  // what conditions are looked up with
  Conditions where_;
  std::optional<Mustache> url_, body_;
  std::vector<std::pair<std::string, Mustache>> headers_;
};

}  // namespace tocsin
