// Optimizer updates: one vectorised sweep over a weight, its gradient and its slots, with penalties, clipping and decay inside.
//
// A sweep works on a range of one weight. Elements are independent, so ranges may run on any thread.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// to[i] += from[i].
KERNEL(void, add)(const Real* from, Real* to, Index count);

/// to[i] = the sum of parts[p][first + i] over the `count` parts, in their order.
KERNEL(void, add_up)(const Real* const* parts, Index count, Index first, Index size, Real* to);

/// Changes to the gradient and the weight that every rule makes before its own arithmetic.
struct Moderation {
  Real l1 = 0, l2 = 0;  ///< gradient += l1 * sign(w) + 2 * l2 * w
  Real scale = 1;       ///< gradient *= scale: clipping by a norm
  Real clip = 0;        ///< gradient clamped to [-clip, clip]; 0: off
  Real decay = 0;       ///< w -= decay * w (weight decay times learning rate)
};

/// Gradient descent (momentum of Sutskever et al., 2013; velocity null: plain).
KERNEL(void, update_sgd)(const Moderation&, Real learning_rate, Real momentum, bool nesterov, const Real* gradient,
                         Real* w, Real* velocity, Index count);

/// Adam (Kingma & Ba, 2014), as Keras writes it: `alpha` is the rate including both bias corrections. `largest` (amsgrad,
/// Reddi et al., 2018) may be null.
struct Adam {
  Real alpha, beta_1, beta_2, epsilon;
};
KERNEL(void, update_adam)(const Moderation&, const Adam&, const Real* gradient, Real* w, Real* m, Real* v,
                          Real* largest, Index count);

/// RMSprop (Hinton, 2012). `mean` (centered) and `velocity` (momentum) may be null.
struct RmsProp {
  Real learning_rate, rho, momentum, epsilon;
};
KERNEL(void, update_rmsprop)(const Moderation&, const RmsProp&, const Real* gradient, Real* w, Real* square,
                             Real* velocity, Real* mean, Index count);

/// Adagrad (Duchi et al., 2011).
KERNEL(void, update_adagrad)(const Moderation&, Real learning_rate, Real epsilon, const Real* gradient, Real* w,
                             Real* sum, Index count);

/// Adadelta (Zeiler, 2012): averages of the squared gradients and of the squared steps.
struct Adadelta {
  Real learning_rate, rho, epsilon;
};
KERNEL(void, update_adadelta)(const Moderation&, const Adadelta&, const Real* gradient, Real* w, Real* squares,
                              Real* steps, Index count);

/// Adamax (Kingma & Ba, 2014, section 7): `alpha` is the rate including the bias correction.
KERNEL(void, update_adamax)(const Moderation&, const Adam&, const Real* gradient, Real* w, Real* m, Real* norm,
                            Index count);

/// Nadam (Dozat, 2015): the step is learning_rate * (mean * m + now * g) / (sqrt(square * v) + epsilon).
struct Nadam {
  Real learning_rate, beta_1, beta_2, epsilon;
  Real mean, now, square;
};
KERNEL(void, update_nadam)(const Moderation&, const Nadam&, const Real* gradient, Real* w, Real* m, Real* v,
                           Index count);

/// FTRL-proximal (McMahan et al., 2013). `power` is minus the power of the learning rate.
struct Ftrl {
  Real learning_rate, power, l1, l2, shrinkage;
};
KERNEL(void, update_ftrl)(const Moderation&, const Ftrl&, const Real* gradient, Real* w, Real* sum, Real* linear,
                          Index count);

/// Lion (Chen et al., 2023).
struct Lion {
  Real learning_rate, beta_1, beta_2;
};
KERNEL(void, update_lion)(const Moderation&, const Lion&, const Real* gradient, Real* w, Real* m, Index count);

/// Schedule-free AdamW (Defazio et al., 2024). `w` is the point at which gradients are taken, `z` the sequence of
/// steps; `share` is the weight of the newest z in the average, `square` the bias correction of v.
struct ScheduleFree {
  Real learning_rate, beta_1, beta_2, epsilon;
  Real square, share;
};
KERNEL(void, update_schedule_free)(const Moderation&, const ScheduleFree&, const Real* gradient, Real* w, Real* z,
                                   Real* v, Index count);

/// The first half of LAMB (You et al., 2019): moves m and v and writes the direction of Adam, bias corrections `mean` and
/// `square` included, over the gradient.
struct Lamb {
  Real beta_1, beta_2, epsilon;
  Real mean, square;
};
KERNEL(void, lamb_direction)(const Lamb&, Real* gradient, Real* m, Real* v, Index count);

/// The moments of Adafactor (Shazeer & Stern, 2018) for `matrices` matrices: row[i] and column[j] move towards the means
/// of g^2 + epsilon over the other axis.
struct Factoring {
  Index matrices, rows, columns;
  Real beta_2, epsilon;
};
KERNEL(void, move_factored_moments)(const Factoring&, const Real* gradient, Real* row, Real* column);
/// v = row * column / mean(row), and the gradient divided by sqrt(v) over the gradient.
KERNEL(void, divide_by_factored)(const Factoring&, const Real* row, const Real* column, Real* v, Real* gradient);
/// v = beta_2 * v + (1 - beta_2) * (g^2 + epsilon), and the gradient divided by sqrt(v) over the gradient.
KERNEL(void, divide_by_moment)(Real beta_2, Real epsilon, Real* v, Real* gradient, Index count);

/// m = momentum * m + g; then, over the gradient, m or (nesterov) g + momentum * m.
KERNEL(void, accumulate_momentum)(Real momentum, bool nesterov, Real* m, Real* gradient, Index count);

/// to[i] = scale * to[i] + factor * from[i].
KERNEL(void, add_scaled)(const Real* from, Real factor, Real scale, Real* to, Index count);

/// The gradient as the rules see it, in `to`, and the weight after its decay, in place.
KERNEL(void, moderate)(const Moderation&, const Real* gradient, Real* w, Real* to, Index count);

/// sum = (sum + the gradient with its penalties) / divisor: gradients of several batches.
KERNEL(void, accumulate_gradient)(const Moderation&, const Real* gradient, const Real* w, Real divisor, Real* sum,
                                  Index count);

/// average = momentum * average + (1 - momentum) * w.
KERNEL(void, move_average)(Real momentum, const Real* w, Real* average, Index count);

/// True where every number times `scale` is finite.
KERNEL(bool, all_finite)(const Real* values, Real scale, Index count);

/// The sum of products of two arrays, in double; in parallel, cut at indices that follow from the size.
KERNEL(double, inner_product)(const Real* a, const Real* b, Index count, double* parts);
/// Doubles of scratch that inner_product needs.
KERNEL(Index, inner_product_scratch)(Index count);

/// The sum of squares of the gradient with its penalties, in double, lanes counted from the range's start.
KERNEL(double, squared_norm)(const Moderation&, const Real* gradient, const Real* w, Index count);

/// l1 * sum|w| + l2 * sum w^2, in double.
KERNEL(double, penalty)(Real l1, Real l2, const Real* w, Index count);

}  // namespace fastnn::kernels
