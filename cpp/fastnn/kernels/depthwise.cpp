// Which taps meet which pixels, and the sums over them.
#include "fastnn/kernels/depthwise.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "fastnn/kernels/chunks.hpp"
#include "fastnn/kernels/math.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

constexpr Index kTile = 4;           // pixels, or taps of the kernel, that share what is loaded
constexpr Index kBand = 131072;      // multiply-adds of a task, about
constexpr Index kChannelBlock = 64;  // channels of a task of the kernel's gradient

// One axis of a sum over taps. Element t of the target meets taps first + i * step of the kernel, i < count, which read
// the source at from + i * move.
struct Taps {
  Index first, step, count, from, move;
};

struct Axis {
  Index in, out, kernel, stride, dilation, pad;

  /// Of output t: taps in the image, one after another.
  Taps forward(Index t) const {
    const Index origin = t * stride - pad;
    const Index first = origin >= 0 ? 0 : ceil_div(-origin, dilation);
    const Index end = origin >= in ? first : std::min(kernel, (in - 1 - origin) / dilation + 1);
    return {first, 1, std::max<Index>(0, end - first), origin + first * dilation, dilation};
  }

  /// Of input t: the taps whose outputs, (t + pad - tap * dilation) / stride, are integers and exist.
  Taps backward(Index t) const {
    Taps taps = {0, 1, 0, 0, 0};
    for (Index k = 0; k < kernel; ++k) {
      const Index reach = t + pad - k * dilation;
      if (reach < 0) break;
      if (reach % stride != 0 || reach / stride >= out) continue;
      if (taps.count == 0) {
        taps.first = k;
        taps.from = reach / stride;
      } else if (taps.count == 1) {
        taps.step = k - taps.first;
        taps.move = reach / stride - taps.from;
      }
      ++taps.count;
    }
    return taps;
  }
};

Axis height_of(const DepthwiseShape& s) { return {s.in_h, s.out_h, s.kernel_h, s.stride_h, s.dilation_h, s.pad_top}; }
Axis width_of(const DepthwiseShape& s) { return {s.in_w, s.out_w, s.kernel_w, s.stride_w, s.dilation_w, s.pad_left}; }

// kPixels pixels of the target, `to_step` floats apart, whose windows lie `from_step` floats apart in the source.
template <Index kPixels>
void sum_taps(const Taps& rows, const Taps& columns, Index kernel_w, Index channels, const Real* source, Index source_w,
              Index from_step, const Real* kernel, const Real* bias, Real* target, Index to_step) {
  const Real* origin = source + (rows.from * source_w + columns.from) * channels;
  packet::each_lane(channels, [&](auto traits, Index c) {
    using R = decltype(traits);
    typename R::Value sum[kPixels];
    for (Index p = 0; p < kPixels; ++p) sum[p] = bias ? R::load(bias + c) : R::set1(0.0_r);
    for (Index i = 0; i < rows.count; ++i) {
      const Real* pixel = origin + i * rows.move * source_w * channels + c;
      const Real* tap = kernel + ((rows.first + i * rows.step) * kernel_w + columns.first) * channels + c;
      for (Index j = 0; j < columns.count; ++j) {
        const typename R::Value weight = R::load(tap);
        for (Index p = 0; p < kPixels; ++p) sum[p] = R::madd(R::load(pixel + p * from_step), weight, sum[p]);
        pixel += columns.move * channels;
        tap += columns.step * channels;
      }
    }
    for (Index p = 0; p < kPixels; ++p) R::store(target + p * to_step + c, sum[p]);
  });
}

// A row of `width` target pixels. Those `period` apart lie on the same taps, `shift` pixels of the source apart, as far
// as none is cut off.
template <class TapsOf>
void sum_row(const Taps& rows, TapsOf&& taps_of, Index width, Index period, Index shift, Index kernel_w, Index channels,
             const Real* source, Index source_w, const Real* kernel, const Real* bias, Real* target) {
  for (Index phase = 0; phase < std::min(period, width); ++phase) {
    for (Index t = phase; t < width;) {
      const Taps taps = taps_of(t);
      Real* to = target + t * channels;
      const Index last = t + (kTile - 1) * period;
      if (last < width) {
        const Taps end = taps_of(last);
        if (end.first == taps.first && end.count == taps.count && end.from == taps.from + (kTile - 1) * shift) {
          sum_taps<kTile>(rows, taps, kernel_w, channels, source, source_w, shift * channels, kernel, bias, to,
                          period * channels);
          t += kTile * period;
          continue;
        }
      }
      sum_taps<1>(rows, taps, kernel_w, channels, source, source_w, 0, kernel, bias, to, 0);
      t += period;
    }
  }
}

// Where neighbouring pixels lie on neighbouring taps, a column of the source is loaded once for all pixels that it meets. The
// window of pixel p begins at column left + p of the source; columns [first, last), counted from `left`, are there. `turned`:
// the taps in descending order.
struct Slide {
  const Taps& rows;
  Index channels, source_w;
  const Real *source, *kernel, *bias;
  bool turned;
  Real* target;
  Index left = 0, first = 0, last = 0;  // of the pixels at hand
};

template <Index kTaps, Index kPixels>
void slide_taps(const Slide& s) {
  constexpr Index kColumns = kPixels + kTaps - 1;
  const auto run = [&](auto whole) {
    packet::each_lane(s.channels, [&](auto traits, Index c) {
      using R = decltype(traits);
      typename R::Value sum[kPixels];
#pragma GCC unroll 8
      for (Index p = 0; p < kPixels; ++p) sum[p] = s.bias ? R::load(s.bias + c) : R::set1(0.0_r);
      const Index tap_step = s.turned ? -s.channels : s.channels;
      for (Index i = 0; i < s.rows.count; ++i) {
        const Real* tap = s.kernel + (s.rows.first + i * s.rows.step) * kTaps * s.channels + c;
        if (s.turned) tap += (kTaps - 1) * s.channels;
        typename R::Value weight[kTaps];
#pragma GCC unroll 8
        for (Index j = 0; j < kTaps; ++j) weight[j] = R::load(tap + j * tap_step);
        const Index line = ((s.rows.from + i * s.rows.move) * s.source_w + s.left) * s.channels + c;
#pragma GCC unroll 16
        for (Index q = 0; q < kColumns; ++q) {
          if (!whole() && (q < s.first || q >= s.last)) continue;
          const typename R::Value column = R::load(s.source + line + q * s.channels);
#pragma GCC unroll 8
          for (Index j = 0; j < kTaps; ++j)
            if (q - j >= 0 && q - j < kPixels) sum[q - j] = R::madd(column, weight[j], sum[q - j]);
        }
        if (i + 1 == s.rows.count) {  // lines that the next pixels will be the first to touch
#pragma GCC unroll 8
          for (Index q = kTaps - 1; q < kColumns; ++q) packet::prefetch(s.source + line + (q + kPixels) * s.channels);
#pragma GCC unroll 8
          for (Index p = kPixels; p < 2 * kPixels; ++p) packet::prefetch(s.target + p * s.channels + c);
        }
      }
#pragma GCC unroll 8
      for (Index p = 0; p < kPixels; ++p) R::store(s.target + p * s.channels + c, sum[p]);
    });
  };
  s.first == 0 && s.last == kColumns ? run(std::true_type()) : run(std::false_type());
}

constexpr Index kMostSliding = 8;  // pixels: with them, seven taps and a column fill sixteen registers

template <Index kTaps, Index... kPixels>
void slide_pixels(Index pixels, const Slide& s, std::integer_sequence<Index, kPixels...>) {
  constexpr void (*slides[])(const Slide&) = {slide_taps<kTaps, kPixels + 1>...};
  slides[pixels - 1](s);
}

// Kernels of 3, 5 and 7 columns that move by one.
bool slides(const DepthwiseShape& s) {
  return s.stride_w == 1 && s.dilation_w == 1 && (s.kernel_w == 3 || s.kernel_w == 5 || s.kernel_w == 7);
}

// A row of `width` target pixels, the first of which has its window `pad` columns before the source.
void slide_row(Slide s, Index width, Index pad, Index taps) {
  Real* const target = s.target;
  const Split split(width, ceil_div(width, kMostSliding));
  for (Index tile = 0, t = 0; t < width; ++tile) {
    const Index next = split.begin(tile + 1), pixels = next - t;
    s.left = t - pad;
    s.first = std::max<Index>(0, -s.left);
    s.last = std::min(pixels + taps - 1, s.source_w - s.left);
    s.target = target + t * s.channels;
    const auto all = std::make_integer_sequence<Index, kMostSliding>();
    taps == 3   ? slide_pixels<3>(pixels, s, all)
    : taps == 5 ? slide_pixels<5>(pixels, s, all)
                : slide_pixels<7>(pixels, s, all);
    t = next;
  }
}

template <Index kMultiplier>
void repeat_each(const Real* x, Index count, Real* to) {
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < kMultiplier; ++j) to[i * kMultiplier + j] = x[i];
}

// Pixels whose channels each stand `multiplier` times.
void repeat_channels(const Real* x, Index pixels, Index pixel_stride, Index channels, Index multiplier, Real* to) {
  for (Index p = 0; p < pixels; ++p, x += pixel_stride, to += channels * multiplier) {
    if (multiplier == 2)
      repeat_each<2>(x, channels, to);
    else if (multiplier == 4)
      repeat_each<4>(x, channels, to);
    else
      for (Index c = 0; c < channels; ++c) std::fill_n(to + c * multiplier, multiplier, x[c]);
  }
}

double work_of(const DepthwiseShape& s, Index images) {
  return fma_work(2.0 * static_cast<double>(images * s.out_h * s.out_w) * static_cast<double>(s.kernel_size()));
}

// Rows of the target that a task takes.
Index band_of(const DepthwiseShape& s, Index rows) {
  const Index row = std::max<Index>(1, s.out_h * s.out_w * s.kernel_size() / rows);
  return std::clamp<Index>(kBand / row, 1, rows);
}

// Rows of the image under a band of output rows.
Index source_rows(const DepthwiseShape& s) {
  return std::min(s.in_h, (band_of(s, s.out_h) - 1) * s.stride_h + (s.kernel_h - 1) * s.dilation_h + 1);
}

}  // namespace

Index depthwise_scratch_size(const DepthwiseShape& s) {
  return s.multiplier == 1 ? 0 : source_rows(s) * s.in_w * s.filters();
}

void depthwise_forward(const DepthwiseShape& s, Index images, const Real* x, const Real* kernel,
                       const Epilogue& epilogue, Real* y, Real* scratch) {
  const Axis height = height_of(s), width = width_of(s);
  const bool sliding = slides(s);
  const Index band = band_of(s, s.out_h), bands = ceil_div(s.out_h, band), filters = s.filters();
  const Index own = depthwise_scratch_size(s);
  parallel_for(images * bands, work_of(s, images), [&](Index task, int thread) {
    const Index image = task / bands, begin = task % bands * band, end = std::min(begin + band, s.out_h);
    const Real* source = x + image * s.in_size();
    Index skipped = 0;
    if (s.multiplier > 1) {
      skipped = std::clamp<Index>(begin * s.stride_h - s.pad_top, 0, s.in_h);
      const Index stop =
          std::clamp<Index>((end - 1) * s.stride_h - s.pad_top + (s.kernel_h - 1) * s.dilation_h + 1, skipped, s.in_h);
      Real* repeated = scratch + thread * own;
      repeat_channels(source + skipped * s.in_w * s.channels, (stop - skipped) * s.in_w, s.channels, s.channels,
                      s.multiplier, repeated);
      source = repeated;
    }
    for (Index row = begin; row < end; ++row) {
      Taps rows = height.forward(row);
      rows.from -= skipped;
      if (sliding)
        slide_row({rows, filters, s.in_w, source, kernel, epilogue.bias, false,
                   y + image * s.out_size() + row * s.out_w * filters},
                  s.out_w, s.pad_left, s.kernel_w);
      else
        sum_row(
            rows, [&](Index t) { return width.forward(t); }, s.out_w, 1, s.stride_w, s.kernel_w, filters, source,
            s.in_w, kernel, epilogue.bias, y + image * s.out_size() + row * s.out_w * filters);
    }
    if (epilogue.activation != Activation::linear) {
      Real* done = y + image * s.out_size() + begin * s.out_w * filters;
      activate(epilogue.activation, epilogue.parameters, done, done, (end - begin) * s.out_w * filters);
    }
  });
}

Index depthwise_input_gradient_scratch_size(const DepthwiseShape& s) {
  return s.multiplier == 1 ? 0 : s.in_w * s.filters();
}

void depthwise_input_gradient(const DepthwiseShape& s, Index images, const Real* dy, const Real* kernel, Real* dx,
                              Real* scratch) {
  const Axis height = height_of(s), width = width_of(s);
  const bool sliding = slides(s);
  const Index band = band_of(s, s.in_h), bands = ceil_div(s.in_h, band), filters = s.filters();
  const Index own = depthwise_input_gradient_scratch_size(s);
  parallel_for(images * bands, work_of(s, images), [&](Index task, int thread) {
    const Index image = task / bands, begin = task % bands * band, end = std::min(begin + band, s.in_h);
    for (Index row = begin; row < end; ++row) {
      Real* to = dx + image * s.in_size() + row * s.in_w * s.channels;
      Real* sums = s.multiplier == 1 ? to : scratch + thread * own;
      const Taps rows = height.backward(row);
      if (sliding)
        slide_row({rows, filters, s.out_w, dy + image * s.out_size(), kernel, nullptr, true, sums}, s.in_w,
                  s.kernel_w - 1 - s.pad_left, s.kernel_w);
      else
        sum_row(
            rows, [&](Index t) { return width.backward(t); }, s.in_w, s.stride_w, 1, s.kernel_w, filters,
            dy + image * s.out_size(), s.out_w, kernel, nullptr, sums);
      if (s.multiplier == 1) continue;
      for (Index i = 0; i < s.in_w * s.channels; ++i) {
        Real sum = sums[i * s.multiplier];
        for (Index j = 1; j < s.multiplier; ++j) sum += sums[i * s.multiplier + j];
        to[i] = sum;
      }
    }
  });
}

namespace {

Index images_of_chunk(const DepthwiseShape& s) { return std::max<Index>(1, 4096 / (s.out_h * s.out_w)); }

// The outputs [first, last) whose tap k lies in the image.
struct Range {
  Index first, last;
};
Range outputs_of(const Axis& a, Index k) {
  const Index offset = k * a.dilation - a.pad;  // of the tap from t * stride
  const Index first = offset >= 0 ? 0 : ceil_div(-offset, a.stride);
  const Index last = offset >= a.in ? 0 : std::min(a.out, (a.in - 1 - offset) / a.stride + 1);
  return {std::min(first, last), last};
}

// dw of taps k to k + kTaps of a kernel's row += the sum over one row of outputs, each tap's a chain from left to right.
// `x` is the image's row, pixels `x_stride` floats apart; w and dy point to the block's first channel.
template <Index kTaps>
void add_row(const Axis& a, Index k, const Real* x, Index x_stride, const Real* dy, Index filters, Index block,
             Real* dw) {
  Range ranges[kTaps];
  Index first = 0, last = a.out;
  for (Index i = 0; i < kTaps; ++i) {
    ranges[i] = outputs_of(a, k + i);
    first = std::max(first, ranges[i].first);
    last = std::min(last, ranges[i].last);
  }
  // No common part: each tap has its outputs to the left of it.
  if (first >= last) first = last = a.out;
  packet::each_lane(block, [&](auto traits, Index c) {
    using R = decltype(traits);
    const auto pixel = [&](Index t, Index i) {
      return R::load(x + (t * a.stride - a.pad + (k + i) * a.dilation) * x_stride + c);
    };
    const auto above = [&](Index t) { return R::load(dy + t * filters + c); };
    typename R::Value sum[kTaps];
    for (Index i = 0; i < kTaps; ++i) {
      sum[i] = R::load(dw + i * filters + c);
      for (Index t = ranges[i].first; t < std::min(first, ranges[i].last); ++t)
        sum[i] = R::madd(pixel(t, i), above(t), sum[i]);
    }
    for (Index t = first; t < last; ++t) {
      const typename R::Value up = above(t);
      for (Index i = 0; i < kTaps; ++i) sum[i] = R::madd(pixel(t, i), up, sum[i]);
    }
    for (Index i = 0; i < kTaps; ++i) {
      for (Index t = last; t < ranges[i].last; ++t) sum[i] = R::madd(pixel(t, i), above(t), sum[i]);
      R::store(dw + i * filters + c, sum[i]);
    }
  });
}

// The channels of the image behind a block of filters.
Index block_channels(const DepthwiseShape& s) { return std::max<Index>(1, kChannelBlock / s.multiplier); }

}  // namespace

Index depthwise_kernel_gradient_scratch_size(const DepthwiseShape& s, Index capacity, int threads) {
  const Index repeated = s.multiplier == 1 ? 0 : s.in_w * block_channels(s) * s.multiplier;
  return threads * repeated + chunk_sums_size(ceil_div(capacity, images_of_chunk(s)), s.kernel_size());
}

void depthwise_kernel_gradient(const DepthwiseShape& s, Index images, const Real* x, const Real* dy, Real* dw,
                               Real* scratch) {
  const Axis height = height_of(s), width = width_of(s);
  const Index chunk = images_of_chunk(s), chunks = ceil_div(images, chunk), filters = s.filters();
  const Index block = block_channels(s), blocks = ceil_div(s.channels, block);
  const Index own = s.multiplier == 1 ? 0 : s.in_w * block * s.multiplier;
  Real* partials = scratch + usable_threads() * own;
  sum_chunks(chunks, s.kernel_size(), dw, partials, [&](Index first, Index count, auto&& place) {
    const double work = work_of(s, images) * static_cast<double>(count) / static_cast<double>(chunks);
    parallel_for(count * blocks, work, [&](Index task, int thread) {
      const Index part = first + task / blocks, channel = task % blocks * block;
      const Index channels = std::min(block, s.channels - channel), width_of_block = channels * s.multiplier;
      Real* sums = place(part) + channel * s.multiplier;
      for (Index tap = 0; tap < s.kernel_h * s.kernel_w; ++tap)
        std::fill_n(sums + tap * filters, width_of_block, 0.0_r);
      for (Index image = part * chunk; image < std::min(images, (part + 1) * chunk); ++image) {
        for (Index row = 0; row < s.out_h; ++row) {
          const Real* up = dy + image * s.out_size() + row * s.out_w * filters + channel * s.multiplier;
          const Taps rows = height.forward(row);
          for (Index i = 0; i < rows.count; ++i) {
            const Real* line = x + image * s.in_size() + (rows.from + i * rows.move) * s.in_w * s.channels + channel;
            Index stride = s.channels;
            if (s.multiplier > 1) {
              Real* repeated = scratch + thread * own;
              repeat_channels(line, s.in_w, s.channels, channels, s.multiplier, repeated);
              line = repeated;
              stride = width_of_block;
            }
            Real* to = sums + (rows.first + i) * s.kernel_w * filters;
            Index k = 0;
            if (s.kernel_w == 5) {
              add_row<5>(width, 0, line, stride, up, filters, width_of_block, to);
              k = 5;
            }
            for (; k + kTile <= s.kernel_w; k += kTile)
              add_row<kTile>(width, k, line, stride, up, filters, width_of_block, to + k * filters);
            if (k + 3 <= s.kernel_w) {
              add_row<3>(width, k, line, stride, up, filters, width_of_block, to + k * filters);
              k += 3;
            }
            for (; k < s.kernel_w; ++k)
              add_row<1>(width, k, line, stride, up, filters, width_of_block, to + k * filters);
          }
        }
      }
    });
  });
}

}  // namespace fastnn::kernels
