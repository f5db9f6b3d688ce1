// An entity and an account as bytes, for the store that keeps what is not in memory.
//
// The bytes are a cache of the log's meaning, never the truth: a reader that meets another format
// version throws std::runtime_error, and the node makes its store anew from the log. Codes inside
// (verbs, clocks, roles) are those of the policy version that is written first.
//
// Pure; any thread. Cost: about 1 µs for a ticket with four clocks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/entity/account.h"
#include "engine/entity/entity.h"
#include "events/bytes.h"

namespace tocsin {

// Finds a policy by version; null when there is none.
using PolicyFinder = std::function<const Policy*(std::int32_t version)>;

// Appends it.
void encode_entity(ByteBuffer& out, const Entity& entity);
std::string encode_entity(const Entity& entity);
// Fills everything but `account`, `id` and `owner`.
void decode_entity(std::string_view bytes, const PolicyFinder& policies, Entity& entity);

// An account grows with its history, so it is stored in pieces: its own, under its name, and
// others, under names that begin with its name and a control character, which no account has.
struct AccountPiece {
  std::string name;
  std::string bytes;  // empty: there is no such piece any more
};
using PieceLoader = std::function<std::optional<std::string>(std::string_view name)>;

// The pieces that changed since the last call, which are from now on the stored ones.
std::vector<AccountPiece> encode_account(Account& account);
// Fills an account of which only the name is known from its own piece and the others that this
// names.
void decode_account(std::string_view bytes, const PieceLoader& load, Account& account);

}  // namespace tocsin
