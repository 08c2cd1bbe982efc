// Real: the element of values, gradients and weights. The core is compiled twice, with float and with double; what is
// float in both (the scales of quantized weights, the arrays of users) says so.
#pragma once

namespace fastnn {

#if defined(FASTNN_REAL_IS_DOUBLE)
using Real = double;
constexpr const char* kReal = "float64";
#else
using Real = float;
constexpr const char* kReal = "float32";
#endif

/// 0.1_r: the Real nearest to 0.1.
constexpr Real operator""_r(long double value) { return static_cast<Real>(value); }

}  // namespace fastnn
