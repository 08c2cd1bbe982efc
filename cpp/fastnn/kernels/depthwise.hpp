// Depthwise convolution (NHWC): `multiplier` adjacent outputs for each channel, and both gradients.
//
// Vectorised over the outputs' channels. Four neighbouring pixels whose windows lie on the same taps share each weight that
// is loaded; at the borders, and where a stride leaves no such neighbours, pixels come one by one, by the same chains. A
// multiplier above 1 repeats the channels of a row of the image before it is read (and adds them up after the gradient).
#pragma once

#include "fastnn/kernels/gemm.hpp"

namespace fastnn::kernels {

struct DepthwiseShape {
  Index in_h, in_w, channels, multiplier;
  Index out_h, out_w;
  Index kernel_h, kernel_w;
  Index stride_h, stride_w;
  Index dilation_h, dilation_w;
  Index pad_top, pad_left;

  Index filters() const { return channels * multiplier; }
  Index in_size() const { return in_h * in_w * channels; }
  Index out_size() const { return out_h * out_w * filters(); }
  Index kernel_size() const { return kernel_h * kernel_w * filters(); }
  /// Multiply-adds of one image.
  double work() const { return static_cast<double>(out_h * out_w) * static_cast<double>(kernel_size()); }
};

/// Floats of scratch for each thread.
KERNEL(Index, depthwise_scratch_size)(const DepthwiseShape& shape);
/// y = activation(x * kernel + bias); the kernel is (kernel_h, kernel_w, channels, multiplier).
KERNEL(void, depthwise_forward)(const DepthwiseShape& shape, Index images, const Real* x, const Real* kernel,
                                const Epilogue& epilogue, Real* y, Real* scratch);

KERNEL(Index, depthwise_input_gradient_scratch_size)(const DepthwiseShape& shape);
KERNEL(void, depthwise_input_gradient)(const DepthwiseShape& shape, Index images, const Real* dy, const Real* kernel,
                                       Real* dx, Real* scratch);

/// Floats of scratch for the whole pass.
KERNEL(Index, depthwise_kernel_gradient_scratch_size)(const DepthwiseShape& shape, Index capacity, int threads);
KERNEL(void, depthwise_kernel_gradient)(const DepthwiseShape& shape, Index images, const Real* x, const Real* dy,
                                        Real* dw, Real* scratch);

}  // namespace fastnn::kernels
