// Copies know the size of an element and not its type.
#include "fastnn/kernels/rearrange.hpp"

#include <algorithm>
#include <cstring>

namespace fastnn::kernels {
namespace {

template <class T>
void copy_elements(const Loops<2>& loops, Index rows, std::size_t from, const T* x, T* y) {
  const std::size_t to = 1 - from;
  const Index step_x = loops.step(from), step_y = loops.step(to);
  walk_all(loops, rows, 0.6, [&](const std::array<Index, 2>& at, Index, Index count) {
    const T* in = x + at[from];
    T* out = y + at[to];
    if (step_x == 1 && step_y == 1) {
      std::memcpy(out, in, static_cast<std::size_t>(count) * sizeof(T));
    } else if (step_x == 0 && step_y == 1) {
      std::fill_n(out, count, *in);
    } else {
      for (Index i = 0; i < count; ++i) out[i * step_y] = in[i * step_x];
    }
  });
}

}  // namespace

void copy(const Loops<2>& loops, Index rows, std::size_t bytes, const void* x, void* y) {
  with_element(bytes, [&](auto element) {
    using T = decltype(element);
    copy_elements(loops, rows, 0, static_cast<const T*>(x), static_cast<T*>(y));
  });
}

void copy_back(const Loops<2>& loops, Index rows, const Real* y, Real* x) { copy_elements(loops, rows, 1, y, x); }

void fill(DType dtype, double value, void* y, Index count) {
  if (dtype == DType::real)
    std::fill_n(static_cast<Real*>(y), count, static_cast<Real>(value));
  else if (dtype == DType::int32)
    std::fill_n(static_cast<std::int32_t*>(y), count, static_cast<std::int32_t>(value));
  else
    std::fill_n(static_cast<bool*>(y), count, value != 0.0);
}

void gather_row(std::size_t bytes, const Index* places, Index width, const void* x, void* y) {
  with_element(bytes, [&](auto element) {
    using T = decltype(element);
    for (Index i = 0; i < width; ++i) static_cast<T*>(y)[i] = static_cast<const T*>(x)[places[i]];
  });
}

void scatter_row(const Index* places, Index width, const Real* dy, Real* dx) {
  for (Index i = 0; i < width; ++i) dx[places[i]] += dy[i];
}

}  // namespace fastnn::kernels
