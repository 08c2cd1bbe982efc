// Transposed convolution by Winograd's filtering: a convolution of stride 1 with a filter for each phase of the stride,
// whose results are interleaved (Shi et al., "Is the deconvolution layer the same as a convolutional layer?", 2016).
//
// The shape is that of the convolution from the output to the input, as in conv.hpp: x has its filters, y its channels.
// Memory is the caller's.
#pragma once

#include "fastnn/kernels/conv.hpp"

namespace fastnn::kernels {

/// True for the shapes on which this beats the direct path: decided by the static shape alone.
KERNEL(bool, subpixel_serves)(const ConvShape& shape);

/// Floats of a transformed kernel, and of scratch while it is packed.
KERNEL(Index, subpixel_packed_size)(const ConvShape& shape);
KERNEL(Index, subpixel_pack_scratch_size)(const ConvShape& shape);
KERNEL(void, subpixel_pack)(const ConvShape& shape, const Real* kernel, Real* packed, Real* scratch);
/// Floats of scratch for the whole pass.
KERNEL(Index, subpixel_scratch_size)(const ConvShape& shape, Index capacity, int threads);
KERNEL(void, subpixel_forward)(const ConvShape& shape, Index images, const Real* x, const Real* packed,
                               const Epilogue& epilogue, Real* y, Real* scratch);

/// The transformed kernel that the gradient of x reads.
KERNEL(Index, subpixel_exchanged_size)(const ConvShape& shape);
KERNEL(void, subpixel_pack_exchanged)(const ConvShape& shape, const Real* kernel, Real* packed, Real* scratch);
/// Floats of scratch for the whole pass.
KERNEL(Index, subpixel_backward_scratch_size)(const ConvShape& shape, Index capacity, int threads);
/// The gradients of kernel and x; an unwanted one is null. Without dx, so may `exchanged` be.
KERNEL(void, subpixel_backward)(const ConvShape& shape, Index images, const Real* x, const Real* dy,
                                const Real* exchanged, Real* dw, Real* dx, Real* scratch);

}  // namespace fastnn::kernels
