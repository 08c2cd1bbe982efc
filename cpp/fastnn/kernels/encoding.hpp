// Vectors that encode which tokens a sample holds, and how often.
#pragma once

#include <cstdint>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

enum class Encoding { one_hot, multi_hot, count };

/// y (depth) encodes the `size` tokens of a sample. Indices out of [0, depth) are ignored; NaN makes all of y NaN. `weights`,
/// which may be null, are the amounts that `count` adds.
KERNEL(void, encode_float)(Encoding encoding, const Real* tokens, const Real* weights, Index size, Index depth,
                           Real* y);
KERNEL(void, encode_int)(Encoding encoding, const std::int32_t* tokens, const Real* weights, Index size, Index depth,
                         Real* y);
inline constexpr Overloaded<&encode_float, &encode_int> encode{};

/// The gradient of the weights.
KERNEL(void, encode_gradient_float)(const Real* tokens, Index size, Index depth, const Real* dy, Real* dweights);
KERNEL(void, encode_gradient_int)(const std::int32_t* tokens, Index size, Index depth, const Real* dy, Real* dweights);
inline constexpr Overloaded<&encode_gradient_float, &encode_gradient_int> encode_gradient{};

}  // namespace fastnn::kernels
