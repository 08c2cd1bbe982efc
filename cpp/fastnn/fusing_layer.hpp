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
  kernels::Epilogue epilogue(const Real* bias) const;
  /// True where fold() may be asked: the last axis of the kernel is that of the output's channels.
  virtual bool folds() const { return false; }
  bool folded() const { return scaling_ != nullptr; }
  /// Books what a folded node needs; `kernel` is how long the scaled kernel (rows x channels) is kept.
  void book_folded(Booking& booking, Index rows, Index channels, Life kernel) const;
  /// Computes the bias of the folded node and returns its factors, one for each channel; null where nothing is folded. The
  /// layer has `weights` of its own, the last one a bias with `use_bias`.
  const Real* prepare_factors(const Context& context, std::size_t weights, Index channels, bool use_bias) const;
  /// The factors that prepare_factors() has computed; null where nothing is folded.
  const Real* factors(const Context& context, Index channels) const;
  /// Computes the kernel times the factors of the folded node, and the bias that goes with it; `use_bias`: weight 1 is a bias.
  void prepare_folded(const Context& context, Index rows, Index channels, bool use_bias) const;
  /// The kernel: weight 0, or the scaled one while it is kept.
  const Real* kernel(const Context& context) const { return folded() ? scaled(context) : context.weight(0); }
  /// Place for what a layer makes of its weights and the factors: the scaled kernel, or its scales.
  Real* scaled(const Context& context) const { return context.buffer(kScaledKernel); }
  /// The end of a product: the folded bias, or weight `bias` with `use_bias`, and the fused activation.
  kernels::Epilogue folded_epilogue(const Context& context, bool use_bias, std::size_t bias = 1) const;
  /// Turns the gradient of the output, of `size` elements, into that of the activation's input, in place.
  void backward_through_fused(const Context& context, Index size) const;

 private:
  // Keys that no layer of its own uses.
  enum : std::size_t { kScaledKernel = kMostBuffers - 2, kScaledBias };

  kernels::ActivationFunction fused_;
  std::shared_ptr<const Layer> scaling_;
};

}  // namespace fastnn
