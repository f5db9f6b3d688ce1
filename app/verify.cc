#include "app/verify.h"

#include <filesystem>
#include <iostream>

#include "app/policy_load.h"
#include "app/room.h"
#include "connectors/embedded/embedded_log.h"

namespace tocsin {

namespace {

// The store of everything in `log` up to `end`.
std::unique_ptr<Store> build(EmbeddedLog& log, const std::filesystem::path& scratch,
                             const PolicyText& policy, Offset end) {
  std::filesystem::remove_all(scratch);
  auto store = Store::open(scratch);
  RoomOptions options;
  options.policy = policy;
  Room room(options, store.get(), {});
  constexpr std::int64_t kStretch = 20'000;
  for (bool more = true; more;) {
    std::int64_t n = 0;
    Offset next = room.next();
    const Offset read =
        log.read(0, room.next(), [&](Offset offset, std::string_view, std::string_view value) {
          if (offset >= end) return false;
          room.follow(offset, value);
          next = offset + 1;
          return ++n < kStretch;
        });
    more = n == kStretch && next < end;
    room.followed(more ? next : std::min(std::max(next, read), end), false);
  }
  store->flush();
  return store;
}

}  // namespace

int run_verify(const Config& config, bool replace) {
  try {
    const std::filesystem::path data = config.data, scratch = data / "state.scratch",
                                state = data / "state";
    auto text = read_policy(config.policy);
    if (auto* errors = std::get_if<std::vector<PolicyError>>(&text))
      throw std::runtime_error(describe(*errors));
    const auto log = EmbeddedLog::open(data / "log");
    auto present = replace ? nullptr : Store::open(state);
    const Offset end = present ? present->applied(0) : log->next_offset();
    auto anew = build(*log, scratch, std::get<PolicyText>(text), end);
    if (replace) {
      anew.reset();
      replace_store(scratch, state);
      std::cout << "rebuilt from " << end << " records\n";
      return 0;
    }
    const auto want = anew->hashes(), have = present->hashes();
    bool same = true;
    for (const auto& [family, hash] : want) {
      const auto it = have.find(family);
      const bool equal = it != have.end() && it->second == hash;
      same = same && equal;
      std::cout << static_cast<char>(family) << "  " << hash.rows << " rows  "
                << (equal ? "same" : "DIFFERENT") << "\n";
    }
    same = same && want.size() == have.size();
    anew.reset();
    std::filesystem::remove_all(scratch);
    std::cout << (same ? "the store is what the log says, up to offset "
                       : "the store is NOT what the log says, up to offset ")
              << end << "\n";
    return same ? 0 : 1;
  } catch (const std::exception& e) {
    std::cerr << "tocsin: " << e.what() << "\n";
    return 1;
  }
}

}  // namespace tocsin
