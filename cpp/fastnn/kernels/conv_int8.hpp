// Convolution of integers of 8 bits, as a product: each window is a row, quantized by its own largest element.
#pragma once

#include "fastnn/kernels/conv3d.hpp"
#include "fastnn/kernels/gemm_int8.hpp"

namespace fastnn::kernels {

/// Places for the windows of a block: integers, their scales, and floats for each thread.
struct Int8Windows {
  std::int8_t* integers;
  float* scales;
  float* floats;
};

/// Windows that are quantized before they are multiplied, at most.
KERNEL(Index, conv_int8_block)(const Conv3DShape& shape, Index images, int threads);
/// Floats of one thread for windows as they are put together.
KERNEL(Index, conv_int8_scratch_size)(const Conv3DShape& shape);
/// y = epilogue(x * kernel): the kernel packed by pack_int8 with a row for each element of a window, one scale for each
/// filter. There is one group. `block`: the windows for which there is place.
KERNEL(void, conv_int8_forward)(const Conv3DShape& shape, Index images, const float* x, const Int8Rule& rule,
                                const std::int8_t* packed, const float* filter_scales, const Epilogue& epilogue,
                                float* y, Index block, const Int8Windows& windows);

}  // namespace fastnn::kernels
