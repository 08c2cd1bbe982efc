// Optimizer updates: one vectorised sweep over a weight, its gradient and its slots, with penalties, clipping and decay inside.
//
// A sweep works on a range of one weight. Elements are independent, so ranges may run on any thread.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// to[i] += from[i].
KERNEL(void, add)(const float* from, float* to, Index count);

/// to[i] = the sum of parts[p * size + i] over the `count` parts, in their order.
KERNEL(void, add_up)(const float* parts, Index count, Index size, float* to);

/// Changes to the gradient and the weight that every rule makes before its own arithmetic.
struct Moderation {
  float l1 = 0, l2 = 0;  ///< gradient += l1 * sign(w) + 2 * l2 * w
  float scale = 1;       ///< gradient *= scale: clipping by a norm
  float clip = 0;        ///< gradient clamped to [-clip, clip]; 0: off
  float decay = 0;       ///< w -= decay * w (weight decay times learning rate)
};

/// Gradient descent (momentum of Sutskever et al., 2013; velocity null: plain).
KERNEL(void, update_sgd)(const Moderation&, float learning_rate, float momentum, bool nesterov, const float* gradient,
                         float* w, float* velocity, Index count);

/// Adam (Kingma & Ba, 2014), as Keras writes it: `alpha` is the rate including both bias corrections. `largest` (amsgrad,
/// Reddi et al., 2018) may be null.
struct Adam {
  float alpha, beta_1, beta_2, epsilon;
};
KERNEL(void, update_adam)(const Moderation&, const Adam&, const float* gradient, float* w, float* m, float* v,
                          float* largest, Index count);

/// RMSprop (Hinton, 2012). `mean` (centered) and `velocity` (momentum) may be null.
struct RmsProp {
  float learning_rate, rho, momentum, epsilon;
};
KERNEL(void, update_rmsprop)(const Moderation&, const RmsProp&, const float* gradient, float* w, float* square,
                             float* velocity, float* mean, Index count);

/// The sum of squares of the gradient with its penalties, in double, lanes counted from the range's start.
KERNEL(double, squared_norm)(const Moderation&, const float* gradient, const float* w, Index count);

/// l1 * sum|w| + l2 * sum w^2, in double.
KERNEL(double, penalty)(float l1, float l2, const float* w, Index count);

}  // namespace fastnn::kernels
