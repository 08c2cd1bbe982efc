// Images and volumes of another size: every element a weighted sum of a few elements of the source, axis by axis.
//
// The weights of an axis come as a table. With the table of the transposed sums the same function is the gradient.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// One axis: element i of the target is the sum of weight[j] times source element first[i] + j - start[i], for j from
/// start[i] to start[i + 1], of which there is at least one.
struct Blend {
  Index in, out;
  const Index* first;
  const Index* start;
  const Real* weight;

  /// True if element i is an unchanged element of the source.
  bool copies(Index i) const { return start[i + 1] - start[i] == 1 && weight[start[i]] == 1.0_r; }
};

/// Rows [begin, end), counted through all planes, of one (depth, height, width, channels). Scratch: a row of the source.
KERNEL(void, resample)(const Blend& depth, const Blend& height, const Blend& width, Index channels, const Real* x,
                       Real* y, Index begin, Index end, Real* scratch);

}  // namespace fastnn::kernels
