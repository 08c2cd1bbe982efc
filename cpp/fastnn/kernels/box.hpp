// Copies of boxes: rectangular pieces of arrays, read and written with strides of their own. Cutting, padding, exchanging
// axes and repeating are all copies of a box; nothing is computed, so an element may be of any type.
#pragma once

#include <cstddef>

#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

constexpr Index kMostBoxAxes = 8;

/// Sizes and, in elements, strides of source and target; a stride of 0 gives the same element again.
struct Box {
  Index rank = 0;
  Index size[kMostBoxAxes] = {}, from[kMostBoxAxes] = {}, to[kMostBoxAxes] = {};

  void add(Index axis_size, Index from_stride, Index to_stride);
  /// The same box with source and target exchanged.
  Box turned() const;
};

/// Copies a box of elements of 1 or 4 bytes.
void copy_box(const Box& box, std::size_t element, const void* from, void* to);

}  // namespace fastnn::kernels
