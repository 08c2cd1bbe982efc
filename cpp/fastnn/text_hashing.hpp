// Hashes of texts that are the same on every machine and in every process, and those of Keras: FarmHash's 64-bit
// fingerprint (Pike and Alakuijala, 2014) and, with a key, SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast
// short-input PRF", 2012). They compute with unsigned integers of 64 bits, which wrap around.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace fastnn {

/// FarmHash's 64-bit fingerprint of some bytes.
std::uint64_t fingerprint64(std::string_view text);

/// SipHash-2-4 of some bytes, with a key of two words.
std::uint64_t siphash(std::string_view text, std::pair<std::uint64_t, std::uint64_t> key);

}  // namespace fastnn
