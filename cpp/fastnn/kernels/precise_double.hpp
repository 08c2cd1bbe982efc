// The functions of precise.hpp for a core whose Real is double: those of the C library. Included by precise.hpp alone.
#pragma once

#include <cmath>

namespace fastnn::precise {

inline double exp(double x) { return std::exp(x); }
inline double log(double x) { return std::log(x); }
inline double sin(double x) { return std::sin(x); }
inline double cos(double x) { return std::cos(x); }
inline double tan(double x) { return std::tan(x); }
inline double arctan(double x) { return std::atan(x); }
inline double arctan2(double y, double x) { return std::atan2(y, x); }
inline double arcsin(double x) { return std::asin(x); }
inline double arccos(double x) { return std::acos(x); }
inline double sinh(double x) { return std::sinh(x); }
inline double cosh(double x) { return std::cosh(x); }
inline double arcsinh(double x) { return std::asinh(x); }
inline double arccosh(double x) { return std::acosh(x); }
inline double arctanh(double x) { return std::atanh(x); }

inline double power(double x, double y) { return std::pow(x, y); }
inline double erf(double x) { return std::erf(x); }

/// The step of Newton's method from x towards the x at which erf is y; by erfc where y is not near 0.
inline double step_of_erfinv(double x, double y, bool near) {
  constexpr double kHalfRootPi = 0.88622692545275801365;
  return (near ? std::erf(x) - y : (1.0 - y) - std::erfc(x)) * kHalfRootPi * std::exp(x * x);
}

}  // namespace fastnn::precise
