// What kernels share of the register tiles of gemm: the shape of panels, blocks of rows, and products for one task.
// Read inside a library of kernels only, because a panel is as wide as the registers of its instruction set.
#pragma once

#include "fastnn/kernels/gemm.hpp"
#include "fastnn/packet.hpp"

namespace fastnn::kernels {

/// Columns of a panel: two registers. A right operand of k rows is stored panel after panel, k rows of kPanel floats each;
/// a last panel of at most kWidth columns is one register wide. Missing columns are zeros.
constexpr Index kPanel = 2 * packet::kWidth;

/// Copies `width` floats of a row of a matrix to one that has room for whole registers, which are filled with zeros.
inline void copy_padded(const Real* from, Index width, Real* to) {
  packet::for_each(width, [=](Index i, Index n) { packet::store(to + i, packet::load_n(from + i, n)); });
}

/// Row blocks of at most kRowBlock rows that waste no register tile.
Index row_blocks(Index m);
/// Where block `block` of `blocks` begins.
Index row_block_begin(Index m, Index blocks, Index block);

/// Into how many parts the panels of a product are cut, so that `blocks` of rows are tasks for every thread.
Index parts_of_columns(double work, Index blocks, Index panels);

/// pack() for rows [first_k, first_k + k) of a packed operand of total_k rows.
void pack_rows(const Real* b, Index row_stride, Index column_stride, Index k, Index n, Real* panels, Index total_k,
               Index first_k);

/// Most rows and columns of B that pack_columns and multiply_outer take at once: 64 KiB.
constexpr Index kOuterRows = 256, kOuterColumns = 64;
constexpr Index kOuterPack = kOuterRows * kOuterColumns;

/// Packs `width` columns of B into panels, each with room for kOuterRows; adds them to sums (written where `accumulate` is
/// false) unless that is null.
void pack_columns(const Real* b, Index ldb, Index rows, Index width, Real* columns, Real* sums, bool accumulate);

/// C (m x width) (+)= A^T B for one task. A's rows come in `run_count` runs of run_length: row p of run s starts at
/// runs[s] + offset + p * lda. B comes from pack_columns.
void multiply_outer(const Real* const* runs, Index run_count, Index run_length, Index offset, Index lda, Index m,
                    const Real* columns, Index width, bool accumulate, Real* c, Index ldc);

}  // namespace fastnn::kernels
