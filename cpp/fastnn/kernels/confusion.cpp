// Counts between thresholds and of pairs of classes.
#include "fastnn/kernels/confusion.hpp"

namespace fastnn::kernels {
namespace {

// The number of ascending thresholds below x, without a branch that depends on x.
Index thresholds_below(Real x, const Real* thresholds, Index count) {
  const Real* first = thresholds;
  while (count > 1) {
    const Index half = count / 2;
    first += first[half - 1] < x ? half : 0;
    count -= half;
  }
  return (first - thresholds) + (*first < x ? 1 : 0);
}

}  // namespace

void count_between_thresholds(const Real* truth, const Real* guess, const Real* weights, Index count,
                              const Real* thresholds, Index threshold_count, Index labels, double* positives,
                              double* negatives) {
  Index label = 0;
  for (Index i = 0; i < count; ++i) {
    const Index bin = thresholds_below(guess[i], thresholds, threshold_count) * labels + label;
    (truth[i] != 0.0_r ? positives : negatives)[bin] += weights == nullptr ? 1.0 : static_cast<double>(weights[i]);
    if (++label == labels) label = 0;
  }
}

void count_pairs(const Real* truth, const Real* guess, const Real* weights, Index count, Index classes,
                 double* counts) {
  const auto limit = static_cast<Real>(classes);
  const auto is_class = [&](Real x) { return x >= 0.0_r && x < limit; };
  for (Index i = 0; i < count; ++i)
    if (is_class(truth[i]) && is_class(guess[i]))
      counts[static_cast<Index>(truth[i]) * classes + static_cast<Index>(guess[i])] +=
          weights == nullptr ? 1.0 : static_cast<double>(weights[i]);
}

}  // namespace fastnn::kernels
