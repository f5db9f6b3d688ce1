// CRC-32C (Castagnoli), the checksum of every frame on disk (RFC 3720, appendix B.4: the nine bytes
// "123456789" give 0xE3069283).
//
// Pure; any thread. Cost: about 8 bytes per 3 cycles where the CPU has SSE4.2, else a byte a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tocsin {

// The checksum of `bytes` continued from `crc`, the checksum of what came before (0 at the start).
std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes);

// The same, never with the CPU's instruction; exists so that a test can compare the two.
std::uint32_t crc32c_portable(std::uint32_t crc, std::string_view bytes);

}  // namespace tocsin
