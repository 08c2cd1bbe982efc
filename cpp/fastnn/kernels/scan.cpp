// One chain for each (outer, inner) position; lanes are neighbouring positions, which are independent.
#include "fastnn/kernels/scan.hpp"

#include "fastnn/kernels/math.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

// Calls body(o) for blocks of size * inner elements, on all threads; o is the place of the block's first element.
template <class Body>
void each_block(const Along& axis, Body&& body) {
  const Index block = axis.size * axis.inner;
  if (block == 0) return;
  const Index chunk = 1 + 8192 / block;
  parallel_ranges(axis.outer, chunk, 1.0 * static_cast<double>(axis.outer * block), [&](Index begin, Index end, int) {
    for (Index o = begin; o < end; ++o) body(o * block);
  });
}

// Where step k of the chain stands.
inline Index place(const Along& axis, bool reverse, Index k) { return (reverse ? axis.size - 1 - k : k) * axis.inner; }

template <class Join>
void run_floats(const Along& axis, bool reverse, const Real* x, Real* y, Join&& join) {
  each_block(axis, [&](Index at) {
    each_lane(axis.inner, [&](auto lanes, Index i) {
      auto held = lanes.load(x + at + place(axis, reverse, 0) + i);
      lanes.store(y + at + place(axis, reverse, 0) + i, held);
      for (Index k = 1; k < axis.size; ++k) {
        const Index here = at + place(axis, reverse, k) + i;
        held = join(lanes, held, lanes.load(x + here));
        lanes.store(y + here, held);
      }
    });
  });
}

template <class Join>
void run_whole(const Along& axis, bool reverse, const std::int32_t* x, std::int32_t* y, Join&& join) {
  each_block(axis, [&](Index at) {
    for (Index i = 0; i < axis.inner; ++i) {
      std::uint32_t held = 0;
      for (Index k = 0; k < axis.size; ++k) {
        const Index here = at + place(axis, reverse, k) + i;
        const auto next = static_cast<std::uint32_t>(x[here]);
        held = k == 0 ? next : join(held, next);
        y[here] = static_cast<std::int32_t>(held);
      }
    }
  });
}

}  // namespace

void running_sum_float(const Along& axis, bool reverse, const Real* x, Real* y) {
  run_floats(axis, reverse, x, y, [](auto lanes, auto a, auto b) { return lanes.add(a, b); });
}
void running_sum_int(const Along& axis, bool reverse, const std::int32_t* x, std::int32_t* y) {
  run_whole(axis, reverse, x, y, [](std::uint32_t a, std::uint32_t b) { return a + b; });
}
void running_product_float(const Along& axis, bool reverse, const Real* x, Real* y) {
  run_floats(axis, reverse, x, y, [](auto lanes, auto a, auto b) { return lanes.mul(a, b); });
}
void running_product_int(const Along& axis, bool reverse, const std::int32_t* x, std::int32_t* y) {
  run_whole(axis, reverse, x, y, [](std::uint32_t a, std::uint32_t b) { return a * b; });
}

// With S[k] = dy[k] + x[k + 1] S[k + 1], the gradient is S[k] times the product of what came before k.
void running_product_gradient(const Along& axis, bool reverse, const Real* x, const Real* y, const Real* dy, Real* dx) {
  each_block(axis, [&](Index at) {
    each_lane(axis.inner, [&](auto lanes, Index i) {
      auto behind = lanes.set1(0.0_r);
      for (Index k = axis.size; k-- > 0;) {
        const Index here = at + place(axis, reverse, k) + i;
        const auto sum = lanes.add(lanes.load(dy + here), behind);
        const auto before = k == 0 ? lanes.set1(1.0_r) : lanes.load(y + at + place(axis, reverse, k - 1) + i);
        lanes.store(dx + here, lanes.mul(before, sum));
        behind = lanes.mul(lanes.load(x + here), sum);
      }
    });
  });
}

}  // namespace fastnn::kernels
