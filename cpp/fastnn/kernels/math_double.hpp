// exp, log and erf of a register of doubles, within 3 ulp. Included by math.hpp alone.
//
// Series of as many terms as a double can tell apart, after the reductions of the argument that the functions of floats use.
// A register is a vector of the compiler, so bits are moved by its operators.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "fastnn/kernels/precise_double.hpp"
#include "fastnn/packet.hpp"

namespace fastnn::packet {

/// The arguments between which expm1 is computed: beyond, it is -1 or infinite. And where tanh has become 1.
constexpr double kLeastOfExpm1 = -38.0, kMostOfExpm1 = 709.0, kTanhIsOne = 20.0;

namespace detail {

typedef std::int64_t Words __attribute__((vector_size(sizeof(Packet))));
typedef std::uint64_t Naturals __attribute__((vector_size(sizeof(Packet))));

constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer, left in the low bits
constexpr std::uint64_t kMagicBits = 0x4338000000000000;

// x = n ln 2 + r with |r| <= ln(2)/2; ln 2 is cut so that n times its first part is exact without a fused multiply-add.
struct ExpParts {
  Packet r, n;
};
inline ExpParts split_exp(const Packet& x) {
  const Packet n = sub(madd(x, set1(1.4426950408889634074), set1(kMagic)), set1(kMagic));
  Packet r = madd(n, set1(-0.693147180369123816490), x);
  r = madd(n, set1(-1.90821492927058770002e-10), r);
  return {r, n};
}

// exp(r) - 1 on the interval of split_exp.
inline Packet expm1_reduced(const Packet& r) {
  constexpr double c[] = {1.0 / 2,     1.0 / 6,      1.0 / 24,      1.0 / 120,      1.0 / 720,       1.0 / 5040,
                          1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
  return madd(mul(r, r), polynomial(r, c), r);
}

// 2^n for an integer -1022 <= n <= 1023.
inline Packet power_of_two(const Packet& n) {
  return (Packet)(((Naturals)add(n, set1(kMagic)) - (kMagicBits - 1023)) << 52);
}

// exp(x) - 1 for kLeastOfExpm1 <= x <= kMostOfExpm1.
inline Packet expm1_bounded(const Packet& x) {
  const auto [r, n] = split_exp(x);
  const Packet scale = power_of_two(n);
  return madd(scale, expm1_reduced(r), sub(scale, set1(1.0)));
}

}  // namespace detail

inline Packet exp(const Packet& x) {
  constexpr double kLow = -745.13321910194122, kHigh = 710.0;  // beyond: 0 and infinity
  const auto [r, n] = detail::split_exp(clamp(x, kLow, kHigh));
  // 2^n in two halves: each is a normal number though the result need not be. What underflows is zeroed first, because
  // a product that falls below the normal range costs a hundred cycles.
  const Packet half = sub(madd(n, set1(0.5), set1(detail::kMagic)), set1(detail::kMagic));
  Packet y = add(detail::expm1_reduced(r), set1(1.0));
  y = select(less(x, set1(kLow)), zero(), y);
  return mul(mul(y, detail::power_of_two(half)), detail::power_of_two(sub(n, half)));
}

inline Packet log(const Packet& x) {
  using namespace detail;
  const Packet tiny = less(x, set1(std::numeric_limits<double>::min()));
  const Packet scaled = select(tiny, mul(x, set1(18014398509481984.0)), x);  // 2^54
  // scaled = m 2^e with m in [sqrt(1/2), sqrt(2)): the exponent, moved up so that it is positive, is read off after the bits
  // of sqrt(1/2) are taken away, and becomes a double as the low bits of 2^52.
  constexpr std::uint64_t kRootHalf = 0x3fe6a09e667f3bcd, kMoved = 1023, kTwoTo52 = 0x4330000000000000;
  const Naturals exponent = ((Naturals)scaled - (kRootHalf - (kMoved << 52))) >> 52;
  const Packet e = sub((Packet)(exponent | kTwoTo52), set1(4503599627370496.0 + 1023.0));
  const Packet m = (Packet)((Naturals)scaled - ((exponent - kMoved) << 52));
  const Packet n = sub(e, select(tiny, set1(54.0), zero()));
  // log(1 + f) = 2 artanh(s) with s = f / (2 + f): f - (f^2/2 - s (f^2/2 + tail)), of which only the last is rounded twice.
  const Packet f = sub(m, set1(1.0)), s = div(f, add(set1(2.0), f)), z = mul(s, s);
  constexpr double c[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11, 2.0 / 13,
                          2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23};
  const Packet half = mul(set1(0.5), mul(f, f)), tail = mul(z, polynomial(z, c));
  const Packet low = madd(s, add(half, tail), mul(n, set1(1.90821492927058770002e-10)));
  Packet y = sub(mul(n, set1(0.693147180369123816490)), sub(sub(half, low), f));
  y = select(less(x, set1(kInfinity)), y, x);  // infinity and NaN
  y = select(less(x, zero()), set1(std::numeric_limits<double>::quiet_NaN()), y);
  return select(equal(x, zero()), set1(-kInfinity), y);
}

inline Packet erf(const Packet& x) {
  alignas(kAlignment) double lanes[kWidth];
  ei::pstore(lanes, x);
  for (Index i = 0; i < kWidth; ++i) lanes[i] = precise::erf(lanes[i]);
  return load_aligned(lanes);
}

}  // namespace fastnn::packet
