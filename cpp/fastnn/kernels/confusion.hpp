// Weighted counts of pairs of a label and a prediction: of positive and negative labels between thresholds, of which the
// confusion matrix at every threshold is made, and of pairs of classes.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// Adds the weight of each of `count` predictions to a bin: bin k holds predictions above exactly k of the thresholds,
/// which ascend. Prediction i belongs to label i % labels; bins are (thresholds + 1, labels). A label other than 0 is
/// positive; a prediction that is NaN is above no threshold. Weights may be null: 1.
KERNEL(void, count_between_thresholds)(const Real* truth, const Real* guess, const Real* weights, Index count,
                                       const Real* thresholds, Index threshold_count, Index labels, double* positives,
                                       double* negatives);

/// Adds the weight of each pair of classes to counts (true class, predicted class). Pairs with a number that is no class
/// do not count. Weights may be null: 1.
KERNEL(void, count_pairs)(const Real* truth, const Real* guess, const Real* weights, Index count, Index classes,
                          double* counts);

}  // namespace fastnn::kernels
