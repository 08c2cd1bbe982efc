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
  bool fold(const std::shared_ptr<const Layer>& scaling) override;
  BackwardReads backward_reads() const override { return {true, !fused_.linear()}; }

 protected:
  const kernels::ActivationFunction& fused() const { return fused_; }
  /// The end of a product: a bias, or null, and the fused activation.
  kernels::Epilogue epilogue(const float* bias) const;
  /// True where fold() may be asked: the last axis of the kernel is that of the output's channels.
  virtual bool folds() const { return false; }
  bool folded() const { return scaling_ != nullptr; }
  /// The kernel (rows x channels) times the factors of the folded node, in `to`, and in `bias` the bias that goes with it; `own`
  /// weights, two with a bias, come before those of the folded node. `bias` has room for twice the channels.
  void scale_kernel(const Context& context, Index rows, Index channels, std::size_t own, float* to, float* bias) const;
  /// Turns the gradient of the output, of `size` elements, into that of the activation's input, in place.
  void backward_through_fused(const Context& context, Index size) const;

 private:
  kernels::ActivationFunction fused_;
  std::shared_ptr<const Layer> scaling_;
};

}  // namespace fastnn
