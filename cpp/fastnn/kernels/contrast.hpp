// The contrast of a picture: each channel moved away from its mean, and the gradient of it.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// A picture of `pixels` with `channels` values each; values are clipped to [low, high].
struct Contrast {
  Index pixels, channels;
  Real factor, low, high;
};

/// y = (x - mean) * factor + mean, clipped. `means` is scratch of one number for each channel.
KERNEL(void, contrast)(const Contrast&, double* means, const Real* x, Real* y);
/// dx; `means` is scratch of two numbers for each channel.
KERNEL(void, contrast_gradient)(const Contrast&, double* means, const Real* x, const Real* dy, Real* dx);

}  // namespace fastnn::kernels
