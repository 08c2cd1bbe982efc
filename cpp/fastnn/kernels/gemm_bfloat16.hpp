// Matrix products of numbers in bfloat16: eight bits of a float's 24, with all of its exponent. Sums are floats.
//
// Numbers are rounded to the nearest, ties to even; those below 2^-126 become zeros, as the instruction vdpbf16ps has it.
// A sum takes the products of a pair of steps of k one after the other, that of the second step first, as the instruction
// does too: so processors without it compute the same bits, but for sums below 2^-126.
#pragma once

#include <cstdint>

#include "fastnn/bfloat16.hpp"
#include "fastnn/kernels/gemm.hpp"
#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// Two steps of k in bfloat16: the first one in the lower half.
using Bfloat16Pair = std::uint32_t;

/// Pairs of `rows` rounded rows of k numbers.
KERNEL(Index, bfloat16_rows_size)(Index rows, Index k);
/// Rounds a left operand (rows x k), whose element (r, p) lies at x[r * row_stride + p * column_stride]; one of the strides
/// is 1.
KERNEL(void, round_rows)(const float* x, Index row_stride, Index column_stride, Index rows, Index k, Bfloat16Pair* to);

/// Pairs of a packed right operand of k rows and n columns.
KERNEL(Index, bfloat16_packed_size)(Index k, Index n);
/// Packs B (k x n), whose element (p, j) lies at b[p * row_stride + j * column_stride]; one of the strides is 1.
KERNEL(void, pack_bfloat16_wide)(const float* b, Index row_stride, Index column_stride, Index k, Index n,
                                 Bfloat16Pair* to);
KERNEL(void, pack_bfloat16_narrow)(const Bfloat16* b, Index row_stride, Index column_stride, Index k, Index n,
                                   Bfloat16Pair* to);
inline constexpr Overloaded<&pack_bfloat16_wide, &pack_bfloat16_narrow> pack_bfloat16{};

/// C (m x n) = epilogue(A B + bias): A as round_rows wrote it, B packed. Rows of C are ldc floats apart.
KERNEL(void, gemm_bfloat16)(const Bfloat16Pair* a, Index m, Index k, const Bfloat16Pair* packed, Index n, float* c,
                            Index ldc, const Epilogue& epilogue);

}  // namespace fastnn::kernels
