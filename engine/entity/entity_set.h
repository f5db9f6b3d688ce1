// The entities in memory, found by account, kind and id.
//
// A flat set of 16 bytes a place that holds the name's hash beside the pointer: growing reads no
// entity, and a look-up reads one. Entities stay where they are. Not thread safe.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "engine/entity/entity.h"
#include "engine/entity/entity_name.h"

namespace tocsin {

class EntitySet {
 public:
  // Null when it is not in memory.
  Entity* find(const EntityName& name) const {
    const auto it = places_.find(Hashed{name.hash(), name});
    return it == places_.end() ? nullptr : it->entity.get();
  }
  // One of that name is not there yet.
  Entity& add(std::unique_ptr<Entity> entity) {
    const std::uint64_t hash = EntityName{entity->account, entity->spec().name, entity->id}.hash();
    return *places_.insert(Place{hash, std::move(entity)}).first->entity;
  }
  std::size_t size() const { return places_.size(); }

  template <class Visit>
  void each(Visit&& visit) const {
    for (const Place& place : places_) visit(*place.entity);
  }
  void erase(const Entity& entity) {
    const EntityName name{entity.account, entity.spec().name, entity.id};
    places_.erase(places_.find(Hashed{name.hash(), name}));
  }

 private:
  struct Place {
    std::uint64_t hash;
    std::unique_ptr<Entity> entity;
  };
  struct Hashed {
    std::uint64_t hash;
    EntityName name;
  };
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(const Place& place) const { return place.hash; }
    std::size_t operator()(const Hashed& name) const { return name.hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Place& a, const Place& b) const { return a.entity == b.entity; }
    bool operator()(const Hashed& a, const Place& b) const {
      return a.hash == b.hash && a.name.id == b.entity->id && a.name.account == b.entity->account &&
             a.name.kind == b.entity->spec().name;
    }
    bool operator()(const Place& a, const Hashed& b) const { return (*this)(b, a); }
  };

  boost::unordered_flat_set<Place, Hash, Equal> places_;
};

}  // namespace tocsin
