// Products whose right operand stays in rows, for weights so large that a packed copy is not worth its memory.
//
// With few rows of A the time is that of reading B, which is fastest as it lies: all columns of a row of B are multiplied
// before the next row is read. With more of them, a block of rows of B at a time is packed.
#include <algorithm>

#include "fastnn/kernels/gemm.hpp"
#include "fastnn/kernels/tiles.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

using packet::kWidth;
using packet::Packet;

// kStreamed rows of B at once, so that C is loaded and stored less often.
constexpr Index kFewRows = 8, kStreamed = 6;

template <int kSteps>
void stream_steps(const Real* a, Index lda, Index m, const Real* b, Index n, Index width, Real* c, Index ldc) {
  packet::for_each(width, [=](Index j, Index count) {
    Packet right[kSteps];
    for (int p = 0; p < kSteps; ++p) {
      right[p] = packet::load_n(b + p * n + j, count);
      __builtin_prefetch(b + (kSteps + p) * n + j);
    }
    for (Index r = 0; r < m; ++r) {
      Packet sum = packet::load_n(c + r * ldc + j, count);
      for (int p = 0; p < kSteps; ++p) sum = packet::madd(packet::set1(a[r * lda + p]), right[p], sum);
      packet::store_n(c + r * ldc + j, sum, count);
    }
  });
}

void stream(const Real* a, Index lda, Index m, Index k, const Real* b, Index n, Index width, Real* c, Index ldc) {
  Index p = 0;
  for (; p + kStreamed <= k; p += kStreamed) stream_steps<kStreamed>(a + p, lda, m, b + p * n, n, width, c, ldc);
  for (; p < k; ++p) stream_steps<1>(a + p, lda, m, b + p * n, n, width, c, ldc);
}

// Row p of a block of B into its panels of `steps` rows.
void pack_row(const Real* row, Index n, Index p, Index steps, Real* panels) {
  for (Index first = 0; first < n; first += kPanel) {
    const Index left = n - first;
    Real* const to = panels + first * steps + p * (left > kWidth ? kPanel : kWidth);
    packet::store(to, packet::load_n(row + first, std::min(kWidth, left)));
    if (left > kWidth)
      packet::store(to + kWidth, packet::load_n(row + first + kWidth, std::min(kWidth, left - kWidth)));
  }
}

// Rows of B that are packed at once: an odd number, so that what a row is scattered to does not crowd one set of the cache.
constexpr Index kPackedRows = 255;

}  // namespace

Index gemm_unpacked_scratch(Index n) { return packed_size(kPackedRows, n); }

void gemm_unpacked(const Real* a, Index lda, Index m, Index k, const Real* b, Index n, Real* c, Index ldc,
                   const Epilogue& epilogue, Real* scratch) {
  const auto products = [&](Index length) {
    return fma_work(static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(length));
  };
  if (m <= kFewRows) {
    // A part of all rows for each thread, as long as can be: memory is read ahead within a page.
    const Index part = ceil_div(ceil_div(n, usable_threads()), kPanel) * kPanel;
    parallel_ranges(
        n, part, products(k) + byte_work(4.0 * static_cast<double>(k * n)), [&](Index first, Index last, int) {
          const Index width = last - first;
          for (Index r = 0; r < m && !epilogue.accumulate; ++r) {
            if (epilogue.bias)
              std::copy_n(epilogue.bias + first, width, c + r * ldc + first);
            else
              std::fill_n(c + r * ldc + first, width, 0.0_r);
          }
          stream(a, lda, m, k, b + first, n, width, c + first, ldc);
          for (Index r = 0; r < m && epilogue.activation != Activation::linear; ++r)
            activate(epilogue.activation, epilogue.parameters, c + r * ldc + first, c + r * ldc + first, width);
        });
    return;
  }
  for (Index begin = 0; begin < k; begin += kPackedRows) {
    const Index length = std::min(kPackedRows, k - begin);
    parallel_ranges(length, 16, byte_work(8.0 * static_cast<double>(length * n)), [&](Index first, Index last, int) {
      for (Index p = first; p < last; ++p) pack_row(b + (begin + p) * n, n, p, length, scratch);
    });
    Epilogue end = begin + length == k ? epilogue : Epilogue{};
    end.accumulate = begin > 0 || epilogue.accumulate;
    end.bias = begin > 0 ? nullptr : epilogue.bias;
    gemm(a + begin, lda, m, length, scratch, n, c, ldc, end);
  }
}

}  // namespace fastnn::kernels
