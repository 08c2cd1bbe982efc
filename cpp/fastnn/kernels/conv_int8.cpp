// Windows are put together as floats, quantized, and multiplied, some megabyte at a time, so that what is written is still in
// a cache when it is read.
#include "fastnn/kernels/conv_int8.hpp"

#include <algorithm>

#include "fastnn/packet.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

// Bytes of quantized windows for each thread, and floats of a window that are put together at once.
constexpr Index kBlockBytes = Index{512} * 1024, kTogether = 4096;

// Whether windows are the pixels of the input, one after the other.
bool of_pixels(const Conv3DShape& s) {
  const ConvShape& p = s.plane;
  return s.terms() == p.channels && s.stride_d == 1 && p.stride_h == 1 && p.stride_w == 1 && s.in_d == s.out_d &&
         p.in_h == p.out_h && p.in_w == p.out_w;
}

Index windows_together(const Conv3DShape& s) { return std::max<Index>(1, kTogether / s.terms()); }

// Rows of a few channels are shorter than a call of memcpy.
void copy(const float* from, Index count, float* to) {
  packet::for_each(count, [=](Index i, Index n) { packet::store_n(to + i, packet::load_n(from + i, n), n); });
}

// Writes one row of pixels of a window, with zeros outside of the input.
void put_row(const ConvShape& p, const float* row, Index left, float* to) {
  const Index channels = p.channels;
  if (p.dilation_w == 1) {
    if (left >= 0 && left + p.kernel_w <= p.in_w) return copy(row + left * channels, p.kernel_w * channels, to);
    const Index before = std::clamp<Index>(-left, 0, p.kernel_w);
    const Index end = std::clamp<Index>(p.in_w - left, before, p.kernel_w);
    std::fill_n(to, before * channels, 0.0F);
    if (end > before) std::copy_n(row + (left + before) * channels, (end - before) * channels, to + before * channels);
    std::fill_n(to + end * channels, (p.kernel_w - end) * channels, 0.0F);
    return;
  }
  for (Index k = 0; k < p.kernel_w; ++k, to += channels) {
    const Index column = left + k * p.dilation_w;
    if (column >= 0 && column < p.in_w)
      std::copy_n(row + column * channels, channels, to);
    else
      std::fill_n(to, channels, 0.0F);
  }
}

// The output pixels of all images, one after the other.
class Pixel {
 public:
  Pixel(const Conv3DShape& shape, Index pixel)
      : s_(shape),
        w_(pixel % shape.plane.out_w),
        h_(pixel / shape.plane.out_w % shape.plane.out_h),
        d_(pixel / (shape.plane.out_w * shape.plane.out_h) % shape.out_d),
        image_(pixel / shape.out_pixels()) {}

  void next() {
    if (++w_ < s_.plane.out_w) return;
    w_ = 0;
    if (++h_ < s_.plane.out_h) return;
    h_ = 0;
    if (++d_ < s_.out_d) return;
    d_ = 0;
    ++image_;
  }

  // Writes the window.
  void put(const float* x, float* to) const {
    const ConvShape& p = s_.plane;
    const float* const image = x + image_ * s_.in_size();
    const Index left = w_ * p.stride_w - p.pad_left, length = p.kernel_w * p.channels;
    for (Index i = 0; i < s_.kernel_d; ++i) {
      const Index depth = d_ * s_.stride_d - s_.pad_front + i * s_.dilation_d;
      for (Index j = 0; j < p.kernel_h; ++j, to += length) {
        const Index height = h_ * p.stride_h - p.pad_top + j * p.dilation_h;
        if (depth >= 0 && depth < s_.in_d && height >= 0 && height < p.in_h)
          put_row(p, image + (depth * p.in_h + height) * p.in_w * p.channels, left, to);
        else
          std::fill_n(to, length, 0.0F);
      }
    }
  }

 private:
  const Conv3DShape& s_;
  Index w_, h_, d_, image_;
};

// Quantizes the windows of `count` output pixels from `first` on.
void quantize_windows(const Conv3DShape& s, const float* x, Index first, Index count, const Int8Rule& rule,
                      const Int8Windows& to) {
  const Index k = s.terms();
  if (of_pixels(s)) return quantize_rows(x + first * k, k, count, k, rule, to.integers, to.scales);
  const Index together = windows_together(s), scratch = conv_int8_scratch_size(s), bytes = int8_rows_size(1, k);
  const double work = byte_work(20.0 * static_cast<double>(count * k));
  parallel_ranges(count, together, work, [&](Index begin, Index end, int thread) {
    float* const floats = to.floats + thread * scratch;
    Pixel pixel(s, first + begin);
    for (Index i = begin; i < end; ++i, pixel.next()) pixel.put(x, floats + (i - begin) * k);
    quantize_rows(floats, k, end - begin, k, rule, to.integers + begin * bytes, to.scales + begin);
  });
}

}  // namespace

Index conv_int8_block(const Conv3DShape& shape, Index images, int threads) {
  const Index most = std::max<Index>(1, threads * kBlockBytes / int8_rows_size(1, shape.terms()));
  return std::min(images * shape.out_pixels(), most);
}

Index conv_int8_scratch_size(const Conv3DShape& shape) {
  return of_pixels(shape) ? 0 : windows_together(shape) * shape.terms();
}

void conv_int8_forward(const Conv3DShape& shape, Index images, const float* x, const Int8Rule& rule,
                       const std::int8_t* packed, const float* filter_scales, const Epilogue& epilogue, float* y,
                       Index block, const Int8Windows& windows) {
  const Index pixels = images * shape.out_pixels(), filters = shape.plane.filters;
  for (Index first = 0; first < pixels; first += block) {
    const Index count = std::min(block, pixels - first);
    quantize_windows(shape, x, first, count, rule, windows);
    gemm_int8(windows.integers, windows.scales, count, shape.terms(), packed, filter_scales, filters,
              y + first * filters, filters, epilogue);
  }
}

}  // namespace fastnn::kernels
