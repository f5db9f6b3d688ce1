// A list asked page by page, for tests.
#pragma once

#include <gtest/gtest.h>

namespace tocsin {

// Calls `visit` with each page that `list` gives; fails where they have no end.
template <typename Query, typename List, typename Visit>
void each_page(Query query, const List& list, const Visit& visit) {
  constexpr int kMost = 1000;
  for (int n = 0; n < kMost; ++n) {
    const auto page = list(query);
    visit(page);
    query.cursor = page.cursor;
    if (query.cursor.empty()) return;
  }
  ADD_FAILURE() << "pages without end";
}

}  // namespace tocsin
