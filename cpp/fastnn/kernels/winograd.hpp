// Convolution of stride 1 by Winograd's minimal filtering, for kernels of 2x2 to 7x7: a half to a quarter of the
// multiplications.
//
// The same numbers as conv.hpp, for the shapes that winograd_serves(); memory is the caller's.
#pragma once

#include "fastnn/kernels/conv.hpp"

namespace fastnn::kernels {

/// True for the shapes on which this beats the direct path: decided by the static shape alone.
KERNEL(bool, winograd_serves)(const ConvShape& shape);

/// Multiply-adds of one image, with those of outputs that the last tiles compute beyond the image and of taps that blocks have
/// beyond the kernel.
double winograd_work(const ConvShape& shape);
/// By this factor there must be fewer of them than in the direct path, for the transforms to pay.
constexpr double kWinogradGain = 1.8;

/// True where the forward pass reads the kernel as it lies, because a transformed copy would be larger than caches.
KERNEL(bool, winograd_reads_kernel)(const ConvShape& shape);
/// Floats of the kernel as the forward pass reads it, transformed unless it reads the kernel itself.
KERNEL(Index, winograd_packed_size)(const ConvShape& shape);
KERNEL(void, winograd_pack)(const ConvShape& shape, const Real* kernel, Real* packed);
/// Floats of scratch for each thread.
KERNEL(Index, winograd_scratch_size)(const ConvShape& shape);
/// `factors`: null, or what each filter of a kernel is multiplied by that is read as it lies.
KERNEL(void, winograd_forward)(const ConvShape& shape, Index images, const Real* x, const Real* packed,
                               const Real* factors, const Epilogue& epilogue, Real* y, Real* scratch);

/// The transformed kernel with channels and filters exchanged, as the gradient of the input reads it.
KERNEL(Index, winograd_exchanged_size)(const ConvShape& shape);
KERNEL(void, winograd_pack_exchanged)(const ConvShape& shape, const Real* kernel, Real* packed);
/// Floats of scratch for the whole pass.
KERNEL(Index, winograd_backward_scratch_size)(const ConvShape& shape, Index capacity, int threads);
/// The gradients of kernel, bias and input, which share the transform of dy; an unwanted one is null. Without dx, so may
/// `exchanged` be.
KERNEL(void, winograd_backward)(const ConvShape& shape, Index images, const Real* x, const Real* dy,
                                const Real* exchanged, Real* dw, Real* db, Real* dx, Real* scratch);

}  // namespace fastnn::kernels
