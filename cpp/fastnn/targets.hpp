// Base of losses and metrics: layers with two inputs, (y_true, y_pred), and one number for each sample or each of its
// positions. Sample weights, masks and the mean over the batch belong to a phase of the trainer.
#pragma once

#include <string>
#include <vector>

#include "fastnn/layer.hpp"

namespace fastnn {

/// A layer that compares groups of `size` targets and predictions, each with one result.
class TargetLayer : public Layer {
 public:
  /// sparse: y_true holds int32 labels without the last dimension of y_pred; otherwise floats of the shape of y_pred. A
  /// trailing dimension of 1 may be present or missing.
  TargetLayer(const std::string& kind, const std::string& name, bool sparse) : Layer(kind, name), sparse_(sparse) {}

  Signature infer(const std::vector<Spec>& inputs) override;

 protected:
  Index size() const { return size_; }
  /// Groups of one sample, and of the batch.
  Index groups() const { return groups_; }
  Index groups(const Context& context) const { return context.rows() * groups_; }

 private:
  bool sparse_;
  Index groups_ = 1, size_ = 1;
};

class Loss : public TargetLayer {
 public:
  using TargetLayer::TargetLayer;
  bool differentiable_input(std::size_t i) const override { return i == 1; }
  BackwardReads backward_reads() const override { return {true, false}; }
};

class Metric : public TargetLayer {
 public:
  using TargetLayer::TargetLayer;
  bool differentiable() const override { return false; }
  bool differentiable_input(std::size_t) const override { return false; }
};

}  // namespace fastnn
