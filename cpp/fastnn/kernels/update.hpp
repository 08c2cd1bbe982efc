// Optimizer updates: one vectorised sweep over a weight, its gradient and its slots, with penalties, clipping and decay inside.
//
// A sweep works on a range of one weight. Elements are independent, so ranges may run on any thread.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// to[i] += from[i].
KERNEL(void, add)(const float* from, float* to, Index count);

/// to[i] = the sum of parts[p * stride + i] over the `count` parts, in their order.
KERNEL(void, add_up)(const float* parts, Index count, Index stride, Index size, float* to);

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

/// Adagrad (Duchi et al., 2011).
KERNEL(void, update_adagrad)(const Moderation&, float learning_rate, float epsilon, const float* gradient, float* w,
                             float* sum, Index count);

/// Adadelta (Zeiler, 2012): averages of the squared gradients and of the squared steps.
struct Adadelta {
  float learning_rate, rho, epsilon;
};
KERNEL(void, update_adadelta)(const Moderation&, const Adadelta&, const float* gradient, float* w, float* squares,
                              float* steps, Index count);

/// Adamax (Kingma & Ba, 2014, section 7): `alpha` is the rate including the bias correction.
KERNEL(void, update_adamax)(const Moderation&, const Adam&, const float* gradient, float* w, float* m, float* norm,
                            Index count);

/// Nadam (Dozat, 2015): the step is learning_rate * (mean * m + now * g) / (sqrt(square * v) + epsilon).
struct Nadam {
  float learning_rate, beta_1, beta_2, epsilon;
  float mean, now, square;
};
KERNEL(void, update_nadam)(const Moderation&, const Nadam&, const float* gradient, float* w, float* m, float* v,
                           Index count);

/// FTRL-proximal (McMahan et al., 2013). `power` is minus the power of the learning rate.
struct Ftrl {
  float learning_rate, power, l1, l2, shrinkage;
};
KERNEL(void, update_ftrl)(const Moderation&, const Ftrl&, const float* gradient, float* w, float* sum, float* linear,
                          Index count);

/// Lion (Chen et al., 2023).
struct Lion {
  float learning_rate, beta_1, beta_2;
};
KERNEL(void, update_lion)(const Moderation&, const Lion&, const float* gradient, float* w, float* m, Index count);

/// Schedule-free AdamW (Defazio et al., 2024). `w` is the point at which gradients are taken, `z` the sequence of
/// steps; `share` is the weight of the newest z in the average, `square` the bias correction of v.
struct ScheduleFree {
  float learning_rate, beta_1, beta_2, epsilon;
  float square, share;
};
KERNEL(void, update_schedule_free)(const Moderation&, const ScheduleFree&, const float* gradient, float* w, float* z,
                                   float* v, Index count);

/// The first half of LAMB (You et al., 2019): moves m and v and writes the direction of Adam, bias corrections `mean` and
/// `square` included, over the gradient.
struct Lamb {
  float beta_1, beta_2, epsilon;
  float mean, square;
};
KERNEL(void, lamb_direction)(const Lamb&, float* gradient, float* m, float* v, Index count);

/// The moments of Adafactor (Shazeer & Stern, 2018) for `matrices` matrices: row[i] and column[j] move towards the means
/// of g^2 + epsilon over the other axis.
struct Factoring {
  Index matrices, rows, columns;
  float beta_2, epsilon;
};
KERNEL(void, move_factored_moments)(const Factoring&, const float* gradient, float* row, float* column);
/// v = row * column / mean(row), and the gradient divided by sqrt(v) over the gradient.
KERNEL(void, divide_by_factored)(const Factoring&, const float* row, const float* column, float* v, float* gradient);
/// v = beta_2 * v + (1 - beta_2) * (g^2 + epsilon), and the gradient divided by sqrt(v) over the gradient.
KERNEL(void, divide_by_moment)(float beta_2, float epsilon, float* v, float* gradient, Index count);

/// m = momentum * m + g; then, over the gradient, m or (nesterov) g + momentum * m.
KERNEL(void, accumulate_momentum)(float momentum, bool nesterov, float* m, float* gradient, Index count);

/// to[i] = scale * to[i] + factor * from[i].
KERNEL(void, add_scaled)(const float* from, float factor, float scale, float* to, Index count);

/// The gradient as the rules see it, in `to`, and the weight after its decay, in place.
KERNEL(void, moderate)(const Moderation&, const float* gradient, float* w, float* to, Index count);

/// sum = (sum + the gradient with its penalties) / divisor: gradients of several batches.
KERNEL(void, accumulate_gradient)(const Moderation&, const float* gradient, const float* w, float divisor, float* sum,
                                  Index count);

/// average = momentum * average + (1 - momentum) * w.
KERNEL(void, move_average)(float momentum, const float* w, float* average, Index count);

/// True where every number times `scale` is finite.
KERNEL(bool, all_finite)(const float* values, float scale, Index count);

/// The sum of products of two arrays, in double; in parallel, cut at indices that follow from the size.
KERNEL(double, inner_product)(const float* a, const float* b, Index count, double* parts);
/// Doubles of scratch that inner_product needs.
KERNEL(Index, inner_product_scratch)(Index count);

/// The sum of squares of the gradient with its penalties, in double, lanes counted from the range's start.
KERNEL(double, squared_norm)(const Moderation&, const float* gradient, const float* w, Index count);

/// l1 * sum|w| + l2 * sum w^2, in double.
KERNEL(double, penalty)(float l1, float l2, const float* w, Index count);

}  // namespace fastnn::kernels
