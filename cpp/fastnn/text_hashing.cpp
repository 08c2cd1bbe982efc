// The arithmetic of both hashes. FarmHash has a way of its own for texts of up to 16, 32 and 64 bytes, and mixes longer
// ones in blocks of 64, the last of which ends where the text ends.
#include "fastnn/text_hashing.hpp"

#include <cstddef>

namespace fastnn {
namespace {

using Word = std::uint64_t;

constexpr Word kFirst = 0xC3A5C85C97CB3127u, kSecond = 0xB492B66FBE98F273u, kThird = 0x9AE16A3B2F90404Fu;

/// The number that `size` bytes stand for, the lowest one first, on machines of either byte order.
Word bytes_at(std::string_view text, std::size_t at, std::size_t size) {
  Word value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value |= static_cast<Word>(static_cast<unsigned char>(text[at + i])) << (8 * i);
  return value;
}

Word word_at(std::string_view text, std::size_t at) { return bytes_at(text, at, 8); }

Word right(Word value, int by) { return (value >> by) | (value << (64 - by)); }

Word left(Word value, int by) { return (value << by) | (value >> (64 - by)); }

Word folded(Word value) { return value ^ (value >> 47); }

Word joined(Word u, Word v, Word by) {
  const Word a = folded((u ^ v) * by);
  return folded((v ^ a) * by) * by;
}

Word of_at_most_16(std::string_view text) {
  const std::size_t n = text.size();
  const Word by = kThird + 2 * n;
  if (n >= 8) {
    const Word a = word_at(text, 0) + kThird, b = word_at(text, n - 8);
    return joined(right(b, 37) * by + a, (right(a, 25) + b) * by, by);
  }
  if (n >= 4) return joined(n + (bytes_at(text, 0, 4) << 3), bytes_at(text, n - 4, 4), by);
  if (n == 0) return kThird;
  const Word y = bytes_at(text, 0, 1) + (bytes_at(text, n >> 1, 1) << 8);
  const Word z = n + (bytes_at(text, n - 1, 1) << 2);
  return folded((y * kThird) ^ (z * kFirst)) * kThird;
}

Word of_at_most_32(std::string_view text) {
  const std::size_t n = text.size();
  const Word by = kThird + 2 * n;
  const Word a = word_at(text, 0) * kSecond, b = word_at(text, 8);
  const Word c = word_at(text, n - 8) * by, d = word_at(text, n - 16) * kThird;
  return joined(right(a + b, 43) + right(c, 30) + d, a + right(b + kThird, 18) + c, by);
}

Word of_at_most_64(std::string_view text) {
  const std::size_t n = text.size();
  const Word by = kThird + 2 * n;
  const Word a = word_at(text, 0) * kThird, b = word_at(text, 8);
  const Word c = word_at(text, n - 8) * by, d = word_at(text, n - 16) * kThird;
  const Word y = right(a + b, 43) + right(c, 30) + d;
  const Word z = joined(y, a + right(b + kThird, 18) + c, by);
  const Word e = word_at(text, 16) * by, f = word_at(text, 24);
  const Word g = (y + word_at(text, n - 32)) * by, h = (z + word_at(text, n - 24)) * by;
  return joined(right(e + f, 43) + right(g, 30) + h, e + right(f + a, 18) + g, by);
}

struct Pair {
  Word low = 0, high = 0;
};

Pair of_32_bytes(std::string_view text, std::size_t at, Word a, Word b) {
  const Word x = word_at(text, at + 8), y = word_at(text, at + 16), z = word_at(text, at + 24);
  a += word_at(text, at);
  b = right(b + a + z, 21);
  const Word start = a;
  a += x + y;
  return {a + z, b + right(a, 44) + start};
}

Word of_more_than_64(std::string_view text) {
  const std::size_t n = text.size();
  Word x = 81, y = 81 * kSecond + 113;
  Word z = folded(y * kThird + 113) * kThird;
  Pair v, w;
  const auto take = [&](std::size_t at, Word by, Word factor) {
    x = right(x + y + v.low + word_at(text, at + 8), 37) * by;
    y = right(y + v.high + word_at(text, at + 48), 42) * by;
    x ^= w.high * factor;
    y += v.low * factor + word_at(text, at + 40);
    z = right(z + w.low, 33) * by;
    v = of_32_bytes(text, at, v.high * by, x + w.low);
    w = of_32_bytes(text, at + 32, z + w.high, y + word_at(text, at + 16));
    std::swap(z, x);
  };
  x = x * kThird + word_at(text, 0);
  const std::size_t last = (n - 1) / 64 * 64;
  for (std::size_t at = 0; at < last; at += 64) take(at, kSecond, 1);
  const Word by = kSecond + ((z & 0xFF) << 1);
  w.low += (n - 1) & 63;
  v.low += w.low;
  w.low += v.low;
  take(n - 64, by, 9);
  return joined(joined(v.low, w.low, by) + folded(y) * kFirst + z, joined(v.high, w.high, by) + x, by);
}

}  // namespace

std::uint64_t fingerprint64(std::string_view text) {
  if (text.size() <= 16) return of_at_most_16(text);
  if (text.size() <= 32) return of_at_most_32(text);
  return text.size() <= 64 ? of_at_most_64(text) : of_more_than_64(text);
}

std::uint64_t siphash(std::string_view text, std::pair<std::uint64_t, std::uint64_t> key) {
  Word a = key.first ^ 0x736F6D6570736575u, b = key.second ^ 0x646F72616E646F6Du;
  Word c = key.first ^ 0x6C7967656E657261u, d = key.second ^ 0x7465646279746573u;
  const auto mix = [&](int rounds) {
    for (int round = 0; round < rounds; ++round) {
      a += b;
      c += d;
      b = left(b, 13) ^ a;
      d = left(d, 16) ^ c;
      a = left(a, 32);
      c += b;
      a += d;
      b = left(b, 17) ^ c;
      d = left(d, 21) ^ a;
      c = left(c, 32);
    }
  };
  const auto take = [&](Word word) {
    d ^= word;
    mix(2);
    a ^= word;
  };
  const std::size_t whole = text.size() / 8 * 8;
  for (std::size_t at = 0; at < whole; at += 8) take(word_at(text, at));
  take(bytes_at(text, whole, text.size() - whole) | static_cast<Word>(text.size()) << 56);
  c ^= 0xFF;
  mix(4);
  return a ^ b ^ c ^ d;
}

}  // namespace fastnn
