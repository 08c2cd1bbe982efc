// The transforms of Winograd's minimal filtering, in registers: each along one direction of a tile, for kWidth channels or
// filters at once. What a tile is and where it lies is the affair of winograd_tiles.hpp.
//
// They evaluate polynomials at 0, +-a, +-b and infinity. The customary +-1, +-2 lose digits, because the powers of 2
// grow; a = 3/4 and b = 3/2 keep all entries near 1, are exact in binary, and made the largest error against float64 four
// times smaller (compare Barabasz et al., "Error analysis and improving the accuracy of Winograd convolution", 2020).
//
// Zeros stay exact zeros on the way to the points. On the way back their sums need not cancel to the last bit.
#pragma once

#include "fastnn/packet.hpp"

namespace fastnn::kernels::winograd {

using packet::add;
using packet::kWidth;
using packet::madd;
using packet::mul;
using packet::Packet;
using packet::set1;
using packet::sub;

/// Inputs under a tile along one direction, and points of a tile.
constexpr Index kWindow = 6, kPoints = kWindow * kWindow;

constexpr Real kA = 0.75_r, kB = 1.5_r;
constexpr Real kA2 = kA * kA, kB2 = kB * kB, kA3 = kA2 * kA, kB3 = kB2 * kB, kA4 = kA2 * kA2, kB4 = kB2 * kB2;
/// Derivatives of the nodal polynomial at 0, +-a and +-b, by which G divides.
constexpr Real kAt0 = kA2 * kB2, kAtA = 2 * kA2 * (kA2 - kB2), kAtB = 2 * kB2 * (kB2 - kA2);

/// B^T along one direction: six inputs to six points.
inline void to_points(const Packet* d, Index step, Packet* r, Index r_step) {
  const Packet a = set1(kA), minus_a = set1(-kA), b = set1(kB), minus_b = set1(-kB);
  const Packet minus_a2 = set1(-kA2), minus_b2 = set1(-kB2), product = set1(kA2 * kB2), minus_sum = set1(-(kA2 + kB2));
  const Packet d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
  const Packet even_a = madd(minus_b2, d2, d4), odd_a = madd(minus_b2, d1, d3);
  const Packet even_b = madd(minus_a2, d2, d4), odd_b = madd(minus_a2, d1, d3);
  r[0] = madd(product, d0, madd(minus_sum, d2, d4));
  r[r_step] = madd(a, odd_a, even_a);
  r[2 * r_step] = madd(minus_a, odd_a, even_a);
  r[3 * r_step] = madd(b, odd_b, even_b);
  r[4 * r_step] = madd(minus_b, odd_b, even_b);
  r[5 * r_step] = madd(product, d1, madd(minus_sum, d3, d5));
}

/// B along one direction: six points to the gradients of six inputs.
inline void points_to_inputs(const Packet* r, Index step, Packet* d, Index d_step) {
  const Packet r0 = r[0], r5 = r[5 * step];
  const Packet even_a = add(r[step], r[2 * step]), odd_a = mul(set1(kA), sub(r[step], r[2 * step]));
  const Packet even_b = add(r[3 * step], r[4 * step]), odd_b = mul(set1(kB), sub(r[3 * step], r[4 * step]));
  const Packet minus_a2 = set1(-kA2), minus_b2 = set1(-kB2), product = set1(kA2 * kB2), minus_sum = set1(-(kA2 + kB2));
  d[0] = mul(product, r0);
  d[d_step] = madd(minus_b2, odd_a, madd(minus_a2, odd_b, mul(product, r5)));
  d[2 * d_step] = madd(minus_b2, even_a, madd(minus_a2, even_b, mul(minus_sum, r0)));
  d[3 * d_step] = madd(minus_sum, r5, add(odd_a, odd_b));
  d[4 * d_step] = add(r0, add(even_a, even_b));
  d[5 * d_step] = r5;
}

/// A^T along one direction: six points to kTile outputs.
template <Index kTile>
inline void from_points(const Packet* m, Index step, Packet* y, Index y_step) {
  const Packet m0 = m[0], m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step], m5 = m[5 * step];
  const Packet even_a = add(m1, m2), odd_a = sub(m1, m2), even_b = add(m3, m4), odd_b = sub(m3, m4);
  y[0] = add(m0, add(even_a, even_b));
  if constexpr (kTile == 2) {
    y[y_step] = madd(set1(kA), odd_a, madd(set1(kB), odd_b, m5));
  } else {
    y[y_step] = madd(set1(kA), odd_a, mul(set1(kB), odd_b));
    y[2 * y_step] = madd(set1(kA2), even_a, mul(set1(kB2), even_b));
  }
  if constexpr (kTile == 4) y[3 * y_step] = madd(set1(kA3), odd_a, madd(set1(kB3), odd_b, m5));
  if constexpr (kTile == 5) {
    y[3 * y_step] = madd(set1(kA3), odd_a, mul(set1(kB3), odd_b));
    y[4 * y_step] = madd(set1(kA4), even_a, madd(set1(kB4), even_b, m5));
  }
}

/// A along one direction: the gradients of kTile outputs to six points.
template <Index kTile>
inline void gradient_to_points(const Packet* y, Index step, Packet* z, Index z_step) {
  Packet even_a = y[0], even_b = y[0], odd_a = mul(set1(kA), y[step]), odd_b = mul(set1(kB), y[step]);
  if constexpr (kTile >= 4) {
    even_a = madd(set1(kA2), y[2 * step], even_a);
    even_b = madd(set1(kB2), y[2 * step], even_b);
    odd_a = madd(set1(kA3), y[3 * step], odd_a);
    odd_b = madd(set1(kB3), y[3 * step], odd_b);
  }
  if constexpr (kTile == 5) {
    even_a = madd(set1(kA4), y[4 * step], even_a);
    even_b = madd(set1(kB4), y[4 * step], even_b);
  }
  z[0] = y[0];
  z[z_step] = add(even_a, odd_a);
  z[2 * z_step] = sub(even_a, odd_a);
  z[3 * z_step] = add(even_b, odd_b);
  z[4 * z_step] = sub(even_b, odd_b);
  z[5 * z_step] = y[(kTile - 1) * step];
}

/// G along one direction: kTaps taps to six points.
template <Index kTaps>
inline void kernel_to_points(const Packet* g, Index step, Packet* u, Index u_step) {
  Packet even_a = g[0], odd_a = mul(set1(kA), g[step]), even_b = g[0], odd_b = mul(set1(kB), g[step]);
  if constexpr (kTaps >= 3) {
    even_a = madd(set1(kA2), g[2 * step], even_a);
    even_b = madd(set1(kB2), g[2 * step], even_b);
  }
  if constexpr (kTaps == 5) {
    even_a = madd(set1(kA4), g[4 * step], even_a);
    even_b = madd(set1(kB4), g[4 * step], even_b);
    odd_a = madd(set1(kA3), g[3 * step], odd_a);
    odd_b = madd(set1(kB3), g[3 * step], odd_b);
  }
  const Packet scale_a = set1(1 / kAtA), scale_b = set1(1 / kAtB);
  u[0] = mul(g[0], set1(1 / kAt0));
  u[u_step] = mul(add(even_a, odd_a), scale_a);
  u[2 * u_step] = mul(sub(even_a, odd_a), scale_a);
  u[3 * u_step] = mul(add(even_b, odd_b), scale_b);
  u[4 * u_step] = mul(sub(even_b, odd_b), scale_b);
  u[5 * u_step] = g[(kTaps - 1) * step];
}

/// G^T along one direction: six points to kTaps taps.
template <Index kTaps>
inline void kernel_from_points(const Packet* s, Index step, Packet* g, Index g_step) {
  const Packet even_a = mul(add(s[step], s[2 * step]), set1(1 / kAtA));
  const Packet odd_a = mul(sub(s[step], s[2 * step]), set1(1 / kAtA));
  const Packet even_b = mul(add(s[3 * step], s[4 * step]), set1(1 / kAtB));
  const Packet odd_b = mul(sub(s[3 * step], s[4 * step]), set1(1 / kAtB));
  g[0] = madd(set1(1 / kAt0), s[0], add(even_a, even_b));
  g[g_step] = madd(set1(kA), odd_a, mul(set1(kB), odd_b));
  if constexpr (kTaps >= 3) g[2 * g_step] = madd(set1(kA2), even_a, mul(set1(kB2), even_b));
  if constexpr (kTaps == 5) {
    g[3 * g_step] = madd(set1(kA3), odd_a, mul(set1(kB3), odd_b));
    g[4 * g_step] = madd(set1(kA4), even_a, mul(set1(kB4), even_b));
  }
  g[(kTaps - 1) * g_step] = add(g[(kTaps - 1) * g_step], s[5 * step]);
}

/// U = G g G^T of kWidth kernels at once.
template <Index kTaps>
inline void transform_kernel(const Packet* taps, Packet* points) {
  Packet half[kTaps * kWindow];
  for (Index i = 0; i < kTaps; ++i) kernel_to_points<kTaps>(taps + i * kTaps, 1, half + i * kWindow, 1);
  for (Index j = 0; j < kWindow; ++j) kernel_to_points<kTaps>(half + j, kWindow, points + j, kWindow);
}

}  // namespace fastnn::kernels::winograd
