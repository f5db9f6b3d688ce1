#include "projections/read/alarm_rows.h"

#include <utility>

#include "projections/read/list_filter.h"

namespace tocsin {
namespace {

AlarmRows::Place place_of(KeyReader& key) {
  AlarmRows::Place place;
  place.partition = key.partition();
  key.letter();  // whose
  place.inbox = key.text();
  key.letter();  // state
  place.nobody = key.letter() == '0';
  key.letter();  // rank
  key.letter();  // acknowledged
  key.instant();
  place.entity = key.entity();
  return place;
}

// The key of the row that a cursor is about.
std::string_view row_of(std::string_view cursor) {
  if (cursor.empty()) return cursor;
  KeyReader key(cursor);
  place_of(key);
  return cursor.substr(0, cursor.size() - key.rest().size());
}

}  // namespace

AlarmRows::AlarmRows(const ReadView& view, std::vector<std::string> prefixes,
                     std::string_view after)
    : view_(view),
      rows_(view, std::move(prefixes), kInboxOrderBytes, row_of(after), MergedRows::Begin::kAt) {
  read_row();
  while (valid() && after.starts_with(rows_.key()) && cursor() <= after) next();
}

void AlarmRows::next() {
  if (groups_.next()) return;
  rows_.next();
  read_row();
}

void AlarmRows::read_row() {
  if (!rows_.valid()) return;
  KeyReader key(rows_.key());
  place_ = place_of(key);
  groups_ = GroupsInRow(rows_.value());
  groups_.next();
  entity_is_read_ = false;
}

std::string AlarmRows::cursor() const {
  return Key(std::string(rows_.key())).text(groups_.name()).take();
}

const Projection* AlarmRows::entity() {
  if (!entity_is_read_) entity_ = find_projection(view_, place_.partition, place_.entity);
  entity_is_read_ = true;
  return entity_ ? &*entity_ : nullptr;
}

std::string_view inbox_range(std::string_view cursor) {
  KeyReader key(cursor);
  key.letter();
  key.text();
  key.letter();
  return cursor.substr(0, cursor.size() - key.rest().size());
}

}  // namespace tocsin
