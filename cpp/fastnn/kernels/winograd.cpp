// Minimal filtering F(m x m, r x r): a tile of m x m outputs from 6x6 inputs d and a kernel g of r x r taps, m + r = 7, as
// A^T [(G g G^T) * (B^T d B)] A (Lavin & Gray, "Fast algorithms for convolutional neural networks", 2015): per tile and pair of
// channels 36 multiplications, where 5x5 outputs of a 2x2 kernel take 100, 4x4 of a 3x3 kernel 144 and 2x2 of a 5x5 kernel 100. Summed over
// channels the products are 36 ordinary matrix products of (tiles x channels) by (channels x filters), one for each point of
// the transform. A kernel of another size is a sum of blocks of 3x3 taps, each with a window of its own: 7x7 is nine of them,
// summed before the one transform of the outputs.
//
// Here stands which shapes are served, and how kernels are transformed and packed, G g G^T. The other files have the transforms
// in registers (winograd_transforms.hpp), the tiles (winograd_tiles.hpp), what is exactly zero (winograd_zeros.hpp), and the
// passes (winograd_forward.cpp, winograd_backward.cpp).
#include "fastnn/kernels/winograd.hpp"

#include <algorithm>

#include "fastnn/kernels/winograd_tiles.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {

using namespace winograd;

namespace {

using packet::load_n;

template <Index kTaps>
void pack_kernel(const Geometry& g, const Real* kernel, Real* packed) {
  const Index point = g.kernel_point();
  parallel_for(g.blocks * g.channels, byte_work(180.0 * static_cast<double>(g.blocks * g.channels * g.filters)),
               [&](Index task, int) {
                 const Index block = task / g.channels, c = task % g.channels;
                 for (Index f = 0; f < g.filters; f += kWidth) {
                   const Index count = std::min(kWidth, g.filters - f), panel = f / kPanel;
                   Packet taps[kTaps * kTaps], points[kPoints];
                   for (Index i = 0; i < kTaps * kTaps; ++i) {
                     const Index tap = tap_index<kTaps>(g, block, i);
                     taps[i] =
                         tap < 0 ? packet::zero() : load_n(kernel + (tap * g.channels + c) * g.filters + f, count);
                   }
                   transform_kernel<kTaps>(taps, points);
                   Real* to = packed + block * kPoints * point + panel * kPanel * g.channels +
                              c * panel_stride(panel, g.filters) + f % kPanel;
                   for (Index p = 0; p < kPoints; ++p) packet::store(to + p * point, points[p]);
                 }
               });
}

// The same with channels and filters exchanged: squares of kWidth x kWidth are transformed along the filters, which are
// contiguous, and transposed.
template <Index kTaps>
void pack_exchanged(const Geometry& g, const Real* kernel, Real* packed) {
  const Index point = g.exchanged_point(), squares = ceil_div(g.channels, kWidth);
  parallel_for(g.blocks * squares, byte_work(220.0 * static_cast<double>(g.blocks * g.channels * g.filters)),
               [&](Index task, int) {
                 const Index block = task / squares, c = task % squares * kWidth, panel = c / kPanel;
                 const Index channels = std::min(kWidth, g.channels - c), stride = panel_stride(panel, g.channels);
                 for (Index f = 0; f < g.filters; f += kWidth) {
                   const Index count = std::min(kWidth, g.filters - f);
                   Packet points[kWidth][kPoints];
                   for (Index j = 0; j < kWidth; ++j) {
                     Packet taps[kTaps * kTaps];
                     for (Index i = 0; i < kTaps * kTaps; ++i) {
                       const Index tap = tap_index<kTaps>(g, block, i);
                       taps[i] = tap < 0 || j >= channels
                                     ? packet::zero()
                                     : load_n(kernel + (tap * g.channels + c + j) * g.filters + f, count);
                     }
                     transform_kernel<kTaps>(taps, points[j]);
                   }
                   Real* to = packed + block * kPoints * point + panel * kPanel * g.filters + f * stride + c % kPanel;
                   for (Index p = 0; p < kPoints; ++p) {
                     Eigen::internal::PacketBlock<Packet, kWidth> square;
                     for (Index j = 0; j < kWidth; ++j) square.packet[j] = points[j][p];
                     Eigen::internal::ptranspose(square);
                     for (Index r = 0; r < count; ++r) packet::store(to + p * point + r * stride, square.packet[r]);
                   }
                 }
               });
}

}  // namespace

bool winograd_serves(const ConvShape& s) {
  if (s.stride_h != 1 || s.stride_w != 1 || s.dilation_h != 1 || s.dilation_w != 1 || s.groups != 1 ||
      s.channels < 16 || s.filters < 16 || std::min(s.kernel_h, s.kernel_w) < 2)
    return false;
  return s.work() >= kWinogradGain * winograd_work(s);
}

bool winograd_reads_kernel(const ConvShape& s) { return Geometry(s).transforms_late(); }

double winograd_work(const ConvShape& s) {
  const Geometry g(s);
  return static_cast<double>(g.tiles * g.blocks * kPoints) * static_cast<double>(s.channels * s.filters);
}

Index winograd_packed_size(const ConvShape& s) {
  const Geometry g(s);
  return g.transforms_late() ? g.kernel_size() : g.blocks * kPoints * g.kernel_point();
}

void winograd_pack(const ConvShape& s, const Real* kernel, Real* packed) {
  const Geometry g(s);
  if (g.transforms_late())
    std::copy_n(kernel, g.kernel_size(), packed);
  else
    with_taps(g, [&](auto taps) { pack_kernel<taps()>(g, kernel, packed); });
}

Index winograd_exchanged_size(const ConvShape& s) {
  return Geometry(s).blocks * kPoints * Geometry(s).exchanged_point();
}

void winograd_pack_exchanged(const ConvShape& s, const Real* kernel, Real* packed) {
  const Geometry g(s);
  with_taps(g, [&](auto taps) { pack_exchanged<taps()>(g, kernel, packed); });
}

}  // namespace fastnn::kernels
