// Tiles of dot products: a few rows of A times all columns of B, a register of sums for each pair.
#include "fastnn/kernels/gemm_narrow.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "fastnn/packet.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

using packet::kWidth;
using packet::Packet;

#if defined(__AVX512F__)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif

// Rows of a tile: its sums, a register of each column, and one of A must fit the register file.
template <int C>
constexpr int kRowsOfTile = std::clamp((kRegisters - C - 1) / C, 1, 8);

// Each column of B fills its registers, the last one up with zeros.
Index padded(Index k) { return ceil_div(k, kWidth) * kWidth; }

template <int R, int C>
void narrow_tile(const Real* a, Index k, const Real* columns, const Real* bias, Real* c) {
  Packet sum[R][C];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
    for (int j = 0; j < C; ++j) sum[r][j] = packet::zero();
  const Index stride = padded(k);
  packet::for_each(k, [&](Index p, Index count) {
    Packet right[C];
#pragma GCC unroll 16
    for (int j = 0; j < C; ++j) right[j] = packet::load(columns + j * stride + p);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const Packet left = packet::load_n(a + r * k + p, count);
#pragma GCC unroll 16
      for (int j = 0; j < C; ++j) sum[r][j] = packet::madd(left, right[j], sum[r][j]);
    }
  });
  for (int r = 0; r < R; ++r)
    for (int j = 0; j < C; ++j) c[r * C + j] = packet::sum_lanes(sum[r][j]) + (bias ? bias[j] : 0.0_r);
}

using NarrowTile = void (*)(const Real*, Index, const Real*, const Real*, Real*);

template <int C, int... R>
NarrowTile narrow_tile_for(Index rows, std::integer_sequence<int, R...>) {
  constexpr NarrowTile tiles[] = {narrow_tile<R + 1, C>...};
  return tiles[rows - 1];
}

template <int C>
void multiply(const Real* a, Index m, Index k, const Real* columns, const Real* bias, Real* c) {
  using Rows = std::make_integer_sequence<int, kRowsOfTile<C>>;
  const Index tiles = ceil_div(m, kRowsOfTile<C>);
  const Split split(m, tiles);
  for (Index tile = 0; tile < tiles; ++tile) {
    const Index row = split.begin(tile);
    narrow_tile_for<C>(split.begin(tile + 1) - row, Rows())(a + row * k, k, columns, bias, c + row * C);
  }
}

using Multiply = void (*)(const Real*, Index, Index, const Real*, const Real*, Real*);

template <int... C>
Multiply multiply_for(Index columns, std::integer_sequence<int, C...>) {
  constexpr Multiply all[] = {multiply<C + 1>...};
  return all[columns - 1];
}

// Rows of a task.
constexpr Index kNarrowRows = 64;

}  // namespace

Index narrow_size(Index k, Index n) { return n * padded(k); }

void pack_narrow(const Real* b, Index k, Index n, Real* columns) {
  const Index stride = padded(k);
  for (Index p = 0; p < k; ++p)
    for (Index j = 0; j < n; ++j) columns[j * stride + p] = *b++;
  for (Index j = 0; j < n; ++j) std::fill(columns + j * stride + k, columns + (j + 1) * stride, 0.0_r);
}

void gemm_narrow(const Real* a, Index m, Index k, const Real* columns, Index n, Real* c, const Epilogue& epilogue) {
  assert(n <= kMostNarrowColumns && !epilogue.accumulate);
  const double work = fma_work(static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k));
  parallel_ranges(m, kNarrowRows, work, [&](Index first, Index last, int) {
    const Real* const rows = a + first * k;
    Real* const to = c + first * n;
    const Index count = last - first;
    multiply_for(n, std::make_integer_sequence<int, kMostNarrowColumns>())(rows, count, k, columns, epilogue.bias, to);
    if (epilogue.activation != Activation::linear)
      activate(epilogue.activation, epilogue.parameters, to, to, count * n);
  });
}

}  // namespace fastnn::kernels
