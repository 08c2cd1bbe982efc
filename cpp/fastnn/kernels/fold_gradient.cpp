// Sweeps over pairs of an element and its result.
#include "fastnn/kernels/fold_gradient.hpp"

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

// Calls body(place of the elements, result, count); result(array) loads what stands in an array of results there.
template <class Body>
void each_pair(const Loops<2>& expand, Index rows, double each, Body&& body) {
  const bool moves = expand.step(1) != 0;
  walk_all(expand, rows, each, [&](const std::array<Index, 2>& at, Index first, Index count) {
    for_each(count, [&](Index i, Index n) {
      const auto result = [&](const Real* array) { return moves ? load_n(array + at[1] + i, n) : set1(array[at[1]]); };
      body(first + i, result, n);
    });
  });
}

}  // namespace

void spread(const Loops<2>& expand, Index rows, const Real* dy, Real* dx) {
  each_pair(expand, rows, 0.5, [&](Index i, auto result, Index n) { store_n(dx + i, result(dy), n); });
}

void mark_equal(const Loops<2>& expand, Index rows, const Real* x, const Real* y, Real* ties) {
  each_pair(expand, rows, 0.8, [&](Index i, auto result, Index n) {
    const Packet v = load_n(x + i, n), top = result(y);
    const Packet not_nan = either(equal(v, v), equal(top, top));
    store_n(ties + i, select(either(equal(v, top), equal(not_nan, zero())), set1(1.0_r), zero()), n);
  });
}

void share_gradient(const Loops<2>& expand, Index rows, const Real* ties, const Real* count, const Real* dy, Real* dx) {
  each_pair(expand, rows, 0.8, [&](Index i, auto result, Index n) {
    const Packet part = div(result(dy), result(count));
    store_n(dx + i, select(less(zero(), load_n(ties + i, n)), part, zero()), n);
  });
}

void mark_zeros(const Real* x, Real* marks, Index count) {
  for_each(count, [&](Index i, Index n) {
    store_n(marks + i, select(equal(load_n(x + i, n), zero()), set1(1.0_r), zero()), n);
  });
}

void replace_zeros(const Real* x, Real* factors, Index count) {
  for_each(count, [&](Index i, Index n) {
    const Packet v = load_n(x + i, n);
    store_n(factors + i, select(equal(v, zero()), set1(1.0_r), v), n);
  });
}

void product_gradient(const Loops<2>& expand, Index rows, const Real* x, const Real* zeros, const Real* product,
                      const Real* dy, Real* dx) {
  each_pair(expand, rows, 1.5, [&](Index i, auto result, Index n) {
    const Packet v = load_n(x + i, n), many = result(zeros), all = result(product);
    const Packet is_zero = equal(v, zero());
    const Packet others = select(is_zero, select(equal(many, set1(1.0_r)), all, zero()),
                                 select(equal(many, zero()), div(all, v), zero()));
    store_n(dx + i, mul(result(dy), others), n);
  });
}

void finite_or_zero(Real* y, Index count) {
  for_each(count, [&](Index i, Index n) {
    const Packet v = load_n(y + i, n);
    store_n(y + i, select(equal(packet::abs(v), set1(kInfinity)), zero(), v), n);
  });
}

void exp_shifted(const Loops<2>& expand, Index rows, const Real* x, const Real* top, Real* e) {
  each_pair(expand, rows, 1.5,
            [&](Index i, auto result, Index n) { store_n(e + i, packet::exp(sub(load_n(x + i, n), result(top))), n); });
}

void add_log(const Real* sum, Real* y, Index count) {
  for_each(count, [&](Index i, Index n) { store_n(y + i, add(load_n(y + i, n), packet::log(load_n(sum + i, n))), n); });
}

void exp_gradient(const Loops<2>& expand, Index rows, const Real* x, const Real* y, const Real* dy, Real* dx) {
  each_pair(expand, rows, 1.5, [&](Index i, auto result, Index n) {
    store_n(dx + i, mul(result(dy), packet::exp(sub(load_n(x + i, n), result(y)))), n);
  });
}

}  // namespace fastnn::kernels
