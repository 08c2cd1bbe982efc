// Noise drawn from a stream: the masks of dropout and their application, and normal noise added or multiplied.
#pragma once

#include <cstdint>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/random.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// Elements that one task should begin at a multiple of: whole Philox blocks, many at once.
constexpr Index kDropoutBlock = 256;

/// mask[i] = 0 where to_unit(word first + i of the stream) < rate, else 1. `first` is a multiple of 4.
KERNEL(void, draw_mask)(const Stream&, double rate, Index first, std::uint8_t* mask, Index count);

/// y = x * scale where the mask is set, else 0. `step` is 1, or 0 for a single mask element. y may be x.
KERNEL(void, scale_kept)(const std::uint8_t* mask, Index step, Real scale, const Real* x, Real* y, Index count);

/// y = x * scale + shift where the mask is set, else `dropped`; as above.
KERNEL(void, shift_kept)(const std::uint8_t* mask, Index step, Real scale, Real shift, Real dropped, const Real* x,
                         Real* y, Index count);
inline constexpr Overloaded<&scale_kept, &shift_kept> apply_mask{};

/// y = x + stddev * noise, and y = x * (1 + stddev * noise) with the factors kept unless `factors` is null: element i takes
/// the standard normal number that word first + i of the stream stands for. `first` is a multiple of 4; y is not x.
KERNEL(void, add_normal)(const Stream&, Index first, Real stddev, const Real* x, Real* y, Index count);
KERNEL(void, multiply_normal)(const Stream&, Index first, Real stddev, const Real* x, Real* factors, Real* y,
                              Index count);
/// dx = dy * factors.
KERNEL(void, multiply_normal_gradient)(const Real* factors, const Real* dy, Real* dx, Index count);

/// Scale of kept elements, 1 / (1 - rate), which preserves the mean; 0 if nothing is kept.
inline Real dropout_scale(double rate) { return rate < 1.0 ? static_cast<Real>(1.0 / (1.0 - rate)) : 0.0_r; }

}  // namespace fastnn::kernels
