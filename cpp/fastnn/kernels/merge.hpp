// Arrays combined element by element, and products of two arrays along one axis, with their gradients. Functions work on one
// sample, or on a range of elements of many: each element depends on its operands alone.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

enum class Merge { add, subtract, multiply, average, maximum, minimum };

constexpr Index kMostMerged = 64;

/// A range of one input, or one element of it that is repeated.
struct Strand {
  const Real* data;
  bool moves;
};

/// y[0..size) of `count` strands, folded from the first to the last.
KERNEL(void, merge)(Merge kind, const Strand* x, Index count, Real* y, Index size);

/// dx = the gradient of strand `which` for each element. Where both sides of a maximum (minimum) are equal each gets half, as
/// in Keras on JAX.
KERNEL(void, merge_gradient)(Merge kind, const Strand* x, Index count, Index which, const Real* dy, Real* dx,
                             Index size);

/// Adds the gradients of a strand to those of its input: dx[i] += from[i] where it moves, else dx[0] += the sum.
KERNEL(void, collect)(const Real* from, bool moves, Real* dx, Index size);

/// An array seen as (outer, size, inner), of which the middle is summed over.
struct Axis {
  Index outer, size, inner;
};

/// y[(ao, ai), (bo, bi)] = sum over k of a[ao, k, ai] b[bo, k, bi]; each a chain over k ascending.
KERNEL(void, dot)(const Real* a, Axis of_a, const Real* b, Axis of_b, Real* y);

/// da and db (either may be null) from dy, which has the layout of y.
KERNEL(void, dot_gradient)(const Real* a, Axis of_a, const Real* b, Axis of_b, const Real* dy, Real* da, Real* db);

/// y = x divided by its norm along the axis.
KERNEL(void, normalize_along)(const Real* x, Axis axis, Real* y);

/// dx from dy, the gradient of the result of normalize_along(); dx may be dy.
KERNEL(void, normalize_along_gradient)(const Real* x, Axis axis, const Real* dy, Real* dx);

}  // namespace fastnn::kernels
