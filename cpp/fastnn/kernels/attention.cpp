// Masks and additive scores of attention.
#include "fastnn/kernels/attention.hpp"

#include <limits>

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

template <class Body>
void each_hidden(const Sight& sight, Body&& body) {
  for (Index i = 0; i < sight.queries; ++i)
    for (Index j = 0; j < sight.keys; ++j)
      if (!sight.sees(i, j)) body(i * sight.keys + j);
}

}  // namespace

void hide_scores(const Sight& sight, Real* scores) {
  each_hidden(sight, [&](Index at) { scores[at] = std::numeric_limits<Real>::lowest(); });
}

void hide_gradients(const Sight& sight, Real* dscores) {
  each_hidden(sight, [&](Index at) { dscores[at] = 0.0_r; });
}

void additive_scores(const Additive& a, const Real* q, Index ldq, const Real* k, Index ldk, Real* scores) {
  const Packet scale = set1(a.scale);
  for (Index i = 0; i < a.queries; ++i)
    for (Index j = 0; j < a.keys; ++j) {
      const Real *left = q + i * ldq, *right = k + j * ldk;
      scores[i * a.keys + j] = sum_over(a.size, [&](Index d, Index n) {
        const Packet weight = a.step == 0 ? set1(*a.weight) : load_n(a.weight + d, n);
        return mul(weight, packet::tanh(mul(scale, add(load_n(left + d, n), load_n(right + d, n)))));
      });
    }
}

void additive_scores_backward(const Additive& a, const Real* q, Index ldq, const Real* k, Index ldk,
                              const Real* dscores, Real* dq, Real* dk, Real* dweight, Real* dscale) {
  const Packet scale = set1(a.scale), one = set1(1.0_r);
  for (Index i = 0; i < a.queries; ++i)
    for (Index j = 0; j < a.keys; ++j) {
      const Real *left = q + i * ldq, *right = k + j * ldk;
      const Packet up = set1(dscores[i * a.keys + j]);
      Real of_weight = 0.0_r, of_scale = 0.0_r;
      for_each(a.size, [&](Index d, Index n) {
        const Packet weight = a.step == 0 ? set1(*a.weight) : load_n(a.weight + d, n);
        const Packet sum = add(load_n(left + d, n), load_n(right + d, n));
        const Packet t = packet::tanh(mul(scale, sum));
        // The gradient of what tanh is given, then of what is scaled.
        const Packet inside = mul(mul(up, weight), sub(one, mul(t, t))), down = mul(inside, scale);
        if (dq != nullptr) store_n(dq + i * ldq + d, add(load_n(dq + i * ldq + d, n), down), n);
        if (dk != nullptr) store_n(dk + j * ldk + d, add(load_n(dk + j * ldk + d, n), down), n);
        if (a.step == 1)
          store_n(dweight + d, madd(up, t, load_n(dweight + d, n)), n);
        else
          of_weight += sum_lanes(first_lanes(mul(up, t), n));
        of_scale += sum_lanes(first_lanes(mul(inside, sum), n));
      });
      if (a.step == 0) *dweight += of_weight;
      *dscale += of_scale;
    }
}

Real dot_rows(const Real* a, Index lda, const Real* b, Index ldb, Index rows, Index size) {
  Real total = 0.0_r;
  for (Index r = 0; r < rows; ++r)
    total +=
        sum_over(size, [&](Index i, Index n) { return mul(load_n(a + r * lda + i, n), load_n(b + r * ldb + i, n)); });
  return total;
}

void scale_rows(Real* a, Index lda, Index rows, Index size, Real by) {
  const Packet factor = set1(by);
  for (Index r = 0; r < rows; ++r)
    for_each(size, [&](Index i, Index n) { store_n(a + r * lda + i, mul(load_n(a + r * lda + i, n), factor), n); });
}

}  // namespace fastnn::kernels
