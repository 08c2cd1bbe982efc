// Elementary functions of packets: exp, expm1, log, log1p, tanh, erf, sigmoid, softplus; and sums and maxima of rows.
//
// Every lane runs the same few multiply-adds whatever its neighbours hold, so a value never depends on where it stands.
// Zeros, infinities, NaN and subnormal numbers give what the function should. exp, log and erf are different ones for floats
// and doubles; all others are made of them.
// The order of a sum is fixed by its length: lanes are counted from the start, tails padded with zeros.
#pragma once

#include "fastnn/packet.hpp"

#if defined(FASTNN_REAL_IS_DOUBLE)
#include "fastnn/kernels/math_double.hpp"
#else
#include "fastnn/kernels/math_float.hpp"
#endif

namespace fastnn::packet {

/// exp(x) - 1 without cancellation near 0; infinity where it is beyond what a Real holds.
inline Packet expm1(const Packet& x) {
  const Packet y = detail::expm1_bounded(clamp(x, kLeastOfExpm1, kMostOfExpm1));
  const Packet value = select(less(set1(kMostOfExpm1), x), set1(kInfinity), y);
  return select(equal(x, zero()), x, value);
}

/// log(1 + x) without cancellation near 0: the rounding error of 1 + x is put back.
inline Packet log1p(const Packet& x) {
  const Packet u = add(set1(1.0_r), x);
  const Packet lost = div(sub(x, sub(u, set1(1.0_r))), u);
  const Packet y = log(u);
  return select(both(less(zero(), u), less(u, set1(kInfinity))), add(y, lost), y);
}

/// e / (e + 2) with e = exp(2|x|) - 1: near 0 and near 1 alike no digits are lost.
inline Packet tanh(const Packet& x) {
  const Packet e = detail::expm1_bounded(mul(set1(2.0_r), min(abs(x), set1(kTanhIsOne))));
  return copy_sign(div(e, add(e, set1(2.0_r))), x);
}

/// 1 / (1 + exp(-x)), from exp(-|x|), which cannot overflow.
inline Packet sigmoid(const Packet& x) {
  const Packet e = exp(negate(abs(x)));
  return div(select(less(x, zero()), e, set1(1.0_r)), add(set1(1.0_r), e));
}

/// log(1 + exp(x)) at any x.
inline Packet softplus(const Packet& x) { return add(max(x, zero()), log1p(exp(negate(abs(x))))); }

/// The first `count` lanes of `value`, the others zero whatever they held.
inline Packet first_lanes(const Packet& value, Index count) {
  alignas(kAlignment) static constexpr struct Lanes {
    Real number[kWidth] = {};
    constexpr Lanes() {
      for (Index i = 0; i < kWidth; ++i) number[i] = static_cast<Real>(i);
    }
  } lanes;
  return select(less(load(lanes.number), set1(static_cast<Real>(count))), value, zero());
}

/// The sum over [0, size) of what body(i, count) gives for the packets that cover it; lanes from count on do not count.
/// Four partial sums take turns, so that long rows do not wait for the adder.
template <class Body>
inline Real sum_over(Index size, Body&& body) {
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
inline Real max_over(Index size, Body&& body) {
  Packet top = set1(-kInfinity);
  for_each(size, [&](Index i, Index n) { top = select(equal(top, top), max(body(i, n), top), top); });
  return max_lane(top);
}

/// The same words for one float and for a register of them, for kernels whose lanes are neighbours that have nothing to
/// do with one another (channels): each_lane() covers [0, size) with registers and the rest one by one, with a template
/// for both, so the same chain of operations makes every element and a narrow array costs no padding.
struct Single {
  using Value = Real;
  static constexpr Index kStep = 1;
  static Real load(const Real* from) { return *from; }
  static void store(Real* to, Real value) { *to = value; }
  static Real set1(Real value) { return value; }
  static Real add(Real a, Real b) { return a + b; }
  static Real sub(Real a, Real b) { return a - b; }
  static Real mul(Real a, Real b) { return a * b; }
  static Real div(Real a, Real b) { return a / b; }
  static Real madd(Real a, Real b, Real c) { return packet::madd(a, b, c); }
};
struct Wide {
  using Value = Packet;
  static constexpr Index kStep = kWidth;
  static Packet load(const Real* from) { return packet::load(from); }
  static void store(Real* to, const Packet& value) { packet::store(to, value); }
  static Packet set1(Real value) { return packet::set1(value); }
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
