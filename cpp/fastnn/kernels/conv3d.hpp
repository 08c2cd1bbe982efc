// 3-D convolution (NDHWC) and both its gradients, as chains of 2-D ones over the taps of the depth axis.
//
// An output plane starts from the bias with its first tap, each later tap continues from the values present, and the last one
// applies the activation: a chain of multiply-adds over depth, height, width and channels, ascending. A shape without depth
// goes to conv.hpp whole. The kernel is (kernel_d, kernel_h, kernel_w, channels / groups, filters).
#pragma once

#include "fastnn/kernels/conv.hpp"

namespace fastnn::kernels {

struct Conv3DShape {
  ConvShape plane;
  Index in_d = 1, out_d = 1;
  Index kernel_d = 1, stride_d = 1, dilation_d = 1, pad_front = 0;

  bool flat() const { return in_d == 1 && out_d == 1 && kernel_d == 1; }
  Index in_size() const { return in_d * plane.in_size(); }
  Index out_size() const { return out_d * plane.out_size(); }
  Index in_pixels() const { return in_d * plane.in_h * plane.in_w; }
  Index out_pixels() const { return out_d * plane.out_h * plane.out_w; }
  Index kernel_size() const { return kernel_d * plane.kernel_size(); }
  /// Products in a sum: elements of the kernel for one filter.
  Index terms() const { return kernel_size() / plane.filters; }
  /// Multiply-adds of one volume.
  double work() const { return static_cast<double>(out_d * kernel_d) * plane.work(); }
};

/// Sizes in floats; scratch of the forward pass and of the gradient of the input is for each thread.
KERNEL(Index, conv3d_packed_size)(const Conv3DShape& shape);
KERNEL(void, conv3d_pack)(const Conv3DShape& shape, const Real* kernel, Real* packed);
KERNEL(Index, conv3d_scratch_size)(const Conv3DShape& shape);
KERNEL(void, conv3d_forward)(const Conv3DShape& shape, Index images, const Real* x, const Real* packed,
                             const Epilogue& epilogue, Real* y, Real* scratch);

KERNEL(Index, conv3d_turned_size)(const Conv3DShape& shape);
KERNEL(void, conv3d_pack_turned)(const Conv3DShape& shape, const Real* kernel, Real* turned);
KERNEL(Index, conv3d_input_gradient_scratch_size)(const Conv3DShape& shape);
KERNEL(void, conv3d_input_gradient)(const Conv3DShape& shape, Index images, const Real* dy, const Real* turned,
                                    const Epilogue& epilogue, Real* dx, Real* scratch);

/// dw and db; either may be null.
KERNEL(Index, conv3d_kernel_gradient_scratch_size)(const Conv3DShape& shape, Index capacity, int threads);
KERNEL(void, conv3d_kernel_gradient)(const Conv3DShape& shape, Index images, const Real* x, const Real* dy, Real* dw,
                                     Real* db, Real* scratch);

}  // namespace fastnn::kernels
