// Elementwise activations: value and derivative, one packet function each.
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
};

/// Arguments that some activations take, with Keras' meaning.
struct ActivationParameters {
  float negative_slope = 0.0f;                               ///< relu, leaky_relu
  float threshold = 0.0f;                                    ///< relu
  float max_value = std::numeric_limits<float>::infinity();  ///< relu
  float alpha = 1.0f;                                        ///< elu
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

}  // namespace fastnn::kernels
