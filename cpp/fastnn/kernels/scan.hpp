// Running sums and products along the middle of (outer, size, inner): chains in order, forward or from the end.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

struct Along {
  Index outer, size, inner;
};

KERNEL(void, running_sum_float)(const Along& axis, bool reverse, const Real* x, Real* y);
KERNEL(void, running_sum_int)(const Along& axis, bool reverse, const std::int32_t* x, std::int32_t* y);
inline constexpr Overloaded<&running_sum_float, &running_sum_int> running_sum{};
KERNEL(void, running_product_float)(const Along& axis, bool reverse, const Real* x, Real* y);
KERNEL(void, running_product_int)(const Along& axis, bool reverse, const std::int32_t* x, std::int32_t* y);
inline constexpr Overloaded<&running_product_float, &running_product_int> running_product{};
/// From the products y of x. Zeros among x are no trouble: nothing is divided. (The gradient of a running sum is the
/// running sum of dy from the other end.)
KERNEL(void, running_product_gradient)(const Along& axis, bool reverse, const Real* x, const Real* y, const Real* dy,
                                       Real* dx);

}  // namespace fastnn::kernels
