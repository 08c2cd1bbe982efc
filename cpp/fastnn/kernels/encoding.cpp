// Vectors of tokens, for float and int32 tokens.
#include "fastnn/kernels/encoding.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

namespace fastnn::kernels {
namespace {

// The token as an index; -1 if it is out of [0, depth).
template <class T>
inline Index index_of(T token, Index depth) {
  // Between the bounds the integer part of a float fits into an Index.
  if (!(token > static_cast<T>(-1)) || !(static_cast<double>(token) < static_cast<double>(depth))) return -1;
  return static_cast<Index>(token);
}

template <class T>
void encode_tokens(Encoding encoding, const T* tokens, const Real* weights, Index size, Index depth, Real* y) {
  std::fill(y, y + depth, 0.0_r);
  bool unknown = false;
  for (Index i = 0; i < size; ++i) {
    if constexpr (std::is_floating_point_v<T>) unknown = unknown || tokens[i] != tokens[i];
    const Index at = index_of(tokens[i], depth);
    if (at < 0) continue;
    if (encoding == Encoding::count)
      y[at] += weights == nullptr ? 1.0_r : weights[i];
    else
      y[at] = 1.0_r;
  }
  if (unknown) std::fill(y, y + depth, std::numeric_limits<Real>::quiet_NaN());
}

template <class T>
void gradient_of_weights(const T* tokens, Index size, Index depth, const Real* dy, Real* dweights) {
  for (Index i = 0; i < size; ++i) {
    const Index at = index_of(tokens[i], depth);
    dweights[i] = at < 0 ? 0.0_r : dy[at];
  }
}

}  // namespace

void encode_float(Encoding encoding, const Real* tokens, const Real* weights, Index size, Index depth, Real* y) {
  encode_tokens(encoding, tokens, weights, size, depth, y);
}
void encode_int(Encoding encoding, const std::int32_t* tokens, const Real* weights, Index size, Index depth, Real* y) {
  encode_tokens(encoding, tokens, weights, size, depth, y);
}
void encode_gradient_float(const Real* tokens, Index size, Index depth, const Real* dy, Real* dweights) {
  gradient_of_weights(tokens, size, depth, dy, dweights);
}
void encode_gradient_int(const std::int32_t* tokens, Index size, Index depth, const Real* dy, Real* dweights) {
  gradient_of_weights(tokens, size, depth, dy, dweights);
}

}  // namespace fastnn::kernels
