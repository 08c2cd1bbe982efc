// Several arrays made into one, element by element, and the product of two of them along one axis, with their gradients.
// One sample at a time or a stretch of many: an element depends on the elements it is made of alone.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

enum class Merge { add, subtract, multiply, average, maximum, minimum };

constexpr Index kMostMerged = 64;

/// A stretch of one input: it steps from element to element, or stands still and gives the same number again.
struct Strand {
  const float* data;
  bool moves;
};

/// y[0..size) of `count` strands, folded from the first to the last.
KERNEL(void, merge)(Merge kind, const Strand* x, Index count, float* y, Index size);

/// The gradient of strand `which`, for each element of the stretch, into dx. Where the largest (smallest) is met by
/// both sides of a fold each gets half, as in Keras on JAX.
KERNEL(void, merge_gradient)(Merge kind, const Strand* x, Index count, Index which, const float* dy, float* dx,
                             Index size);

/// Adds up what a stretch gave to an input: dx[i] += from[i] where it moves, else dx[0] += the sum.
KERNEL(void, collect)(const float* from, bool moves, float* dx, Index size);

/// An array seen as (outer, size, inner), of which the middle is summed over.
struct Axis {
  Index outer, size, inner;
};

/// y[(ao, ai), (bo, bi)] = sum over k of a[ao, k, ai] b[bo, k, bi]; each a chain over k ascending.
KERNEL(void, dot)(const float* a, Axis of_a, const float* b, Axis of_b, float* y);

/// da and db (either may be null) from dy, which lies as y does.
KERNEL(void, dot_gradient)(const float* a, Axis of_a, const float* b, Axis of_b, const float* dy, float* da, float* db);

/// y = x divided by its norm along the axis.
KERNEL(void, normalize_along)(const float* x, Axis axis, float* y);

/// dx from dy = the gradient of what normalize_along() gave; dx may be dy.
KERNEL(void, normalize_along_gradient)(const float* x, Axis axis, const float* dy, float* dx);

}  // namespace fastnn::kernels
