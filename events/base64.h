// Base64 (RFC 4648): the standard alphabet with padding, and the one for URLs without.
//
// Promise: decode(encode(x)) is x; what is no base64 of the form is refused, never guessed.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

namespace tocsin {

std::string base64(std::string_view bytes);
std::string base64url(std::string_view bytes);

// False: a character that is none of the alphabet, or no whole number of bytes. Standard: in groups
// of four, `=` at the end only. `out` is replaced; its memory is used again.
bool decode_base64(std::string_view text, std::string& out);
bool decode_base64url(std::string_view text, std::string& out);

}  // namespace tocsin
