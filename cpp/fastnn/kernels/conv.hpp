// 2-D convolution (cross-correlation, NHWC) and both its gradients over the register tiles of gemm.
//
// Owns the geometry: how a convolution becomes sweeps, windows and packed kernels. Memory is the caller's, sized by the
// *_size functions from the static shape, the capacity and the threads. y = activation(x * kernel + bias), the kernel
// (kernel_h, kernel_w, channels / groups, filters). Only kernels call these functions; layers call conv3d.hpp.
#pragma once

#include "fastnn/kernels/gemm.hpp"

namespace fastnn::kernels {

struct ConvShape {
  Index in_h, in_w, channels;
  Index out_h, out_w, filters;
  Index kernel_h, kernel_w;
  Index stride_h, stride_w;
  Index dilation_h, dilation_w;
  Index groups;
  Index pad_top, pad_left;

  Index in_size() const { return in_h * in_w * channels; }
  Index out_size() const { return out_h * out_w * filters; }
  Index kernel_size() const { return kernel_h * kernel_w * (channels / groups) * filters; }
  /// Multiply-adds of one image.
  double work() const { return static_cast<double>(out_h * out_w) * static_cast<double>(kernel_size()); }
};

/// Floats of the packed kernel that conv_forward reads, and packing it.
Index conv_packed_size(const ConvShape& shape);
void conv_pack(const ConvShape& shape, const Real* kernel, Real* packed);
/// Floats of scratch for each thread.
Index conv_scratch_size(const ConvShape& shape);
void conv_forward(const ConvShape& shape, Index images, const Real* x, const Real* packed, const Epilogue& epilogue,
                  Real* y, Real* scratch);

/// The same for the gradient of the input, which reads the flipped kernel.
Index conv_turned_size(const ConvShape& shape);
void conv_pack_turned(const ConvShape& shape, const Real* kernel, Real* turned);
Index conv_input_gradient_scratch_size(const ConvShape& shape);
void conv_input_gradient(const ConvShape& shape, Index images, const Real* dy, const Real* turned,
                         const Epilogue& epilogue, Real* dx, Real* scratch);

/// Writes the result of the epilogue for a pixel that no product reaches.
void conv_unreached(Index filters, const Epilogue& epilogue, Real* pixel);

/// Floats of scratch for the whole pass.
Index conv_kernel_gradient_scratch_size(const ConvShape& shape, Index capacity, int threads);
/// dw and, unless it is null, the gradient of the bias. With dw null only the latter. `accumulate`: the chains start from
/// the values present; not together with db.
void conv_kernel_gradient(const ConvShape& shape, Index images, const Real* x, const Real* dy, Real* dw, Real* db,
                          Real* scratch, bool accumulate);

}  // namespace fastnn::kernels
