// Who is told of a step: the persons behind its roles (contract §7, §9).
#pragma once

#include <string_view>

#include "engine/said/announce.h"

namespace tocsin {

struct Told {
  Persons persons;  // each once, in the order of their first role
  RoleCodes roles;  // of each; kNone: of the last resort
};

// Who plays the roles at `at`. The assignee is who the last fact that says so names, the owner who
// the creation names; one who is away is told together with who stands in: who is on call for the
// first other role. When nobody is found, the roster's last resort.
Told persons_of(const Entity& entity, const Truth& truth, const RoleBook& book,
                const RoleCodes& roles, Instant at);

// The assignee of an entity, or its owner, as facts name them; empty: nobody.
std::string_view assignee_of(const Entity& entity);
std::string_view owner_of(const Entity& entity, const Truth& truth);

}  // namespace tocsin
