// Exact zeros. Where all pixels under an output are zero, the direct sum is zero, but the transforms of its tile leave a rounding
// error of the tile's other pixels there, and a relu would pass the gradient of about half of these. The same holds for inputs
// that no gradient reaches, and for taps that no pair of pixels meets. What is zero is found here, from the pixels themselves, and
// the caller multiplies by it: 0 * value + bias is the bias, and remains NaN where the value is not finite.
//
// A pixel counts as zero when it is zero in all of its channels. The decision about a tile depends on its own pixels alone, so
// it is the same on any number of threads and in any batch. Where no pixel is zero, a tile costs four looks at pixels.
#pragma once

#include <cstdint>

#include "fastnn/kernels/winograd_tiles.hpp"

namespace fastnn::kernels::winograd {

/// Bit i * kWindow + j stands for row i, column j of a tile: of its outputs or of the inputs under it.
using Pixels = std::uint64_t;

/// The pixels of rows [first_row, last_row) and columns [first_column, last_column).
inline Pixels rectangle(Index first_row, Index last_row, Index first_column, Index last_column) {
  constexpr Pixels kOne = 1, kEachRow = 0x041041041;
  const Pixels rows = (kOne << last_row * kWindow) - (kOne << first_row * kWindow);
  return ((kOne << last_column) - (kOne << first_column)) * (kEachRow & rows);
}

/// 1 for each pixel of the set and 0 for the others.
struct Factors {
  alignas(kAlignment) Real values[kPoints];
  explicit Factors(Pixels set) {
    for (Index i = 0; i < kPoints; ++i) values[i] = static_cast<Real>(static_cast<std::int32_t>(set >> i & 1));
  }
  Packet at(Index i, Index j) const { return set1(values[i * kWindow + j]); }
};

inline bool nonzero(const Real* pixel, Index size) {
  Index i = 0;
  for (; i + kWidth <= size; i += kWidth)
    if (packet::any_nonzero(packet::load(pixel + i))) return true;
  return i < size && packet::any_nonzero(packet::load_partial(pixel + i, size - i));
}

/// Whether holds(i) for i from first in steps, and for the last.
template <class Holds>
inline bool all_steps(Index first, Index last, Index step, Holds&& holds) {
  for (Index i = first; holds(i); i = std::min(i + step, last))
    if (i == last) return true;
  return false;
}

/// The outputs of a tile with a nonzero pixel in their patch.
inline Pixels reached_outputs(const Geometry& g, const Real* x, const Place& place) {
  const Index rows = place.rows, columns = place.columns;
  const Index top = place.y - g.pad_top, left = place.x - g.pad_left;
  const auto pixel = [&](Index i, Index j) {
    return x + ((place.image * g.in_h + top + i) * g.in_w + left + j) * g.channels;
  };
  // The part of the window that lies on the image.
  const Index first_row = std::max<Index>(0, -top), last_row = std::min(rows + g.kernel_h - 1, g.in_h - top);
  const Index first_column = std::max<Index>(0, -left);
  const Index last_column = std::min(columns + g.kernel_w - 1, g.in_w - left);
  const auto filled = [&](Index i, Index j) {
    return i >= first_row && i < last_row && j >= first_column && j < last_column && nonzero(pixel(i, j), g.channels);
  };
  const Pixels all = rectangle(0, rows, 0, columns);
  // Each patch contains one of these pixels or more.
  const Index middle = std::min(rows, g.kernel_h) - 1, centre = std::min(columns, g.kernel_w) - 1;
  if (all_steps(middle, rows - 1, g.kernel_h, [&](Index i) {
        return all_steps(centre, columns - 1, g.kernel_w, [&](Index j) { return filled(i, j); });
      }))
    return all;
  Pixels reached = 0;
  for (Index i = first_row; i < last_row; ++i) {
    if (!nonzero(pixel(i, first_column), (last_column - first_column) * g.channels)) continue;
    const Index first = std::max<Index>(0, i + 1 - g.kernel_h), last = std::min(rows, i + 1);
    for (Index j = first_column; j < last_column; ++j) {
      const Pixels outputs = rectangle(first, last, std::max<Index>(0, j + 1 - g.kernel_w), std::min(columns, j + 1));
      if ((outputs & ~reached) != 0 && nonzero(pixel(i, j), g.channels)) reached |= outputs;
    }
    if (reached == all) return all;
  }
  return reached;
}

/// The outputs of a tile with a nonzero gradient, or a set from which the same inputs are reached.
inline Pixels nonzero_gradients(const Geometry& g, const Real* dy, const Place& place) {
  const Index rows = place.rows, columns = place.columns;
  const Real* corner = dy + ((place.image * g.out_h + place.y) * g.out_w + place.x) * g.filters;
  const auto filled = [&](Index i, Index j) { return nonzero(corner + (i * g.out_w + j) * g.filters, g.filters); };
  // The taps of a whole kernel reach all inputs from these; a block at the edge of a larger kernel has fewer taps.
  if (g.blocks == 1 && all_steps(0, rows - 1, g.kernel_h, [&](Index i) {
        return all_steps(0, columns - 1, g.kernel_w, [&](Index j) { return filled(i, j); });
      }))
    return rectangle(0, rows, 0, columns);
  Pixels set = 0;
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) set |= static_cast<Pixels>(filled(i, j)) << (i * kWindow + j);
  return set;
}

/// The inputs under a tile that the taps of a block reach from a set of outputs.
inline Pixels reached_inputs(Pixels outputs, const Block& block) {
  Pixels rows = outputs;
  for (Index i = 1; i < block.columns; ++i) rows |= outputs << i;
  Pixels inputs = rows;
  for (Index i = 1; i < block.rows; ++i) inputs |= rows << (i * kWindow);
  return inputs;
}

/// Writes 1 for each of kernel_h x kernel_w taps by which a nonzero pixel of x meets a nonzero pixel of dy, and 0 for the others.
/// Stops at the pixel after which no tap is left, mostly the first.
inline void find_met_taps(const Geometry& g, Index images, const Real* x, const Real* dy, Real* met) {
  // Taps of one direction that ever lie on the image.
  const auto inside = [](Index taps, Index pad, Index in, Index out) {
    return std::min(taps, in + pad) - std::max<Index>(0, pad + 1 - out);
  };
  Index left = inside(g.kernel_h, g.pad_top, g.in_h, g.out_h) * inside(g.kernel_w, g.pad_left, g.in_w, g.out_w);
  std::fill_n(met, g.kernel_h * g.kernel_w, 0.0_r);
  for (Index image = 0; image < images; ++image)
    for (Index pixel = 0; pixel < g.out_h * g.out_w; ++pixel, dy += g.filters) {
      if (!nonzero(dy, g.filters)) continue;
      const Index top = pixel / g.out_w - g.pad_top, start = pixel % g.out_w - g.pad_left;
      for (Index i = std::max<Index>(0, -top); i < std::min(g.kernel_h, g.in_h - top); ++i)
        for (Index j = std::max<Index>(0, -start); j < std::min(g.kernel_w, g.in_w - start); ++j) {
          Real& tap = met[i * g.kernel_w + j];
          if (tap != 0.0_r || !nonzero(x + ((image * g.in_h + top + i) * g.in_w + start + j) * g.channels, g.channels))
            continue;
          tap = 1.0_r;
          if (--left == 0) return;
        }
    }
}

}  // namespace fastnn::kernels::winograd
