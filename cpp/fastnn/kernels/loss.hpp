// Losses over groups of values, and their gradients with respect to the predictions, with Keras' definitions and its
// epsilon of 1e-7. A group is `size` targets and predictions, one loss. All functions work on all threads.
#pragma once

#include <cstdint>
#include <string_view>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/kernels/names.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// Losses that are a mean (kl_divergence: a sum) of a function of one target and one prediction.
enum class ElementLoss : std::uint8_t {
  squared_error,
  absolute_error,
  absolute_percentage_error,
  squared_logarithmic_error,
  huber,
  log_cosh,
  poisson,
  kl_divergence,
  hinge,
  squared_hinge,
  binary_crossentropy,
  binary_crossentropy_on_logits,
};
inline constexpr const char* kElementLossNames[] = {
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "huber",
    "log_cosh",
    "poisson",
    "kl_divergence",
    "hinge",
    "squared_hinge",
    "binary_crossentropy",
};
/// The loss with this Keras name; false if there is none.
inline bool find_element_loss(std::string_view name, ElementLoss& found) {
  return find_name(kElementLossNames, name, found);
}

struct ElementLossParameters {
  Real delta = 1.0_r;      ///< huber
  Real smoothing = 0.0_r;  ///< label smoothing of the binary crossentropies
};

KERNEL(void, element_loss)(ElementLoss, const ElementLossParameters&, const Real* truth, const Real* guess,
                           Index groups, Index size, Real* loss);
/// dguess = dloss * slope of the loss with respect to the prediction.
KERNEL(void, element_loss_gradient)(ElementLoss, const ElementLossParameters&, const Real* truth, const Real* guess,
                                    const Real* dloss, Index groups, Index size, Real* dguess);

/// max(largest score of a wrong class - score of the right class + 1, 0); targets are one-hot.
KERNEL(void, categorical_hinge)(const Real* truth, const Real* guess, Index groups, Index size, Real* loss);
KERNEL(void, categorical_hinge_gradient)(const Real* truth, const Real* guess, const Real* dloss, Index groups,
                                         Index size, Real* dguess);

/// -sum(t p) over unit vectors; a vector shorter than 1e-7 is divided by 1e-7.
KERNEL(void, cosine_similarity)(const Real* truth, const Real* guess, Index groups, Index size, Real* loss);
KERNEL(void, cosine_similarity_gradient)(const Real* truth, const Real* guess, const Real* dloss, Index groups,
                                         Index size, Real* dguess);

/// Crossentropy over classes, a group for each sample. Labels are one-hot or soft (float), or a class number (int32);
/// both are seen as weights w that sum to `weight`. On logits:
///   loss = sum w (log sum exp(x - max) - (x - max)),    slope = weight softmax(x) - w.
/// On probabilities, with q = p / max(sum p, 1e-7):
///   loss = -sum w log clip(q),    slope = (g - sum g q) / sum p, where g = -w/q, and 0 where q is clipped.
/// A class number outside the classes makes its sample NaN: whoever hands out labels checks them.
struct ClassLoss {
  bool logits = false;
  Real smoothing = 0.0_r;  ///< label smoothing of float labels
  bool ignores = false;    ///< class number `ignored` has loss 0 and no gradient
  Index ignored = 0;
};

/// `kept`, unless null, receives two floats of each group, which the gradient reads.
KERNEL(void, crossentropy_of_weights)(const ClassLoss&, const Real* labels, const Real* scores, Index groups,
                                      Index size, Real* loss, Real* kept);
KERNEL(void, crossentropy_of_classes)(const ClassLoss&, const std::int32_t* labels, const Real* scores, Index groups,
                                      Index size, Real* loss, Real* kept);
inline constexpr Overloaded<&crossentropy_of_weights, &crossentropy_of_classes> crossentropy{};
KERNEL(void, crossentropy_of_weights_gradient)(const ClassLoss&, const Real* labels, const Real* scores,
                                               const Real* kept, const Real* dloss, Index groups, Index size,
                                               Real* dscores);
KERNEL(void, crossentropy_of_classes_gradient)(const ClassLoss&, const std::int32_t* labels, const Real* scores,
                                               const Real* kept, const Real* dloss, Index groups, Index size,
                                               Real* dscores);
inline constexpr Overloaded<&crossentropy_of_weights_gradient, &crossentropy_of_classes_gradient>
    crossentropy_gradient{};

}  // namespace fastnn::kernels
