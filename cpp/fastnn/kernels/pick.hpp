// Elements picked by int32 indices, and their gradients: sums in the order of the indices, split over what is written.
// A negative index counts from the end; an index still out of range is clamped to the nearest end.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// x is (outer, size, inner), y (outer, picks, inner), in elements of `bytes` (4 or 1).
struct Picked {
  Index outer, size, inner, picks;
};

/// y[o, p, i] = x[o, indices[p], i].
KERNEL(void, take)(const Picked& shape, std::size_t bytes, const void* x, const std::int32_t* indices, void* y);
/// dx is written whole.
KERNEL(void, take_gradient)(const Picked& shape, const std::int32_t* indices, const Real* dy, Real* dx);

/// y[o, p, i] = x[o, indices[o, p, i], i].
KERNEL(void, take_along)(const Picked& shape, std::size_t bytes, const void* x, const std::int32_t* indices, void* y);
KERNEL(void, take_along_gradient)(const Picked& shape, const std::int32_t* indices, const Real* dy, Real* dx);

/// y (count, classes): 1 at each index, else 0; all 0 where the index is no class.
KERNEL(void, one_hot)(const std::int32_t* indices, Index count, Index classes, Real* y);

/// The indices of the `first` smallest of `size` numbers that are `step` apart, in ascending order (`descending`: of the
/// largest, in descending order). Among equals the first comes first; NaN counts as larger than any number. `order` has room for `size`.
KERNEL(void, order_of_float)(const Real* x, Index size, Index step, bool descending, Index first, std::int32_t* order);
KERNEL(void, order_of_int)(const std::int32_t* x, Index size, Index step, bool descending, Index first,
                           std::int32_t* order);
inline constexpr Overloaded<&order_of_float, &order_of_int> order_of{};

}  // namespace fastnn::kernels
