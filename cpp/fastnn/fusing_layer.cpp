// The activation at the end of a pass, and at the beginning of the reverse.
#include "fastnn/fusing_layer.hpp"

#include "fastnn/parallel.hpp"

namespace fastnn {

bool FusingLayer::fuse(const kernels::ActivationFunction& activation) {
  if (!fused_.linear() || !kernels::derivative_from_output(activation.activation)) return false;
  fused_ = activation;
  return true;
}

bool FusingLayer::fold(const std::shared_ptr<const Layer>& scaling) {
  if (!folds() || !fused_.linear() || folded()) return false;
  scaling_ = scaling;
  return true;
}

void FusingLayer::book_folded(Booking& booking, Index rows, Index channels, Life kernel) const {
  if (!folded()) return;
  booking.book(kScaledKernel, kernel, rows * channels);
  booking.book(kScaledBias, Life::plan, 2 * channels);  // and the factors
}

const Real* FusingLayer::prepare_factors(const Context& context, std::size_t weights, Index channels,
                                         bool use_bias) const {
  if (!folded()) return nullptr;
  Real* const bias = context.buffer(kScaledBias);
  Real* const factors = bias + channels;
  scaling_->channel_scales(context, weights, factors, bias);
  if (use_bias)
    for (Index c = 0; c < channels; ++c) bias[c] += context.weight(weights - 1)[c] * factors[c];
  return factors;
}

const Real* FusingLayer::factors(const Context& context, Index channels) const {
  return folded() ? context.buffer(kScaledBias) + channels : nullptr;
}

void FusingLayer::prepare_folded(const Context& context, Index rows, Index channels, bool use_bias) const {
  const Real* const factors = prepare_factors(context, use_bias ? 2 : 1, channels, use_bias);
  if (factors == nullptr) return;
  const Real* const kernel = context.weight(0);
  Real* const to = scaled(context);
  parallel_ranges(rows, 64, byte_work(8.0 * static_cast<double>(rows * channels)), [&](Index begin, Index end, int) {
    for (Index r = begin; r < end; ++r)
      for (Index c = 0; c < channels; ++c) to[r * channels + c] = kernel[r * channels + c] * factors[c];
  });
}

kernels::Epilogue FusingLayer::folded_epilogue(const Context& context, bool use_bias, std::size_t bias) const {
  return epilogue(folded() ? context.buffer(kScaledBias) : use_bias ? context.weight(bias) : nullptr);
}

kernels::Epilogue FusingLayer::epilogue(const Real* bias) const {
  kernels::Epilogue end{fused_};
  end.bias = bias;
  return end;
}

void FusingLayer::backward_through_fused(const Context& context, Index size) const {
  if (fused_.linear()) return;
  const Real* y = context.output();
  Real* dy = context.output_gradient();
  parallel_ranges(size, 8192, byte_work(12.0 * static_cast<double>(size)), [&](Index begin, Index end, int) {
    kernels::activate_backward(fused_.activation, fused_.parameters, nullptr, y + begin, dy + begin, dy + begin,
                               end - begin);
  });
}

}  // namespace fastnn
