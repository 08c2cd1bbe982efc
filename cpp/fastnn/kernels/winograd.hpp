// Convolution of stride 1 by Winograd's minimal filtering, for kernels of 3x3 to 7x7: a half to a quarter of the
// multiplications.
//
// The same three passes as conv.hpp, for the shapes that winograd_serves(); memory is the caller's.
#pragma once

#include "fastnn/kernels/conv.hpp"

namespace fastnn::kernels {

/// True for the shapes on which this beats the direct path: a question of the static shape alone.
bool winograd_serves(const ConvShape& shape);

/// Floats of a transformed kernel; of the kernel itself and of the kernel turned round, for the gradient of the input.
Index winograd_packed_size(const ConvShape& shape);
void winograd_pack(const ConvShape& shape, const float* kernel, float* packed);
void winograd_pack_turned(const ConvShape& shape, const float* kernel, float* turned);

/// Floats of scratch for each thread, of both passes below.
Index winograd_scratch_size(const ConvShape& shape);
void winograd_forward(const ConvShape& shape, Index images, const float* x, const float* packed,
                      const Epilogue& epilogue, float* y, float* scratch);
void winograd_input_gradient(const ConvShape& shape, Index images, const float* dy, const float* turned, float* dx,
                             float* scratch);

/// True where the gradient of the kernel gains too: sums of small or many-block kernels go through memory too often.
bool winograd_serves_kernel_gradient(const ConvShape& shape);
/// Floats of scratch for the whole pass.
Index winograd_kernel_gradient_scratch_size(const ConvShape& shape, Index capacity, int threads);
void winograd_kernel_gradient(const ConvShape& shape, Index images, const float* x, const float* dy, float* dw,
                              float* scratch);

}  // namespace fastnn::kernels
