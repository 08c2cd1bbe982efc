// The activation at the end of a pass, and at the beginning of the reverse.
#include "fastnn/fusing_layer.hpp"

#include "fastnn/parallel.hpp"

namespace fastnn {

bool FusingLayer::fuse(const kernels::ActivationFunction& activation) {
  if (!fused_.linear() || !kernels::derivative_from_output(activation.activation)) return false;
  fused_ = activation;
  return true;
}

kernels::Epilogue FusingLayer::epilogue(const float* bias) const {
  kernels::Epilogue end{fused_};
  end.bias = bias;
  return end;
}

void FusingLayer::backward_through_fused(const Context& context, Index size) const {
  if (fused_.linear()) return;
  const float* y = context.output();
  float* dy = context.output_gradient();
  parallel_ranges(size, 8192, byte_work(12.0 * static_cast<double>(size)), [&](Index begin, Index end, int) {
    kernels::activate_backward(fused_.activation, fused_.parameters, nullptr, y + begin, dy + begin, dy + begin,
                               end - begin);
  });
}

}  // namespace fastnn
