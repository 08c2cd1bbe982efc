// The parts of attention besides matrix products: masks, additive scores, and their gradients.
//
// All functions work on one head of one sample, whose scores are a dense array (queries, keys).
#pragma once

#include <cstdint>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// Which keys a query may attend to. A mask is a byte for each position, true where attention is allowed; null: everywhere.
struct Sight {
  Index queries, keys;
  const std::uint8_t* query = nullptr;  ///< queries: nowhere where false
  const std::uint8_t* value = nullptr;  ///< keys
  const std::uint8_t* key = nullptr;    ///< keys
  const std::uint8_t* pairs = nullptr;  ///< byte i * row_step + j * column_step
  Index row_step = 0, column_step = 0;
  bool causal = false;  ///< key j at query i only where j <= i
  Index window = 0;     ///< and only where |i - j| < window, unless that is 0

  bool everywhere() const {
    return query == nullptr && value == nullptr && key == nullptr && pairs == nullptr && !causal && window == 0;
  }
  bool sees(Index i, Index j) const {
    return (query == nullptr || query[i] != 0) && (value == nullptr || value[j] != 0) &&
           (key == nullptr || key[j] != 0) && (pairs == nullptr || pairs[i * row_step + j * column_step] != 0) &&
           (!causal || j <= i) && (window == 0 || (i - j < window && j - i < window));
  }
};

/// Sets the scores of masked pairs to the lowest float; a query that sees nothing attends to all keys equally.
KERNEL(void, hide_scores)(const Sight&, Real* scores);
/// The gradients of scores that hide_scores() overwrote: zero.
KERNEL(void, hide_gradients)(const Sight&, Real* dscores);

/// score(i, j) = sum over d of weight[d * step] * tanh(scale * (query i [d] + key j [d])), rows ldq and ldk floats apart;
/// step is 1, or 0 for a single weight.
struct Additive {
  Index queries, keys, size;
  const Real* weight;
  Index step;
  Real scale;
};
KERNEL(void, additive_scores)(const Additive&, const Real* q, Index ldq, const Real* k, Index ldk, Real* scores);
/// Adds to dq and dk (rows as q and k; either may be null), to dweight (of `size` or, with step 0, one) and to *dscale.
KERNEL(void, additive_scores_backward)(const Additive&, const Real* q, Index ldq, const Real* k, Index ldk,
                                       const Real* dscores, Real* dq, Real* dk, Real* dweight, Real* dscale);

/// The sum over all rows of the elementwise products of a and b.
KERNEL(Real, dot_rows)(const Real* a, Index lda, const Real* b, Index ldb, Index rows, Index size);
/// Multiplies rows by a number, in place.
KERNEL(void, scale_rows)(Real* a, Index lda, Index rows, Index size, Real by);

}  // namespace fastnn::kernels
