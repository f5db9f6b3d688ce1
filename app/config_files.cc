#include "app/config_files.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "app/roster_record.h"
#include "connectors/http/server.h"

namespace tocsin {

ConfiguredPolicy configured_policy(const Config& config) {
  auto text = read_policy(config.policy);
  if (auto* errors = std::get_if<std::vector<PolicyError>>(&text))
    throw std::runtime_error(describe(*errors));
  return std::get<PolicyText>(std::move(text));
}

std::string configured_roster(const Config& config) {
  if (config.roster.empty()) return {};
  std::error_code ignored;
  std::ifstream in(config.roster, std::ios::binary);
  if (!in || std::filesystem::is_directory(config.roster, ignored))
    throw std::runtime_error("cannot read the roster " + config.roster);
  std::ostringstream text;
  text << in.rdbuf();
  parse_roster(text.str(), config.roster);
  return text.str();
}

std::vector<std::string> check_files(const Config& config) {
  std::vector<std::string> problems;
  const auto check = [&](const char* key, const auto& read) {
    try {
      read();
    } catch (const std::exception& e) {
      std::string text = e.what();
      while (text.ends_with('\n')) text.pop_back();
      problems.push_back(std::string(key) + ": " + text);
    }
  };
  check("policy", [&] { configured_policy(config); });
  check("roster", [&] { configured_roster(config); });
  check("http.tls", [&] { check_tls(config.http); });
  return problems;
}

}  // namespace tocsin
