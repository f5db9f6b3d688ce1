#include "app/verify.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "app/config_files.h"
#include "app/embedded_node.h"
#include "app/follow.h"
#include "app/line_writer.h"
#include "app/room.h"
#include "connectors/embedded/embedded_log.h"
#include "connectors/kafka/log_tail.h"
#include "projections/rows/families.h"
#include "projections/rows/keys.h"

namespace tocsin {

namespace {

using Ends = std::map<PartitionId, Offset>;
using Latest = std::map<PartitionId, Instant>;  // when each partition's last record was made

constexpr std::size_t kGatheredMax = 256u << 20;  // bytes of all rooms between two hand-overs

// Does what an owner does without a word as time passes up to `as_of`: entities move to the policies
// in force, and dues without effect are passed. So a store that nobody owned for a while, and one
// whose owner was killed, can be compared.
void pass_silently(Room& room, Store& store, PartitionId partition, Instant as_of) {
  constexpr std::size_t kAtOnce = 10'000;  // entities between two hand-overs
  LogEvent last;
  last.decided = last.recorded = as_of;
  room.learn(last);
  room.followed(room.next(), false);
  for (bool more = true; more;) {
    more = room.partition().settle_moves(kAtOnce);
    room.followed(room.next(), false);
  }
  const Instant end = as_of + milliseconds(1);
  for (Instant from = kAlways; from < end;) {
    std::vector<EntityKey> due;
    Instant latest = as_of;
    store.scan_due(partition, from, end, [&](Instant at, const EntityKey& key) {
      if (due.size() >= kAtOnce && at > latest) return false;  // those of one instant stay together
      latest = at;
      due.push_back(key);
      return true;
    });
    for (const EntityKey& key : due) room.partition().settle_due({key.account, key.kind, key.id});
    room.followed(room.next(), false);
    from = due.size() < kAtOnce ? end : latest + milliseconds(1);
  }
}

// For a store that is made whole: nobody reads it meanwhile, so it is written in few large pieces, which
// need no merging.
StoreOptions for_building(StoreOptions options) {
  options.write_bytes = options.write_bytes_max = 128u << 20;
  options.pending_bytes_max = 384u << 20;
  options.write_interval = minutes(1);
  return options;
}

// Leaves what holds many entities to the system: the process ends soon, and freeing them one by one
// takes a tenth as long as making them did.
template <class Held>
void leave(Held held) {
  static Held* const left = new Held(std::move(held));  // somebody knows of it: it is no leak
  (void)left;
}

// The store of everything in `log` up to `end`.
std::unique_ptr<Store> build(EmbeddedLog& log, const std::filesystem::path& scratch,
                             const ConfiguredPolicy& policy, Offset end, Latest& latest) {
  std::filesystem::remove_all(scratch);
  auto store = Store::open(scratch, for_building(embedded_store_options()));
  RoomOptions options;
  options.policy = policy;
  auto held = std::make_unique<Room>(options, store.get(), nullptr);
  Room& room = *held;
  for (bool more = true; more;) {
    bool enough = false;
    Offset next = room.next();
    const Offset read =
        log.read(0, room.next(), [&](Offset offset, std::string_view, std::string_view value) {
          if (offset >= end) return false;
          room.follow(offset, value, true);
          next = offset + 1;
          enough = is_worth_handing_over(room, kGatheredMax);
          return !enough;
        });
    more = enough && next < end;
    room.followed(more ? next : std::min(std::max(next, read), end), false);
  }
  latest[0] = room.latest();
  pass_silently(room, *store, 0, latest[0]);
  leave(std::move(held));
  store->flush();
  return store;
}

// The same of a log on Kafka. Where `present` is given, its intake positions are taken over: they
// move with records that leave no trace in the log, too.
std::unique_ptr<Store> build(const KafkaSettings& settings, const std::filesystem::path& scratch,
                             const ConfiguredPolicy& policy, const Ends& ends, Store* present,
                             Latest& latest) {
  constexpr Duration kWait = milliseconds(500);
  std::filesystem::remove_all(scratch);
  auto store = Store::open(scratch, for_building({}));
  std::map<PartitionId, std::unique_ptr<Room>> rooms;
  Ends from;
  RoomOptions options;
  options.policy = policy;
  for (const auto& [p, end] : ends) {
    options.partition = p;
    rooms[p] = std::make_unique<Room>(options, store.get(), nullptr);
    if (end > 0) from[p] = 0;
  }
  LogFollower follower(settings);
  follower.follow(from);
  const auto hand_over = [&](PartitionId p) {
    const Offset read = follower.position(p), end = ends.at(p);
    if (present != nullptr && read >= end) {
      options.partition = p;
      rooms[p]->note_intake(Room(options, present, nullptr).intake_next());
    }
    rooms[p]->followed(std::min(std::max(rooms[p]->next(), read), end), false);
  };
  const auto done = [&] {
    return std::all_of(from.begin(), from.end(), [&](const auto& f) {
      return follower.position(f.first) >= ends.at(f.first);
    });
  };
  while (!done()) {
    const auto entry = follower.poll(kWait);
    if (!entry || entry->offset >= ends.at(entry->partition)) continue;
    Room& room = *rooms[entry->partition];
    room.follow(entry->offset, entry->value, false);
    if (entry->intake_next >= 0) room.note_intake(entry->intake_next);
    if (is_worth_handing_over(room, kGatheredMax / rooms.size())) hand_over(entry->partition);
  }
  for (const auto& [p, _] : from) hand_over(p);
  for (const auto& [p, room] : rooms) {
    latest[p] = room->latest();
    pass_silently(*room, *store, p, latest[p]);
  }
  leave(std::move(rooms));
  store->flush();
  return store;
}

// What the store's owner did not come to do before it ended, without a word.
void finish(Store& present, const ConfiguredPolicy& policy, const Latest& latest) {
  for (const auto& [p, as_of] : latest) {
    RoomOptions options;
    options.partition = p;
    options.policy = policy;
    Room room(options, &present, nullptr);
    pass_silently(room, present, p, as_of);
  }
  present.flush();
}

// Where the present store stands, or where the log ends.
Ends ends_of(const KafkaSettings& settings, const Store* present) {
  KafkaLogReader reader(settings);
  Ends ends;
  for (PartitionId p = 0; p < reader.partitions(); ++p)
    ends[p] = present != nullptr ? present->applied(p) : reader.range(p).end;
  return ends;
}

std::string text_of(const Ends& ends) {
  std::string text;
  for (const auto& [p, end] : ends)
    text += (text.empty() ? "" : ",") + std::to_string(p) + ":" + std::to_string(end);
  return text;
}

// A row's key as people read it: the entity, account or number that it is about.
std::string in_words(std::string_view key) {
  KeyReader read(key);
  std::string text = read.partition() == 0 ? "" : std::to_string(read.partition()) + ":";
  const auto spec = std::find_if(kFamilies.begin(), kFamilies.end(), [&](const FamilySpec& family) {
    return family.family == read.family();
  });
  for (const char part : spec->parts) {
    if (!text.empty()) text += '/';
    if (part == 't') {
      text += printable(read.text());
    } else if (part == 'i') {
      text += std::to_string(read.instant().ms);
    } else if (part == 'l') {
      text += read.letter();
    } else {
      return text + "…";  // a hash says nothing to anybody
    }
  }
  return text;
}

// The first rows of a family in which two stores differ.
void list_differences(const Store& anew, const Store& present, Family family) {
  constexpr int kListedMax = 3;
  const ReadView want = anew.view(), have = present.view();
  int listed = 0;
  const auto list = [&](std::string_view key, const char* how) {
    if (++listed <= kListedMax) std::cout << "     " << in_words(key) << "  " << how << "\n";
  };
  for (const PartitionId partition : have.partitions()) {
    const std::string prefix = Key(partition, family).take();
    RowCursor a = want.rows(prefix), b = have.rows(prefix);
    while ((a.valid() || b.valid()) && listed < kListedMax) {
      const bool log = a.valid() && (!b.valid() || a.key() <= b.key());
      const bool store = b.valid() && (!a.valid() || b.key() <= a.key());
      if (!store) list(a.key(), "is missing");
      if (!log) list(b.key(), "is not of the log");
      if (log && store && a.value() != b.value()) list(a.key(), "is another");
      if (log) a.next();
      if (store) b.next();
    }
  }
}

bool compare(const Store& anew, const Store& present) {
  const auto want = anew.hashes(), have = present.hashes();
  bool same = want.size() == have.size();
  for (const auto& [family, hash] : want) {
    const auto it = have.find(family);
    const bool equal = it != have.end() && it->second == hash;
    same = same && equal;
    std::cout << static_cast<char>(family) << "  " << hash.rows << " rows  "
              << (equal ? "same" : "DIFFERENT") << "\n";
    if (!equal) list_differences(anew, present, family);
  }
  return same;
}

StoreOptions store_options(const Config& config) {
  return config.on_kafka() ? StoreOptions{} : embedded_store_options();
}

// A mistyped --data must not look like a log without records.
void refuse_missing(const Config& config, bool replace) {
  const std::filesystem::path data = config.data;
  const auto need = [](const std::filesystem::path& directory, const char* what) {
    if (!std::filesystem::is_directory(directory))
      throw std::runtime_error("there is no " + std::string(what) + " in " + directory.string());
  };
  if (!config.on_kafka()) need(data / "log", "log");
  if (!replace) need(data / "state", "store");
}

}  // namespace

int run_verify(const Config& config, bool replace) {
  try {
    const std::filesystem::path data = config.data, scratch = data / "state.scratch",
                                state = data / "state";
    refuse_missing(config, replace);
    const ConfiguredPolicy policy = configured_policy(config);
    auto present = replace ? nullptr : Store::open(state, store_options(config));
    std::unique_ptr<EmbeddedLog> log;
    std::unique_ptr<Store> anew;
    Ends ends;
    Latest latest;
    if (config.on_kafka()) {
      ends = ends_of(config.kafka, present.get());
      anew = build(config.kafka, scratch, policy, ends, present.get(), latest);
    } else {
      log = EmbeddedLog::open(data / "log");
      ends[0] = present ? present->applied(0) : log->next_offset();
      anew = build(*log, scratch, policy, ends[0], latest);
    }
    const std::string where = config.on_kafka() ? text_of(ends) : std::to_string(ends[0]);
    if (replace) {
      anew.reset();
      replace_store(scratch, state);
      std::cout << "rebuilt up to offset " << where << "\n";
      return 0;
    }
    finish(*present, policy, latest);
    const bool same = compare(*anew, *present);
    anew.reset();
    std::filesystem::remove_all(scratch);
    std::cout << (same ? "the store is what the log says, up to offset "
                       : "the store is NOT what the log says, up to offset ")
              << where << "\n";
    return same ? 0 : 1;
  } catch (const std::exception& e) {
    std::cerr << "tocsin: " << e.what() << "\n";
    return 1;
  }
}

}  // namespace tocsin
