// Whole numbers for things: in which bin a number falls, at which place of a vocabulary it stands, and vectors that say
// which of a number of tokens are there.
#pragma once

#include <cstdint>

#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// How many of `count` ascending boundaries are at most x: the number of its bin. NaN falls behind all of them.
Index bin_of(float x, const float* boundaries, Index count);

/// Where `key` stands among `count` ascending keys; -1 where it does not.
Index find_key(Index key, const Index* keys, Index count);

enum class Encoding { one_hot, multi_hot, count };

/// The vector of `depth` tokens of a sample of `size` of them. An index that is none of them counts for nothing; NaN makes the
/// whole vector NaN. Weights (or null) say how much each counts.
template <class T>
void encode(Encoding encoding, const T* tokens, const float* weights, Index size, Index depth, float* y);

/// The gradient of the weights.
template <class T>
void encode_gradient(const T* tokens, Index size, Index depth, const float* dy, float* dweights);

}  // namespace fastnn::kernels
