// Numbers held in bfloat16: the upper half of a float, which has its exponent and eight of its 24 bits.
#pragma once

#include <cstdint>
#include <cstring>

#include "fastnn/tensor.hpp"

namespace fastnn {

using Bfloat16 = std::uint16_t;

/// The number, exactly.
inline float widen(Bfloat16 held) {
  const std::uint32_t bits = static_cast<std::uint32_t>(held) << 16;
  float number;
  std::memcpy(&number, &bits, sizeof(number));
  return number;
}

/// The nearest bfloat16, of two the even one. NaN stays NaN.
inline Bfloat16 narrow(float number) {
  constexpr std::uint32_t kMagnitude = 0x7fffffffU, kInfinity = 0x7f800000U, kQuiet = 0x00400000U;
  std::uint32_t bits;
  std::memcpy(&bits, &number, sizeof(bits));
  const std::uint32_t near = bits + 0x7fffU + ((bits >> 16) & 1U);
  return static_cast<Bfloat16>(((bits & kMagnitude) > kInfinity ? bits | kQuiet : near) >> 16);
}

inline void widen(const Bfloat16* from, Index count, Real* to) {
  for (Index i = 0; i < count; ++i) to[i] = static_cast<Real>(widen(from[i]));
}

inline void narrow(const Real* from, Index count, Bfloat16* to) {
  for (Index i = 0; i < count; ++i) to[i] = narrow(static_cast<float>(from[i]));
}

}  // namespace fastnn
