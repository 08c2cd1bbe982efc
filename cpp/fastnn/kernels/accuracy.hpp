// Accuracies of groups of predictions: one number for each group, on all threads.
//
// Labels are one-hot or soft (float, the largest is the class) or a class number (int32). Of equal scores the first counts
// as the largest; a group with a NaN score is never right. Among the k largest a NaN is a score below all others.
#pragma once

#include <cstdint>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// The fraction of values whose side of the threshold equals the target, 0 or 1.
KERNEL(void, binary_accuracy)(Real threshold, const Real* truth, const Real* guess, Index groups, Index size,
                              Real* accuracy);

/// 1 where the largest score is that of the label, else 0.
KERNEL(void, accuracy_of_weights)(const Real* labels, const Real* scores, Index groups, Index size, Real* accuracy);
KERNEL(void, accuracy_of_classes)(const std::int32_t* labels, const Real* scores, Index groups, Index size,
                                  Real* accuracy);
inline constexpr Overloaded<&accuracy_of_weights, &accuracy_of_classes> class_accuracy{};

/// 1 where fewer than k scores are larger than that of the label, else 0.
KERNEL(void, top_k_of_weights)(Index k, const Real* labels, const Real* scores, Index groups, Index size,
                               Real* accuracy);
KERNEL(void, top_k_of_classes)(Index k, const std::int32_t* labels, const Real* scores, Index groups, Index size,
                               Real* accuracy);
inline constexpr Overloaded<&top_k_of_weights, &top_k_of_classes> top_k_accuracy{};

}  // namespace fastnn::kernels
