// Compact values in the rows of the store: see events/bytes.h.
#pragma once

#include "events/bytes.h"
