// Convolution of stride 1 by Winograd's minimal filtering, for kernels of 3x3 to 7x7: a half to a quarter of the
// multiplications.
//
// The same numbers as conv.hpp, for the shapes that winograd_serves(); memory is the caller's.
#pragma once

#include "fastnn/kernels/conv.hpp"

namespace fastnn::kernels {

/// True for the shapes on which this beats the direct path: decided by the static shape alone.
KERNEL(bool, winograd_serves)(const ConvShape& shape);

/// Floats of a transformed kernel.
KERNEL(Index, winograd_packed_size)(const ConvShape& shape);
KERNEL(void, winograd_pack)(const ConvShape& shape, const float* kernel, float* packed);
/// Floats of scratch for each thread.
KERNEL(Index, winograd_scratch_size)(const ConvShape& shape);
KERNEL(void, winograd_forward)(const ConvShape& shape, Index images, const float* x, const float* packed,
                               const Epilogue& epilogue, float* y, float* scratch);

/// The transformed kernel with channels and filters exchanged, as the gradient of the input reads it.
KERNEL(Index, winograd_exchanged_size)(const ConvShape& shape);
KERNEL(void, winograd_pack_exchanged)(const ConvShape& shape, const float* kernel, float* packed);
/// Floats of scratch for the whole pass.
KERNEL(Index, winograd_backward_scratch_size)(const ConvShape& shape, Index capacity, int threads);
/// The gradients of kernel, bias and input, which share the transform of dy; an unwanted one is null. Without dx, so may
/// `exchanged` be.
KERNEL(void, winograd_backward)(const ConvShape& shape, Index images, const float* x, const float* dy,
                                const float* exchanged, float* dw, float* db, float* dx, float* scratch);

}  // namespace fastnn::kernels
