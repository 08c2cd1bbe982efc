// Peak arithmetic rate of this machine, the reference for the speed of kernels.
#pragma once

#include "fastnn/kernels/kernel.hpp"

namespace fastnn::kernels {

/// Floating-point operations per nanosecond (GFLOP/s) of independent chains of multiply-adds on all threads, the best of
/// several rounds within about `seconds`.
KERNEL(double, peak_gflops)(double seconds);

}  // namespace fastnn::kernels
