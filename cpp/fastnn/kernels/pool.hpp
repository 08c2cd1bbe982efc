// Pooling over images (h, w, c) and volumes (d, h, w, c), one at a time: windows and whole images, largest and average.
#pragma once

#include <cstdint>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

struct PoolShape {
  Index h, w, c;                                       ///< input
  Index kh, kw, sh, sw;                                ///< window and strides
  Index pad_top, pad_left;                             ///< pixels that are missing before the first
  Index oh, ow;                                        ///< output
  Index d = 1, kd = 1, sd = 1, pad_front = 0, od = 1;  ///< the same for depth; an image is one plane

  bool flat() const { return d == 1 && kd == 1; }
  Index in_size() const { return d * h * w * c; }
  Index out_size() const { return od * oh * ow * c; }
  Index window() const { return kd * kh * kw; }
  /// Windows share no pixel.
  bool apart() const { return sh >= kh && sw >= kw && sd >= kd; }
  /// Every pixel is in one window and only one.
  bool tiled() const {
    return sh == kh && sw == kw && sd == kd && pad_top == 0 && pad_left == 0 && pad_front == 0 && oh * sh >= h &&
           ow * sw >= w && od * sd >= d;
  }
};

/// Output rows [begin, end) of all planes. `picked`, unless null, receives for every output the index
/// (kz * kh + ky) * kw + kx of the maximum in its window: the first of equals, or the first NaN. It is a byte if windows
/// have at most 256 elements, else two.
KERNEL(void, max_pool_byte)(const PoolShape&, const Real* x, Real* y, std::uint8_t* picked, Index begin, Index end);
KERNEL(void, max_pool_word)(const PoolShape&, const Real* x, Real* y, std::uint16_t* picked, Index begin, Index end);
inline constexpr Overloaded<&max_pool_byte, &max_pool_word> max_pool{};
/// Channels [begin, end) of dx; windows that share a pixel are added in the order of the output.
KERNEL(void, max_pool_backward_byte)(const PoolShape&, const std::uint8_t* picked, const Real* dy, Real* dx,
                                     Index begin, Index end);
KERNEL(void, max_pool_backward_word)(const PoolShape&, const std::uint16_t* picked, const Real* dy, Real* dx,
                                     Index begin, Index end);
inline constexpr Overloaded<&max_pool_backward_byte, &max_pool_backward_word> max_pool_backward{};

/// The mean over the pixels of a window that exist.
KERNEL(void, average_pool)(const PoolShape&, const Real* x, Real* y, Index begin, Index end);
KERNEL(void, average_pool_backward)(const PoolShape&, const Real* dy, Real* dx, Index begin, Index end);

/// Over all pixels; `picked` receives the index of the maximum, unless null.
KERNEL(void, global_max_pool)(Index h, Index w, Index c, const Real* x, Real* y, std::int32_t* picked);
KERNEL(void, global_max_pool_backward)(Index h, Index w, Index c, const std::int32_t* picked, const Real* dy, Real* dx);
KERNEL(void, global_average_pool)(Index h, Index w, Index c, const Real* x, Real* y);
KERNEL(void, global_average_pool_backward)(Index h, Index w, Index c, const Real* dy, Real* dx);
/// The mean over the unmasked pixels; 0 if there are none.
KERNEL(void, masked_average_pool)(Index pixels, Index c, const std::uint8_t* mask, const Real* x, Real* y);
KERNEL(void, masked_average_pool_backward)(Index pixels, Index c, const std::uint8_t* mask, const Real* dy, Real* dx);

}  // namespace fastnn::kernels
