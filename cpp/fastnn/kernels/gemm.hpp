// Matrix products over packed panels.
//
// Every element of a product is one chain of multiply-adds over k ascending, whatever tile, block or thread computes it:
// so the bits depend neither on the row count nor on the cut into tasks. Sums over rows (gemm_tn) are cut at row indices
// that follow from the output's size alone. Memory is the caller's; a call made inside a task runs inline.
#pragma once

#include <limits>

#include "fastnn/kernels/activation.hpp"
#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// Most rows that multiply_rows takes at once, so that what it reads of them stays in the second level of cache.
constexpr Index kRowBlock = 96;

/// `count` items split into `parts` as evenly as possible: part i has [begin(i), begin(i + 1)).
struct Split {
  Index base, extra;
  Split(Index count, Index parts) : base(count / parts), extra(count % parts) {}
  Index begin(Index part) const { return part * base + (part < extra ? part : extra); }
};

inline Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }

/// Floats of a packed right operand of k rows and n columns, and the number of its panels (see tiles.hpp).
KERNEL(Index, packed_size)(Index k, Index n);
KERNEL(Index, panel_count)(Index n);

/// Packs B (k x n), whose element (p, j) lies at b[p * row_stride + j * column_stride].
KERNEL(void, pack)(const Real* b, Index row_stride, Index column_stride, Index k, Index n, Real* panels);

/// The start of the chains of a product, and the function applied to their results.
struct Epilogue : ActivationFunction {
  bool accumulate = false;     ///< start from C; else from the bias, else from 0
  const Real* bias = nullptr;  ///< n floats; not together with accumulate
};

/// C (m x n) = epilogue(A (m x k) B), B packed. Rows of A and C are contiguous, lda and ldc floats apart.
KERNEL(void, gemm)(const Real* a, Index lda, Index m, Index k, const Real* panels, Index n, Real* c, Index ldc,
                   const Epilogue& epilogue);

/// The same product, to the bit, with B (k x n) in rows: a few of them are packed at a time.
KERNEL(void, gemm_unpacked)(const Real* a, Index lda, Index m, Index k, const Real* b, Index n, Real* c, Index ldc,
                            const Epilogue& epilogue, Real* scratch);
KERNEL(Index, gemm_unpacked_scratch)(Index n);

/// Layout of the k of a left operand behind a row's pointer: `count` runs of `length` floats, the first float of run s at
/// offsets[s]. They are the part of a longer k of `total` steps that begins at step `first`: parts are
/// multiplied in order, the first starts the chains and the last ends them.
struct Segments {
  const Index* offsets;
  Index count, length;
  Index first, total;
};

/// The same product for one task: m <= kRowBlock rows given by their pointers, panels [first, last) of C's n columns.
/// `panels` is the whole packed operand.
KERNEL(void, multiply_rows)(const Real* const* a, const Segments& segments, Index m, const Real* panels, Index n,
                            Index first, Index last, Real* const* c, const Epilogue& epilogue);

/// A left operand A (rows x m), and the array for its product with the common right one.
struct Left {
  const Real* a;
  Index lda, m;
  Real* c;
  Index ldc;
};
constexpr Index kMostLefts = 2;

/// C (m x n) = A^T B for B (rows x n) and one left operand, or each of `count`; writes the sums of B's columns to
/// column_sums unless that is null. With m = 0 nothing is written to C (a and c may be null).
KERNEL(void, gemm_tn_one)(const Real* a, Index lda, const Real* b, Index ldb, Index rows, Index m, Index n, Real* c,
                          Index ldc, Real* column_sums, Real* scratch);
KERNEL(void, gemm_tn_several)(const Left* lefts, Index count, const Real* b, Index ldb, Index rows, Index n,
                              Real* column_sums, Real* scratch);
inline constexpr Overloaded<&gemm_tn_one, &gemm_tn_several> gemm_tn{};
/// Floats of scratch that gemm_tn needs for up to `most_rows` rows, m being that of all left operands together.
KERNEL(Index, gemm_tn_scratch)(Index m, Index n, Index most_rows);

}  // namespace fastnn::kernels
