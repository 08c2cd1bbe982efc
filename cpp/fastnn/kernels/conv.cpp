// Convolution without im2col: the left operand of the register tiles is read straight from the image.
//
// The basic concept is a *sweep*: a grid of output pixels, each the product of a window of the source with a packed
// kernel. A task takes a block of the grid (a band of rows of one image, or several small images), copies the piece of
// source it covers into scratch with a border of zeros (no copy where nothing is padded), and from then on every tap of
// the kernel lies at a constant offset from its pixel: the segments of k that multiply_rows walks. Without groups and
// horizontal dilation the taps of one kernel row are neighbours in memory and make one segment, so that images of one
// channel are efficient too. The idea is the indirect convolution of Dukhan (2019), with offsets for pointers.
//
// The forward pass is one sweep. The gradient of the input is one sweep for each phase of the stride: input pixels
// y with (y + pad) mod stride = p are hit by taps p, p + stride, ... only, and among themselves form a convolution of dy
// with stride 1 by that part of the flipped kernel; no zero is ever multiplied. The gradient of the kernel is an
// outer product: along the pixels of a block, tiles of (taps x channels) x filters gather in registers.
//
// Sweeps with few filters are in conv_narrow.cpp. For kernels of 3x3 to 7x7 of stride 1 the layer takes winograd.hpp where that is faster.
#include "fastnn/kernels/conv.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

#include "fastnn/kernels/conv_sweep.hpp"
#include "fastnn/kernels/tiles.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

Sweep forward_sweep(const ConvShape& s) {
  return {{s.in_h, s.out_h, 0, 1, s.out_h, -s.pad_top, s.stride_h, s.kernel_h, s.dilation_h, 0, 1},
          {s.in_w, s.out_w, 0, 1, s.out_w, -s.pad_left, s.stride_w, s.kernel_w, s.dilation_w, 0, 1},
          s.channels,
          s.filters,
          s.groups};
}

// Strides and dilation exclude each other, so taps of one phase are neighbours in dy unless there is but one phase.
Axis phase_axis(Index in, Index out, Index kernel, Index stride, Index dilation, Index pad, Index phase) {
  const Index first = ((phase - pad) % stride + stride) % stride;
  const Index count = first < in ? (in - 1 - first) / stride + 1 : 0;
  const Index taps = phase < kernel ? (kernel - 1 - phase) / stride + 1 : 0;
  const Index q = (first + pad) / stride;
  return {out,    in, first, stride, count, q - (taps - 1) * dilation, 1, taps, dilation, phase + (taps - 1) * stride,
          -stride};
}

Sweep phase_sweep(const ConvShape& s, Index phase_h, Index phase_w) {
  return {phase_axis(s.in_h, s.out_h, s.kernel_h, s.stride_h, s.dilation_h, s.pad_top, phase_h),
          phase_axis(s.in_w, s.out_w, s.kernel_w, s.stride_w, s.dilation_w, s.pad_left, phase_w), s.filters, s.channels,
          s.groups};
}

// What a task takes of the grid: `rows` rows of one image, or all rows of `images` images.
struct Blocking {
  Index rows, images;
  Index bands(const Sweep& s) const { return ceil_div(s.y.count, rows); }
};

// Room for the source under a block of that many columns.
Index window_size(const Sweep& s, const Blocking& b, Index columns) {
  return s.padded() ? b.images * s.y.span(b.rows) * s.x.span(columns) * s.channels : 0;
}

// Columns of a strip: a single row that is long (a sequence) is cut, so that it has blocks for every thread and only those
// at its ends are copied for their border.
Index sweep_columns(const Sweep& s) {
  if (s.y.count > 1) return s.x.count;
  const Index columns = std::max<Index>(192, 24576 / (s.x.stride * s.channels));
  return s.x.count <= 2 * columns ? s.x.count : ceil_div(s.x.count, ceil_div(s.x.count, columns));
}

// Blocks of some 64 to 128 KiB of source, with pixels enough to make use of each panel that is fetched.
Blocking sweep_blocking(const Sweep& s) {
  constexpr Index kWindow = 24576, kPixels = 96;
  const Index halo = (s.y.taps - 1) * s.y.dilation + 1 - s.y.stride;
  Index rows = (kWindow / std::max<Index>(1, s.window_row()) - halo) / s.y.stride;
  rows = std::clamp<Index>(rows, std::min(s.y.count, ceil_div(kPixels, s.x.count)), s.y.count);
  const double work = fma_work(static_cast<double>(s.pixels()) * static_cast<double>(s.depth() * s.group_filters()));
  if (work > 4 * kGrain) rows = std::min(rows, std::max(ceil_div(s.y.count, 4), ceil_div(kPixels, s.x.count)));
  rows = std::min(rows, s.y.count);
  if (rows < s.y.count) return {ceil_div(s.y.count, ceil_div(s.y.count, rows)), 1};
  return {rows, std::max<Index>(1, kPixels / s.pixels())};
}

Index sweep_scratch_size(const Sweep& s) {
  return s.narrow() ? s.narrow_scratch_size() : window_size(s, sweep_blocking(s), sweep_columns(s));
}

// The source under a block: the window of grid row y (counted from the block's first) of image i starts at
// base + i * image_stride + y * row_stride.
struct Window {
  const Real* base;
  Index image_stride, row_stride, line_stride;
};

Window open_window(const Sweep& s, const Real* source, Index image, Index images, Index row, Index rows,
                   Real* scratch) {
  const Index line = s.x.source * s.channels, top = s.y.begin + row * s.y.stride;
  const Real* from = source + image * s.y.source * line;
  if (!s.padded()) return {from + top * line + s.x.begin * s.channels, s.y.source * line, s.y.stride * line, line};
  const Index height = s.y.span(rows), width = s.x.span(s.x.count);
  const Index left = std::clamp<Index>(-s.x.begin, 0, width);
  const Index skipped = std::max<Index>(0, s.x.begin);
  const Index middle = std::clamp<Index>(s.x.source - skipped, 0, width - left), right = width - left - middle;
  Real* to = scratch;
  for (Index i = 0; i < images; ++i, from += s.y.source * line) {
    for (Index y = top; y < top + height; ++y) {
      if (y < 0 || y >= s.y.source) {
        to = std::fill_n(to, width * s.channels, 0.0_r);
        continue;
      }
      to = std::fill_n(to, left * s.channels, 0.0_r);
      to = std::copy_n(from + y * line + skipped * s.channels, middle * s.channels, to);
      to = std::fill_n(to, right * s.channels, 0.0_r);
    }
  }
  const Index packed_line = width * s.channels;
  return {scratch, height * packed_line, s.y.stride * packed_line, packed_line};
}

// Offset of segment i of a pixel's window.
Index segment_offset(const Sweep& s, Index line_stride, Index i) {
  if (s.joined()) return i * s.y.dilation * line_stride;
  return i / s.x.taps * s.y.dilation * line_stride + i % s.x.taps * s.x.dilation * s.channels;
}

// Segments are handed to multiply_rows in batches of at most this many.
constexpr Index kMostSegments = 256;

void run_sweep(const Sweep& s, Index images, const Real* source, const Real* packed, const Epilogue& epilogue,
               Real* target, Real* scratch) {
  if (s.narrow()) return run_narrow(s, images, source, packed, epilogue, target, scratch);
  const Blocking blocking = sweep_blocking(s);
  const Index columns = sweep_columns(s), strips = ceil_div(s.x.count, columns);
  const Index bands = blocking.bands(s), blocks = strips * bands * ceil_div(images, blocking.images);
  const Index group_filters = s.group_filters(), panels = panel_count(group_filters);
  const Index segments = s.segment_count(), length = s.segment_length();
  const Index window = window_size(s, blocking, columns);
  const double work =
      fma_work(static_cast<double>(images * s.pixels()) * static_cast<double>(s.depth() * group_filters * s.groups));
  // Parts: panels of the only group, or groups.
  const Index parts = s.groups == 1 ? panels : s.groups;
  Index cuts = 1;
  if (work >= kGrain)
    if (const Index threads = usable_threads(); threads > 1 && blocks < 4 * threads)
      cuts = std::min(parts, ceil_div(4 * threads, blocks));
  const Split split(parts, cuts);
  parallel_for(blocks * cuts, work, [&](Index task, int thread) {
    const Index block = task / cuts / strips, cut = task % cuts;
    const Index left = task / cuts % strips * columns;
    const Sweep strip = strip_of(s, left, std::min(columns, s.x.count - left));
    const Index image = block / bands * blocking.images, row = block % bands * blocking.rows;
    const Index block_images = std::min(blocking.images, images - image);
    const Index rows = std::min(blocking.rows, strip.y.count - row);
    const Window w = open_window(strip, source, image, block_images, row, rows, scratch + thread * window);
    const Index pixels = block_images * rows * strip.x.count, pieces = row_blocks(pixels);
    const Index target_line = strip.x.target * strip.filters;
    const Real* from[kRowBlock];
    Real* to[kRowBlock];
    Real* to_group[kRowBlock];
    const Index source_step = strip.x.stride * strip.channels, target_step = strip.x.step * strip.filters;
    Index x = 0, y = 0, i = 0;
    for (Index piece = 0, begin = 0; piece < pieces; ++piece) {
      const Index end = row_block_begin(pixels, pieces, piece + 1), count = end - begin;
      begin = end;
      // Row by row of the grid: along one the pointers advance by constant steps.
      for (Index p = 0; p < count;) {
        const Index run = std::min(count - p, strip.x.count - x);
        const Real* source_pixel = w.base + i * w.image_stride + y * w.row_stride + x * source_step;
        Real* target_pixel = target +
                             ((image + i) * strip.y.target + strip.y.first + (row + y) * strip.y.step) * target_line +
                             (strip.x.first + x * strip.x.step) * strip.filters;
        for (Index r = 0; r < run; ++r) {
          from[p + r] = source_pixel + r * source_step;
          to[p + r] = target_pixel + r * target_step;
        }
        p += run;
        x += run;
        if (x < strip.x.count) continue;
        x = 0;
        if (++y < rows) continue;
        y = 0;
        ++i;
      }
      Index offsets[kMostSegments];
      const Index first_group = strip.groups == 1 ? 0 : split.begin(cut);
      const Index last_group = strip.groups == 1 ? 1 : split.begin(cut + 1);
      for (Index group = first_group; group < last_group; ++group) {
        const Index first = strip.groups == 1 ? split.begin(cut) : 0,
                    last = strip.groups == 1 ? split.begin(cut + 1) : panels;
        for (Index p = 0; p < count; ++p) to_group[p] = to[p] + group * group_filters;
        Epilogue group_epilogue = epilogue;
        if (epilogue.bias) group_epilogue.bias = epilogue.bias + group * group_filters;
        for (Index done = 0; done < segments; done += kMostSegments) {
          const Index taken = std::min(kMostSegments, segments - done);
          for (Index n = 0; n < taken; ++n)
            offsets[n] = segment_offset(strip, w.line_stride, done + n) + group * strip.group_channels();
          multiply_rows(from, {offsets, taken, length, done * length, strip.depth()}, count,
                        packed + group * strip.group_packed_size(), group_filters, first, last, to_group,
                        group_epilogue);
        }
      }
    }
  });
}

// Pixels that no tap reaches.
void pass_sweep(const Sweep& s, Index images, const Epilogue& epilogue, Real* target) {
  parallel_for(images, byte_work(4.0 * static_cast<double>(images * s.pixels() * s.filters)), [&](Index image, int) {
    for (Index y = 0; y < s.y.count; ++y)
      for (Index x = 0; x < s.x.count; ++x)
        conv_unreached(
            s.filters, epilogue,
            target +
                ((image * s.y.target + s.y.first + y * s.y.step) * s.x.target + s.x.first + x * s.x.step) * s.filters);
  });
}

template <class Function>
void for_each_phase(const ConvShape& shape, Function&& function) {
  for (Index h = 0; h < shape.stride_h; ++h)
    for (Index w = 0; w < shape.stride_w; ++w)
      if (const Sweep sweep = phase_sweep(shape, h, w); !sweep.empty()) function(sweep);
}

}  // namespace

void conv_unreached(Index filters, const Epilogue& epilogue, Real* pixel) {
  if (epilogue.bias)
    std::copy_n(epilogue.bias, filters, pixel);
  else if (!epilogue.accumulate)
    std::fill_n(pixel, filters, 0.0_r);
  if (epilogue.activation != Activation::linear)
    activate(epilogue.activation, epilogue.parameters, pixel, pixel, filters);
}

Index conv_packed_size(const ConvShape& shape) { return forward_sweep(shape).packed(); }

void conv_pack(const ConvShape& shape, const Real* kernel, Real* packed) {
  const Sweep s = forward_sweep(shape);
  if (s.narrow()) {
    const Index tap = shape.channels * shape.filters;
    return pack_narrow(s, kernel, {shape.kernel_w * tap, tap, shape.filters, 1}, packed);
  }
  for (Index group = 0; group < s.groups; ++group)
    pack(kernel + group * s.group_filters(), s.filters, 1, s.depth(), s.group_filters(),
         packed + group * s.group_packed_size());
}

Index conv_scratch_size(const ConvShape& shape) { return sweep_scratch_size(forward_sweep(shape)); }

void conv_forward(const ConvShape& shape, Index images, const Real* x, const Real* packed, const Epilogue& epilogue,
                  Real* y, Real* scratch) {
  run_sweep(forward_sweep(shape), images, x, packed, epilogue, y, scratch);
}

Index conv_turned_size(const ConvShape& shape) {
  Index size = 0;
  for_each_phase(shape, [&](const Sweep& s) { size += s.packed(); });
  return size;
}

void conv_pack_turned(const ConvShape& shape, const Real* kernel, Real* turned) {
  const Index group_channels = shape.channels / shape.groups, group_filters = shape.filters / shape.groups;
  for_each_phase(shape, [&](const Sweep& s) {
    const Index taps = s.y.taps * s.x.taps;
    if (s.narrow()) {
      const Index tap = shape.channels * shape.filters;
      pack_narrow(s, kernel, {shape.kernel_w * tap, tap, 1, shape.filters}, turned);
      turned += s.packed();
      return;
    }
    parallel_for(s.groups * taps, byte_work(8.0 * static_cast<double>(s.packed())), [&](Index task, int) {
      const Index group = task / taps, tap = task % taps;
      const Index ky = s.y.kernel_first + tap / s.x.taps * s.y.kernel_step;
      const Index kx = s.x.kernel_first + tap % s.x.taps * s.x.kernel_step;
      pack_rows(kernel + (ky * shape.kernel_w + kx) * group_channels * shape.filters + group * group_filters, 1,
                shape.filters, group_filters, group_channels, turned + group * s.group_packed_size(), s.depth(),
                tap * group_filters);
    });
    turned += s.packed();
  });
}

Index conv_input_gradient_scratch_size(const ConvShape& shape) {
  Index size = 0;
  for_each_phase(shape, [&](const Sweep& s) {
    if (s.depth() > 0) size = std::max(size, sweep_scratch_size(s));
  });
  return size;
}

void conv_input_gradient(const ConvShape& shape, Index images, const Real* dy, const Real* turned,
                         const Epilogue& epilogue, Real* dx, Real* scratch) {
  for_each_phase(shape, [&](const Sweep& s) {
    if (s.depth() == 0)
      pass_sweep(s, images, epilogue, dx);
    else
      run_sweep(s, images, dy, turned, epilogue, dx, scratch);
    turned += s.packed();
  });
}

namespace {

// The sum over all pixels of all images. A kernel with tiles enough for every thread is one chain; a smaller one is cut
// into chunks of whole images, their number fixed by the shape, whose sums are added in ascending order.
constexpr Index kOneChain = Index{1} << 17;

Index images_of_chunk(const ConvShape& s) {
  if (s.kernel_size() > kOneChain) return std::numeric_limits<Index>::max();
  return std::max<Index>(1, 4096 / (s.out_h * s.out_w));
}

Index sums_size(const ConvShape& s) { return s.kernel_size() + s.filters; }

Index most_partials(const ConvShape& s) { return std::clamp<Index>((Index{1} << 20) / sums_size(s), 2, 16); }

// Blocks of at most kOuterRows pixels, unless one row has more of them.
Blocking outer_blocking(const Sweep& s) {
  const Index rows = std::clamp<Index>(kOuterRows / s.x.count, 1, s.y.count);
  if (rows < s.y.count) return {ceil_div(s.y.count, ceil_div(s.y.count, rows)), 1};
  return {rows, std::max<Index>(1, kOuterRows / s.pixels())};
}

// Columns under a window: all, but of a long single row those that are multiplied at once.
Index outer_columns(const Sweep& s) { return s.y.count == 1 ? std::min(s.x.count, kOuterRows) : s.x.count; }

// The gradient of the kernel falls into units, one piece of a segment of k times one block of filters each; the first
// unit of a block also sums the bias.
struct Units {
  Index blocks, group_blocks, segments, pieces;  // blocks of all groups, of one group
  explicit Units(const Sweep& s)
      : group_blocks(ceil_div(s.group_filters(), kOuterColumns)),
        segments(s.segment_count()),
        pieces(std::max<Index>(1, s.segment_length() / 48)) {
    blocks = s.groups * group_blocks;
  }
  Index count() const { return blocks * segments * pieces; }
};

// The share of images [first, last) in the sums of units [begin, end), added to them where `reload` is set.
void outer_units(const Sweep& s, const Units& units, const Real* x, const Real* dy, Index first, Index last,
                 Index begin, Index end, Real* dw, Real* db, bool reload, Real* scratch) {
  const Blocking blocking = outer_blocking(s);
  const Split split(s.segment_length(), units.pieces);
  const bool cut = outer_columns(s) < s.x.count;
  alignas(kAlignment) Real columns[kOuterPack];
  const Real* runs[kOuterRows];
  for (Index image = first; image < last; image += blocking.images) {
    const Index images = std::min(blocking.images, last - image);
    for (Index row = 0; row < s.y.count; row += blocking.rows) {
      const Index rows = std::min(blocking.rows, s.y.count - row);
      Window w = {};
      if (!cut) w = open_window(s, x, image, images, row, rows, scratch);
      for (Index left = 0; left < s.x.count; left += kOuterRows) {
        const Index length = std::min(kOuterRows, s.x.count - left), run_count = images * rows;
        if (cut) w = open_window(strip_of(s, left, length), x, image, images, row, rows, scratch);
        const Index skipped = cut ? 0 : left * s.x.stride * s.channels;
        for (Index i = 0, n = 0; i < images; ++i)
          for (Index y = 0; y < rows; ++y, ++n) runs[n] = w.base + i * w.image_stride + y * w.row_stride + skipped;
        const Real* pixel = dy + ((image * s.y.count + row) * s.x.count + left) * s.filters;
        Index packed = -1;
        for (Index unit = begin; unit < end; ++unit) {
          const Index piece = unit % units.pieces, segment = unit / units.pieces % units.segments;
          const Index block = unit / (units.pieces * units.segments);
          const Index group = block / units.group_blocks, column = block % units.group_blocks * kOuterColumns;
          const Index width = std::min(kOuterColumns, s.group_filters() - column);
          const Index filter = group * s.group_filters() + column;
          if (packed != block) {
            pack_columns(pixel + filter, s.filters, run_count * length, width, columns,
                         db && segment == 0 && piece == 0 ? db + filter : nullptr, reload);
            packed = block;
          }
          if (dw == nullptr) continue;
          const Index from = split.begin(piece), m = split.begin(piece + 1) - from;
          multiply_outer(runs, run_count, length,
                         segment_offset(s, w.line_stride, segment) + group * s.group_channels() + from,
                         s.x.stride * s.channels, m, columns, width, reload,
                         dw + (segment * s.segment_length() + from) * s.filters + filter, s.filters);
        }
        reload = true;
      }
    }
  }
}

// The convolution from the output to the input, of stride 1: the gradient of its kernel is that of the other one, turned.
ConvShape exchanged(const ConvShape& s) {
  ConvShape e = s;
  e.in_h = s.out_h, e.in_w = s.out_w, e.channels = s.filters;
  e.out_h = s.in_h, e.out_w = s.in_w, e.filters = s.channels;
  e.pad_top = (s.kernel_h - 1) * s.dilation_h - s.pad_top;
  e.pad_left = (s.kernel_w - 1) * s.dilation_w - s.pad_left;
  return e;
}

// Where filters are too few to fill a register, channels take their place.
void exchanged_kernel_gradient(const ConvShape& s, Index images, const Real* x, const Real* dy, Real* dw, Real* db,
                               Real* scratch, bool accumulate) {
  if (dw) {
    Real* turned = scratch;
    conv_kernel_gradient(exchanged(s), images, dy, x, turned, nullptr, scratch + s.kernel_size(), false);
    const Index taps = s.kernel_h * s.kernel_w;
    for (Index tap = 0; tap < taps; ++tap)
      for (Index c = 0; c < s.channels; ++c)
        for (Index f = 0; f < s.filters; ++f, ++dw) {
          const Real sum = turned[((taps - 1 - tap) * s.filters + f) * s.channels + c];
          *dw = accumulate ? *dw + sum : sum;
        }
  }
  if (db) gemm_tn_one(nullptr, 0, dy, s.filters, images * s.out_h * s.out_w, 0, s.filters, nullptr, 0, db, scratch);
}

}  // namespace

Index conv_kernel_gradient_scratch_size(const ConvShape& shape, Index capacity, int threads) {
  const Sweep s = forward_sweep(shape);
  if (s.narrow())
    return std::max(shape.kernel_size() + conv_kernel_gradient_scratch_size(exchanged(shape), capacity, threads),
                    gemm_tn_scratch(0, shape.filters, capacity * shape.out_h * shape.out_w));
  const Index chunk = images_of_chunk(shape);
  const Index chunks = capacity <= chunk ? 1 : ceil_div(capacity, chunk);
  return threads * window_size(s, outer_blocking(s), outer_columns(s)) +
         std::min(most_partials(shape), chunks - 1) * sums_size(shape);
}

void conv_kernel_gradient(const ConvShape& shape, Index images, const Real* x, const Real* dy, Real* dw, Real* db,
                          Real* scratch, bool accumulate) {
  const Sweep s = forward_sweep(shape);
  if (s.narrow()) return exchanged_kernel_gradient(shape, images, x, dy, dw, db, scratch, accumulate);
  const Index chunk = std::min(images, images_of_chunk(shape)), chunks = ceil_div(images, chunk);
  const Index window = window_size(s, outer_blocking(s), outer_columns(s)), size = sums_size(shape),
              kernel = shape.kernel_size();
  const Units units(s);
  const double work = fma_work(shape.work() * static_cast<double>(images));
  const Index threads = usable_threads();
  Real* partials = scratch + threads * window;
  for (Index done = 0; done < chunks;) {
    // The first chunk of all goes straight to its place.
    const Index direct = done == 0 ? 1 : 0, count = std::min(chunks - done, most_partials(shape) + direct);
    const double wave_work = work * static_cast<double>(count) / static_cast<double>(chunks);
    const Index cuts = wave_work < kGrain || threads == 1 ? 1 : std::min(units.count(), ceil_div(4 * threads, count));
    const Split split(units.count(), cuts);
    parallel_for(count * cuts, wave_work, [&](Index task, int thread) {
      const Index i = task / cuts, cut = task % cuts, first = (done + i) * chunk;
      Real* partial = partials + (i - direct) * size;
      const bool in_place = i < direct;
      outer_units(s, units, x, dy, first, std::min(images, first + chunk), split.begin(cut), split.begin(cut + 1),
                  !dw        ? nullptr
                  : in_place ? dw
                             : partial,
                  !db        ? nullptr
                  : in_place ? db
                             : partial + kernel,
                  in_place && accumulate, scratch + thread * window);
    });
    const Index sums = count - direct;
    const auto fold = [&](Real* total, Index offset, Index length) {
      parallel_ranges(length, 4096, byte_work(4.0 * static_cast<double>(sums * length)),
                      [&](Index begin, Index end, int) {
                        for (Index i = 0; i < sums; ++i) {
                          const Real* part = partials + i * size + offset;
                          for (Index j = begin; j < end; ++j) total[j] += part[j];
                        }
                      });
    };
    if (sums > 0 && dw) fold(dw, 0, kernel);
    if (sums > 0 && db) fold(db, kernel, shape.filters);
    done += count;
  }
}

}  // namespace fastnn::kernels
