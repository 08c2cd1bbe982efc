// Softmax and log-softmax. A contiguous group is reduced with its lanes counted from its start; in all other layouts
// the lanes are neighbouring groups and each group is a chain over its elements in order.
#include "fastnn/kernels/softmax.hpp"

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

void softmax_group(bool logarithm, const Real* x, Real* y, Index size) {
  Packet largest = set1(-kInfinity);
  // max() keeps its first argument where either is NaN: a NaN among x must win, so x stands first both times.
  for_each(size, [&](Index i, Index n) {
    const Packet v = load_n(x + i, n, -kInfinity);
    largest = select(equal(largest, largest), max(v, largest), largest);
  });
  const Packet top = set1(max_lane(largest));
  Packet sum = zero();
  for_each(size, [&](Index i, Index n) {
    const Packet shifted = sub(load_n(x + i, n, -kInfinity), top);
    const Packet e = packet::exp(shifted);
    // The padded lanes are exp(-inf) = 0, or NaN where the whole group is.
    sum = add(sum, e);
    store_n(y + i, logarithm ? shifted : e, n);
  });
  const Real total = sum_lanes(sum);
  if (logarithm) {
    const Packet shift = packet::log(set1(total));
    for_each(size, [&](Index i, Index n) { store_n(y + i, sub(load_n(y + i, n), shift), n); });
  } else {
    const Packet scale = set1(1.0_r / total);
    for_each(size, [&](Index i, Index n) { store_n(y + i, mul(load_n(y + i, n), scale), n); });
  }
}

void softmax_group_backward(bool logarithm, const Real* y, const Real* dy, Real* dx, Index size) {
  Packet sum = zero();
  if (logarithm) {
    for_each(size, [&](Index i, Index n) { sum = add(sum, load_n(dy + i, n)); });
    const Packet total = set1(sum_lanes(sum));
    for_each(size, [&](Index i, Index n) {
      store_n(dx + i, sub(load_n(dy + i, n), mul(packet::exp(load_n(y + i, n)), total)), n);
    });
  } else {
    for_each(size, [&](Index i, Index n) { sum = madd(load_n(dy + i, n), load_n(y + i, n), sum); });
    const Packet total = set1(sum_lanes(sum));
    for_each(size, [&](Index i, Index n) { store_n(dx + i, mul(load_n(y + i, n), sub(load_n(dy + i, n), total)), n); });
  }
}

}  // namespace

void softmax_rows(bool logarithm, const Real* x, Real* y, Index groups, Index size) {
  for (Index g = 0; g < groups; ++g) softmax_group(logarithm, x + g * size, y + g * size, size);
}

void softmax_rows_backward(bool logarithm, const Real* y, const Real* dy, Real* dx, Index groups, Index size) {
  for (Index g = 0; g < groups; ++g)
    softmax_group_backward(logarithm, y + g * size, dy + g * size, dx + g * size, size);
}

void softmax_groups(const SoftmaxGroups& groups, bool logarithm, const Real* x, Real* y) {
  const Index size = groups.size;
  for (Index o = 0; o < groups.outer_count; ++o) {
    const Real* from = x + groups.outer[o];
    Real* to = y + groups.outer[o];
    if (groups.contiguous()) {
      softmax_group(logarithm, from, to, size);
      continue;
    }
    for_each(groups.inner, [&](Index i, Index n) {
      Packet top = set1(-kInfinity);
      for (Index j = 0; j < size; ++j) {
        const Packet v = load_n(from + groups.within[j] + i, n);
        top = select(equal(top, top), max(v, top), top);
      }
      Packet sum = zero();
      for (Index j = 0; j < size; ++j) {
        const Packet shifted = sub(load_n(from + groups.within[j] + i, n), top);
        const Packet e = packet::exp(shifted);
        sum = add(sum, e);
        store_n(to + groups.within[j] + i, logarithm ? shifted : e, n);
      }
      const Packet last = logarithm ? packet::log(sum) : div(set1(1.0_r), sum);
      for (Index j = 0; j < size; ++j) {
        const Packet v = load_n(to + groups.within[j] + i, n);
        store_n(to + groups.within[j] + i, logarithm ? sub(v, last) : mul(v, last), n);
      }
    });
  }
}

void softmax_groups_backward(const SoftmaxGroups& groups, bool logarithm, const Real* y, const Real* dy, Real* dx) {
  const Index size = groups.size;
  for (Index o = 0; o < groups.outer_count; ++o) {
    const Real *out = y + groups.outer[o], *up = dy + groups.outer[o];
    Real* down = dx + groups.outer[o];
    if (groups.contiguous()) {
      softmax_group_backward(logarithm, out, up, down, size);
      continue;
    }
    for_each(groups.inner, [&](Index i, Index n) {
      Packet sum = zero();
      for (Index j = 0; j < size; ++j) {
        const Index at = groups.within[j] + i;
        const Packet g = load_n(up + at, n);
        sum = logarithm ? add(sum, g) : madd(g, load_n(out + at, n), sum);
      }
      for (Index j = 0; j < size; ++j) {
        const Index at = groups.within[j] + i;
        const Packet v = load_n(out + at, n), g = load_n(up + at, n);
        store_n(down + at, logarithm ? sub(g, mul(packet::exp(v), sum)) : mul(v, sub(g, sum)), n);
      }
    });
  }
}

// Michelot's way to tau without sorting ("A finite algorithm for finding the projection of a point onto the canonical
// simplex", 1986): take all elements, and leave out those that come to lie below tau until none does.
void sparsemax(const Real* x, Real* y, Index size, Index stride) {
  Real top = x[0];
  for (Index i = 1; i < size; ++i) {
    const Real v = x[i * stride];
    if (!(v <= top) && top == top) top = v;
  }
  // Less than one below the largest is what tau can be; in double, so that sums of a long row keep their digits.
  double tau = -1.0 - 1e-12;
  for (Index count = -1;;) {
    double sum = 0;
    Index taken = 0;
    for (Index i = 0; i < size; ++i) {
      const double away = static_cast<double>(x[i * stride]) - top;
      if (away > tau) {
        sum += away;
        ++taken;
      }
    }
    if (taken == count || taken == 0) break;
    count = taken;
    tau = (sum - 1.0) / static_cast<double>(taken);
  }
  for (Index i = 0; i < size; ++i) {
    const double rest = static_cast<double>(x[i * stride]) - top - tau;
    y[i * stride] = rest < 0 ? 0.0_r : static_cast<Real>(rest);
  }
}

void sparsemax_backward(const Real* y, const Real* dy, Real* dx, Index size, Index stride) {
  double sum = 0;
  Index taken = 0;
  for (Index i = 0; i < size; ++i)
    if (y[i * stride] > 0) {
      sum += dy[i * stride];
      ++taken;
    }
  const Real mean = taken == 0 ? 0.0_r : static_cast<Real>(sum / static_cast<double>(taken));
  for (Index i = 0; i < size; ++i) dx[i * stride] = y[i * stride] > 0 ? dy[i * stride] - mean : 0.0_r;
}

}  // namespace fastnn::kernels
