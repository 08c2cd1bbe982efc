// Penalties of rows, on all threads.
#include "fastnn/kernels/activity.hpp"

#include <algorithm>

#include "fastnn/kernels/math.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

template <class Body>
void each_row(Index rows, Index size, Body&& body) {
  parallel_ranges(rows, std::max<Index>(1, 16384 / std::max<Index>(1, size)), 0.6 * static_cast<double>(rows * size),
                  [&](Index begin, Index end, int) {
                    for (Index row = begin; row < end; ++row) body(row);
                  });
}

}  // namespace

void activity_penalties(Real l1, Real l2, const Real* x, Index rows, Index size, Real* penalties) {
  each_row(rows, size, [&](Index row) {
    penalties[row] = sum_over(size, [&](Index i, Index n) {
      const Packet v = load_n(x + row * size + i, n);
      return madd(mul(set1(l2), v), v, mul(set1(l1), packet::abs(v)));
    });
  });
}

void activity_penalties_gradient(Real l1, Real l2, const Real* x, const Real* dy, const Real* dpenalties, Index rows,
                                 Index size, Real* dx) {
  each_row(rows, size, [&](Index row) {
    const Real weight = dpenalties == nullptr ? 0.0_r : dpenalties[row];
    const Packet flat = set1(l1 * weight), steep = set1(2.0_r * l2 * weight);
    for_each(size, [&](Index i, Index n) {
      const Index at = row * size + i;
      const Packet above = dy == nullptr ? zero() : load_n(dy + at, n);
      if (dpenalties == nullptr) return store_n(dx + at, above, n);
      const Packet v = load_n(x + at, n);
      const Packet sided = select(less(zero(), v), flat, select(less(v, zero()), negate(flat), zero()));
      store_n(dx + at, add(above, madd(v, steep, sided)), n);
    });
  });
}

}  // namespace fastnn::kernels
