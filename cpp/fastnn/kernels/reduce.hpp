// The place of the largest of a row, and sums and maxima over a middle dimension.
// The order of every reduction is fixed by its length.
#pragma once

#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// The place of the first largest of `size` floats; -1 if one is NaN.
Index argmax(const float* x, Index size);

/// x is (outer, size, inner), y (outer, inner): the sum, or the largest, over the middle dimension.
void reduce_sum(const float* x, float* y, Index outer, Index size, Index inner);
void reduce_max(const float* x, float* y, Index outer, Index size, Index inner);

}  // namespace fastnn::kernels
