// Copies of boxes: rectangular parts of arrays, read and written with separate strides. Cropping, padding, transposing
// and repeating are all copies of a box; nothing is computed, so elements may have any type.
#pragma once

#include <cassert>
#include <cstddef>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

constexpr Index kMostBoxAxes = 8;

/// Sizes and, in elements, strides of source and target; a stride of 0 repeats the same element.
struct Box {
  Index rank = 0;
  Index size[kMostBoxAxes] = {}, from[kMostBoxAxes] = {}, to[kMostBoxAxes] = {};

  /// Adds an axis inside those that are there. Where its steps continue those of the axis before it both become one.
  void add(Index axis_size, Index from_stride, Index to_stride) {
    if (rank > 0 && from[rank - 1] == axis_size * from_stride && to[rank - 1] == axis_size * to_stride) {
      size[rank - 1] *= axis_size;
    } else {
      assert(rank < kMostBoxAxes);
      size[rank++] = axis_size;
    }
    from[rank - 1] = from_stride;
    to[rank - 1] = to_stride;
  }
  /// The same box with source and target exchanged.
  Box turned() const {
    Box box = *this;
    for (Index i = 0; i < rank; ++i) {
      box.from[i] = to[i];
      box.to[i] = from[i];
    }
    return box;
  }
};

/// Copies a box of elements of 1 or 4 bytes.
KERNEL(void, copy_box)(const Box& box, std::size_t element, const void* from, void* to);

}  // namespace fastnn::kernels
