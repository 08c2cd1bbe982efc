// The contrast of a picture: each channel moved away from its mean, and the gradient of it.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// A picture of `pixels` with `channels` values each; values are clipped to [low, high].
struct Contrast {
  Index pixels, channels;
  float factor, low, high;
};

/// y = (x - mean) * factor + mean, clipped. `means` is scratch of one number for each channel.
KERNEL(void, contrast)(const Contrast&, double* means, const float* x, float* y);
/// dx; `means` is scratch of two numbers for each channel.
KERNEL(void, contrast_gradient)(const Contrast&, double* means, const float* x, const float* dy, float* dx);

}  // namespace fastnn::kernels
