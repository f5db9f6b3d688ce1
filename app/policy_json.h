// Policies, and what is said about them, as JSON.
#pragma once

#include <string>
#include <vector>

#include "app/policy_history.h"
#include "app/policy_preview.h"
#include "app/policy_trial.h"
#include "engine/policy/compile/parse.h"

namespace tocsin {

// {"version","name","hash","since","by","toOpen"}
void append_version(std::string& out, const PolicyVersion& version);

// The same with "text", "zone" (of the working days' calendar), "document" (the YAML as JSON), "lines" (of each kind, fact, clock, …) and
// "labels" {NAME: {zh, en}}.
std::string policy_json(const PolicyVersion& version, Instant now);

// [{"line","reason"}]
void append_errors(std::string& out, const std::vector<PolicyError>& errors);

void append_preview(std::string& out, const Preview& preview);
void append_trial(std::string& out, const Trial& trial);

}  // namespace tocsin
