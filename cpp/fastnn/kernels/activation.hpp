// Elementwise activations: value and derivative, one packet function each; those with a second operand apart.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

enum class Activation : std::uint8_t {
  linear,
  relu,
  sigmoid,
  tanh,
  elu,
  selu,
  softplus,
  softsign,
  exponential,
  leaky_relu,
  relu6,
  hard_sigmoid,
  silu,
  gelu,
  gelu_tanh,
  mish,
  celu,
  hard_silu,
  hard_tanh,
  hard_shrink,
  soft_shrink,
  tanh_shrink,
  threshold,
  squareplus,
  sparse_plus,
  sparse_sigmoid,
  log_sigmoid,
};

/// Arguments that some activations take, with Keras' meaning.
struct ActivationParameters {
  float negative_slope = 0.0f;                               ///< relu, leaky_relu
  float threshold = 0.0f;                                    ///< relu, threshold, hard_shrink, soft_shrink
  float max_value = std::numeric_limits<float>::infinity();  ///< relu
  float alpha = 1.0f;                                        ///< elu, celu
  float value = 0.0f;                                        ///< threshold: what stands where x is not above it
  float b = 4.0f;                                            ///< squareplus
};

/// The activation of Keras' name ("hard_sigmoid"); false where the name is no elementwise activation.
bool find_activation(const std::string& name, Activation& found);

/// True where the derivative can be had from the output alone: then the activation may be fused into what comes before it.
bool derivative_from_output(Activation activation);

/// y = f(x) for `count` floats; x and y may be the same array. NaN stays NaN.
void activate(Activation, const ActivationParameters&, const float* x, float* y, Index count);

/// dx = dy * f'(x), from the output y alone where derivative_from_output(), else from x (the other may be null).
/// dx and dy may be the same array.
void activate_backward(Activation, const ActivationParameters&, const float* x, const float* y, const float* dy,
                       float* dx, Index count);

/// y = a * sigmoid(b), and the gradients of a and b from dy; da and db may be null.
void glu(const float* a, const float* b, float* y, Index count);
void glu_backward(const float* a, const float* b, const float* dy, float* da, float* db, Index count);

/// y = x above zero, alpha * x below; alpha[i * step], with step 1, or 0 where one alpha serves all.
void prelu(const float* x, const float* alpha, Index step, float* y, Index count);
/// dx where it is not null (0 at x = 0, as in Keras); adds to dalpha where that is not null.
void prelu_backward(const float* x, const float* alpha, Index step, const float* dy, float* dx, float* dalpha,
                    Index count);

}  // namespace fastnn::kernels
