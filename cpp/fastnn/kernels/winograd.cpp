// F(4x4, 3x3): a tile of 4x4 outputs from 6x6 inputs d and a kernel g as A^T [(G g G^T) * (B^T d B)] A (Lavin & Gray, "Fast
// algorithms for convolutional neural networks", 2015): per tile and pair of channels 36 multiplications in place of 144.
// Summed over channels the products are 36 ordinary matrix products of (tiles x channels) by (channels x filters), one for
// each point of the transform.
//
// The transforms evaluate polynomials at 0, +-a, +-b and infinity. The customary +-1, +-2 lose digits, because the powers of 2
// grow; a = 3/4 and b = 3/2 keep all entries near 1, are exact in binary, and made the largest error against float64 four
// times smaller (compare Barabasz et al., "Error analysis and improving the accuracy of Winograd convolution", 2020).
//
// The three passes share the matrices. The gradient of the input is the same convolution over dy with the kernel turned
// round. The gradient of the kernel is the transpose of the forward pass in g: G^T [sum over tiles of (B^T d B) * (A dy A^T)] G,
// where the sum over tiles is again one product for each point, a single chain over the tiles in ascending order.
//
// A block of tiles is chosen so that its transformed inputs and products stay in the second level of cache.
#include "fastnn/kernels/winograd.hpp"

#include <algorithm>

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

constexpr Index kTile = 4, kWindow = 6, kPoints = kWindow * kWindow;

constexpr float kA = 0.75f, kB = 1.5f;
constexpr float kA2 = kA * kA, kB2 = kB * kB, kA3 = kA2 * kA, kB3 = kB2 * kB;
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

// A^T along one direction: six points to four outputs.
inline void from_points(const Packet* m, Index step, Packet* y, Index y_step) {
  const Packet m0 = m[0], m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step], m5 = m[5 * step];
  const Packet even_a = add(m1, m2), odd_a = sub(m1, m2), even_b = add(m3, m4), odd_b = sub(m3, m4);
  y[0] = add(m0, add(even_a, even_b));
  y[y_step] = madd(set1(kA), odd_a, mul(set1(kB), odd_b));
  y[2 * y_step] = madd(set1(kA2), even_a, mul(set1(kB2), even_b));
  y[3 * y_step] = madd(set1(kA3), odd_a, madd(set1(kB3), odd_b, m5));
}

// A along one direction: four outputs' gradients to six points.
inline void gradient_to_points(const Packet* y, Index step, Packet* z, Index z_step) {
  const Packet y0 = y[0], y1 = y[step], y2 = y[2 * step], y3 = y[3 * step];
  const Packet even_a = madd(set1(kA2), y2, y0), odd_a = madd(set1(kA3), y3, mul(set1(kA), y1));
  const Packet even_b = madd(set1(kB2), y2, y0), odd_b = madd(set1(kB3), y3, mul(set1(kB), y1));
  z[0] = y0;
  z[z_step] = add(even_a, odd_a);
  z[2 * z_step] = sub(even_a, odd_a);
  z[3 * z_step] = add(even_b, odd_b);
  z[4 * z_step] = sub(even_b, odd_b);
  z[5 * z_step] = y3;
}

// G along one direction: three taps to six points.
inline void kernel_to_points(const Packet* g, Index step, Packet* u, Index u_step) {
  const Packet g0 = g[0], g1 = g[step], g2 = g[2 * step];
  const Packet even_a = madd(set1(kA2), g2, g0), odd_a = mul(set1(kA), g1);
  const Packet even_b = madd(set1(kB2), g2, g0), odd_b = mul(set1(kB), g1);
  const Packet scale_a = set1(1 / kAtA), scale_b = set1(1 / kAtB);
  u[0] = mul(g0, set1(1 / kAt0));
  u[u_step] = mul(add(even_a, odd_a), scale_a);
  u[2 * u_step] = mul(sub(even_a, odd_a), scale_a);
  u[3 * u_step] = mul(add(even_b, odd_b), scale_b);
  u[4 * u_step] = mul(sub(even_b, odd_b), scale_b);
  u[5 * u_step] = g2;
}

// U = G g G^T of kWidth kernels at once.
inline void transform_kernel(const Packet* taps, Packet* points) {
  Packet half[3 * kWindow];
  for (Index i = 0; i < 3; ++i) kernel_to_points(taps + i * 3, 1, half + i * kWindow, 1);
  for (Index j = 0; j < kWindow; ++j) kernel_to_points(half + j, kWindow, points + j, kWindow);
}

// G^T along one direction: six points to three taps.
inline void kernel_from_points(const Packet* s, Index step, Packet* g, Index g_step) {
  const Packet even_a = add(s[step], s[2 * step]), odd_a = sub(s[step], s[2 * step]);
  const Packet even_b = add(s[3 * step], s[4 * step]), odd_b = sub(s[3 * step], s[4 * step]);
  g[0] = madd(set1(1 / kAt0), s[0], madd(set1(1 / kAtA), even_a, mul(set1(1 / kAtB), even_b)));
  g[g_step] = madd(set1(kA / kAtA), odd_a, mul(set1(kB / kAtB), odd_b));
  g[2 * g_step] = madd(set1(kA2 / kAtA), even_a, madd(set1(kB2 / kAtB), even_b, s[5 * step]));
}

// Floats from one point's matrix to the next. Strides of a power of two would send all 36 to one set of the cache; a line
// more spreads them.
constexpr Index apart(Index size) { return size + 16; }

// One pass seen as a forward convolution: the gradient of the input reads dy with the paddings' complement.
struct Geometry {
  Index in_h, in_w, channels, out_h, out_w, filters, pad_top, pad_left;

  Index tiles_down() const { return ceil_div(out_h, kTile); }
  Index tiles_across() const { return ceil_div(out_w, kTile); }
  Index tiles() const { return tiles_down() * tiles_across(); }
};

Geometry forward_geometry(const ConvShape& s) {
  return {s.in_h, s.in_w, s.channels, s.out_h, s.out_w, s.filters, s.pad_top, s.pad_left};
}
Geometry turned_geometry(const ConvShape& s) {
  return {s.out_h, s.out_w, s.filters, s.in_h, s.in_w, s.channels, 2 - s.pad_top, 2 - s.pad_left};
}

// Where a tile of a batch lies.
struct Place {
  Index image, y, x;
  Place(const Geometry& g, Index tile)
      : image(tile / g.tiles()), y(tile % g.tiles() / g.tiles_across() * kTile), x(tile % g.tiles_across() * kTile) {}
};

// V = B^T d B of one tile: point p of channel c goes to v[p * point_step + c]. Pixels outside the image are `zeros`.
void transform_input(const Geometry& g, const float* x, Index tile, const float* zeros, float* v, Index point_step) {
  const Place place(g, tile);
  const float* pixels[kPoints];
  for (Index i = 0; i < kWindow; ++i) {
    const Index row = place.y - g.pad_top + i;
    for (Index j = 0; j < kWindow; ++j) {
      const Index column = place.x - g.pad_left + j;
      const bool inside = row >= 0 && row < g.in_h && column >= 0 && column < g.in_w;
      pixels[i * kWindow + j] = inside ? x + ((place.image * g.in_h + row) * g.in_w + column) * g.channels : zeros;
    }
  }
  packet::for_each(g.channels, [&](Index c, Index count) {
    Packet d[kPoints], half[kPoints];
    for (Index i = 0; i < kPoints; ++i) d[i] = load_n(pixels[i] + c, count);
    for (Index i = 0; i < kWindow; ++i) to_points(d + i * kWindow, 1, half + i * kWindow, 1);
    for (Index j = 0; j < kWindow; ++j) to_points(half + j, kWindow, d + j, kWindow);
    for (Index p = 0; p < kPoints; ++p) store_n(v + p * point_step + c, d[p], count);
  });
}

// Y = A^T M A of one tile for filters [first, first + count), with the epilogue; what lies beyond the image is dropped.
void transform_output(const Geometry& g, const float* m, Index point_step, Index tile, Index first, Index filters,
                      const Epilogue& epilogue, bool relu, float* y) {
  const Place place(g, tile);
  const Index rows = std::min(kTile, g.out_h - place.y), columns = std::min(kTile, g.out_w - place.x);
  float* corner = y + ((place.image * g.out_h + place.y) * g.out_w + place.x) * g.filters + first;
  packet::for_each(filters, [&](Index f, Index count) {
    Packet points[kPoints], half[kTile * kWindow], out[kTile * kTile];
    for (Index p = 0; p < kPoints; ++p) points[p] = load_n(m + p * point_step + f, count);
    for (Index j = 0; j < kWindow; ++j) from_points(points + j, kWindow, half + j, kWindow);
    for (Index i = 0; i < kTile; ++i) from_points(half + i * kWindow, 1, out + i * kTile, 1);
    const Packet bias = epilogue.bias ? load_n(epilogue.bias + first + f, count) : packet::zero();
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j) {
        Packet value = out[i * kTile + j];
        if (epilogue.bias) value = add(value, bias);
        if (relu) value = packet::max(value, packet::zero());
        store_n(corner + (i * g.out_w + j) * g.filters + f, value, count);
      }
  });
  if (relu || epilogue.activation == Activation::linear) return;
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) {
      float* pixel = corner + (i * g.out_w + j) * g.filters;
      activate(epilogue.activation, epilogue.parameters, pixel, pixel, filters);
    }
}

// Filters are taken in blocks, so that the products of a block of tiles stay small beside its inputs.
constexpr Index kFilterBlock = 4 * kPanel;

// Blocks are multiples of this many tiles, the rows of a register tile on every build.
constexpr Index kTileStep = 12;

// Tiles of a block: transformed inputs and products in about 1 MiB.
Index most_tiles(const Geometry& g) {
  const Index floats_of_tile = kPoints * (g.channels + std::min(g.filters, kFilterBlock));
  return std::clamp<Index>((Index{5} << 16) / floats_of_tile / kTileStep * kTileStep, kTileStep, kRowBlock);
}

Index block_scratch(const Geometry& g) {
  const Index tiles = most_tiles(g);
  return g.channels + kPoints * (apart(tiles * g.channels) + apart(tiles * std::min(g.filters, kFilterBlock)));
}

void run_blocks(const Geometry& g, Index images, const float* x, const float* packed, const Epilogue& epilogue,
                float* y, float* scratch) {
  const Index tiles = images * g.tiles(), point = apart(packed_size(g.channels, g.filters));
  const Index step = std::min(g.filters, kFilterBlock), stride = block_scratch(g);
  const double work = fma_work(static_cast<double>(tiles * kPoints) * static_cast<double>(g.channels * g.filters));
  // Blocks are cut as the threads are best served, of whole register tiles: a tile's numbers do not depend on the block in
  // which it is computed.
  Index size = most_tiles(g);
  if (const int threads = usable_threads(); work >= kGrain && threads > 1)
    size = std::min(size, std::max<Index>(kTileStep, ceil_div(ceil_div(tiles, 4 * threads), kTileStep) * kTileStep));
  const bool relu = epilogue.activation == Activation::relu && epilogue.parameters.negative_slope == 0.0f &&
                    epilogue.parameters.threshold == 0.0f && !(epilogue.parameters.max_value < 1e30f);
  parallel_ranges(tiles, size, work, [&](Index first, Index last, int thread) {
    const Index count = last - first;
    float* zeros = scratch + thread * stride;
    float* v = zeros + g.channels;
    const Index point_v = apart(count * g.channels);
    float* m = v + kPoints * point_v;
    std::fill_n(zeros, g.channels, 0.0f);
    for (Index t = 0; t < count; ++t) transform_input(g, x, first + t, zeros, v + t * g.channels, point_v);
    const Index begin = 0;
    const Segments segments{&begin, 1, g.channels, 0, g.channels};
    const float* from[kRowBlock];
    float* to[kRowBlock];
    for (Index filter = 0; filter < g.filters; filter += step) {
      const Index width = std::min(step, g.filters - filter), first_panel = filter / kPanel;
      const Index last_panel = first_panel + panel_count(width), point_m = apart(count * width);
      for (Index p = 0; p < kPoints; ++p) {
        for (Index t = 0; t < count; ++t) {
          from[t] = v + p * point_v + t * g.channels;
          to[t] = m + p * point_m + t * width - filter;
        }
        multiply_rows(from, segments, count, packed + p * point, g.filters, first_panel, last_panel, to, {});
      }
      for (Index t = 0; t < count; ++t)
        transform_output(g, m + t * width, point_m, first + t, filter, width, epilogue, relu, y);
    }
  });
}

constexpr Index kTaps = 9;

// Floats of a row of panel `panel` of `columns` columns.
Index panel_stride(Index panel, Index columns) { return columns - panel * kPanel > kWidth ? kPanel : kWidth; }

}  // namespace

bool winograd_serves(const ConvShape& s) {
  if (s.kernel_h != 3 || s.kernel_w != 3 || s.stride_h != 1 || s.stride_w != 1 || s.dilation_h != 1 ||
      s.dilation_w != 1 || s.groups != 1 || s.channels < 16 || s.filters < 16)
    return false;
  // Outputs that the last tiles compute beyond the image are lost.
  const Geometry g = forward_geometry(s);
  return 2 * s.out_h * s.out_w >= g.tiles() * kTile * kTile;
}

Index winograd_packed_size(const ConvShape& s) {
  return kPoints * apart(std::max(packed_size(s.channels, s.filters), packed_size(s.filters, s.channels)));
}

void winograd_pack(const ConvShape& s, const float* kernel, float* packed) {
  const Index point = apart(packed_size(s.channels, s.filters));
  parallel_for(s.channels, byte_work(180.0 * static_cast<double>(s.channels * s.filters)), [&](Index c, int) {
    for (Index f = 0; f < s.filters; f += kWidth) {
      const Index count = std::min(kWidth, s.filters - f), panel = f / kPanel;
      Packet taps[kTaps], points[kPoints];
      for (Index t = 0; t < kTaps; ++t) taps[t] = load_n(kernel + (t * s.channels + c) * s.filters + f, count);
      transform_kernel(taps, points);
      float* to = packed + panel * kPanel * s.channels + c * panel_stride(panel, s.filters) + f % kPanel;
      for (Index p = 0; p < kPoints; ++p) packet::store(to + p * point, points[p]);
    }
  });
}

// The kernel rotated by 180 degrees with channels and filters exchanged: squares of kWidth x kWidth are transformed along the
// filters, which are contiguous, and transposed.
void winograd_pack_turned(const ConvShape& s, const float* kernel, float* turned) {
  const Index point = apart(packed_size(s.filters, s.channels));
  parallel_for(ceil_div(s.channels, kWidth), byte_work(220.0 * static_cast<double>(s.channels * s.filters)),
               [&](Index task, int) {
                 const Index c = task * kWidth, panel = c / kPanel, channels = std::min(kWidth, s.channels - c);
                 const Index stride = panel_stride(panel, s.channels);
                 for (Index f = 0; f < s.filters; f += kWidth) {
                   const Index count = std::min(kWidth, s.filters - f);
                   Packet points[kWidth][kPoints];
                   for (Index j = 0; j < kWidth; ++j) {
                     Packet taps[kTaps];
                     for (Index t = 0; t < kTaps; ++t)
                       taps[t] = j < channels
                                     ? load_n(kernel + ((kTaps - 1 - t) * s.channels + c + j) * s.filters + f, count)
                                     : packet::zero();
                     transform_kernel(taps, points[j]);
                   }
                   float* to = turned + panel * kPanel * s.filters + f * stride + c % kPanel;
                   for (Index p = 0; p < kPoints; ++p) {
                     Eigen::internal::PacketBlock<Packet, kWidth> square;
                     for (Index j = 0; j < kWidth; ++j) square.packet[j] = points[j][p];
                     Eigen::internal::ptranspose(square);
                     for (Index r = 0; r < count; ++r) packet::store(to + p * point + r * stride, square.packet[r]);
                   }
                 }
               });
}

Index winograd_scratch_size(const ConvShape& s) {
  return std::max(block_scratch(forward_geometry(s)), block_scratch(turned_geometry(s)));
}

void winograd_forward(const ConvShape& s, Index images, const float* x, const float* packed, const Epilogue& epilogue,
                      float* y, float* scratch) {
  run_blocks(forward_geometry(s), images, x, packed, epilogue, y, scratch);
}

void winograd_input_gradient(const ConvShape& s, Index images, const float* dy, const float* turned, float* dx,
                             float* scratch) {
  run_blocks(turned_geometry(s), images, dy, turned, {}, dx, scratch);
}

namespace {

// Z = A dy A^T of one tile, row t of the panels that multiply_outer reads: point p of filter f goes to panel f / kPanel of that
// point.
void transform_gradient(const Geometry& g, const float* dy, Index tile, float* z, Index point_step, Index t) {
  const Place place(g, tile);
  const Index rows = std::min(kTile, g.out_h - place.y), columns = std::min(kTile, g.out_w - place.x);
  const float* corner = dy + ((place.image * g.out_h + place.y) * g.out_w + place.x) * g.filters;
  for (Index f = 0; f < g.filters; f += kWidth) {
    const Index count = std::min(kWidth, g.filters - f);
    Packet out[kTile * kTile], half[kTile * kWindow], points[kPoints];
    for (Index i = 0; i < kTile; ++i)
      for (Index j = 0; j < kTile; ++j)
        out[i * kTile + j] =
            i < rows && j < columns ? load_n(corner + (i * g.out_w + j) * g.filters + f, count) : packet::zero();
    for (Index i = 0; i < kTile; ++i) gradient_to_points(out + i * kTile, 1, half + i * kWindow, 1);
    for (Index j = 0; j < kWindow; ++j) gradient_to_points(half + j, kWindow, points + j, kWindow);
    const Index panel = f / kPanel;
    float* to = z + panel * kOuterRows * kPanel + t * panel_stride(panel, g.filters) + f % kPanel;
    for (Index p = 0; p < kPoints; ++p) packet::store(to + p * point_step, points[p]);
  }
}

// Tiles are transformed and multiplied this many at a time.
constexpr Index kGradientTiles = kOuterRows;

Index panels_size(const Geometry& g) { return panel_count(g.filters) * kOuterRows * kPanel; }

}  // namespace

Index winograd_kernel_gradient_scratch_size(const ConvShape& s) {
  const Geometry g = forward_geometry(s);
  return g.channels +
         kPoints * (apart(g.channels * g.filters) + apart(kGradientTiles * g.channels) + apart(panels_size(g)));
}

void winograd_kernel_gradient(const ConvShape& s, Index images, const float* x, const float* dy, float* dw,
                              float* scratch) {
  const Geometry g = forward_geometry(s);
  const Index tiles = images * g.tiles(), size = g.channels * g.filters;
  const Index point = apart(size), point_v = apart(kGradientTiles * g.channels), point_z = apart(panels_size(g));
  float* zeros = scratch;
  float* sums = zeros + g.channels;   // of each point: (channels, filters)
  float* v = sums + kPoints * point;  // of each point: (tiles, channels)
  float* z = v + kPoints * point_v;   // of each point: panels of (tiles, filters)
  std::fill_n(zeros, g.channels, 0.0f);
  const Index stripes = ceil_div(g.filters, kOuterColumns);
  for (Index done = 0; done < tiles; done += kGradientTiles) {
    const Index count = std::min(kGradientTiles, tiles - done);
    parallel_ranges(count, 8, byte_work(600.0 * static_cast<double>(count * (g.channels + g.filters))),
                    [&](Index begin, Index end, int) {
                      for (Index t = begin; t < end; ++t) {
                        transform_input(g, x, done + t, zeros, v + t * g.channels, point_v);
                        transform_gradient(g, dy, done + t, z, point_z, t);
                      }
                    });
    parallel_for(kPoints * stripes, fma_work(static_cast<double>(kPoints * count) * static_cast<double>(size)),
                 [&](Index task, int) {
                   const Index p = task / stripes, first = task % stripes * kOuterColumns;
                   const float* run = v + p * point_v;
                   multiply_outer(&run, 1, count, 0, g.channels, g.channels, z + p * point_z + first * kOuterRows,
                                  std::min(kOuterColumns, g.filters - first), done > 0, sums + p * point + first,
                                  g.filters);
                 });
  }
  parallel_for(g.channels, byte_work(180.0 * static_cast<double>(size)), [&](Index c, int) {
    packet::for_each(g.filters, [&](Index f, Index count) {
      Packet points[kPoints], half[3 * kWindow], taps[9];
      for (Index p = 0; p < kPoints; ++p) points[p] = load_n(sums + p * point + c * g.filters + f, count);
      for (Index j = 0; j < kWindow; ++j) kernel_from_points(points + j, kWindow, half + j, kWindow);
      for (Index i = 0; i < 3; ++i) kernel_from_points(half + i * kWindow, 1, taps + i * 3, 1);
      for (Index t = 0; t < 9; ++t) store_n(dw + (t * g.channels + c) * g.filters + f, taps[t], count);
    });
  });
}

}  // namespace fastnn::kernels
