// The backward pass. Both gradients are transposes of the forward pass and share the transform A dy A^T of a tile. The gradient of
// the kernel is G^T [sum over tiles of (B^T d B) * (A dy A^T)] G, where the sum over tiles is again one product for each point, a
// single chain over the tiles in ascending order. The gradient of the input is the sum over tiles of
// B [(G g G^T) * (A dy A^T)] B^T, where a tile adds to its whole window: windows overlap, and tiles add in ascending order. It
// takes the tiles of the outputs; the same gradient as a convolution of dy with the kernel turned round would take those of the
// larger input.
#include <algorithm>

#include "fastnn/kernels/winograd.hpp"
#include "fastnn/kernels/winograd_tiles.hpp"
#include "fastnn/kernels/winograd_zeros.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {

using namespace winograd;

namespace {

using packet::load_n;
using packet::store_n;

// Z = A dy A^T of one tile, row t of the panels that multiply_outer reads: point p of filter f goes to panel f / kPanel of that
// point. Adds the tile's gradients to `bias` unless that is null.
template <Index kTile>
void transform_gradient(const Geometry& g, const Real* dy, const Place& place, Real* z, Index point_step, Index t,
                        Real* bias) {
  const Index rows = place.rows, columns = place.columns;
  const Real* corner = dy + ((place.image * g.out_h + place.y) * g.out_w + place.x) * g.filters;
  each_stretch(0, g.filters, [&](auto stretch, Index f) {
    Packet half[kTile * kWindow];
    Packet sum = bias ? stretch.load(bias + f) : packet::zero();
    const Real* row = corner + f;
#pragma GCC unroll 1
    for (Index i = 0; i < kTile; ++i, row += g.out_w * g.filters) {
      Packet out[kTile];
#pragma GCC unroll 5
      for (Index j = 0; j < kTile; ++j)
        out[j] = i < rows && j < columns ? stretch.load(row + j * g.filters) : packet::zero();
#pragma GCC unroll 5
      for (Index j = 0; j < kTile; ++j) sum = add(sum, out[j]);
      prefetch_next<kTile>(row + kTile * g.filters, g.filters);
      gradient_to_points<kTile>(out, 1, half + i * kWindow, 1);
    }
    if (bias) stretch.store(bias + f, sum);
    const Index panel = f / kPanel;
    Real* to = z + panel * kOuterRows * kPanel + t * panel_stride(panel, g.filters) + f % kPanel;
#pragma GCC unroll 1
    for (Index j = 0; j < kWindow; ++j, to += point_step) {
      Packet points[kWindow];
      gradient_to_points<kTile>(half + j, kWindow, points, 1);
#pragma GCC unroll 6
      for (Index i = 0; i < kWindow; ++i) packet::store(to + i * kWindow * point_step, points[i]);
    }
  });
}

// A tile of the batch: where it lies, and which of its outputs have a gradient.
struct Tile {
  Place place;
  Pixels filled;
};

// dx += B m B^T under one tile and block of taps, for channels [first, last), in the inputs that a gradient reaches. What no tile
// or block before it has covered is written, not added to.
void spread_window(const Geometry& g, const Real* m, Index point_step, const Tile& tile, const Block& block,
                   Index first, Index last, Real* dx) {
  const Place& place = tile.place;
  const Factors factors(reached_inputs(tile.filled, block));
  const Window window(g, place, block);
  const Index overlap = kWindow - g.tile, old_columns = place.x > 0 ? overlap : 0;
  Index old_rows = place.y > 0 ? overlap : 0;
  if (g.blocks > 1) old_rows = kWindow;
  each_stretch(first, last, [&](auto stretch, Index c) {
    Packet half[kPoints];
    const Real* from = m + c;
#pragma GCC unroll 1
    for (Index j = 0; j < kWindow; ++j, from += point_step) {
      Packet points[kWindow];
#pragma GCC unroll 6
      for (Index i = 0; i < kWindow; ++i) points[i] = stretch.load(from + i * kWindow * point_step);
      points_to_inputs(points, 1, half + j, kWindow);
    }
    Index row = window.corner + c + window.first_row * window.line;
#pragma GCC unroll 1
    for (Index i = window.first_row; i < window.last_row; ++i, row += window.line) {
      Packet inputs[kWindow];
      points_to_inputs(half + i * kWindow, 1, inputs, 1);
      prefetch_next<4>(dx + row + kWindow * g.channels, g.channels);
      const Index old = i < old_rows ? kWindow : old_columns;
#pragma GCC unroll 6
      for (Index j = 0; j < kWindow; ++j) {
        if (j < window.first_column || j >= window.last_column) continue;
        Real* to = dx + row + j * g.channels;
        stretch.store(to, madd(inputs[j], factors.at(i, j), j < old ? stretch.load(to) : packet::zero()));
      }
    }
  });
}

// The sums of each point, (channels, filters), are gathered in one of two ways, by the static shape alone. Large ones have work
// for all threads in every point: the tiles are transformed together, kOuterRows at a time, and each point's sums are one chain
// over all tiles. Small ones would pass through memory too often: there the images are cut into chunks of about kChunkTiles
// tiles, each summed by one thread in its own cache, and the chunks' sums are added in ascending order.
constexpr Index kChunkTiles = 128, kMostChunkTiles = 1024, kMostPartials = 16;

// Tiles of a task that does nothing but transform.
constexpr Index kTransformed = 8;

Index panels_size(const Geometry& g) { return panel_count(g.filters) * kOuterRows * kPanel; }
Index sums_size(const Geometry& g) { return g.blocks * kPoints * apart(g.channels * g.filters); }
// A factor for each tap.
Index met_size(const Geometry& g) { return ceil_div(g.kernel_h * g.kernel_w, kWidth) * kWidth; }
Index bias_size(const Geometry& g) { return ceil_div(g.filters, kWidth) * kWidth; }
Index transforms_size(const Geometry& g) { return kPoints * (apart(kOuterRows * g.channels) + apart(panels_size(g))); }
bool by_chunks(const Geometry& g) {
  return g.blocks == 1 && g.channels * g.filters < Index{128} * 128 && g.tiles <= kMostChunkTiles;
}
Index images_of_chunk(const Geometry& g) { return std::max<Index>(1, kChunkTiles / g.tiles); }

// Tiles of a chunk that are transformed at once: together they fill half of the second level of cache.
Index tiles_at_once(const Geometry& g) {
  return std::clamp<Index>((Index{1} << 18) / (kPoints * (g.channels + g.filters)), 16, kChunkTiles);
}

// The transform of gradients for the size of the tiles. Called once a tile, so that the passes are compiled once for all sizes.
using TransformGradient = void (*)(const Geometry& g, const Real* dy, const Place& place, Real* z, Index point_step,
                                   Index t, Real* bias);

// One backward pass: the gradients that are wanted, the others null.
struct Backward {
  const Geometry& g;
  TransformGradient transform_gradient;
  const Real *x, *dy, *exchanged;
  Real *sums, *bias, *dx;

  /// Of one of the two products of that many tiles.
  double product_work(Index tiles) const {
    return fma_work(static_cast<double>(tiles * kPoints) * static_cast<double>(g.channels * g.filters));
  }
};

// The matrices of one thread or of all. What V of a point holds is overwritten by the product of Z with the kernel.
struct Transforms {
  Index point_v, point_z;
  Real *v, *z;
  Transforms(const Geometry& g, Real* scratch)
      : point_v(apart(kOuterRows * g.channels)),
        point_z(apart(panels_size(g))),
        v(scratch),
        z(scratch + kPoints * point_v) {}

  // Tile i of the batch as row t. The first block also fills in `tile`.
  void transform(const Backward& b, Index i, const Block& block, Index t, Real* bias, Tile& tile) const {
    if (block.index == 0) {
      tile.place = Place(b.g, i);
      if (b.dx) tile.filled = nonzero_gradients(b.g, b.dy, tile.place);
      b.transform_gradient(b.g, b.dy, tile.place, z, point_z, t, bias);
    }
    if (b.sums) transform_input(b.g, b.x, tile.place, block, v + t * b.g.channels, point_v);
  }
  // Adds the first `count` tiles' share to columns [first, first + kOuterColumns) of point p's sums.
  void add_up(const Geometry& g, Index p, Index first, Index count, bool accumulate, Real* sums) const {
    const Real* run = v + p * point_v;
    multiply_outer(&run, 1, count, 0, g.channels, g.channels, z + p * point_z + first * kOuterRows,
                   std::min(kOuterColumns, g.filters - first), accumulate, sums + first, g.filters);
  }
  // Z times the kernel in point p, for the first `count` tiles and panels [first, last) of the channels.
  void multiply(const Geometry& g, Index p, Index count, const Real* exchanged, Index first, Index last) const {
    Index offsets[kMostPanels];
    const Index whole = g.filters / kPanel, rest = g.filters % kPanel, zero = 0;
    const Real* panels = z + p * point_z;
    Real* products = v + p * point_v;
    const Real* from[kRowBlock];
    Real* to[kRowBlock];
    const Index blocks = row_blocks(count);
    for (Index block = 0; block < blocks; ++block) {
      const Index begin = row_block_begin(count, blocks, block),
                  rows = row_block_begin(count, blocks, block + 1) - begin;
      for (Index t = 0; t < rows; ++t) to[t] = products + (begin + t) * g.channels;
      for (Index panel = 0; panel < whole;) {
        const Index taken = std::min(kMostPanels, whole - panel);
        for (Index i = 0; i < taken; ++i) offsets[i] = (panel + i) * kOuterRows * kPanel;
        for (Index t = 0; t < rows; ++t) from[t] = panels + (begin + t) * kPanel;
        multiply_rows(from, {offsets, taken, kPanel, panel * kPanel, g.filters}, rows, exchanged, g.channels, first,
                      last, to, {});
        panel += taken;
      }
      if (rest == 0) continue;
      for (Index t = 0; t < rows; ++t)
        from[t] = panels + whole * kOuterRows * kPanel + (begin + t) * panel_stride(whole, g.filters);
      multiply_rows(from, {&zero, 1, rest, whole * kPanel, g.filters}, rows, exchanged, g.channels, first, last, to,
                    {});
    }
  }

 private:
  static constexpr Index kMostPanels = 32;
};

void backward_together(const Backward& b, Index images, Real* scratch) {
  const Geometry& g = b.g;
  const Index tiles = images * g.tiles, stripes = ceil_div(g.filters, kOuterColumns),
              point = apart(g.channels * g.filters), point_u = g.exchanged_point();
  const Index panels = panel_count(g.channels), parts = ceil_div(panels, 4);
  const Split panels_of_part(panels, parts);
  const Transforms transforms(g, scratch);
  Real* biases = scratch + transforms_size(g);  // of the tasks that transform
  Tile placed[kOuterRows];
  if (b.bias) std::fill_n(b.bias, g.filters, 0.0_r);
  if (b.dx && g.blocks > 1) {
    const Index size = images * g.in_h * g.in_w * g.channels;
    parallel_ranges(size, 8192, byte_work(4.0 * static_cast<double>(size)),
                    [&](Index begin, Index end, int) { std::fill(b.dx + begin, b.dx + end, 0.0_r); });
  }
  for (Index done = 0; done < tiles; done += kOuterRows) {
    const Index count = std::min(kOuterRows, tiles - done);
    const double transform_work = byte_work(600.0 * static_cast<double>(count * (g.channels + g.filters)));
    const double product_work = b.product_work(count);
    for (Index block = 0; block < g.blocks; ++block) {
      const Block taps(g, block);
      if (b.sums || block == 0)
        parallel_ranges(count, kTransformed, transform_work, [&](Index begin, Index end, int) {
          Real* bias = b.bias && block == 0 ? biases + begin / kTransformed * g.filters : nullptr;
          if (bias) std::fill_n(bias, g.filters, 0.0_r);
          for (Index t = begin; t < end; ++t) transforms.transform(b, done + t, taps, t, bias, placed[t]);
        });
      if (b.bias && block == 0)
        for (Index i = 0; i < ceil_div(count, kTransformed); ++i)
          for (Index f = 0; f < g.filters; ++f) b.bias[f] += biases[i * g.filters + f];
      if (b.sums)
        parallel_for(kPoints * stripes, product_work, [&](Index task, int) {
          const Index p = task / stripes, first = task % stripes * kOuterColumns;
          transforms.add_up(g, p, first, count, done > 0, b.sums + (block * kPoints + p) * point);
        });
      if (b.dx == nullptr) continue;
      parallel_for(kPoints * parts, product_work, [&](Index task, int) {
        const Index p = task / parts, part = task % parts;
        transforms.multiply(g, p, count, b.exchanged + (block * kPoints + p) * point_u, panels_of_part.begin(part),
                            panels_of_part.begin(part + 1));
      });
      // Neighbouring tiles add to the same pixels: a task has channels of its own.
      parallel_for(panels, transform_work, [&](Index task, int) {
        const Index first = task * kPanel, last = std::min(first + kPanel, g.channels);
        for (Index t = 0; t < count; ++t)
          spread_window(g, transforms.v + t * g.channels, transforms.point_v, placed[t], taps, first, last, b.dx);
      });
    }
  }
}

void backward_by_chunks(const Backward& b, Index images, Real* scratch) {
  const Geometry& g = b.g;
  const Index chunk = images_of_chunk(g), chunks = ceil_div(images, chunk);
  const Index sums_of_chunk = b.sums ? sums_size(g) : 0, size = sums_of_chunk + (b.bias ? bias_size(g) : 0);
  const Index point = apart(g.channels * g.filters), point_u = g.exchanged_point(), step = tiles_at_once(g);
  const Block taps(g, 0);
  Real* partials = scratch;
  Real* transforms_of_threads = partials + std::min(kMostPartials, chunks - 1) * size;
  for (Index done = 0; done < chunks;) {
    // The first chunk of all goes straight to its place.
    const Index direct = done == 0 ? 1 : 0, count = std::min(chunks - done, kMostPartials + direct);
    const double products = (b.sums ? 1 : 0) + (b.dx ? 1 : 0);
    parallel_for(count, products * b.product_work(count * chunk * g.tiles), [&](Index task, int thread) {
      const Transforms transforms(g, transforms_of_threads + thread * transforms_size(g));
      Tile placed[kChunkTiles];
      const Index begin = (done + task) * chunk * g.tiles;
      const Index end = std::min((done + task + 1) * chunk, images) * g.tiles;
      Real* partial = partials + (task - direct) * size;
      Real* sums = task < direct ? b.sums : partial;
      Real* bias = !b.bias ? nullptr : task < direct ? b.bias : partial + sums_of_chunk;
      if (bias) std::fill_n(bias, g.filters, 0.0_r);
      for (Index first = begin; first < end; first += step) {
        const Index taken = std::min(step, end - first);
        for (Index t = 0; t < taken; ++t) transforms.transform(b, first + t, taps, t, bias, placed[t]);
        for (Index p = 0; p < kPoints; ++p) {
          if (b.sums)
            for (Index f = 0; f < g.filters; f += kOuterColumns)
              transforms.add_up(g, p, f, taken, first > begin, sums + p * point);
          if (b.dx) transforms.multiply(g, p, taken, b.exchanged + p * point_u, 0, panel_count(g.channels));
        }
        if (b.dx)
          for (Index t = 0; t < taken; ++t)
            spread_window(g, transforms.v + t * g.channels, transforms.point_v, placed[t], taps, 0, g.channels, b.dx);
      }
    });
    done += count;
    const Index added = count - direct;
    parallel_ranges(sums_of_chunk, 4096, byte_work(4.0 * static_cast<double>(added * sums_of_chunk)),
                    [&](Index begin, Index end, int) {
                      for (Index i = 0; i < added; ++i)
                        for (Index j = begin; j < end; ++j) b.sums[j] += partials[i * size + j];
                    });
    for (Index i = 0; b.bias && i < added; ++i)
      for (Index f = 0; f < g.filters; ++f) b.bias[f] += partials[i * size + sums_of_chunk + f];
  }
}

// dw = G^T sums G, for the taps that are met.
template <Index kTaps>
void kernel_from_sums(const Geometry& g, const Real* sums, const Real* met, Real* dw) {
  const Index size = g.channels * g.filters, point = apart(size), blocks = g.blocks;
  parallel_for(blocks * g.channels, byte_work(180.0 * static_cast<double>(blocks * size)), [&](Index task, int) {
    const Index block = task / g.channels, c = task % g.channels;
    const Real* from = sums + block * kPoints * point + c * g.filters;
    packet::for_each(g.filters, [&](Index f, Index count) {
      Packet points[kPoints], half[kTaps * kWindow], taps[kTaps * kTaps];
      for (Index p = 0; p < kPoints; ++p) points[p] = load_n(from + p * point + f, count);
      for (Index j = 0; j < kWindow; ++j) kernel_from_points<kTaps>(points + j, kWindow, half + j, kWindow);
      for (Index i = 0; i < kTaps; ++i) kernel_from_points<kTaps>(half + i * kWindow, 1, taps + i * kTaps, 1);
      for (Index i = 0; i < kTaps * kTaps; ++i)
        if (const Index tap = tap_index<kTaps>(g, block, i); tap >= 0)
          store_n(dw + (tap * g.channels + c) * g.filters + f, madd(taps[i], set1(met[tap]), packet::zero()), count);
    });
  });
}

template <Index kTaps>
void run_backward(const Geometry& g, Index images, const Real* x, const Real* dy, const Real* exchanged, Real* dw,
                  Real* db, Real* dx, Real* scratch) {
  constexpr Index kTile = kWindow + 1 - kTaps;
  const Backward backward{g, transform_gradient<kTile>, x, dy, exchanged, dw ? scratch : nullptr, db, dx};
  Real* met = scratch + sums_size(g);
  if (dw) {
    scratch = met + met_size(g);
    find_met_taps(g, images, x, dy, met);
  }
  (by_chunks(g) ? backward_by_chunks : backward_together)(backward, images, scratch);
  if (dw) kernel_from_sums<kTaps>(g, backward.sums, met, dw);
}

}  // namespace

Index winograd_backward_scratch_size(const ConvShape& s, Index capacity, int threads) {
  const Geometry g(s);
  const Index kernel = sums_size(g) + met_size(g);
  if (!by_chunks(g)) return kernel + transforms_size(g) + ceil_div(kOuterRows, kTransformed) * g.filters;
  const Index partials = std::min(kMostPartials, ceil_div(capacity, images_of_chunk(g)) - 1);
  return kernel + partials * (sums_size(g) + bias_size(g)) + threads * transforms_size(g);
}

void winograd_backward(const ConvShape& s, Index images, const Real* x, const Real* dy, const Real* exchanged, Real* dw,
                       Real* db, Real* dx, Real* scratch) {
  const Geometry g(s);
  with_taps(g, [&](auto taps) { run_backward<taps()>(g, images, x, dy, exchanged, dw, db, dx, scratch); });
}

}  // namespace fastnn::kernels
