// How a node's process keeps memory that it has freed.
#pragma once

#include <malloc.h>

namespace tocsin {

// Batches come and go in blocks of megabytes: giving them back to the system each time would cost a
// page fault for every 4 KiB of the next one. Called once, before there are threads.
inline void keep_memory() {
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_TOP_PAD, 1 << 20);
}

}  // namespace tocsin
