// exp, log and erf of a register of floats. Included by math.hpp alone.
//
// The coefficients are minimax fits made for these intervals, for the least relative error of the function. All are
// within 3 ulp but erf, which is within 6.
#pragma once

#include <limits>

#include "fastnn/packet.hpp"

namespace fastnn::packet {

using IntPacket = ei::unpacket_traits<Packet>::integer_packet;

inline IntPacket bits(const Packet& a) { return ei::preinterpret<IntPacket>(a); }
inline Packet from_bits(const IntPacket& a) { return ei::preinterpret<Packet>(a); }
inline IntPacket set1_int(int value) { return ei::pset1<IntPacket>(value); }

/// The arguments between which expm1 is computed: beyond, it is -1 or infinite. And where tanh has become 1.
constexpr float kLeastOfExpm1 = -18.0f, kMostOfExpm1 = 88.0f, kTanhIsOne = 10.0f;

namespace detail {

// x = n ln 2 + r with |r| <= ln(2)/2; ln 2 is cut so that n times its first part is exact without a fused multiply-add.
struct ExpParts {
  Packet r;
  IntPacket n;
};
inline ExpParts split_exp(const Packet& x) {
  const Packet magic = set1(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer, left in the low bits
  const Packet shifted = madd(x, set1(1.44269504088896341f), magic);
  const Packet n = sub(shifted, magic);
  Packet r = madd(n, set1(-0.693359375f), x);
  r = madd(n, set1(2.12194440054690583e-4f), r);
  return {r, ei::psub(bits(shifted), bits(magic))};
}

// exp(r) - 1 on the interval of split_exp.
inline Packet expm1_reduced(const Packet& r) {
  constexpr float c[] = {0.5f, 0.16666513681411743f, 0.0416661873459816f, 0.008369590155780315f,
                         0.0013951701112091541f};
  return madd(mul(r, r), polynomial(r, c), r);
}

// 2^n for -126 <= n <= 127.
inline Packet power_of_two(const IntPacket& n) {
  return from_bits(ei::plogical_shift_left<23>(ei::padd(n, set1_int(127))));
}

// exp(x) - 1 for -18 <= x <= 88.
inline Packet expm1_bounded(const Packet& x) {
  const auto [r, n] = split_exp(x);
  const Packet scale = power_of_two(n);
  return madd(scale, expm1_reduced(r), sub(scale, set1(1.0f)));
}

}  // namespace detail

inline Packet exp(const Packet& x) {
  constexpr float kLow = -103.97208f, kHigh = 89.0f;  // beyond: 0 and infinity
  const auto [r, n] = detail::split_exp(clamp(x, kLow, kHigh));
  // 2^n in two halves: each is a normal number though the result need not be. What underflows is zeroed first, because
  // a product that falls below the normal range costs a hundred cycles.
  const IntPacket half = ei::parithmetic_shift_right<1>(n);
  Packet y = add(detail::expm1_reduced(r), set1(1.0f));
  y = select(less(x, set1(kLow)), zero(), y);
  return mul(mul(y, detail::power_of_two(half)), detail::power_of_two(ei::psub(n, half)));
}

inline Packet log(const Packet& x) {
  constexpr float c[] = {0.33333316445350647f, -0.25000810623168945f, 0.2000228613615036f,  -0.16624552011489868f,
                         0.1418120115995407f,  -0.1312878131866455f,  0.12881594896316528f, -0.07859472185373306f};
  const Packet tiny = less(x, set1(std::numeric_limits<float>::min()));
  const Packet scaled = select(tiny, mul(x, set1(8388608.0f)), x);
  // scaled = m 2^e with m in [sqrt(1/2), sqrt(2)): the exponent is read off after the bits of sqrt(1/2) are taken away.
  const IntPacket offset = ei::psub(bits(scaled), set1_int(0x3f3504f3));
  const IntPacket e = ei::parithmetic_shift_right<23>(offset);
  const Packet m = from_bits(ei::psub(bits(scaled), ei::plogical_shift_left<23>(e)));
  const Packet n = sub(ei::pcast<IntPacket, Packet>(e), select(tiny, set1(23.0f), zero()));
  const Packet f = sub(m, set1(1.0f));
  const Packet square = mul(f, f);
  Packet tail = mul(mul(square, f), polynomial(f, c));
  tail = madd(n, set1(-2.12194440054690583e-4f), tail);
  tail = madd(square, set1(-0.5f), tail);
  Packet y = madd(n, set1(0.693359375f), add(f, tail));
  y = select(less(x, set1(kInfinity)), y, x);  // infinity and NaN
  y = select(less(x, zero()), set1(std::numeric_limits<float>::quiet_NaN()), y);
  return select(equal(x, zero()), set1(-kInfinity), y);
}

/// Rational: x P(x^2) / Q(x^2) up to where float32 rounds to 1.
inline Packet erf(const Packet& x) {
  constexpr float p[] = {1.1283791065216064f,    0.19153374433517456f,    0.05287328362464905f,
                         0.0038074650801718235f, 0.00028467352967709303f, 2.026055653914227e-06f};
  constexpr float q[] = {1.0f,
                         0.5030749440193176f,
                         0.11455283313989639f,
                         0.01505368109792471f,
                         0.0011705607175827026f,
                         3.783253123401664e-05f};
  const Packet a = clamp(x, -3.95f, 3.95f);
  const Packet z = mul(a, a);
  return clamp(div(mul(a, polynomial(z, p)), polynomial(z, q)), -1.0f, 1.0f);
}

}  // namespace fastnn::packet
