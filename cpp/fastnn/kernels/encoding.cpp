// Searches in sorted arrays, and vectors of tokens.
#include "fastnn/kernels/encoding.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

namespace fastnn::kernels {
namespace {

// The token as an index; -1 where it is none of `depth`.
template <class T>
inline Index index_of(T token, Index depth) {
  // Between the bounds a float has a whole part that an Index holds.
  if (!(token > static_cast<T>(-1)) || !(static_cast<double>(token) < static_cast<double>(depth))) return -1;
  return static_cast<Index>(token);
}

}  // namespace

Index bin_of(float x, const float* boundaries, Index count) {
  Index low = 0, high = count;
  while (low < high) {
    const Index middle = (low + high) / 2;
    if (x < boundaries[middle])
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

Index find_key(Index key, const Index* keys, Index count) {
  const Index* found = std::lower_bound(keys, keys + count, key);
  return found != keys + count && *found == key ? found - keys : -1;
}

template <class T>
void encode(Encoding encoding, const T* tokens, const float* weights, Index size, Index depth, float* y) {
  std::fill(y, y + depth, 0.0f);
  bool unknown = false;
  for (Index i = 0; i < size; ++i) {
    if constexpr (std::is_floating_point_v<T>) unknown = unknown || tokens[i] != tokens[i];
    const Index at = index_of(tokens[i], depth);
    if (at < 0) continue;
    if (encoding == Encoding::count)
      y[at] += weights == nullptr ? 1.0f : weights[i];
    else
      y[at] = 1.0f;
  }
  if (unknown) std::fill(y, y + depth, std::numeric_limits<float>::quiet_NaN());
}

template <class T>
void encode_gradient(const T* tokens, Index size, Index depth, const float* dy, float* dweights) {
  for (Index i = 0; i < size; ++i) {
    const Index at = index_of(tokens[i], depth);
    dweights[i] = at < 0 ? 0.0f : dy[at];
  }
}

template void encode(Encoding, const float*, const float*, Index, Index, float*);
template void encode(Encoding, const std::int32_t*, const float*, Index, Index, float*);
template void encode_gradient(const float*, Index, Index, const float*, float*);
template void encode_gradient(const std::int32_t*, Index, Index, const float*, float*);

}  // namespace fastnn::kernels
