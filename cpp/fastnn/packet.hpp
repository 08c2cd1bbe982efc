// One SIMD register of floats, whatever its width: Eigen's packet primitives under the names the kernels use.
//
// Width and instruction set come from the compiler's flags alone (SSE 4, AVX 8, AVX-512 16, NEON 4). Lanes are counted
// from the start of a row; tails are padded, never peeled by alignment, so a result does not depend on an array's address.
#pragma once

#include <Eigen/Core>
#include <cmath>

#include "fastnn/tensor.hpp"

namespace fastnn::packet {

namespace ei = Eigen::internal;

using Packet = ei::packet_traits<float>::type;
constexpr Index kWidth = ei::unpacket_traits<Packet>::size;

inline Packet set1(float value) { return ei::pset1<Packet>(value); }
inline Packet zero() { return set1(0.0f); }
inline Packet one() { return set1(1.0f); }
inline Packet load(const float* from) { return ei::ploadu<Packet>(from); }
inline Packet load_aligned(const float* from) { return ei::pload<Packet>(from); }
inline void store(float* to, const Packet& value) { ei::pstoreu(to, value); }
/// Prefetches the cache line of an address; the address need not be valid.
inline void prefetch(const float* address) { __builtin_prefetch(address); }

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
  return _mm512_max_ps(b, a);
#elif defined(__AVX__)
  return _mm256_max_ps(b, a);
#elif defined(__SSE2__)
  return _mm_max_ps(b, a);
#else
  return select(less(a, b), b, a);
#endif
}
/// The smaller of a and b; a where either is NaN or both are equal.
inline Packet min(const Packet& a, const Packet& b) {
#if defined(__AVX512F__)
  return _mm512_min_ps(b, a);
#elif defined(__AVX__)
  return _mm256_min_ps(b, a);
#elif defined(__SSE2__)
  return _mm_min_ps(b, a);
#else
  return select(less(b, a), b, a);
#endif
}

#if defined(__AVX__) && !defined(__AVX512F__)
namespace detail {
alignas(kAlignment) inline constexpr std::int32_t kLaneMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                                    0,  0,  0,  0,  0,  0,  0,  0};
/// All bits set in the first `count` lanes.
inline __m256i lane_mask(Index count) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLaneMasks + 8 - count));
}
}  // namespace detail
#endif

/// The first `count` (0 < count < kWidth) floats, the other lanes `fill`.
inline Packet load_partial(const float* from, Index count, float fill = 0.0f) {
#if defined(__AVX512F__)
  return _mm512_mask_loadu_ps(set1(fill), static_cast<__mmask16>((1u << count) - 1), from);
#elif defined(__AVX__)
  const __m256i mask = detail::lane_mask(count);
  return _mm256_blendv_ps(set1(fill), _mm256_maskload_ps(from, mask), _mm256_castsi256_ps(mask));
#else
  alignas(kAlignment) float lanes[kWidth];
  for (Index i = 0; i < kWidth; ++i) lanes[i] = i < count ? from[i] : fill;
  return load_aligned(lanes);
#endif
}

/// Stores the first `count` lanes.
inline void store_partial(float* to, const Packet& value, Index count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), value);
#elif defined(__AVX__)
  _mm256_maskstore_ps(to, detail::lane_mask(count), value);
#else
  alignas(kAlignment) float lanes[kWidth];
  ei::pstore(lanes, value);
  for (Index i = 0; i < count; ++i) to[i] = lanes[i];
#endif
}

/// True if any lane is not zero. NaN is not; numbers that count as zero while a run lasts are.
inline bool any_nonzero(const Packet& a) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_NEQ_UQ) != 0;
#elif defined(__AVX__)
  return _mm256_movemask_ps(_mm256_cmp_ps(a, _mm256_setzero_ps(), _CMP_NEQ_UQ)) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_ps(_mm_cmpneq_ps(a, _mm_setzero_ps())) != 0;
#else
  alignas(kAlignment) float lanes[kWidth];
  ei::pstore(lanes, a);
  bool any = false;
  for (Index i = 0; i < kWidth; ++i) any |= lanes[i] != 0.0f;
  return any;
#endif
}

/// madd for one float, with the bits of a lane.
inline float madd(float a, float b, float c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// The sum of the lanes, added pairwise in a fixed order.
inline float sum_lanes(const Packet& value) {
  alignas(kAlignment) float lanes[kWidth];
  ei::pstore(lanes, value);
  for (Index half = kWidth / 2; half > 0; half /= 2)
    for (Index i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  return lanes[0];
}

/// The largest lane; NaN if any lane is.
inline float max_lane(const Packet& value) {
  alignas(kAlignment) float lanes[kWidth];
  ei::pstore(lanes, value);
  float largest = lanes[0];
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
inline Packet load_n(const float* from, Index count, float fill = 0.0f) {
  return count == kWidth ? load(from) : load_partial(from, count, fill);
}
inline void store_n(float* to, const Packet& value, Index count) {
  if (count == kWidth)
    store(to, value);
  else
    store_partial(to, value, count);
}

}  // namespace fastnn::packet
