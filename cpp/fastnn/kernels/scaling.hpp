// Rows scaled and shifted by numbers that repeat along each row.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// How the numbers lie along rows of `row_size` elements: the first `stretch` of them serve each stretch of a row in turn.
struct ScaledRows {
  Index rows, row_size, stretch;
};

/// y = x * scale + shift, or (x - shift) * scale where `centred`.
KERNEL(void, scale_shift)(const ScaledRows&, bool centred, const Real* x, const Real* scale, const Real* shift,
                          Real* y);
/// dx = dy * scale.
KERNEL(void, scale_shift_gradient)(const ScaledRows&, const Real* dy, const Real* scale, Real* dx);

}  // namespace fastnn::kernels
