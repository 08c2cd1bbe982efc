// Matrix products with few columns and a long k, such as that of a last layer with a unit for each class.
//
// gemm's tiles hold columns in their lanes: few columns leave most of them empty, and a single row waits for one chain of
// multiply-adds. Here the lanes run along k: an element is a chain for each lane, and their sum in a fixed order. The order
// follows from k alone, so the bits depend neither on the row count nor on the cut into tasks.
#pragma once

#include "fastnn/kernels/gemm.hpp"
#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// Most columns, and for each of them the steps of k from which on this beats gemm: the lanes of every element are summed.
constexpr Index kMostNarrowColumns = 10, kLeastStepsOfColumn = 24;
/// Tiles of more columns have so few rows that B must stay in the second level of cache: most of its floats.
constexpr Index kColumnsOfManyRows = 4, kMostNarrowSize = (Index{1} << 19) / static_cast<Index>(sizeof(Real));
inline bool is_narrow(Index k, Index n) {
  return n <= kMostNarrowColumns && k >= kLeastStepsOfColumn * n &&
         (n <= kColumnsOfManyRows || k * n <= kMostNarrowSize);
}

/// Floats of a packed right operand of k rows and n columns.
KERNEL(Index, narrow_size)(Index k, Index n);
/// Packs B (k x n), whose rows lie side by side.
KERNEL(void, pack_narrow)(const Real* b, Index k, Index n, Real* columns);
/// C (m x n) = epilogue(A (m x k) B), B packed. Rows of A and of C lie side by side; nothing is accumulated.
KERNEL(void, gemm_narrow)(const Real* a, Index m, Index k, const Real* columns, Index n, Real* c,
                          const Epilogue& epilogue);

}  // namespace fastnn::kernels
