// The guard of LossScaleOptimizer: a step whose scaled gradients are not finite is refused, and the scale halved; after
// enough steps without such a one it is doubled (Micikevicius et al., 2018, "Mixed precision training").
//
// Gradients in float32 need no scale, so they are not scaled: what they would be if they were decides.
#pragma once

#include "fastnn/optimizer.hpp"

namespace fastnn {

class LossScale : public Optimizer {
 public:
  explicit LossScale(const Config& config);

  void build(const std::vector<VariablePtr>&) override {}
  std::vector<VariablePtr> shared_slots() const override { return {counter_, scale_}; }
  Outcome apply(const GradientTable& table, const Real* gradients, double loss) override;

 private:
  Index growth_steps_;
  VariablePtr counter_, scale_;
};

}  // namespace fastnn
