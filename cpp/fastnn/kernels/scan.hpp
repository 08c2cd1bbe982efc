// Running sums and products along the middle of (outer, size, inner): chains in order, forward or from the end.
#pragma once

#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

struct Along {
  Index outer, size, inner;
};

void running_sum(const Along& axis, bool reverse, const float* x, float* y);
void running_sum(const Along& axis, bool reverse, const std::int32_t* x, std::int32_t* y);
void running_product(const Along& axis, bool reverse, const float* x, float* y);
void running_product(const Along& axis, bool reverse, const std::int32_t* x, std::int32_t* y);
/// From the products y of x. Zeros among x are no trouble: nothing is divided. (The gradient of a running sum is the
/// running sum of dy from the other end.)
void running_product_gradient(const Along& axis, bool reverse, const float* x, const float* y, const float* dy,
                              float* dx);

}  // namespace fastnn::kernels
