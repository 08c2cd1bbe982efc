// The forward pass: blocks of tiles, each transformed, multiplied point by point and transformed back, with the epilogue.
// A block is chosen so that its transforms and products stay in the second level of cache; beside a large kernel, so that many tiles
// share one reading of it.
#include <algorithm>

#include "fastnn/kernels/winograd.hpp"
#include "fastnn/kernels/winograd_tiles.hpp"
#include "fastnn/kernels/winograd_zeros.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {

using namespace winograd;

namespace {

// Y = A^T M A of one tile for filters [first, first + count), with the epilogue; what lies beyond the image is dropped.
// Outputs that are not reached are the bias alone.
template <Index kTile>
void transform_output(const Geometry& g, const Real* m, Index point_step, const Place& place, Pixels reached,
                      Index first, Index filters, const Epilogue& epilogue, bool relu, Real* y) {
  const Factors factors(reached);
  const Index rows = place.rows, columns = place.columns;
  Real* corner = y + ((place.image * g.out_h + place.y) * g.out_w + place.x) * g.filters + first;
  each_stretch(0, filters, [&](auto stretch, Index f) {
    Packet half[kTile * kWindow];
    const Real* from = m + f;
#pragma GCC unroll 1
    for (Index j = 0; j < kWindow; ++j, from += point_step) {
      Packet points[kWindow];
#pragma GCC unroll 6
      for (Index i = 0; i < kWindow; ++i) points[i] = stretch.load(from + i * kWindow * point_step);
      from_points<kTile>(points, 1, half + j, kWindow);
    }
    const Packet bias = epilogue.bias ? stretch.load(epilogue.bias + first + f) : packet::zero();
    Real* row = corner + f;
#pragma GCC unroll 1
    for (Index i = 0; i < rows; ++i, row += g.out_w * g.filters) {
      Packet out[kTile];
      from_points<kTile>(half + i * kWindow, 1, out, 1);
      prefetch_next<kTile>(row + kTile * g.filters, g.filters);
#pragma GCC unroll 5
      for (Index j = 0; j < kTile; ++j) {
        if (j >= columns) break;
        out[j] = madd(out[j], factors.at(i, j), bias);
        if (relu) out[j] = packet::max(out[j], packet::zero());
        stretch.store(row + j * g.filters, out[j]);
      }
    }
  });
  if (relu || epilogue.activation == Activation::linear) return;
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) {
      Real* pixel = corner + (i * g.out_w + j) * g.filters;
      activate(epilogue.activation, epilogue.parameters, pixel, pixel, filters);
    }
}

// Of a kernel that is transformed late a panel of filters is transformed for so many channels at a time.
constexpr Index kLateChannels = 128;
constexpr Index kLatePoint = apart(kPanel * kLateChannels);
Index late_scratch(const Geometry& g) { return g.transforms_late() ? kPoints * kLatePoint : 0; }

// Channels whose taps are fetched ahead: rows of a few filters, one for each tap, which lie far apart.
constexpr Index kFetchedChannels = 3;

// The points of channels [begin, end) and filters [first, first + width) of such a kernel, whose rows fill `stride` floats of a
// panel. Each point becomes a packed matrix.
template <Index kTaps>
void transform_part(const Geometry& g, const Real* kernel, const Real* factors, Index begin, Index end, Index first,
                    Index width, Index stride, Real* u) {
  const Real* rows[kTaps * kTaps];
  for (Index t = 0; t < kTaps * kTaps; ++t) {
    const Index tap = tap_index<kTaps>(g, 0, t);
    rows[t] = tap < 0 ? nullptr : kernel + (tap * g.channels + begin) * g.filters + first;
  }
  for (Index c = begin; c < end; ++c, u += stride) {
    for (Index f = 0; f < stride; f += kWidth) {
      const Index count = std::min(kWidth, width - f);
      Packet taps[kTaps * kTaps], points[kPoints];
      for (Index t = 0; t < kTaps * kTaps; ++t) {
        taps[t] = rows[t] ? packet::load_n(rows[t] + f, count) : packet::zero();
        if (rows[t]) packet::prefetch(rows[t] + kFetchedChannels * g.filters + f);
      }
      if (factors) {
        const Packet factor = packet::load_n(factors + first + f, count);
        for (Index t = 0; t < kTaps * kTaps; ++t) taps[t] = packet::mul(taps[t], factor);
      }
      transform_kernel<kTaps>(taps, points);
      for (Index p = 0; p < kPoints; ++p) packet::store(u + p * kLatePoint + f, points[p]);
    }
    for (const Real*& row : rows)
      if (row) row += g.filters;
  }
}

// A thread has at least so many filters of a large kernel: the inputs are transformed for each part of them.
constexpr Index kLeastFilters = 128;

// Filters are taken this many at a time, so that the products of a block of tiles stay small beside its inputs; but all at
// once where several blocks of taps add to the products.
Index filter_step(const Geometry& g) {
  if (g.blocks > 1) return g.filters;
  return std::min(g.filters, g.transforms_late() ? kPanel : 4 * kPanel);
}

// Blocks are multiples of this many tiles, the rows of a register tile on every build.
constexpr Index kTileStep = 12;

// Tiles of a block: transformed inputs and products in about 1 MiB, or 9 MiB beside a large kernel.
Index most_tiles(const Geometry& g) {
  const Index floats_of_tile = kPoints * (g.channels + filter_step(g));
  const Index floats = g.large_kernel() ? Index{9} << 18 : Index{5} << 16;
  return std::clamp<Index>(floats / floats_of_tile / kTileStep * kTileStep, kTileStep, kRowBlock);
}

Index block_scratch(const Geometry& g) {
  const Index tiles = most_tiles(g);
  return late_scratch(g) + kPoints * (apart(tiles * g.channels) + apart(tiles * filter_step(g)));
}

// Called once a tile, so that the rest is compiled once for all sizes of tiles.
using TransformOutput = void (*)(const Geometry& g, const Real* m, Index point_step, const Place& place, Pixels reached,
                                 Index first, Index filters, const Epilogue& epilogue, bool relu, Real* y);
using TransformPart = void (*)(const Geometry& g, const Real* kernel, const Real* factors, Index begin, Index end,
                               Index first, Index width, Index stride, Real* u);

void run_blocks(const Geometry& g, TransformOutput transform, TransformPart transform_part, Index images, const Real* x,
                const Real* packed, const Real* factors, const Epilogue& epilogue, Real* y, Real* scratch) {
  const Index tiles = images * g.tiles, point = g.kernel_point(), blocks = g.blocks;
  const Index step = filter_step(g), stride = block_scratch(g);
  const bool late = g.transforms_late();
  const double work =
      fma_work(static_cast<double>(tiles * kPoints * blocks) * static_cast<double>(g.channels * g.filters));
  // Blocks are cut as the threads are best served, of whole register tiles. Where that leaves too few of them, or the kernel
  // is large, the filters are divided too: the kernel of a late layer is many times larger than its image, so each thread had
  // better read a part of it. A tile's numbers depend neither on the block in which it is computed nor on the filters beside
  // its own.
  const Index all_panels = panel_count(g.filters);
  Index size = most_tiles(g), parts = 1;
  if (const Index threads = usable_threads(); work >= kGrain && threads > 1) {
    Index cuts = 4 * threads;
    if (const bool few = tiles < 2 * threads * kTileStep; few || g.large_kernel()) {
      parts = std::min(threads, few ? all_panels : ceil_div(all_panels * kPanel, kLeastFilters));
      // Blocks that threads share evenly.
      const Index sharing = ceil_div(threads, parts);
      cuts = ceil_div(ceil_div(tiles, size), sharing) * sharing;
    }
    size = std::min(size, ceil_div(ceil_div(tiles, cuts), kTileStep) * kTileStep);
  }
  const Index panels = ceil_div(all_panels, parts);
  parts = ceil_div(all_panels, panels);
  const bool relu = epilogue.plain_relu();
  parallel_for(ceil_div(tiles, size) * parts, work, [&](Index task, int thread) {
    const Index first = task / parts * size, last = std::min(tiles, first + size);
    const Index first_filter = task % parts * panels * kPanel;
    const Index last_filter = std::min(g.filters, first_filter + panels * kPanel);
    const Index count = last - first, point_v = apart(count * g.channels);
    Real* u = scratch + thread * stride;
    Real* v = u + late_scratch(g);
    Real* m = v + kPoints * point_v;
    const Index zero = 0;
    const Real* from[kRowBlock];
    Real* to[kRowBlock];
    Place places[kRowBlock];
    Pixels reached[kRowBlock];
    for (Index t = 0; t < count; ++t) {
      places[t] = Place(g, first + t);
      reached[t] = reached_outputs(g, x, places[t]);
    }
    for (Index filter = first_filter; filter < last_filter; filter += step) {
      const Index width = std::min(step, last_filter - filter), point_m = apart(count * width);
      // Multiplies the channels [begin, end) of all tiles, point by point, by matrices of which the first is that of `panels`.
      const auto multiply = [&](Index begin, Index end, const Real* matrices, Index matrix_step, Index columns,
                                Index column, bool accumulate) {
        const Segments segments{&zero, 1, end - begin, 0, end - begin};
        Epilogue sum;
        sum.accumulate = accumulate;
        for (Index p = 0; p < kPoints; ++p) {
          for (Index t = 0; t < count; ++t) {
            from[t] = v + p * point_v + t * g.channels + begin;
            to[t] = m + p * point_m + t * width - column;
          }
          multiply_rows(from, segments, count, matrices + p * matrix_step, columns, column / kPanel,
                        column / kPanel + panel_count(width), to, sum);
        }
      };
      for (Index block = 0; block < blocks; ++block) {
        const Block taps(g, block);
        if (filter == first_filter)
          for (Index t = 0; t < count; ++t) transform_input(g, x, places[t], taps, v + t * g.channels, point_v);
        if (!late) multiply(0, g.channels, packed + block * kPoints * point, point, g.filters, filter, block > 0);
      }
      if (late) {
        const Index columns = panel_stride(filter / kPanel, g.filters);
        for (Index begin = 0, end = 0; begin < g.channels; begin = end) {
          end = std::min(g.channels, begin + kLateChannels);
          transform_part(g, packed, factors, begin, end, filter, width, columns, u);
          multiply(begin, end, u, kLatePoint, width, 0, begin > 0);
        }
      }
      for (Index t = 0; t < count; ++t)
        transform(g, m + t * width, point_m, places[t], reached[t], filter, width, epilogue, relu, y);
    }
  });
}

}  // namespace

Index winograd_scratch_size(const ConvShape& s) { return block_scratch(Geometry(s)); }

void winograd_forward(const ConvShape& s, Index images, const Real* x, const Real* packed, const Real* factors,
                      const Epilogue& epilogue, Real* y, Real* scratch) {
  const Geometry g(s);
  with_taps(g, [&](auto taps) {
    run_blocks(g, transform_output<kWindow + 1 - taps()>, transform_part<taps()>, images, x, packed, factors, epilogue,
               y, scratch);
  });
}

}  // namespace fastnn::kernels
