// One SIMD register of Reals, whatever its width: Eigen's packet primitives under the names the kernels use.
//
// Width and instruction set come from the compiler's flags alone (floats: SSE 4, AVX 8, AVX-512 16, NEON 4; of doubles half as many). Lanes are counted
// from the start of a row; tails are padded, never peeled by alignment, so a result does not depend on an array's address.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <limits>

#include "fastnn/tensor.hpp"

namespace fastnn::packet {

namespace ei = Eigen::internal;

#if defined(FASTNN_REAL_IS_DOUBLE)
#define FASTNN_OF_REALS(intrinsic) intrinsic##_pd
#define FASTNN_MASK_OF_REALS(intrinsic) intrinsic##_pd_mask
#else
#define FASTNN_OF_REALS(intrinsic) intrinsic##_ps
#define FASTNN_MASK_OF_REALS(intrinsic) intrinsic##_ps_mask
#endif

using Packet = ei::packet_traits<Real>::type;
constexpr Index kWidth = ei::unpacket_traits<Packet>::size;

inline Packet set1(Real value) { return ei::pset1<Packet>(value); }
inline Packet zero() { return set1(0.0_r); }
inline Packet one() { return set1(1.0_r); }
inline Packet load(const Real* from) { return ei::ploadu<Packet>(from); }
inline Packet load_aligned(const Real* from) { return ei::pload<Packet>(from); }
inline void store(Real* to, const Packet& value) { ei::pstoreu(to, value); }
/// Prefetches the cache line of an address; the address need not be valid.
inline void prefetch(const Real* address) { __builtin_prefetch(address); }

inline Packet add(const Packet& a, const Packet& b) { return ei::padd(a, b); }
inline Packet sub(const Packet& a, const Packet& b) { return ei::psub(a, b); }
inline Packet mul(const Packet& a, const Packet& b) { return ei::pmul(a, b); }
inline Packet div(const Packet& a, const Packet& b) { return ei::pdiv(a, b); }
inline Packet sqrt(const Packet& a) { return ei::psqrt(a); }
/// a * b + c: one rounding where the build has fused multiply-add, two where it has not; the same in every lane and path.
inline Packet madd(const Packet& a, const Packet& b, const Packet& c) { return ei::pmadd(a, b, c); }

inline Packet less(const Packet& a, const Packet& b) { return ei::pcmp_lt(a, b); }
/// `yes` in the lanes where the mask is set, `no` in the others.
inline Packet select(const Packet& mask, const Packet& yes, const Packet& no) { return ei::pselect(mask, yes, no); }
/// The larger of a and b; a where either is NaN or both are equal. (The instruction returns its second operand there.)
inline Packet max(const Packet& a, const Packet& b) {
#if defined(__AVX512F__)
  return FASTNN_OF_REALS(_mm512_max)(b, a);
#elif defined(__AVX__)
  return FASTNN_OF_REALS(_mm256_max)(b, a);
#elif defined(__SSE2__)
  return FASTNN_OF_REALS(_mm_max)(b, a);
#else
  return select(less(a, b), b, a);
#endif
}
/// The smaller of a and b; a where either is NaN or both are equal.
inline Packet min(const Packet& a, const Packet& b) {
#if defined(__AVX512F__)
  return FASTNN_OF_REALS(_mm512_min)(b, a);
#elif defined(__AVX__)
  return FASTNN_OF_REALS(_mm256_min)(b, a);
#elif defined(__SSE2__)
  return FASTNN_OF_REALS(_mm_min)(b, a);
#else
  return select(less(b, a), b, a);
#endif
}

constexpr Real kInfinity = std::numeric_limits<Real>::infinity();

inline Packet abs(const Packet& a) { return ei::pabs(a); }
inline Packet negate(const Packet& a) { return ei::pnegate(a); }
inline Packet equal(const Packet& a, const Packet& b) { return ei::pcmp_eq(a, b); }
inline Packet both(const Packet& a, const Packet& b) { return ei::pand(a, b); }
inline Packet either(const Packet& a, const Packet& b) { return ei::por(a, b); }
inline Packet clamp(const Packet& a, Real low, Real high) { return min(max(a, set1(low)), set1(high)); }
/// `magnitude` (not negative) with the sign of `sign`.
inline Packet copy_sign(const Packet& magnitude, const Packet& sign) {
  return ei::por(magnitude, ei::pand(sign, set1(-0.0_r)));
}

/// c[0] + c[1] x + c[2] x^2 + ...
template <int N>
inline Packet polynomial(const Packet& x, const Real (&c)[N]) {
  Packet sum = set1(c[N - 1]);
  for (int i = N - 2; i >= 0; --i) sum = madd(sum, x, set1(c[i]));
  return sum;
}

#if defined(__AVX__) && !defined(__AVX512F__)
namespace detail {
alignas(kAlignment) inline constexpr std::int32_t kLaneMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                                    0,  0,  0,  0,  0,  0,  0,  0};
constexpr Index kMasksOfLane = static_cast<Index>(sizeof(Real) / sizeof(std::int32_t));
/// All bits set in the first `count` lanes.
inline __m256i lane_mask(Index count) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLaneMasks + 8 - count * kMasksOfLane));
}
}  // namespace detail
#endif

/// The first `count` (0 < count < kWidth) floats, the other lanes `fill`.
inline Packet load_partial(const Real* from, Index count, Real fill = 0.0_r) {
#if defined(__AVX512F__)
  return FASTNN_OF_REALS(_mm512_mask_loadu)(set1(fill), static_cast<__mmask16>((1u << count) - 1), from);
#elif defined(__AVX__)
  const __m256i mask = detail::lane_mask(count);
  return FASTNN_OF_REALS(_mm256_blendv)(set1(fill), FASTNN_OF_REALS(_mm256_maskload)(from, mask),
                                        FASTNN_OF_REALS(_mm256_castsi256)(mask));
#else
  alignas(kAlignment) Real lanes[kWidth];
  for (Index i = 0; i < kWidth; ++i) lanes[i] = i < count ? from[i] : fill;
  return load_aligned(lanes);
#endif
}

/// Stores the first `count` lanes.
inline void store_partial(Real* to, const Packet& value, Index count) {
#if defined(__AVX512F__)
  FASTNN_OF_REALS(_mm512_mask_storeu)(to, static_cast<__mmask16>((1u << count) - 1), value);
#elif defined(__AVX__)
  FASTNN_OF_REALS(_mm256_maskstore)(to, detail::lane_mask(count), value);
#else
  alignas(kAlignment) Real lanes[kWidth];
  ei::pstore(lanes, value);
  for (Index i = 0; i < count; ++i) to[i] = lanes[i];
#endif
}

/// True if any lane is not zero. NaN is not; numbers that count as zero while a run lasts are.
inline bool any_nonzero(const Packet& a) {
#if defined(__AVX512F__)
  return FASTNN_MASK_OF_REALS(_mm512_cmp)(a, zero(), _CMP_NEQ_UQ) != 0;
#elif defined(__AVX__)
  return FASTNN_OF_REALS(_mm256_movemask)(FASTNN_OF_REALS(_mm256_cmp)(a, zero(), _CMP_NEQ_UQ)) != 0;
#elif defined(__SSE2__)
  return FASTNN_OF_REALS(_mm_movemask)(FASTNN_OF_REALS(_mm_cmpneq)(a, zero())) != 0;
#else
  alignas(kAlignment) Real lanes[kWidth];
  ei::pstore(lanes, a);
  bool any = false;
  for (Index i = 0; i < kWidth; ++i) any |= lanes[i] != 0.0_r;
  return any;
#endif
}

/// madd for one float, with the bits of a lane.
inline Real madd(Real a, Real b, Real c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// The sum of the lanes, added pairwise in a fixed order: each of the first half to that half the width behind it, and again.
#if defined(__SSE2__)
namespace detail {
inline float sum_halves(__m128 x) {
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}
inline double sum_halves(__m128d x) { return _mm_cvtsd_f64(_mm_add_sd(x, _mm_unpackhi_pd(x, x))); }
#if defined(__AVX__)
inline float sum_halves(__m256 x) {
  return sum_halves(_mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1)));
}
inline double sum_halves(__m256d x) {
  return sum_halves(_mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd(x, 1)));
}
#endif
#if defined(__AVX512F__)
inline float sum_halves(__m512 x) {
  const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1));
  return sum_halves(_mm256_add_ps(_mm512_castps512_ps256(x), high));
}
inline double sum_halves(__m512d x) {
  return sum_halves(_mm256_add_pd(_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd(x, 1)));
}
#endif
}  // namespace detail
inline Real sum_lanes(const Packet& value) { return detail::sum_halves(value); }
#else
inline Real sum_lanes(const Packet& value) {
  alignas(kAlignment) Real lanes[kWidth];
  ei::pstore(lanes, value);
  for (Index half = kWidth / 2; half > 0; half /= 2)
    for (Index i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  return lanes[0];
}
#endif

/// The largest lane; NaN if any lane is.
inline Real max_lane(const Packet& value) {
  alignas(kAlignment) Real lanes[kWidth];
  ei::pstore(lanes, value);
  Real largest = lanes[0];
  for (Index i = 1; i < kWidth; ++i)
    if (lanes[i] > largest || lanes[i] != lanes[i]) largest = lanes[i];
  return largest;
}

/// Calls body(i, count) for the packets that cover [0, size): count is kWidth for all but a partial last one.
/// Body loads and stores with load_n/store_n.
template <class Body>
inline void for_each(Index size, Body&& body) {
  Index i = 0;
  for (; i + kWidth <= size; i += kWidth) body(i, kWidth);
  if (i < size) body(i, size - i);
}
inline Packet load_n(const Real* from, Index count, Real fill = 0.0_r) {
  return count == kWidth ? load(from) : load_partial(from, count, fill);
}
inline void store_n(Real* to, const Packet& value, Index count) {
  if (count == kWidth)
    store(to, value);
  else
    store_partial(to, value, count);
}

}  // namespace fastnn::packet
