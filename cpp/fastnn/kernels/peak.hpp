// The yardstick of the kernels: how many multiply-adds this machine can do when nothing else stands in the way.
#pragma once

#include "fastnn/kernels/kernel.hpp"

namespace fastnn::kernels {

/// Floating-point operations per nanosecond (GFLOP/s) of independent chains of multiply-adds on all threads, the best of
/// several rounds within about `seconds`.
KERNEL(double, peak_gflops)(double seconds);

}  // namespace fastnn::kernels
