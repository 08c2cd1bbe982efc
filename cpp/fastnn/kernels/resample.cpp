// Resampling row by row: first the rows of the source under a row of the target are added up, then along the row.
#include "fastnn/kernels/resample.hpp"

#include <algorithm>

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {
namespace {

using packet::Packet;

// y (+)= weight * x; the first term is no sum, so that a copy keeps the sign of zero.
void add_weighted(Real weight, const Real* x, bool first, Real* y, Index size) {
  const Packet factor = packet::set1(weight);
  packet::for_each(size, [&](Index i, Index n) {
    const Packet value = packet::load_n(x + i, n);
    packet::store_n(y + i, first ? packet::mul(factor, value) : packet::madd(factor, value, packet::load_n(y + i, n)),
                    n);
  });
}

}  // namespace

void resample(const Blend& depth, const Blend& height, const Blend& width, Index channels, const Real* x, Real* y,
              Index begin, Index end, Real* scratch) {
  const Index line = width.in * channels;
  for (Index row = begin; row < end; ++row) {
    const Index oz = row / height.out, oy = row % height.out;
    const Real* source = scratch;
    if (depth.copies(oz) && height.copies(oy)) {
      source = x + (depth.first[oz] * height.in + height.first[oy]) * line;
    } else {
      bool first = true;
      for (Index i = depth.start[oz]; i < depth.start[oz + 1]; ++i) {
        const Index plane = (depth.first[oz] + i - depth.start[oz]) * height.in;
        for (Index j = height.start[oy]; j < height.start[oy + 1]; ++j) {
          add_weighted(depth.weight[i] * height.weight[j], x + (plane + height.first[oy] + j - height.start[oy]) * line,
                       first, scratch, line);
          first = false;
        }
      }
    }
    for (Index ox = 0; ox < width.out; ++ox, y += channels) {
      const Real* pixel = source + width.first[ox] * channels;
      if (width.copies(ox)) {
        std::copy_n(pixel, channels, y);
        continue;
      }
      packet::each_lane(channels, [&](auto traits, Index c) {
        using R = decltype(traits);
        const Index from = width.start[ox], count = width.start[ox + 1] - from;
        typename R::Value sum = R::mul(R::set1(width.weight[from]), R::load(pixel + c));
        for (Index i = 1; i < count; ++i)
          sum = R::madd(R::set1(width.weight[from + i]), R::load(pixel + i * channels + c), sum);
        R::store(y + c, sum);
      });
    }
  }
}

}  // namespace fastnn::kernels
