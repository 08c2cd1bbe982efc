// Rows of a table looked up by id, and the gradient of the table.
//
// An id is an int32, or a float with an integer value. An id outside the table gives a row of NaN and has no gradient.
#pragma once

#include <cstdint>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// The row of an id, or -1 if it is none of `rows`.
inline Index row_of(std::int32_t id, Index rows) { return id >= 0 && id < rows ? id : -1; }
inline Index row_of(Real id, Index rows) {
  if (!(id >= 0.0_r && id < static_cast<Real>(rows))) return -1;
  const auto row = static_cast<Index>(id);
  return static_cast<Real>(row) == id && row < rows ? row : -1;
}

/// y row i = table row ids[i], for `count` ids and rows of `width` floats.
KERNEL(void, look_up_float)(const Real* ids, Index count, const Real* table, Index rows, Index width, Real* y);
KERNEL(void, look_up_int)(const std::int32_t* ids, Index count, const Real* table, Index rows, Index width, Real* y);
inline constexpr Overloaded<&look_up_float, &look_up_int> look_up{};

/// Adds dy row i to dtable row ids[i], i ascending, in columns [first, last) alone.
KERNEL(void, look_up_backward_float)(const Real* ids, Index count, const Real* dy, Index rows, Index width, Index first,
                                     Index last, Real* dtable);
KERNEL(void, look_up_backward_int)(const std::int32_t* ids, Index count, const Real* dy, Index rows, Index width,
                                   Index first, Index last, Real* dtable);
inline constexpr Overloaded<&look_up_backward_float, &look_up_backward_int> look_up_backward{};

}  // namespace fastnn::kernels
