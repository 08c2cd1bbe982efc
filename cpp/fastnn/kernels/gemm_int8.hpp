// Matrix products of integers of 8 bits, with factors that turn their sums into floats.
//
// The left operand is quantized row by row as the product begins, the right one once, column by column. Sums are exact, so
// no cut and no instruction set changes a bit of them.
#pragma once

#include <cstdint>

#include "fastnn/kernels/gemm.hpp"
#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// Longest k: a sum of that many products of two integers of 8 bits fits into 32 bits.
constexpr Index kMostInt8Steps = (Index{1} << 31) / (128 * 128) - 1;

/// The rule by which numbers become integers: round(x * scale) within [low, high], scale = high / (largest |x| + epsilon).
struct Int8Rule {
  float low = -127, high = 127, epsilon = 1e-7F;
};

/// Bytes of `rows` quantized rows of k numbers.
KERNEL(Index, int8_rows_size)(Index rows, Index k);
/// Quantizes rows of k floats, `stride` floats apart; writes the scale of each row. That of a row with a number that is not
/// finite is NaN.
KERNEL(void, quantize_rows)(const float* x, Index stride, Index rows, Index k, const Int8Rule& rule, std::int8_t* to,
                            float* scales);

/// Bytes of a packed right operand of k rows and n columns.
KERNEL(Index, int8_packed_size)(Index k, Index n);
/// Packs B (k x n), whose element (p, j) lies at b[p * row_stride + j * column_stride] and is -127 or more.
KERNEL(void, pack_int8)(const std::int8_t* b, Index row_stride, Index column_stride, Index k, Index n, std::int8_t* to);

/// C (m x n) = epilogue(A B / (scale of the row * scale of the column) + bias): A as quantize_rows wrote it, B packed. Rows of C
/// are ldc floats apart.
KERNEL(void, gemm_int8)(const std::int8_t* a, const float* row_scales, Index m, Index k, const std::int8_t* packed,
                        const float* column_scales, Index n, float* c, Index ldc, const Epilogue& epilogue);

/// Writes `count` integers over a scale as floats.
KERNEL(void, dequantize)(const std::int8_t* from, Index count, float scale, float* to);
/// Writes a matrix of integers (rows x n) over the scales of its columns as floats.
KERNEL(void, dequantize_columns)(const std::int8_t* from, Index rows, Index n, const float* scales, float* to);

}  // namespace fastnn::kernels
