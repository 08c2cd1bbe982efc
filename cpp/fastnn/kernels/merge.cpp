// Folds over strands, and chains over one axis.
#include "fastnn/kernels/merge.hpp"

#include <cmath>

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

Packet fetch(const Strand& x, Index i, Index n) { return x.moves ? load_n(x.data + i, n) : set1(x.data[0]); }

// The maximum (minimum) of both, NaN where either is NaN.
template <bool kLargest>
Packet extreme(const Packet& a, const Packet& b) {
  return select(equal(b, b), kLargest ? max(a, b) : min(a, b), b);
}

template <Merge kKind>
Packet fold(const Packet& a, const Packet& b) {
  switch (kKind) {
    case Merge::add:
    case Merge::average:
      return add(a, b);
    case Merge::subtract:
      return sub(a, b);
    case Merge::multiply:
      return mul(a, b);
    case Merge::maximum:
      return extreme<true>(a, b);
    case Merge::minimum:
      return extreme<false>(a, b);
  }
  return a;
}

// 1 where a lies beyond b, a half where both are equal, else 0.
template <bool kLargest>
Packet share(const Packet& a, const Packet& b) {
  const Packet beyond = kLargest ? less(b, a) : less(a, b);
  return select(beyond, set1(1.0_r), select(equal(a, b), set1(0.5_r), zero()));
}

template <Merge kKind>
void merge_as(const Strand* x, Index count, Real* y, Index size) {
  const Packet many = set1(static_cast<Real>(count));
  for_each(size, [&](Index i, Index n) {
    Packet value = fetch(x[0], i, n);
    for (Index k = 1; k < count; ++k) value = fold<kKind>(value, fetch(x[k], i, n));
    if (kKind == Merge::average) value = div(value, many);
    store_n(y + i, value, n);
  });
}

// Through the folds in which the element took part: its own, and those of every later strand.
template <bool kLargest>
Packet extreme_gradient(const Strand* x, Index count, Index which, const Packet& dy, Index i, Index n) {
  Packet gradient = dy;
  Packet value = fetch(x[0], i, n);
  for (Index k = 1; k < count; ++k) {
    const Packet next = fetch(x[k], i, n);
    if (k == which) gradient = mul(gradient, share<kLargest>(next, value));
    if (k > which) gradient = mul(gradient, share<kLargest>(value, next));
    value = extreme<kLargest>(value, next);
  }
  return gradient;
}

}  // namespace

void merge(Merge kind, const Strand* x, Index count, Real* y, Index size) {
  switch (kind) {
    case Merge::add:
      return merge_as<Merge::add>(x, count, y, size);
    case Merge::subtract:
      return merge_as<Merge::subtract>(x, count, y, size);
    case Merge::multiply:
      return merge_as<Merge::multiply>(x, count, y, size);
    case Merge::average:
      return merge_as<Merge::average>(x, count, y, size);
    case Merge::maximum:
      return merge_as<Merge::maximum>(x, count, y, size);
    case Merge::minimum:
      return merge_as<Merge::minimum>(x, count, y, size);
  }
}

void merge_gradient(Merge kind, const Strand* x, Index count, Index which, const Real* dy, Real* dx, Index size) {
  const Packet many = set1(static_cast<Real>(count));
  for_each(size, [&](Index i, Index n) {
    Packet gradient = load_n(dy + i, n);
    if (kind == Merge::subtract && which == 1) gradient = negate(gradient);
    if (kind == Merge::average) gradient = div(gradient, many);
    if (kind == Merge::multiply)
      for (Index k = 0; k < count; ++k)
        if (k != which) gradient = mul(gradient, fetch(x[k], i, n));
    if (kind == Merge::maximum) gradient = extreme_gradient<true>(x, count, which, gradient, i, n);
    if (kind == Merge::minimum) gradient = extreme_gradient<false>(x, count, which, gradient, i, n);
    store_n(dx + i, gradient, n);
  });
}

void collect(const Real* from, bool moves, Real* dx, Index size) {
  if (!moves) {
    dx[0] += sum_over(size, [&](Index i, Index n) { return load_n(from + i, n); });
    return;
  }
  for_each(size, [&](Index i, Index n) { store_n(dx + i, add(load_n(dx + i, n), load_n(from + i, n)), n); });
}

void dot(const Real* a, Axis of_a, const Real* b, Axis of_b, Real* y) {
  for (Index ao = 0; ao < of_a.outer; ++ao)
    for (Index ai = 0; ai < of_a.inner; ++ai)
      for (Index bo = 0; bo < of_b.outer; ++bo, y += of_b.inner) {
        const Real* left = a + ao * of_a.size * of_a.inner + ai;
        const Real* right = b + bo * of_b.size * of_b.inner;
        each_lane(of_b.inner, [&](auto lanes, Index bi) {
          auto sum = lanes.set1(0.0_r);
          for (Index k = 0; k < of_a.size; ++k)
            sum = lanes.madd(lanes.set1(left[k * of_a.inner]), lanes.load(right + k * of_b.inner + bi), sum);
          lanes.store(y + bi, sum);
        });
      }
}

void dot_gradient(const Real* a, Axis of_a, const Real* b, Axis of_b, const Real* dy, Real* da, Real* db) {
  const Index width = of_b.outer * of_b.inner;
  for (Index ao = 0; da != nullptr && ao < of_a.outer; ++ao)
    for (Index k = 0; k < of_a.size; ++k)
      for (Index ai = 0; ai < of_a.inner; ++ai) {
        const Real* above = dy + (ao * of_a.inner + ai) * width;
        Real sum = 0;
        for (Index bo = 0; bo < of_b.outer; ++bo)
          for (Index bi = 0; bi < of_b.inner; ++bi)
            sum = packet::madd(above[bo * of_b.inner + bi], b[(bo * of_b.size + k) * of_b.inner + bi], sum);
        da[(ao * of_a.size + k) * of_a.inner + ai] = sum;
      }
  for (Index bo = 0; db != nullptr && bo < of_b.outer; ++bo)
    for (Index k = 0; k < of_b.size; ++k)
      each_lane(of_b.inner, [&](auto lanes, Index bi) {
        auto sum = lanes.set1(0.0_r);
        for (Index ao = 0; ao < of_a.outer; ++ao)
          for (Index ai = 0; ai < of_a.inner; ++ai)
            sum = lanes.madd(lanes.set1(a[(ao * of_a.size + k) * of_a.inner + ai]),
                             lanes.load(dy + (ao * of_a.inner + ai) * width + bo * of_b.inner + bi), sum);
        lanes.store(db + (bo * of_b.size + k) * of_b.inner + bi, sum);
      });
}

namespace {

// One over the norm, kept finite for an array of zeros.
Real inverse_norm(const Real* x, Axis axis) {
  Real squares = 0;
  for (Index k = 0; k < axis.size; ++k) squares = packet::madd(x[k * axis.inner], x[k * axis.inner], squares);
  const Real inverse = 1.0_r / std::sqrt(squares);
  return inverse > 1e12_r ? 1e12_r : inverse;
}

}  // namespace

void normalize_along(const Real* x, Axis axis, Real* y) {
  for (Index o = 0; o < axis.outer; ++o, x += axis.size * axis.inner, y += axis.size * axis.inner)
    for (Index i = 0; i < axis.inner; ++i) {
      const Real scale = inverse_norm(x + i, axis);
      for (Index k = 0; k < axis.size; ++k) y[k * axis.inner + i] = x[k * axis.inner + i] * scale;
    }
}

void normalize_along_gradient(const Real* x, Axis axis, const Real* dy, Real* dx) {
  const Index step = axis.size * axis.inner;
  for (Index o = 0; o < axis.outer; ++o, x += step, dy += step, dx += step)
    for (Index i = 0; i < axis.inner; ++i) {
      const Real scale = inverse_norm(x + i, axis);
      Real along = 0;
      for (Index k = 0; k < axis.size; ++k)
        along = packet::madd(x[k * axis.inner + i] * scale, dy[k * axis.inner + i], along);
      // Where the norm was kept finite it is a constant.
      if (scale >= 1e12_r) along = 0;
      for (Index k = 0; k < axis.size; ++k) {
        const Index at = k * axis.inner + i;
        dx[at] = (dy[at] - x[at] * scale * along) * scale;
      }
    }
}

}  // namespace fastnn::kernels
