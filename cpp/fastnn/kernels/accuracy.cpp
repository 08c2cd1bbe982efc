// Accuracies, a group at a time.
#include "fastnn/kernels/accuracy.hpp"

#include <algorithm>

#include "fastnn/kernels/math.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

// accuracy[g] = body(g) for every group.
template <class Body>
void each_group(Index groups, Index size, Real* accuracy, Body&& body) {
  const Index chunk = std::max<Index>(1, 16384 / size);
  parallel_ranges(groups, chunk, 0.5 * static_cast<double>(groups * size), [&](Index begin, Index end, int) {
    for (Index g = begin; g < end; ++g) accuracy[g] = body(g);
  });
}

// The index of the first largest of `size` floats; -1 if one is NaN.
Index argmax(const Real* x, Index size) {
  const Real top = max_over(size, [&](Index i, Index n) { return load_n(x + i, n, -kInfinity); });
  for (Index i = 0; i < size; ++i)
    if (x[i] == top) return i;
  return -1;
}

// The class of group g.
Index class_of(const Real* labels, Index g, Index size) { return argmax(labels + g * size, size); }
Index class_of(const std::int32_t* labels, Index g, Index) { return labels[g]; }

template <class Label>
void largest_is_right(const Label* labels, const Real* scores, Index groups, Index size, Real* accuracy) {
  each_group(groups, size, accuracy, [&](Index g) {
    const Index guess = argmax(scores + g * size, size);
    return guess >= 0 && guess == class_of(labels, g, size) ? 1.0_r : 0.0_r;
  });
}

template <class Label>
void among_largest(Index k, const Label* labels, const Real* scores, Index groups, Index size, Real* accuracy) {
  each_group(groups, size, accuracy, [&](Index g) {
    const Index own = class_of(labels, g, size);
    if (own < 0 || own >= size) return 0.0_r;
    const Real* x = scores + g * size;
    // A NaN is a score below all others.
    const Real score = x[own] == x[own] ? x[own] : -kInfinity;
    Index larger = 0;
    for (Index i = 0; i < size; ++i) larger += x[i] > score;
    return larger < k ? 1.0_r : 0.0_r;
  });
}

}  // namespace

void binary_accuracy(Real threshold, const Real* truth, const Real* guess, Index groups, Index size, Real* accuracy) {
  each_group(groups, size, accuracy, [&](Index g) {
    const Real hits = sum_over(size, [&](Index i, Index count) {
      const Packet above = less(set1(threshold), load_n(guess + g * size + i, count));
      const Packet label = select(above, set1(1.0_r), zero());
      return select(equal(label, load_n(truth + g * size + i, count)), set1(1.0_r), zero());
    });
    return hits / static_cast<Real>(size);
  });
}

void accuracy_of_weights(const Real* labels, const Real* scores, Index groups, Index size, Real* accuracy) {
  largest_is_right(labels, scores, groups, size, accuracy);
}
void accuracy_of_classes(const std::int32_t* labels, const Real* scores, Index groups, Index size, Real* accuracy) {
  largest_is_right(labels, scores, groups, size, accuracy);
}

void top_k_of_weights(Index k, const Real* labels, const Real* scores, Index groups, Index size, Real* accuracy) {
  among_largest(k, labels, scores, groups, size, accuracy);
}
void top_k_of_classes(Index k, const std::int32_t* labels, const Real* scores, Index groups, Index size,
                      Real* accuracy) {
  among_largest(k, labels, scores, groups, size, accuracy);
}

}  // namespace fastnn::kernels
