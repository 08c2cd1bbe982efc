// Packing of right operands into panels: rows of B side by side, as the register tiles of gemm.cpp read them.
#include <algorithm>

#include "fastnn/kernels/gemm.hpp"
#include "fastnn/kernels/tiles.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {

using packet::kWidth;
using packet::Packet;

namespace {

// Rows [0, k) of one panel of `width` columns, `stride` floats a row.
void pack_panel(const Real* b, Index row_stride, Index column_stride, Index k, Index width, Index stride, Real* to) {
  Index p = 0;
  if (column_stride == 1 && width == stride) {
    if (stride == kPanel) {
      for (; p < k; ++p, b += row_stride, to += kPanel) {
        packet::store(to, packet::load(b));
        packet::store(to + kWidth, packet::load(b + kWidth));
      }
    } else {
      for (; p < k; ++p, b += row_stride, to += kWidth) packet::store(to, packet::load(b));
    }
    return;
  }
  if (row_stride == 1) {
    for (; p + kWidth <= k; p += kWidth) {
      for (Index j = 0; j < stride; j += kWidth) {
        Eigen::internal::PacketBlock<Packet, kWidth> square;
        for (Index i = 0; i < kWidth; ++i)
          square.packet[i] = j + i < width ? packet::load(b + (j + i) * column_stride + p) : packet::zero();
        Eigen::internal::ptranspose(square);
        for (Index i = 0; i < kWidth; ++i) packet::store(to + (p + i) * stride + j, square.packet[i]);
      }
    }
  }
  if (column_stride == 1) {
    for (; p < k; ++p) {
      copy_padded(b + p * row_stride, width, to + p * stride);
      for (Index j = ceil_div(width, kWidth) * kWidth; j < stride; j += kWidth)
        packet::store(to + p * stride + j, packet::zero());
    }
    return;
  }
  for (; p < k; ++p) {
    for (Index j = 0; j < width; ++j) to[p * stride + j] = b[p * row_stride + j * column_stride];
    for (Index j = width; j < stride; ++j) to[p * stride + j] = 0.0_r;
  }
}

}  // namespace

void pack_rows(const Real* b, Index row_stride, Index column_stride, Index k, Index n, Real* panels, Index total_k,
               Index first_k) {
  parallel_for(panel_count(n), byte_work(8.0 * static_cast<double>(k * n)), [&](Index panel, int) {
    const Index width = std::min(kPanel, n - panel * kPanel), stride = width > kWidth ? kPanel : kWidth;
    pack_panel(b + panel * kPanel * column_stride, row_stride, column_stride, k, width, stride,
               panels + panel * kPanel * total_k + first_k * stride);
  });
}

void pack(const Real* b, Index row_stride, Index column_stride, Index k, Index n, Real* panels) {
  pack_rows(b, row_stride, column_stride, k, n, panels, k, 0);
}

void pack_columns(const Real* b, Index ldb, Index rows, Index width, Real* columns, Real* sums, bool accumulate) {
  for (Index first = 0; first < width; first += kPanel, columns += kOuterRows * kPanel) {
    const Index panel_width = std::min(kPanel, width - first), stride = panel_width > kWidth ? kPanel : kWidth;
    pack_panel(b + first, ldb, 1, rows, panel_width, stride, columns);
    if (sums == nullptr) continue;
    for (Index j = 0; j < panel_width; j += kWidth) {
      const Index count = std::min(kWidth, panel_width - j);
      Packet sum = accumulate ? packet::load_n(sums + first + j, count) : packet::zero();
      for (Index p = 0; p < rows; ++p) sum = packet::add(sum, packet::load(columns + p * stride + j));
      packet::store_n(sums + first + j, sum, count);
    }
  }
}

}  // namespace fastnn::kernels
