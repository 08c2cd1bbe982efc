// Softmax, log-softmax and sparsemax over groups of elements, with their backward passes.
#pragma once

#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// How the elements of one row fall into groups. Element j of group (o, i) lies at outer[o] + within[j] + i, for
/// 0 <= i < inner. Where inner is 1 and within[j] is j, groups are contiguous and each is worked on as one array.
struct SoftmaxGroups {
  const Index* outer;
  Index outer_count;
  const Index* within;
  Index size;
  Index inner;
  bool contiguous() const { return inner == 1 && (size == 1 || within[size - 1] == size - 1); }
};

/// y = exp(x - max) / sum exp(x - max) over each group; y = x - max - log sum exp(x - max) when `logarithm`.
void softmax(const SoftmaxGroups&, bool logarithm, const float* x, float* y);

/// dx from the output y and dy; dx may be dy.
void softmax_backward(const SoftmaxGroups&, bool logarithm, const float* y, const float* dy, float* dx);

/// The contiguous case, `groups` groups of `size` floats that follow one another.
void softmax(bool logarithm, const float* x, float* y, Index groups, Index size);
void softmax_backward(bool logarithm, const float* y, const float* dy, float* dx, Index groups, Index size);

/// The point of the simplex that is nearest to x: max(x - tau, 0), whose sum is 1. One group of `size` floats, `stride`
/// floats apart.
void sparsemax(const float* x, float* y, Index size, Index stride);
void sparsemax_backward(const float* y, const float* dy, float* dx, Index size, Index stride);

}  // namespace fastnn::kernels
