// What the values of rows cost: l1 sum |x| + l2 sum x^2, and the gradient of it.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

KERNEL(void, activity_penalties)(Real l1, Real l2, const Real* x, Index rows, Index size, Real* penalties);
/// dx = dy + dpenalties * the derivative of the penalty; dy and dpenalties may be null.
KERNEL(void, activity_penalties_gradient)(Real l1, Real l2, const Real* x, const Real* dy, const Real* dpenalties,
                                          Index rows, Index size, Real* dx);

}  // namespace fastnn::kernels
