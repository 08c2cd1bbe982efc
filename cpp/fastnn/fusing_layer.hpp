// The base of layers that compute the activation behind them as they write their output.
#pragma once

#include "fastnn/kernels/gemm.hpp"
#include "fastnn/layer.hpp"

namespace fastnn {

/// A layer that takes any activation whose derivative follows from its output.
class FusingLayer : public Layer {
 public:
  using Layer::Layer;

  bool fuse(const kernels::ActivationFunction& activation) override;
  BackwardReads backward_reads() const override { return {true, !fused_.linear()}; }

 protected:
  const kernels::ActivationFunction& fused() const { return fused_; }
  /// The end of a product: a bias, or null, and the fused activation.
  kernels::Epilogue epilogue(const float* bias) const;
  /// Turns the gradient of the output, of `size` elements, into that of the activation's input, in place.
  void backward_through_fused(const Context& context, Index size) const;

 private:
  kernels::ActivationFunction fused_;
};

}  // namespace fastnn
