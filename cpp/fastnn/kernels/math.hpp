// Elementary functions of packets: exp, expm1, log, log1p, tanh, erf, sigmoid, softplus; and sums and maxima of rows.
//
// Every lane runs the same few multiply-adds whatever its neighbours hold, so a value never depends on where it stands.
// The coefficients are minimax fits made for these intervals, for the least relative error of the function. All are
// within 3 ulp but erf, which is within 6; zeros, infinities, NaN and subnormal numbers give what the function should.
// The order of a sum is fixed by its length: lanes are counted from the start, tails padded with zeros.
#pragma once

#include <limits>

#include "fastnn/packet.hpp"

namespace fastnn::packet {

using IntPacket = ei::unpacket_traits<Packet>::integer_packet;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

inline IntPacket bits(const Packet& a) { return ei::preinterpret<IntPacket>(a); }
inline Packet from_bits(const IntPacket& a) { return ei::preinterpret<Packet>(a); }
inline IntPacket set1_int(int value) { return ei::pset1<IntPacket>(value); }

inline Packet abs(const Packet& a) { return ei::pabs(a); }
inline Packet negate(const Packet& a) { return ei::pnegate(a); }
inline Packet equal(const Packet& a, const Packet& b) { return ei::pcmp_eq(a, b); }
inline Packet both(const Packet& a, const Packet& b) { return ei::pand(a, b); }
inline Packet either(const Packet& a, const Packet& b) { return ei::por(a, b); }
inline Packet clamp(const Packet& a, float low, float high) { return min(max(a, set1(low)), set1(high)); }
/// `magnitude` (not negative) with the sign of `sign`.
inline Packet copy_sign(const Packet& magnitude, const Packet& sign) {
  return ei::por(magnitude, ei::pand(sign, set1(-0.0f)));
}

/// c[0] + c[1] x + c[2] x^2 + ...
template <int N>
inline Packet polynomial(const Packet& x, const float (&c)[N]) {
  Packet sum = set1(c[N - 1]);
  for (int i = N - 2; i >= 0; --i) sum = madd(sum, x, set1(c[i]));
  return sum;
}

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

/// exp(x) - 1 without cancellation near 0; infinity from 88 on.
inline Packet expm1(const Packet& x) {
  const Packet y = detail::expm1_bounded(clamp(x, -18.0f, 88.0f));
  const Packet value = select(less(set1(88.0f), x), set1(kInfinity), y);
  return select(equal(x, zero()), x, value);
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

/// log(1 + x) without cancellation near 0: the rounding error of 1 + x is put back.
inline Packet log1p(const Packet& x) {
  const Packet u = add(set1(1.0f), x);
  const Packet lost = div(sub(x, sub(u, set1(1.0f))), u);
  const Packet y = log(u);
  return select(both(less(zero(), u), less(u, set1(kInfinity))), add(y, lost), y);
}

/// e / (e + 2) with e = exp(2|x|) - 1: near 0 and near 1 alike no digits are lost.
inline Packet tanh(const Packet& x) {
  const Packet e = detail::expm1_bounded(mul(set1(2.0f), min(abs(x), set1(10.0f))));
  return copy_sign(div(e, add(e, set1(2.0f))), x);
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

/// 1 / (1 + exp(-x)), from exp(-|x|), which cannot overflow.
inline Packet sigmoid(const Packet& x) {
  const Packet e = exp(negate(abs(x)));
  return div(select(less(x, zero()), e, set1(1.0f)), add(set1(1.0f), e));
}

/// log(1 + exp(x)) at any x.
inline Packet softplus(const Packet& x) { return add(max(x, zero()), log1p(exp(negate(abs(x))))); }

/// The first `count` lanes of `value`, the others zero whatever they held.
inline Packet first_lanes(const Packet& value, Index count) {
  alignas(kAlignment) static constexpr struct Lanes {
    float number[kWidth] = {};
    constexpr Lanes() {
      for (Index i = 0; i < kWidth; ++i) number[i] = static_cast<float>(i);
    }
  } lanes;
  return select(less(load(lanes.number), set1(static_cast<float>(count))), value, zero());
}

/// The sum over [0, size) of what body(i, count) gives for the packets that cover it; lanes from count on do not count.
/// Four partial sums take turns, so that long rows do not wait for the adder.
template <class Body>
inline float sum_over(Index size, Body&& body) {
  Packet sum[4] = {zero(), zero(), zero(), zero()};
  Index i = 0;
  for (; i + 4 * kWidth <= size; i += 4 * kWidth)
    for (Index k = 0; k < 4; ++k) sum[k] = add(sum[k], body(i + k * kWidth, kWidth));
  for (; i + kWidth <= size; i += kWidth) sum[0] = add(sum[0], body(i, kWidth));
  if (i < size) sum[1] = add(sum[1], first_lanes(body(i, size - i), size - i));
  return sum_lanes(add(add(sum[0], sum[1]), add(sum[2], sum[3])));
}

/// The largest of what body(i, count) gives; body pads the lanes from count on with -infinity. NaN if any is.
template <class Body>
inline float max_over(Index size, Body&& body) {
  Packet top = set1(-kInfinity);
  for_each(size, [&](Index i, Index n) { top = select(equal(top, top), max(body(i, n), top), top); });
  return max_lane(top);
}

/// The same words for one float and for a register of them, for kernels whose lanes are neighbours that have nothing to
/// do with one another (channels): each_lane() covers [0, size) with registers and the rest one by one, with a template
/// for both, so the same chain of operations makes every element and a narrow array costs no padding.
struct Single {
  using Value = float;
  static constexpr Index kStep = 1;
  static float load(const float* from) { return *from; }
  static void store(float* to, float value) { *to = value; }
  static float set1(float value) { return value; }
  static float add(float a, float b) { return a + b; }
  static float sub(float a, float b) { return a - b; }
  static float mul(float a, float b) { return a * b; }
  static float div(float a, float b) { return a / b; }
  static float madd(float a, float b, float c) { return packet::madd(a, b, c); }
};
struct Wide {
  using Value = Packet;
  static constexpr Index kStep = kWidth;
  static Packet load(const float* from) { return packet::load(from); }
  static void store(float* to, const Packet& value) { packet::store(to, value); }
  static Packet set1(float value) { return packet::set1(value); }
  static Packet add(const Packet& a, const Packet& b) { return packet::add(a, b); }
  static Packet sub(const Packet& a, const Packet& b) { return packet::sub(a, b); }
  static Packet mul(const Packet& a, const Packet& b) { return packet::mul(a, b); }
  static Packet div(const Packet& a, const Packet& b) { return packet::div(a, b); }
  static Packet madd(const Packet& a, const Packet& b, const Packet& c) { return packet::madd(a, b, c); }
};

/// Calls body(Wide or Single, i).
template <class Body>
inline void each_lane(Index size, Body&& body) {
  Index i = 0;
  for (; i + kWidth <= size; i += kWidth) body(Wide{}, i);
  for (; i < size; ++i) body(Single{}, i);
}

}  // namespace fastnn::packet
