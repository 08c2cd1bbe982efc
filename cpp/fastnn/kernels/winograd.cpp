// Minimal filtering F(m x m, r x r): a tile of m x m outputs from 6x6 inputs d and a kernel g of r x r taps, m + r = 7, as
// A^T [(G g G^T) * (B^T d B)] A (Lavin & Gray, "Fast algorithms for convolutional neural networks", 2015): per tile and pair of
// channels 36 multiplications, where 4x4 outputs of a 3x3 kernel take 144 and 2x2 outputs of a 5x5 kernel 100. Summed over
// channels the products are 36 ordinary matrix products of (tiles x channels) by (channels x filters), one for each point of
// the transform. A kernel of another size is a sum of blocks of 3x3 taps, each with a window of its own: 7x7 is nine of them,
// summed before the one transform of the outputs.
//
// The transforms evaluate polynomials at 0, +-a, +-b and infinity. The customary +-1, +-2 lose digits, because the powers of 2
// grow; a = 3/4 and b = 3/2 keep all entries near 1, are exact in binary, and made the largest error against float64 four
// times smaller (compare Barabasz et al., "Error analysis and improving the accuracy of Winograd convolution", 2020).
//
// Both gradients are transposes of the forward pass and share the transform A dy A^T of a tile. The gradient of the kernel is
// G^T [sum over tiles of (B^T d B) * (A dy A^T)] G, where the sum over tiles is again one product for each point, a single chain
// over the tiles in ascending order. The gradient of the input is the sum over tiles of B [(G g G^T) * (A dy A^T)] B^T, where a
// tile adds to its whole window: windows overlap, and tiles add in ascending order. It takes the tiles of the outputs; the same
// gradient as a convolution of dy with the kernel turned round would take those of the larger input.
//
// A block of tiles is chosen so that its transforms and products stay in the second level of cache.
#include "fastnn/kernels/winograd.hpp"

#include <algorithm>
#include <type_traits>

#include "fastnn/kernels/tiles.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

using packet::add;
using packet::kWidth;
using packet::load_n;
using packet::madd;
using packet::mul;
using packet::Packet;
using packet::set1;
using packet::store_n;
using packet::sub;

constexpr Index kWindow = 6, kPoints = kWindow * kWindow;

constexpr float kA = 0.75f, kB = 1.5f;
constexpr float kA2 = kA * kA, kB2 = kB * kB, kA3 = kA2 * kA, kB3 = kB2 * kB, kA4 = kA2 * kA2, kB4 = kB2 * kB2;
// Derivatives of the nodal polynomial at 0, +-a and +-b, by which G divides.
constexpr float kAt0 = kA2 * kB2, kAtA = 2 * kA2 * (kA2 - kB2), kAtB = 2 * kB2 * (kB2 - kA2);

// B^T along one direction: six inputs to six points.
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

// B along one direction: six points to the gradients of six inputs.
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

// A^T along one direction: six points to kTile outputs.
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
    y[3 * y_step] = madd(set1(kA3), odd_a, madd(set1(kB3), odd_b, m5));
  }
}

// A along one direction: the gradients of kTile outputs to six points.
template <Index kTile>
inline void gradient_to_points(const Packet* y, Index step, Packet* z, Index z_step) {
  Packet even_a = y[0], even_b = y[0], odd_a = mul(set1(kA), y[step]), odd_b = mul(set1(kB), y[step]);
  if constexpr (kTile == 4) {
    even_a = madd(set1(kA2), y[2 * step], even_a);
    even_b = madd(set1(kB2), y[2 * step], even_b);
    odd_a = madd(set1(kA3), y[3 * step], odd_a);
    odd_b = madd(set1(kB3), y[3 * step], odd_b);
  }
  z[0] = y[0];
  z[z_step] = add(even_a, odd_a);
  z[2 * z_step] = sub(even_a, odd_a);
  z[3 * z_step] = add(even_b, odd_b);
  z[4 * z_step] = sub(even_b, odd_b);
  z[5 * z_step] = y[(kTile - 1) * step];
}

// G along one direction: kTaps taps to six points.
template <Index kTaps>
inline void kernel_to_points(const Packet* g, Index step, Packet* u, Index u_step) {
  Packet even_a = madd(set1(kA2), g[2 * step], g[0]), odd_a = mul(set1(kA), g[step]);
  Packet even_b = madd(set1(kB2), g[2 * step], g[0]), odd_b = mul(set1(kB), g[step]);
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

// G^T along one direction: six points to kTaps taps.
template <Index kTaps>
inline void kernel_from_points(const Packet* s, Index step, Packet* g, Index g_step) {
  const Packet even_a = mul(add(s[step], s[2 * step]), set1(1 / kAtA));
  const Packet odd_a = mul(sub(s[step], s[2 * step]), set1(1 / kAtA));
  const Packet even_b = mul(add(s[3 * step], s[4 * step]), set1(1 / kAtB));
  const Packet odd_b = mul(sub(s[3 * step], s[4 * step]), set1(1 / kAtB));
  g[0] = madd(set1(1 / kAt0), s[0], add(even_a, even_b));
  g[g_step] = madd(set1(kA), odd_a, mul(set1(kB), odd_b));
  g[2 * g_step] = madd(set1(kA2), even_a, mul(set1(kB2), even_b));
  if constexpr (kTaps == 5) {
    g[3 * g_step] = madd(set1(kA3), odd_a, mul(set1(kB3), odd_b));
    g[4 * g_step] = madd(set1(kA4), even_a, mul(set1(kB4), even_b));
  }
  g[(kTaps - 1) * g_step] = add(g[(kTaps - 1) * g_step], s[5 * step]);
}

// U = G g G^T of kWidth kernels at once.
template <Index kTaps>
inline void transform_kernel(const Packet* taps, Packet* points) {
  Packet half[kTaps * kWindow];
  for (Index i = 0; i < kTaps; ++i) kernel_to_points<kTaps>(taps + i * kTaps, 1, half + i * kWindow, 1);
  for (Index j = 0; j < kWindow; ++j) kernel_to_points<kTaps>(half + j, kWindow, points + j, kWindow);
}

// Calls body(stretch, i) for the registers that cover [first, last): all but a partial last one without a count to look at.
struct Full {
  static Packet load(const float* from) { return packet::load(from); }
  static void store(float* to, const Packet& value) { packet::store(to, value); }
};
struct Partial {
  Index count;
  Packet load(const float* from) const { return packet::load_partial(from, count); }
  void store(float* to, const Packet& value) const { packet::store_partial(to, value, count); }
};
template <class Body>
inline void each_stretch(Index first, Index last, Body&& body) {
  Index i = first;
  for (; i + kWidth <= last; i += kWidth) body(Full{}, i);
  if (i < last) body(Partial{last - i}, i);
}

// Floats from one point's matrix to the next. Strides of a power of two would send all 36 to one set of the cache; a line
// more spreads them.
constexpr Index apart(Index size) { return size + 16; }

struct Geometry : ConvShape {
  Index taps, tile;             // taps of a block along one direction, and outputs of a tile
  Index blocks_across, blocks;  // of taps, in a row of them and in the kernel
  Index tiles_across, tiles;    // in a row of tiles and in an image

  explicit Geometry(const ConvShape& s)
      : ConvShape(s),
        taps(kernel_h == 5 && kernel_w == 5 ? 5 : 3),
        tile(kWindow + 1 - taps),
        blocks_across(ceil_div(kernel_w, taps)),
        blocks(ceil_div(kernel_h, taps) * blocks_across),
        tiles_across(ceil_div(out_w, tile)),
        tiles(ceil_div(out_h, tile) * tiles_across) {}

  /// Floats of one point of a block: of the transformed kernel, and of it with channels and filters exchanged.
  Index kernel_point() const { return apart(packed_size(channels, filters)); }
  Index exchanged_point() const { return apart(packed_size(filters, channels)); }
};

// Where a tile of a batch lies.
struct Place {
  Index image, y, x;
  Place(const Geometry& g, Index tile) : image(tile / g.tiles) {
    const Index rest = tile % g.tiles;
    y = rest / g.tiles_across * g.tile;
    x = rest % g.tiles_across * g.tile;
  }
};

// The pixels under one tile and block of taps: where the first lies, in floats, and which are inside of the image.
struct Window {
  Index corner, line, first_row, last_row, first_column, last_column;
  Window(const Geometry& g, const Place& place, Index block) {
    const Index top = place.y - g.pad_top + block / g.blocks_across * g.taps;
    const Index left = place.x - g.pad_left + block % g.blocks_across * g.taps;
    line = g.in_w * g.channels;
    corner = (place.image * g.in_h + top) * line + left * g.channels;
    first_row = std::max<Index>(0, -top), last_row = std::min(kWindow, g.in_h - top);
    first_column = std::max<Index>(0, -left), last_column = std::min(kWindow, g.in_w - left);
  }
  bool whole() const { return first_row == 0 && first_column == 0 && last_row == kWindow && last_column == kWindow; }
  bool inside(Index i, Index j) const { return i >= first_row && i < last_row && j >= first_column && j < last_column; }
};

// Tiles of a row follow one another, and each wants a few pixels more of the same lines of the image: too short a run for the
// processor to see it coming.
template <Index kPixels>
inline void prefetch_next(const float* pixel, Index step) {
#pragma GCC unroll 4
  for (Index j = 0; j < kPixels; ++j) packet::prefetch(pixel + j * step);
}

// Below, only the inner of two loops over a tile is unrolled: unrolled whole, the code is several times longer and no faster.

// V = B^T d B of one tile and block of taps: point p of channel c goes to v[p * point_step + c]. Pixels outside the image are
// zeros.
void transform_input(const Geometry& g, const float* x, Index tile, Index block, float* v, Index point_step) {
  const Window window(g, Place(g, tile), block);
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
      float* to = v + c;
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

// Y = A^T M A of one tile for filters [first, first + count), with the epilogue; what lies beyond the image is dropped.
template <Index kTile>
void transform_output(const Geometry& g, const float* m, Index point_step, Index tile, Index first, Index filters,
                      const Epilogue& epilogue, bool relu, float* y) {
  const Place place(g, tile);
  const Index rows = std::min(kTile, g.out_h - place.y), columns = std::min(kTile, g.out_w - place.x);
  float* corner = y + ((place.image * g.out_h + place.y) * g.out_w + place.x) * g.filters + first;
  each_stretch(0, filters, [&](auto stretch, Index f) {
    Packet half[kTile * kWindow];
    const float* from = m + f;
#pragma GCC unroll 1
    for (Index j = 0; j < kWindow; ++j, from += point_step) {
      Packet points[kWindow];
#pragma GCC unroll 6
      for (Index i = 0; i < kWindow; ++i) points[i] = stretch.load(from + i * kWindow * point_step);
      from_points<kTile>(points, 1, half + j, kWindow);
    }
    const Packet bias = epilogue.bias ? stretch.load(epilogue.bias + first + f) : packet::zero();
    float* row = corner + f;
#pragma GCC unroll 1
    for (Index i = 0; i < rows; ++i, row += g.out_w * g.filters) {
      Packet out[kTile];
      from_points<kTile>(half + i * kWindow, 1, out, 1);
      prefetch_next<kTile>(row + kTile * g.filters, g.filters);
#pragma GCC unroll 4
      for (Index j = 0; j < kTile; ++j) {
        if (j >= columns) break;
        if (epilogue.bias) out[j] = add(out[j], bias);
        if (relu) out[j] = packet::max(out[j], packet::zero());
        stretch.store(row + j * g.filters, out[j]);
      }
    }
  });
  if (relu || epilogue.activation == Activation::linear) return;
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) {
      float* pixel = corner + (i * g.out_w + j) * g.filters;
      activate(epilogue.activation, epilogue.parameters, pixel, pixel, filters);
    }
}

// Filters are taken this many at a time, so that the products of a block of tiles stay small beside its inputs; but all at
// once where several blocks of taps add to the products.
Index filter_step(const Geometry& g) { return g.blocks > 1 ? g.filters : std::min(g.filters, 4 * kPanel); }

// Blocks are multiples of this many tiles, the rows of a register tile on every build.
constexpr Index kTileStep = 12;

// Tiles of a block: transformed inputs and products in about 1 MiB.
Index most_tiles(const Geometry& g) {
  const Index floats_of_tile = kPoints * (g.channels + filter_step(g));
  return std::clamp<Index>((Index{5} << 16) / floats_of_tile / kTileStep * kTileStep, kTileStep, kRowBlock);
}

Index block_scratch(const Geometry& g) {
  const Index tiles = most_tiles(g);
  return kPoints * (apart(tiles * g.channels) + apart(tiles * filter_step(g)));
}

template <Index kTile>
void run_blocks(const Geometry& g, Index images, const float* x, const float* packed, const Epilogue& epilogue,
                float* y, float* scratch) {
  const Index tiles = images * g.tiles, point = g.kernel_point(), blocks = g.blocks;
  const Index step = filter_step(g), stride = block_scratch(g);
  const double work =
      fma_work(static_cast<double>(tiles * kPoints * blocks) * static_cast<double>(g.channels * g.filters));
  // Blocks are cut as the threads are best served, of whole register tiles: a tile's numbers do not depend on the block in
  // which it is computed.
  Index size = most_tiles(g);
  if (const int threads = usable_threads(); work >= kGrain && threads > 1)
    size = std::min(size, std::max<Index>(kTileStep, ceil_div(ceil_div(tiles, 4 * threads), kTileStep) * kTileStep));
  const bool relu = epilogue.plain_relu();
  parallel_ranges(tiles, size, work, [&](Index first, Index last, int thread) {
    const Index count = last - first, point_v = apart(count * g.channels);
    float* v = scratch + thread * stride;
    float* m = v + kPoints * point_v;
    const Index begin = 0;
    const Segments segments{&begin, 1, g.channels, 0, g.channels};
    const float* from[kRowBlock];
    float* to[kRowBlock];
    for (Index filter = 0; filter < g.filters; filter += step) {
      const Index width = std::min(step, g.filters - filter), first_panel = filter / kPanel;
      const Index last_panel = first_panel + panel_count(width), point_m = apart(count * width);
      for (Index block = 0; block < blocks; ++block) {
        if (filter == 0)
          for (Index t = 0; t < count; ++t) transform_input(g, x, first + t, block, v + t * g.channels, point_v);
        Epilogue sum;
        sum.accumulate = block > 0;
        for (Index p = 0; p < kPoints; ++p) {
          for (Index t = 0; t < count; ++t) {
            from[t] = v + p * point_v + t * g.channels;
            to[t] = m + p * point_m + t * width - filter;
          }
          multiply_rows(from, segments, count, packed + (block * kPoints + p) * point, g.filters, first_panel,
                        last_panel, to, sum);
        }
      }
      for (Index t = 0; t < count; ++t)
        transform_output<kTile>(g, m + t * width, point_m, first + t, filter, width, epilogue, relu, y);
    }
  });
}

// Floats of a row of panel `panel` of `columns` columns.
Index panel_stride(Index panel, Index columns) { return columns - panel * kPanel > kWidth ? kPanel : kWidth; }

// Tap i of kTaps x kTaps of a block, as an index into kernel_h x kernel_w; -1 beyond the kernel.
template <Index kTaps>
Index tap_index(const Geometry& g, Index block, Index i) {
  const Index y = block / g.blocks_across * kTaps + i / kTaps, x = block % g.blocks_across * kTaps + i % kTaps;
  return y < g.kernel_h && x < g.kernel_w ? y * g.kernel_w + x : -1;
}

template <Index kTaps>
void pack_kernel(const Geometry& g, const float* kernel, float* packed) {
  const Index point = g.kernel_point();
  parallel_for(g.blocks * g.channels, byte_work(180.0 * static_cast<double>(g.blocks * g.channels * g.filters)),
               [&](Index task, int) {
                 const Index block = task / g.channels, c = task % g.channels;
                 for (Index f = 0; f < g.filters; f += kWidth) {
                   const Index count = std::min(kWidth, g.filters - f), panel = f / kPanel;
                   Packet taps[kTaps * kTaps], points[kPoints];
                   for (Index i = 0; i < kTaps * kTaps; ++i) {
                     const Index tap = tap_index<kTaps>(g, block, i);
                     taps[i] =
                         tap < 0 ? packet::zero() : load_n(kernel + (tap * g.channels + c) * g.filters + f, count);
                   }
                   transform_kernel<kTaps>(taps, points);
                   float* to = packed + block * kPoints * point + panel * kPanel * g.channels +
                               c * panel_stride(panel, g.filters) + f % kPanel;
                   for (Index p = 0; p < kPoints; ++p) packet::store(to + p * point, points[p]);
                 }
               });
}

// The same with channels and filters exchanged: squares of kWidth x kWidth are transformed along the filters, which are
// contiguous, and transposed.
template <Index kTaps>
void pack_exchanged(const Geometry& g, const float* kernel, float* packed) {
  const Index point = g.exchanged_point(), squares = ceil_div(g.channels, kWidth);
  parallel_for(g.blocks * squares, byte_work(220.0 * static_cast<double>(g.blocks * g.channels * g.filters)),
               [&](Index task, int) {
                 const Index block = task / squares, c = task % squares * kWidth, panel = c / kPanel;
                 const Index channels = std::min(kWidth, g.channels - c), stride = panel_stride(panel, g.channels);
                 for (Index f = 0; f < g.filters; f += kWidth) {
                   const Index count = std::min(kWidth, g.filters - f);
                   Packet points[kWidth][kPoints];
                   for (Index j = 0; j < kWidth; ++j) {
                     Packet taps[kTaps * kTaps];
                     for (Index i = 0; i < kTaps * kTaps; ++i) {
                       const Index tap = tap_index<kTaps>(g, block, i);
                       taps[i] = tap < 0 || j >= channels
                                     ? packet::zero()
                                     : load_n(kernel + (tap * g.channels + c + j) * g.filters + f, count);
                     }
                     transform_kernel<kTaps>(taps, points[j]);
                   }
                   float* to = packed + block * kPoints * point + panel * kPanel * g.filters + f * stride + c % kPanel;
                   for (Index p = 0; p < kPoints; ++p) {
                     Eigen::internal::PacketBlock<Packet, kWidth> square;
                     for (Index j = 0; j < kWidth; ++j) square.packet[j] = points[j][p];
                     Eigen::internal::ptranspose(square);
                     for (Index r = 0; r < count; ++r) packet::store(to + p * point + r * stride, square.packet[r]);
                   }
                 }
               });
}

}  // namespace

bool winograd_serves(const ConvShape& s) {
  if (s.stride_h != 1 || s.stride_w != 1 || s.dilation_h != 1 || s.dilation_w != 1 || s.groups != 1 ||
      s.channels < 16 || s.filters < 16 || s.kernel_h < 3 || s.kernel_w < 3)
    return false;
  // Outputs that the last tiles compute beyond the image are lost, and so are taps of blocks beyond the kernel.
  const Geometry g(s);
  const double direct = static_cast<double>(s.kernel_h * s.kernel_w * s.out_h * s.out_w);
  return direct >= 1.8 * static_cast<double>(g.tiles * g.blocks * kPoints);
}

Index winograd_packed_size(const ConvShape& s) { return Geometry(s).blocks * kPoints * Geometry(s).kernel_point(); }

void winograd_pack(const ConvShape& s, const float* kernel, float* packed) {
  const Geometry g(s);
  (g.taps == 5 ? pack_kernel<5> : pack_kernel<3>)(g, kernel, packed);
}

Index winograd_exchanged_size(const ConvShape& s) {
  return Geometry(s).blocks * kPoints * Geometry(s).exchanged_point();
}

void winograd_pack_exchanged(const ConvShape& s, const float* kernel, float* packed) {
  const Geometry g(s);
  (g.taps == 5 ? pack_exchanged<5> : pack_exchanged<3>)(g, kernel, packed);
}

Index winograd_scratch_size(const ConvShape& s) { return block_scratch(Geometry(s)); }

void winograd_forward(const ConvShape& s, Index images, const float* x, const float* packed, const Epilogue& epilogue,
                      float* y, float* scratch) {
  const Geometry g(s);
  (g.tile == 2 ? run_blocks<2> : run_blocks<4>)(g, images, x, packed, epilogue, y, scratch);
}

namespace {

// Z = A dy A^T of one tile, row t of the panels that multiply_outer reads: point p of filter f goes to panel f / kPanel of that
// point. Adds the tile's gradients to `bias` unless that is null.
template <Index kTile>
void transform_gradient(const Geometry& g, const float* dy, Index tile, float* z, Index point_step, Index t,
                        float* bias) {
  const Place place(g, tile);
  const Index rows = std::min(kTile, g.out_h - place.y), columns = std::min(kTile, g.out_w - place.x);
  const float* corner = dy + ((place.image * g.out_h + place.y) * g.out_w + place.x) * g.filters;
  each_stretch(0, g.filters, [&](auto stretch, Index f) {
    Packet half[kTile * kWindow];
    Packet sum = bias ? stretch.load(bias + f) : packet::zero();
    const float* row = corner + f;
#pragma GCC unroll 1
    for (Index i = 0; i < kTile; ++i, row += g.out_w * g.filters) {
      Packet out[kTile];
#pragma GCC unroll 4
      for (Index j = 0; j < kTile; ++j)
        out[j] = i < rows && j < columns ? stretch.load(row + j * g.filters) : packet::zero();
#pragma GCC unroll 4
      for (Index j = 0; j < kTile; ++j) sum = add(sum, out[j]);
      prefetch_next<kTile>(row + kTile * g.filters, g.filters);
      gradient_to_points<kTile>(out, 1, half + i * kWindow, 1);
    }
    if (bias) stretch.store(bias + f, sum);
    const Index panel = f / kPanel;
    float* to = z + panel * kOuterRows * kPanel + t * panel_stride(panel, g.filters) + f % kPanel;
#pragma GCC unroll 1
    for (Index j = 0; j < kWindow; ++j, to += point_step) {
      Packet points[kWindow];
      gradient_to_points<kTile>(half + j, kWindow, points, 1);
#pragma GCC unroll 6
      for (Index i = 0; i < kWindow; ++i) packet::store(to + i * kWindow * point_step, points[i]);
    }
  });
}

// dx += B m B^T under one tile and block of taps, for channels [first, last). What no tile or block before it has reached is
// written, not added to.
void spread_window(const Geometry& g, const float* m, Index point_step, Index tile, Index block, Index first,
                   Index last, float* dx) {
  const Place place(g, tile);
  const Window window(g, place, block);
  const Index overlap = kWindow - g.tile, old_columns = place.x > 0 ? overlap : 0;
  Index old_rows = place.y > 0 ? overlap : 0;
  if (g.blocks > 1) old_rows = kWindow;
  each_stretch(first, last, [&](auto stretch, Index c) {
    Packet half[kPoints];
    const float* from = m + c;
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
        float* to = dx + row + j * g.channels;
        stretch.store(to, j < old ? add(stretch.load(to), inputs[j]) : inputs[j]);
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
Index bias_size(const Geometry& g) { return ceil_div(g.filters, kWidth) * kWidth; }
Index transforms_size(const Geometry& g) { return kPoints * (apart(kOuterRows * g.channels) + apart(panels_size(g))); }
bool by_chunks(const Geometry& g) {
  return g.blocks == 1 && g.channels * g.filters < 128 * 128 && g.tiles <= kMostChunkTiles;
}
Index images_of_chunk(const Geometry& g) { return std::max<Index>(1, kChunkTiles / g.tiles); }

// Tiles of a chunk that are transformed at once: together they fill half of the second level of cache.
Index tiles_at_once(const Geometry& g) {
  return std::clamp<Index>((Index{1} << 18) / (kPoints * (g.channels + g.filters)), 16, kChunkTiles);
}

// One backward pass: the gradients that are wanted, the others null.
struct Backward {
  const Geometry& g;
  const float *x, *dy, *exchanged;
  float *sums, *bias, *dx;

  /// Of one of the two products of that many tiles.
  double product_work(Index tiles) const {
    return fma_work(static_cast<double>(tiles * kPoints) * static_cast<double>(g.channels * g.filters));
  }
};

// The matrices of one thread or of all. What V of a point holds is overwritten by the product of Z with the kernel.
struct Transforms {
  Index point_v, point_z;
  float *v, *z;
  Transforms(const Geometry& g, float* scratch)
      : point_v(apart(kOuterRows * g.channels)),
        point_z(apart(panels_size(g))),
        v(scratch),
        z(scratch + kPoints * point_v) {}

  template <Index kTile>
  void transform(const Backward& b, Index tile, Index block, Index t, float* bias) const {
    if (b.sums) transform_input(b.g, b.x, tile, block, v + t * b.g.channels, point_v);
    if (block == 0) transform_gradient<kTile>(b.g, b.dy, tile, z, point_z, t, bias);
  }
  // Adds the first `count` tiles' share to columns [first, first + kOuterColumns) of point p's sums.
  void add_up(const Geometry& g, Index p, Index first, Index count, bool accumulate, float* sums) const {
    const float* run = v + p * point_v;
    multiply_outer(&run, 1, count, 0, g.channels, g.channels, z + p * point_z + first * kOuterRows,
                   std::min(kOuterColumns, g.filters - first), accumulate, sums + first, g.filters);
  }
  // Z times the kernel in point p, for the first `count` tiles and panels [first, last) of the channels.
  void multiply(const Geometry& g, Index p, Index count, const float* exchanged, Index first, Index last) const {
    Index offsets[kMostPanels];
    const Index whole = g.filters / kPanel, rest = g.filters % kPanel, zero = 0;
    const float* panels = z + p * point_z;
    float* products = v + p * point_v;
    const float* from[kRowBlock];
    float* to[kRowBlock];
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

template <Index kTile>
void backward_together(const Backward& b, Index images, float* scratch) {
  const Geometry& g = b.g;
  const Index tiles = images * g.tiles, stripes = ceil_div(g.filters, kOuterColumns),
              point = apart(g.channels * g.filters), point_u = g.exchanged_point();
  const Index panels = panel_count(g.channels), parts = ceil_div(panels, 4);
  const Split panels_of_part(panels, parts);
  const Transforms transforms(g, scratch);
  float* biases = scratch + transforms_size(g);  // of the tasks that transform
  if (b.bias) std::fill_n(b.bias, g.filters, 0.0f);
  if (b.dx && g.blocks > 1) {
    const Index size = images * g.in_h * g.in_w * g.channels;
    parallel_ranges(size, 8192, byte_work(4.0 * static_cast<double>(size)),
                    [&](Index begin, Index end, int) { std::fill(b.dx + begin, b.dx + end, 0.0f); });
  }
  for (Index done = 0; done < tiles; done += kOuterRows) {
    const Index count = std::min(kOuterRows, tiles - done);
    const double transform_work = byte_work(600.0 * static_cast<double>(count * (g.channels + g.filters)));
    const double product_work = b.product_work(count);
    for (Index block = 0; block < g.blocks; ++block) {
      if (b.sums || block == 0)
        parallel_ranges(count, kTransformed, transform_work, [&](Index begin, Index end, int) {
          float* bias = b.bias && block == 0 ? biases + begin / kTransformed * g.filters : nullptr;
          if (bias) std::fill_n(bias, g.filters, 0.0f);
          for (Index t = begin; t < end; ++t) transforms.transform<kTile>(b, done + t, block, t, bias);
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
          spread_window(g, transforms.v + t * g.channels, transforms.point_v, done + t, block, first, last, b.dx);
      });
    }
  }
}

template <Index kTile>
void backward_by_chunks(const Backward& b, Index images, float* scratch) {
  const Geometry& g = b.g;
  const Index chunk = images_of_chunk(g), chunks = ceil_div(images, chunk);
  const Index sums_of_chunk = b.sums ? sums_size(g) : 0, size = sums_of_chunk + (b.bias ? bias_size(g) : 0);
  const Index point = apart(g.channels * g.filters), point_u = g.exchanged_point(), step = tiles_at_once(g);
  float* partials = scratch;
  float* transforms_of_threads = partials + std::min(kMostPartials, chunks - 1) * size;
  for (Index done = 0; done < chunks;) {
    // The first chunk of all goes straight to its place.
    const Index direct = done == 0 ? 1 : 0, count = std::min(chunks - done, kMostPartials + direct);
    const double products = (b.sums ? 1 : 0) + (b.dx ? 1 : 0);
    parallel_for(count, products * b.product_work(count * chunk * g.tiles), [&](Index task, int thread) {
      const Transforms transforms(g, transforms_of_threads + thread * transforms_size(g));
      const Index begin = (done + task) * chunk * g.tiles;
      const Index end = std::min((done + task + 1) * chunk, images) * g.tiles;
      float* partial = partials + (task - direct) * size;
      float* sums = task < direct ? b.sums : partial;
      float* bias = !b.bias ? nullptr : task < direct ? b.bias : partial + sums_of_chunk;
      if (bias) std::fill_n(bias, g.filters, 0.0f);
      for (Index first = begin; first < end; first += step) {
        const Index taken = std::min(step, end - first);
        for (Index t = 0; t < taken; ++t) transforms.transform<kTile>(b, first + t, 0, t, bias);
        for (Index p = 0; p < kPoints; ++p) {
          if (b.sums)
            for (Index f = 0; f < g.filters; f += kOuterColumns)
              transforms.add_up(g, p, f, taken, first > begin, sums + p * point);
          if (b.dx) transforms.multiply(g, p, taken, b.exchanged + p * point_u, 0, panel_count(g.channels));
        }
        if (b.dx)
          for (Index t = 0; t < taken; ++t)
            spread_window(g, transforms.v + t * g.channels, transforms.point_v, first + t, 0, 0, g.channels, b.dx);
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

// dw = G^T sums G.
template <Index kTaps>
void kernel_from_sums(const Geometry& g, const float* sums, float* dw) {
  const Index size = g.channels * g.filters, point = apart(size), blocks = g.blocks;
  parallel_for(blocks * g.channels, byte_work(180.0 * static_cast<double>(blocks * size)), [&](Index task, int) {
    const Index block = task / g.channels, c = task % g.channels;
    const float* from = sums + block * kPoints * point + c * g.filters;
    packet::for_each(g.filters, [&](Index f, Index count) {
      Packet points[kPoints], half[kTaps * kWindow], taps[kTaps * kTaps];
      for (Index p = 0; p < kPoints; ++p) points[p] = load_n(from + p * point + f, count);
      for (Index j = 0; j < kWindow; ++j) kernel_from_points<kTaps>(points + j, kWindow, half + j, kWindow);
      for (Index i = 0; i < kTaps; ++i) kernel_from_points<kTaps>(half + i * kWindow, 1, taps + i * kTaps, 1);
      for (Index i = 0; i < kTaps * kTaps; ++i)
        if (const Index tap = tap_index<kTaps>(g, block, i); tap >= 0)
          store_n(dw + (tap * g.channels + c) * g.filters + f, taps[i], count);
    });
  });
}

template <Index kTaps>
void run_backward(const Geometry& g, Index images, const float* x, const float* dy, const float* exchanged, float* dw,
                  float* db, float* dx, float* scratch) {
  constexpr Index kTile = kWindow + 1 - kTaps;
  const Backward backward{g, x, dy, exchanged, dw ? scratch : nullptr, db, dx};
  if (dw) scratch += sums_size(g);
  (by_chunks(g) ? backward_by_chunks<kTile> : backward_together<kTile>)(backward, images, scratch);
  if (dw) kernel_from_sums<kTaps>(g, backward.sums, dw);
}

}  // namespace

Index winograd_backward_scratch_size(const ConvShape& s, Index capacity, int threads) {
  const Geometry g(s);
  if (!by_chunks(g)) return sums_size(g) + transforms_size(g) + ceil_div(kOuterRows, kTransformed) * g.filters;
  const Index partials = std::min(kMostPartials, ceil_div(capacity, images_of_chunk(g)) - 1);
  return sums_size(g) + partials * (sums_size(g) + bias_size(g)) + threads * transforms_size(g);
}

void winograd_backward(const ConvShape& s, Index images, const float* x, const float* dy, const float* exchanged,
                       float* dw, float* db, float* dx, float* scratch) {
  const Geometry g(s);
  (g.taps == 5 ? run_backward<5> : run_backward<3>)(g, images, x, dy, exchanged, dw, db, dx, scratch);
}

}  // namespace fastnn::kernels
