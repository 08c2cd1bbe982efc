// Winograd's tiles: how a convolution is cut into tiles and blocks of taps, where their pixels lie, and the transform of the
// inputs under a tile, which the forward and the backward pass share.
#pragma once

#include <algorithm>
#include <type_traits>

#include "fastnn/kernels/conv.hpp"
#include "fastnn/kernels/tiles.hpp"
#include "fastnn/kernels/winograd_transforms.hpp"

namespace fastnn::kernels::winograd {

/// A register of kWidth floats, and one of fewer.
struct Full {
  static Packet load(const Real* from) { return packet::load(from); }
  static void store(Real* to, const Packet& value) { packet::store(to, value); }
};
struct Partial {
  Index count;
  Packet load(const Real* from) const { return packet::load_partial(from, count); }
  void store(Real* to, const Packet& value) const { packet::store_partial(to, value, count); }
};
/// Calls body(Full or Partial, i) for the registers that cover [first, last): only the last may be partial, so that the others
/// are loaded and stored without a test.
template <class Body>
inline void each_stretch(Index first, Index last, Body&& body) {
  Index i = first;
  for (; i + kWidth <= last; i += kWidth) body(Full{}, i);
  if (i < last) body(Partial{last - i}, i);
}

/// Floats from one point's matrix to the next. Strides of a power of two would send all 36 to one set of the cache; a line
/// more spreads them.
constexpr Index apart(Index size) { return size + 16; }

struct Geometry : ConvShape {
  Index taps, tile;             // taps of a block along one direction, and outputs of a tile
  Index blocks_across, blocks;  // of taps, in a row of them and in the kernel
  Index tiles_across, tiles;    // in a row of tiles and in an image

  explicit Geometry(const ConvShape& s)
      : ConvShape(s),
        taps(kernel_h == kernel_w && (kernel_h == 2 || kernel_h == 5) ? kernel_h : 3),
        tile(kWindow + 1 - taps),
        blocks_across(ceil_div(kernel_w, taps)),
        blocks(ceil_div(kernel_h, taps) * blocks_across),
        tiles_across(ceil_div(out_w, tile)),
        tiles(ceil_div(out_h, tile) * tiles_across) {}

  /// True where a transformed kernel is larger than caches, so that each block of tiles reads it from memory.
  bool large_kernel() const {
    return blocks * kPoints * channels * filters > (Index{4} << 20) / static_cast<Index>(sizeof(Real));
  }
  /// True where a large kernel is kept as it is, and the forward pass transforms a part of it when it comes to use. That reads
  /// a quarter of the memory, and takes a quarter.
  bool transforms_late() const { return large_kernel() && blocks == 1; }

  /// Floats of one point of a block: of the transformed kernel, and of it with channels and filters exchanged.
  Index kernel_point() const { return apart(packed_size(channels, filters)); }
  Index exchanged_point() const { return apart(packed_size(filters, channels)); }
};

/// Calls body(taps) with the number of taps of a block as a constant.
template <class Body>
inline void with_taps(const Geometry& g, Body&& body) {
  switch (g.taps) {
    case 2:
      return body(std::integral_constant<Index, 2>());
    case 3:
      return body(std::integral_constant<Index, 3>());
    default:
      return body(std::integral_constant<Index, 5>());
  }
}

/// Where a tile of a batch lies, and how many of its outputs the image has.
struct Place {
  Index image, y, x, rows, columns;
  Place() = default;
  Place(const Geometry& g, Index tile) : image(tile / g.tiles) {
    const Index rest = tile % g.tiles;
    y = rest / g.tiles_across * g.tile;
    x = rest % g.tiles_across * g.tile;
    rows = std::min(g.tile, g.out_h - y);
    columns = std::min(g.tile, g.out_w - x);
  }
};

/// A block of taps: the first of them, and how many the kernel has in each direction.
struct Block {
  Index index, top, left, rows, columns;
  Block(const Geometry& g, Index i)
      : index(i),
        top(i / g.blocks_across * g.taps),
        left(i % g.blocks_across * g.taps),
        rows(std::min(g.taps, g.kernel_h - top)),
        columns(std::min(g.taps, g.kernel_w - left)) {}
};

/// The pixels under one tile and block of taps: where the first lies, in floats, and which are inside of the image.
struct Window {
  Index corner, line, first_row, last_row, first_column, last_column;
  Window(const Geometry& g, const Place& place, const Block& block) {
    const Index top = place.y - g.pad_top + block.top, left = place.x - g.pad_left + block.left;
    line = g.in_w * g.channels;
    corner = (place.image * g.in_h + top) * line + left * g.channels;
    first_row = std::max<Index>(0, -top), last_row = std::min(kWindow, g.in_h - top);
    first_column = std::max<Index>(0, -left), last_column = std::min(kWindow, g.in_w - left);
  }
  bool whole() const { return first_row == 0 && first_column == 0 && last_row == kWindow && last_column == kWindow; }
  bool inside(Index i, Index j) const { return i >= first_row && i < last_row && j >= first_column && j < last_column; }
};

/// Tiles of a row follow one another, and each wants a few pixels more of the same lines of the image: too short a run for the
/// processor to see it coming.
template <Index kPixels>
inline void prefetch_next(const Real* pixel, Index step) {
#pragma GCC unroll 4
  for (Index j = 0; j < kPixels; ++j) packet::prefetch(pixel + j * step);
}

// Below, only the inner of two loops over a tile is unrolled: unrolled whole, the code is several times longer and no faster.

/// V = B^T d B of one tile and block of taps: point p of channel c goes to v[p * point_step + c]. Pixels outside the image are
/// zeros.
inline void transform_input(const Geometry& g, const Real* x, const Place& place, const Block& block, Real* v,
                            Index point_step) {
  const Window window(g, place, block);
  const auto transform = [&](auto whole) {
    each_stretch(0, g.channels, [&](auto stretch, Index c) {
      Packet half[kPoints];
      Index row = window.corner + c;
#pragma GCC unroll 1
      for (Index i = 0; i < kWindow; ++i, row += window.line) {
        Packet d[kWindow];
#pragma GCC unroll 6
        for (Index j = 0; j < kWindow; ++j)
          d[j] = whole() || window.inside(i, j) ? stretch.load(x + row + j * g.channels) : packet::zero();
        prefetch_next<4>(x + row + kWindow * g.channels, g.channels);
        to_points(d, 1, half + i * kWindow, 1);
      }
      Real* to = v + c;
#pragma GCC unroll 1
      for (Index j = 0; j < kWindow; ++j, to += point_step) {
        Packet points[kWindow];
        to_points(half + j, kWindow, points, 1);
#pragma GCC unroll 6
        for (Index i = 0; i < kWindow; ++i) stretch.store(to + i * kWindow * point_step, points[i]);
      }
    });
  };
  window.whole() ? transform(std::true_type()) : transform(std::false_type());
}

/// Floats of a row of panel `panel` of `columns` columns.
inline Index panel_stride(Index panel, Index columns) { return columns - panel * kPanel > kWidth ? kPanel : kWidth; }

/// Tap i of kTaps x kTaps of a block, as an index into kernel_h x kernel_w; -1 beyond the kernel.
template <Index kTaps>
Index tap_index(const Geometry& g, Index block, Index i) {
  const Index y = block / g.blocks_across * kTaps + i / kTaps, x = block % g.blocks_across * kTaps + i % kTaps;
  return y < g.kernel_h && x < g.kernel_w ? y * g.kernel_w + x : -1;
}

}  // namespace fastnn::kernels::winograd
