// Copies of boxes: the last axis in a loop, the others by counters that carry over.
#include "fastnn/kernels/box.hpp"

#include <cstdint>
#include <cstring>

namespace fastnn::kernels {

namespace {

template <class T>
void copy_elements(const Box& box, const T* from, T* to) {
  const Index last = box.rank - 1, count = box.size[last], step = box.from[last], stride = box.to[last];
  Index at[kMostBoxAxes] = {};
  for (;;) {
    if (step == 1 && stride == 1)
      std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
    else
      for (Index i = 0; i < count; ++i) to[i * stride] = from[i * step];
    Index axis = last - 1;
    for (; axis >= 0; --axis) {
      from += box.from[axis];
      to += box.to[axis];
      if (++at[axis] < box.size[axis]) break;
      from -= box.size[axis] * box.from[axis];
      to -= box.size[axis] * box.to[axis];
      at[axis] = 0;
    }
    if (axis < 0) return;
  }
}

}  // namespace

void copy_box(const Box& box, std::size_t element, const void* from, void* to) {
  with_element(element, [&](auto one) {
    using T = decltype(one);
    copy_elements(box, static_cast<const T*>(from), static_cast<T*>(to));
  });
}

}  // namespace fastnn::kernels
