// Which partition an account belongs to: the partition that Java's default partitioner gives its
// key.
//
// Promise: partition_of(key, n) equals `BuiltInPartitioner.partitionForKey(key, n)` of Apache
// Kafka's Java client (toPositive(murmur2(key)) % n) for every byte string; tests hold values of
// the Java client itself. Pure; any thread; about 1 ns a byte.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/log_port.h"

namespace tocsin {

// `org.apache.kafka.common.utils.Utils.murmur2`.
std::int32_t murmur2(std::string_view bytes);

// `partitions` must be positive.
PartitionId partition_of(std::string_view key, std::int32_t partitions);

}  // namespace tocsin
