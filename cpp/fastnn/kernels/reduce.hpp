// Sums over a middle dimension. The order of the sum is fixed by its length.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// x is (outer, size, inner), y (outer, inner): the sum over the middle dimension.
KERNEL(void, reduce_sum)(const Real* x, Real* y, Index outer, Index size, Index inner);

}  // namespace fastnn::kernels
