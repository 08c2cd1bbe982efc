// Matrix products over packed panels, and the register tiles that convolutions share with them.
//
// Every element of a product is one chain of multiply-adds over k ascending, whatever tile, block or thread computes it:
// so neither the row count nor the cut into tasks is seen in the bits. Sums over rows (gemm_tn) are cut at row indices
// that follow from the output's size alone. Memory is the caller's; a call made inside a task runs inline.
#pragma once

#include <limits>

#include "fastnn/kernels/activation.hpp"
#include "fastnn/packet.hpp"

namespace fastnn::kernels {

/// Columns of a panel: two registers. A right operand of k rows is stored panel after panel, k rows of kPanel floats each;
/// a last panel of at most kWidth columns is one register wide. Missing columns are zeros.
constexpr Index kPanel = 2 * packet::kWidth;

/// Most rows that multiply_rows takes at once, so that what it reads of them stays in the second level of cache.
constexpr Index kRowBlock = 96;

/// `count` things dealt to `parts` as evenly as can be: part i has [begin(i), begin(i + 1)).
struct Split {
  Index base, extra;
  Split(Index count, Index parts) : base(count / parts), extra(count % parts) {}
  Index begin(Index part) const { return part * base + (part < extra ? part : extra); }
};

inline Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }
inline Index panel_count(Index n) { return ceil_div(n, kPanel); }

/// Row blocks of at most kRowBlock rows that waste no register tile.
Index row_blocks(Index m);
/// Where block `block` of `blocks` begins.
Index row_block_begin(Index m, Index blocks, Index block);

/// Floats of a packed right operand.
inline Index packed_size(Index k, Index n) { return k * ceil_div(n, packet::kWidth) * packet::kWidth; }

/// Packs B (k x n), whose element (p, j) lies at b[p * row_stride + j * column_stride].
void pack(const float* b, Index row_stride, Index column_stride, Index k, Index n, float* panels);
/// The same for rows [first_k, first_k + k) of a packed operand of total_k rows.
void pack_rows(const float* b, Index row_stride, Index column_stride, Index k, Index n, float* panels, Index total_k,
               Index first_k);

/// Where the chains of a product start and what becomes of their ends.
struct Epilogue {
  bool accumulate = false;      ///< start from C; else from the bias, else from 0
  const float* bias = nullptr;  ///< n floats; not together with accumulate
  Activation activation = Activation::linear;
  ActivationParameters parameters = {};

  /// The relu without slope, threshold or ceiling, which the tiles apply in registers.
  bool plain_relu() const {
    return activation == Activation::relu && parameters.negative_slope == 0.0f && parameters.threshold == 0.0f &&
           parameters.max_value == std::numeric_limits<float>::infinity();
  }
};

/// C (m x n) = epilogue(A (m x k) B), B packed. Rows of A and C are contiguous, lda and ldc floats apart.
void gemm(const float* a, Index lda, Index m, Index k, const float* panels, Index n, float* c, Index ldc,
          const Epilogue& epilogue = {});

/// Where the k of a left operand lies behind a row's pointer: `count` stretches of `length` floats, the first float of
/// stretch s at offsets[s]. They are the part of a longer k of `total` steps that begins at step `first`: parts are
/// multiplied in order, the first starts the chains and the last ends them.
struct Segments {
  const Index* offsets;
  Index count, length;
  Index first, total;
};

/// The same product for one task: m <= kRowBlock rows given by their pointers, panels [first, last) of C's n columns.
/// `panels` is the whole packed operand.
void multiply_rows(const float* const* a, const Segments& segments, Index m, const float* panels, Index n, Index first,
                   Index last, float* const* c, const Epilogue& epilogue);

/// A left operand A (rows x m) and where its product with the common right one goes.
struct Left {
  const float* a;
  Index lda, m;
  float* c;
  Index ldc;
};
constexpr Index kMostLefts = 2;

/// C (m x n) = A^T B for B (rows x n) and each of `count` left operands; writes sums of B's columns to column_sums unless that
/// is null. With m = 0 nothing is written to C (a and c may be null).
void gemm_tn(const Left* lefts, Index count, const float* b, Index ldb, Index rows, Index n, float* column_sums,
             float* scratch);
inline void gemm_tn(const float* a, Index lda, const float* b, Index ldb, Index rows, Index m, Index n, float* c,
                    Index ldc, float* column_sums, float* scratch) {
  const Left left{a, lda, m, c, ldc};
  gemm_tn(&left, 1, b, ldb, rows, n, column_sums, scratch);
}
/// Floats of scratch that gemm_tn needs for up to `most_rows` rows, m being that of all left operands together.
Index gemm_tn_scratch(Index m, Index n, Index most_rows);

/// Most rows and columns of B that pack_columns and multiply_outer take at once: 64 KiB.
constexpr Index kOuterRows = 256, kOuterColumns = 64;
constexpr Index kOuterPack = kOuterRows * kOuterColumns;

/// Packs `width` columns of B into panels, each with room for kOuterRows; adds them to sums (written where `accumulate` is
/// false) unless that is null.
void pack_columns(const float* b, Index ldb, Index rows, Index width, float* columns, float* sums, bool accumulate);

/// C (m x width) (+)= A^T B for one task. A's rows come in `run_count` runs of run_length: row p of run s starts at
/// runs[s] + offset + p * lda. B comes from pack_columns.
void multiply_outer(const float* const* runs, Index run_count, Index run_length, Index offset, Index lda, Index m,
                    const float* columns, Index width, bool accumulate, float* c, Index ldc);

}  // namespace fastnn::kernels
