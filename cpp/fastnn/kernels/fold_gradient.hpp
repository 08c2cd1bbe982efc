// Gradients of reductions. The loops of `expand` run over the elements of x (operand 0) and the result to which each of them
// contributed (operand 1). Counts and products of reduced elements come from fold().
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/kernels/walk.hpp"

namespace fastnn::kernels {

/// dx = dy of the element's result: the gradient of a sum, and a broadcast.
KERNEL(void, spread)(const Loops<2>& expand, Index rows, const Real* dy, Real* dx);

/// ties = 1 where x is its result y (or both are NaN), else 0; dx = dy / count where there is a tie.
KERNEL(void, mark_equal)(const Loops<2>& expand, Index rows, const Real* x, const Real* y, Real* ties);
KERNEL(void, share_gradient)(const Loops<2>& expand, Index rows, const Real* ties, const Real* count, const Real* dy,
                             Real* dx);

/// marks = 1 where x is zero, else 0; factors = 1 where x is zero, else x. From the sum of the marks and the product of the
/// factors comes dx = dy * (product of all elements but x).
KERNEL(void, mark_zeros)(const Real* x, Real* marks, Index count);
KERNEL(void, replace_zeros)(const Real* x, Real* factors, Index count);
KERNEL(void, product_gradient)(const Loops<2>& expand, Index rows, const Real* x, const Real* zeros,
                               const Real* product, const Real* dy, Real* dx);

/// y = 0 where y is not finite: then it can be subtracted before exp() without creating NaN.
KERNEL(void, finite_or_zero)(Real* y, Index count);
/// e = exp(x - top).
KERNEL(void, exp_shifted)(const Loops<2>& expand, Index rows, const Real* x, const Real* top, Real* e);
/// y += log(sum).
KERNEL(void, add_log)(const Real* sum, Real* y, Index count);
/// dx = dy * exp(x - y) with y the logarithm of the sum of exponentials.
KERNEL(void, exp_gradient)(const Loops<2>& expand, Index rows, const Real* x, const Real* y, const Real* dy, Real* dx);

}  // namespace fastnn::kernels
