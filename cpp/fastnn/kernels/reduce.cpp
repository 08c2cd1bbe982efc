// Sums over one dimension of an array. With inner == 1 the lanes run along the reduced dimension; otherwise they
// are neighbours and each is a chain in order.
#include "fastnn/kernels/reduce.hpp"

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {

using namespace packet;

void reduce_sum(const Real* x, Real* y, Index outer, Index size, Index inner) {
  for (Index o = 0; o < outer; ++o, x += size * inner, y += inner) {
    if (inner == 1) {
      *y = sum_over(size, [&](Index i, Index n) { return load_n(x + i, n); });
      continue;
    }
    for_each(inner, [&](Index i, Index n) {
      Packet sum = zero();
      for (Index j = 0; j < size; ++j) sum = add(sum, load_n(x + j * inner + i, n));
      store_n(y + i, sum, n);
    });
  }
}

}  // namespace fastnn::kernels
