// Moves of elements: strided copies, and copies through tables of indices.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/kernels/walk.hpp"

namespace fastnn::kernels {

/// y = x along loops whose operand 0 is x and operand 1 is y, in elements of `bytes` (4 or 1).
KERNEL(void, copy)(const Loops<2>& loops, Index rows, std::size_t bytes, const void* x, void* y);
/// The reverse: x = y.
KERNEL(void, copy_back)(const Loops<2>& loops, Index rows, const Real* y, Real* x);

/// `count` elements of dtype set to `value`.
KERNEL(void, fill)(DType dtype, double value, void* y, Index count);

/// A row of y (of `width` elements) is gathered from the row of x at places[i]; the gradient is added up in order.
KERNEL(void, gather_row)(std::size_t bytes, const Index* places, Index width, const void* x, void* y);
KERNEL(void, scatter_row)(const Index* places, Index width, const Real* dy, Real* dx);

}  // namespace fastnn::kernels
