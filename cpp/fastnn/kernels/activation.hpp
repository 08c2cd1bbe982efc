// Elementwise activations and their derivatives, one packet function each, and the two with a second operand.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/kernels/names.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// All activations: name, the struct that computes it, and what its derivative is computed from.
#define FASTNN_ACTIVATIONS(X)              \
  X(linear, Linear, output)                \
  X(relu, Relu, output)                    \
  X(sigmoid, Sigmoid, output)              \
  X(tanh, Tanh, output)                    \
  X(elu, Elu, output)                      \
  X(selu, Selu, output)                    \
  X(softplus, Softplus, output)            \
  X(softsign, Softsign, output)            \
  X(exponential, Exponential, output)      \
  X(leaky_relu, LeakyRelu, output)         \
  X(relu6, Relu6, output)                  \
  X(hard_sigmoid, HardSigmoid, output)     \
  X(silu, Silu, input)                     \
  X(gelu, Gelu, input)                     \
  X(gelu_tanh, GeluTanh, input)            \
  X(mish, Mish, input)                     \
  X(celu, Celu, output)                    \
  X(hard_silu, HardSilu, input)            \
  X(hard_tanh, HardTanh, output)           \
  X(hard_shrink, HardShrink, input)        \
  X(soft_shrink, SoftShrink, input)        \
  X(tanh_shrink, TanhShrink, input)        \
  X(threshold, Threshold, input)           \
  X(squareplus, Squareplus, input)         \
  X(sparse_plus, SparsePlus, input)        \
  X(sparse_sigmoid, SparseSigmoid, output) \
  X(log_sigmoid, LogSigmoid, output)

#define FASTNN_NAME(name, Struct, source) name,
enum class Activation : std::uint8_t { FASTNN_ACTIVATIONS(FASTNN_NAME) };
#undef FASTNN_NAME

/// Arguments that some activations take, with Keras' meaning.
struct ActivationParameters {
  Real negative_slope = 0.0_r;                             ///< relu, leaky_relu
  Real threshold = 0.0_r;                                  ///< relu, threshold, hard_shrink, soft_shrink
  Real max_value = std::numeric_limits<Real>::infinity();  ///< relu
  Real alpha = 1.0_r;                                      ///< elu, celu
  Real value = 0.0_r;                                      ///< threshold: the result where x is not above it
  Real b = 4.0_r;                                          ///< squareplus
};

/// An activation with its arguments.
struct ActivationFunction {
  Activation activation = Activation::linear;
  ActivationParameters parameters = {};

  bool linear() const { return activation == Activation::linear; }
  /// The relu without slope, threshold or ceiling, which the tiles of products apply in registers.
  bool plain_relu() const {
    return activation == Activation::relu && parameters.negative_slope == 0.0_r && parameters.threshold == 0.0_r &&
           parameters.max_value == std::numeric_limits<Real>::infinity();
  }
};

#define FASTNN_NAME(name, Struct, source) #name,
inline constexpr const char* kActivationNames[] = {FASTNN_ACTIVATIONS(FASTNN_NAME)};
#undef FASTNN_NAME

inline const char* name_of(Activation activation) { return kActivationNames[static_cast<std::size_t>(activation)]; }

/// The activation with this Keras name; false if there is no such elementwise activation.
inline bool find_activation(std::string_view name, Activation& found) {
  if (name == "swish") name = "silu";
  if (name == "hard_swish") name = "hard_silu";
  return find_name(kActivationNames, name, found);
}

/// True where the derivative can be computed from the output alone: then the activation may be fused into the node
/// before it.
constexpr bool derivative_from_output(Activation activation) {
  enum class Source { input, output };
#define FASTNN_SOURCE(name, Struct, source) Source::source,
  constexpr Source kSources[] = {FASTNN_ACTIVATIONS(FASTNN_SOURCE)};
#undef FASTNN_SOURCE
  return kSources[static_cast<std::size_t>(activation)] == Source::output;
}

/// y = f(x) for `count` floats; x and y may be the same array. NaN stays NaN.
KERNEL(void, activate)(Activation, const ActivationParameters&, const Real* x, Real* y, Index count);

/// dx = dy * f'(x), from the output y alone where derivative_from_output(), else from x (the other may be null).
/// dx and dy may be the same array.
KERNEL(void, activate_backward)(Activation, const ActivationParameters&, const Real* x, const Real* y, const Real* dy,
                                Real* dx, Index count);

/// y = a * sigmoid(b), and the gradients of a and b from dy; da and db may be null.
KERNEL(void, glu)(const Real* a, const Real* b, Real* y, Index count);
KERNEL(void, glu_backward)(const Real* a, const Real* b, const Real* dy, Real* da, Real* db, Index count);

/// y = x above zero, alpha * x below; alpha[i * step], step is 1, or 0 for a single alpha.
KERNEL(void, prelu)(const Real* x, const Real* alpha, Index step, Real* y, Index count);
/// Writes dx (0 at x = 0, as in Keras) and adds to dalpha; either may be null.
KERNEL(void, prelu_backward)(const Real* x, const Real* alpha, Index step, const Real* dy, Real* dx, Real* dalpha,
                             Index count);

}  // namespace fastnn::kernels
