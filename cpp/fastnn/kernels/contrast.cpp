// Contrast, one value at a time.
#include "fastnn/kernels/contrast.hpp"

#include <algorithm>

#include "fastnn/packet.hpp"

namespace fastnn::kernels {
namespace {

void take_means(const Contrast& s, const Real* x, double* means) {
  std::fill_n(means, s.channels, 0.0);
  for (Index p = 0, i = 0; p < s.pixels; ++p)
    for (Index c = 0; c < s.channels; ++c, ++i) means[c] += static_cast<double>(x[i]);
  for (Index c = 0; c < s.channels; ++c) means[c] /= static_cast<double>(s.pixels);
}

Real stretched(Real x, double mean, Real factor) {
  const auto middle = static_cast<Real>(mean);
  return packet::madd(x - middle, factor, middle);
}

}  // namespace

void contrast(const Contrast& s, double* means, const Real* x, Real* y) {
  take_means(s, x, means);
  for (Index p = 0, i = 0; p < s.pixels; ++p)
    for (Index c = 0; c < s.channels; ++c, ++i) {
      const Real value = stretched(x[i], means[c], s.factor);
      y[i] = value < s.low ? s.low : value > s.high ? s.high : value;  // NaN stays
    }
}

void contrast_gradient(const Contrast& s, double* means, const Real* x, const Real* dy, Real* dx) {
  double* passed = means + s.channels;
  take_means(s, x, means);
  for (Index p = 0, i = 0; p < s.pixels; ++p)
    for (Index c = 0; c < s.channels; ++c, ++i) {
      const Real value = stretched(x[i], means[c], s.factor);
      dx[i] = value < s.low || value > s.high ? 0.0_r : dy[i];
    }
  take_means(s, dx, passed);
  for (Index p = 0, i = 0; p < s.pixels; ++p)
    for (Index c = 0; c < s.channels; ++c, ++i)
      dx[i] = packet::madd(s.factor, dx[i], (1.0_r - s.factor) * static_cast<Real>(passed[c]));
}

}  // namespace fastnn::kernels
