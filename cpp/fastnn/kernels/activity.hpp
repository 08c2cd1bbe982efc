// What the values of rows cost: l1 sum |x| + l2 sum x^2, and the gradient of it.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

KERNEL(void, activity_penalties)(float l1, float l2, const float* x, Index rows, Index size, float* penalties);
/// dx = dy + dpenalties * the derivative of the penalty; dy and dpenalties may be null.
KERNEL(void, activity_penalties_gradient)(float l1, float l2, const float* x, const float* dy, const float* dpenalties,
                                          Index rows, Index size, float* dx);

}  // namespace fastnn::kernels
