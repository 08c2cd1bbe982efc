// Softmax, log-softmax and sparsemax over groups of elements, with their backward passes.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// How the elements of one row fall into groups. Element j of group (o, i) lies at outer[o] + within[j] + i, for
/// 0 <= i < inner. Where inner is 1 and within[j] is j, groups are contiguous and each is processed as one array.
struct SoftmaxGroups {
  const Index* outer;
  Index outer_count;
  const Index* within;
  Index size;
  Index inner;
  bool contiguous() const { return inner == 1 && (size == 1 || within[size - 1] == size - 1); }
};

/// y = exp(x - max) / sum exp(x - max) over each group; y = x - max - log sum exp(x - max) when `logarithm`.
KERNEL(void, softmax_groups)(const SoftmaxGroups&, bool logarithm, const Real* x, Real* y);

/// dx from the output y and dy; dx may be dy.
KERNEL(void, softmax_groups_backward)(const SoftmaxGroups&, bool logarithm, const Real* y, const Real* dy, Real* dx);

/// The contiguous case, `groups` groups of `size` floats that follow one another.
KERNEL(void, softmax_rows)(bool logarithm, const Real* x, Real* y, Index groups, Index size);
inline constexpr Overloaded<&softmax_groups, &softmax_rows> softmax{};
KERNEL(void, softmax_rows_backward)(bool logarithm, const Real* y, const Real* dy, Real* dx, Index groups, Index size);
inline constexpr Overloaded<&softmax_groups_backward, &softmax_rows_backward> softmax_backward{};

/// The point of the probability simplex nearest to x: max(x - tau, 0), whose sum is 1. One group of `size` floats, `stride`
/// floats apart.
KERNEL(void, sparsemax)(const Real* x, Real* y, Index size, Index stride);
KERNEL(void, sparsemax_backward)(const Real* y, const Real* dy, Real* dx, Index size, Index stride);

}  // namespace fastnn::kernels
