// Sweeps with few filters: the last layer of an autoencoder or of a generator, the gradient of an image.
//
// As tiles they would fill one lane of a register of eight. Here each pixel of the source is multiplied with all taps at
// once, a product with taps x filters columns, and what comes out is then summed where the taps lie: for an output pixel
// in the order of the taps, from the bias or the value present. So no multiply-add is wasted, for a few additions more.
#include <algorithm>

#include "fastnn/kernels/conv_sweep.hpp"
#include "fastnn/kernels/tiles.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

constexpr Index kLanes = 8;

Index whole_lanes(Index count) { return ceil_div(count, kLanes) * kLanes; }

// Columns of the product, with those that fill the last register.
Index product_columns(const Sweep& s) {
  return ceil_div(s.y.taps * s.x.taps * s.filters, packet::kWidth) * packet::kWidth;
}

// The grid of a task: columns of a strip, and rows whose sums stay in the cache.
Index narrow_columns(const Sweep& s) {
  constexpr Index kColumns = 512;
  return ceil_div(s.x.count, ceil_div(s.x.count, kColumns));
}
Index narrow_rows(const Sweep& s) {
  constexpr Index kSums = 32768;
  return std::clamp<Index>(kSums / (narrow_columns(s) * s.filters), 1, s.y.count);
}

// Rows of the source that are multiplied at once, each of at most `columns` pixels.
Index rows_at_once(const Sweep& s, Index columns) { return std::max<Index>(1, kRowBlock / s.x.span(columns)); }

Index products_size(const Sweep& s) {
  const Index columns = narrow_columns(s);
  return rows_at_once(s, columns) * s.x.span(columns) * product_columns(s);
}

// What a task computes: rows [top, top + rows) of a strip of one image.
struct Place {
  Index image, top, rows;
};

// Adds taps [first, last) of a row to the sums of one pixel, `step` floats from a tap's products to the next.
template <int kFilters>
void add_taps(const Real* products, Index step, Index first, Index last, Index filters, Real* sums) {
  if constexpr (kFilters > 0) {
    Real sum[kFilters];
    for (int f = 0; f < kFilters; ++f) sum[f] = sums[f];
    for (Index tap = first; tap < last; ++tap)
      for (int f = 0; f < kFilters; ++f) sum[f] += products[tap * step + f];
    for (int f = 0; f < kFilters; ++f) sums[f] = sum[f];
  } else {
    for (Index tap = first; tap < last; ++tap)
      for (Index f = 0; f < filters; ++f) sums[f] += products[tap * step + f];
  }
}

// Adds the products of row `line` of the source, of which the first is that of pixel `left`, to the sums of the rows
// whose taps meet it.
template <int kFilters>
void collect(const Sweep& s, const Place& place, Index line, Index left, Index right, const Real* products,
             Real* sums) {
  const Index columns = product_columns(s), taps = s.x.taps, dilation = s.x.dilation;
  const Index step = dilation * columns + s.filters;
  // Outputs whose taps all meet the source.
  const Index inner = std::clamp<Index>(left - s.x.begin, 0, s.x.count);
  const Index outer = std::clamp<Index>(right - s.x.begin - (taps - 1) * dilation, inner, s.x.count);
  for (Index ty = 0; ty < s.y.taps; ++ty) {
    const Index row = line - s.y.begin - ty * s.y.dilation - place.top;
    if (row < 0 || row >= place.rows) continue;
    const Real* from = products + (s.x.begin - left) * columns + ty * taps * s.filters;
    Real* to = sums + row * s.x.count * s.filters;
    const auto at_border = [&](Index begin, Index end) {
      for (Index x = begin; x < end; ++x) {
        const Index before = left - s.x.begin - x, room = right - s.x.begin - x;
        add_taps<kFilters>(from + x * columns, step, before > 0 ? ceil_div(before, dilation) : 0,
                           std::min(taps, room > 0 ? ceil_div(room, dilation) : 0), s.filters, to + x * s.filters);
      }
    };
    at_border(0, inner);
    for (Index x = inner; x < outer; ++x)
      add_taps<kFilters>(from + x * columns, step, 0, taps, s.filters, to + x * s.filters);
    at_border(outer, s.x.count);
  }
}

auto find_collect(Index filters) {
  switch (filters) {
    case 1:
      return collect<1>;
    case 2:
      return collect<2>;
    case 3:
      return collect<3>;
    default:
      return collect<0>;
  }
}

void begin_sums(const Sweep& s, const Epilogue& epilogue, const Real* target, Index line, Real* sums) {
  for (Index x = 0; x < s.x.count; ++x, sums += s.filters) {
    if (epilogue.bias)
      std::copy_n(epilogue.bias, s.filters, sums);
    else if (epilogue.accumulate)
      std::copy_n(target + (line + x * s.x.step) * s.filters, s.filters, sums);
    else
      std::fill_n(sums, s.filters, 0.0_r);
  }
}

}  // namespace

bool Sweep::narrow() const {
  if (groups != 1 || y.stride != 1 || x.stride != 1 || empty()) return false;
  // Lanes of multiply-adds, and what an addition costs beside them.
  constexpr double kAddition = 20;
  const Index taps = y.taps * x.taps;
  const double direct = static_cast<double>(pixels() * taps * channels * whole_lanes(filters));
  const double products = static_cast<double>(y.source * x.source * channels * whole_lanes(taps * filters));
  return direct > 1.2 * (products + kAddition * static_cast<double>(pixels() * taps * filters));
}

Index Sweep::narrow_packed_size() const { return packed_size(channels, product_columns(*this)); }

Index Sweep::narrow_scratch_size() const {
  return products_size(*this) + narrow_rows(*this) * narrow_columns(*this) * filters;
}

void pack_narrow(const Sweep& s, const Real* kernel, const KernelStrides& strides, Real* packed) {
  const Index columns = product_columns(s), taps = s.y.taps * s.x.taps;
  std::fill_n(packed, s.narrow_packed_size(), 0.0_r);
  for (Index tap = 0; tap < taps; ++tap) {
    const Real* from = kernel + (s.y.kernel_first + tap / s.x.taps * s.y.kernel_step) * strides.row +
                       (s.x.kernel_first + tap % s.x.taps * s.x.kernel_step) * strides.tap;
    for (Index f = 0; f < s.filters; ++f) {
      const Index column = tap * s.filters + f, panel = column / kPanel;
      const Index stride = columns - panel * kPanel > packet::kWidth ? kPanel : packet::kWidth;
      Real* to = packed + panel * kPanel * s.channels + column % kPanel;
      for (Index c = 0; c < s.channels; ++c) to[c * stride] = from[c * strides.channel + f * strides.filter];
    }
  }
}

void run_narrow(const Sweep& s, Index images, const Real* source, const Real* packed, const Epilogue& epilogue,
                Real* target, Real* scratch) {
  const Index columns = narrow_columns(s), strips = ceil_div(s.x.count, columns), width = product_columns(s);
  const Index halo = (s.y.taps - 1) * s.y.dilation, scratch_size = s.narrow_scratch_size();
  const double work = fma_work(static_cast<double>(images * s.y.source * s.x.source) *
                               static_cast<double>(s.channels * whole_lanes(s.y.taps * s.x.taps * s.filters)));
  // Bands multiply the rows between them twice, so that they are cut no shorter than threads need.
  Index bands = ceil_div(s.y.count, narrow_rows(s));
  if (const Index threads = usable_threads(); work >= kGrain && threads > 1 && images * bands * strips < 4 * threads)
    bands = std::max(bands, std::min(ceil_div(4 * threads, images * strips), s.y.count / std::max<Index>(1, 2 * halo)));
  const Split split(s.y.count, bands);
  const auto add_products = find_collect(s.filters);
  parallel_for(images * bands * strips, work, [&](Index task, int thread) {
    const Index band = task / strips % bands, first_column = task % strips * columns;
    const Sweep strip = strip_of(s, first_column, std::min(columns, s.x.count - first_column));
    const Place place{task / strips / bands, split.begin(band), split.begin(band + 1) - split.begin(band)};
    Real* products = scratch + thread * scratch_size;
    Real* sums = products + products_size(s);
    const Index target_line = strip.x.target;
    const auto line_of = [&](Index row) {
      return (place.image * strip.y.target + strip.y.first + (place.top + row) * strip.y.step) * target_line +
             strip.x.first;
    };
    for (Index row = 0; row < place.rows; ++row)
      begin_sums(strip, epilogue, target, line_of(row), sums + row * strip.x.count * strip.filters);

    const Index left = std::max<Index>(0, strip.x.begin);
    const Index right = std::min(strip.x.source, strip.x.begin + strip.x.span(strip.x.count));
    const Index begin = std::max<Index>(0, strip.y.begin + place.top);
    const Index end = std::min(strip.y.source, strip.y.begin + place.top + place.rows + halo);
    const Index at_once = rows_at_once(s, columns), zero = 0;
    const Segments segments{&zero, 1, strip.channels, 0, strip.channels};
    for (Index line = begin; line < end && left < right; line += at_once) {
      const Index lines = std::min(at_once, end - line), pixels = lines * (right - left);
      const Real* from[kRowBlock];
      Real* to[kRowBlock];
      const Index blocks = row_blocks(pixels);
      for (Index block = 0; block < blocks; ++block) {
        const Index first = row_block_begin(pixels, blocks, block), last = row_block_begin(pixels, blocks, block + 1);
        for (Index p = first; p < last; ++p) {
          const Index y = line + p / (right - left), x = left + p % (right - left);
          from[p - first] = source + ((place.image * strip.y.source + y) * strip.x.source + x) * strip.channels;
          to[p - first] = products + p * width;
        }
        multiply_rows(from, segments, last - first, packed, width, 0, panel_count(width), to, {});
      }
      for (Index i = 0; i < lines; ++i)
        add_products(strip, place, line + i, left, right, products + i * (right - left) * width, sums);
    }

    const Index row_size = strip.x.count * strip.filters;
    if (epilogue.activation != Activation::linear)
      activate(epilogue.activation, epilogue.parameters, sums, sums, place.rows * row_size);
    for (Index row = 0; row < place.rows; ++row) {
      const Real* result = sums + row * row_size;
      Real* to = target + line_of(row) * strip.filters;
      for (Index x = 0; x < strip.x.count; ++x)
        std::copy_n(result + x * strip.filters, strip.filters, to + x * strip.x.step * strip.filters);
    }
  });
}

}  // namespace fastnn::kernels
