// The moves of the scale.
#include "fastnn/loss_scale.hpp"

namespace fastnn {

LossScale::LossScale(const Config& config)
    : Optimizer(config.number("learning_rate")),
      growth_steps_(config.integer("dynamic_growth_steps")),
      counter_(std::make_shared<Variable>("step_counter", Shape{}, false)),
      scale_(std::make_shared<Variable>("dynamic_scale", Shape{}, false)) {
  *counter_->data() = 0;
  *scale_->data() = static_cast<Real>(config.number("initial_scale"));
}

Outcome LossScale::apply(const GradientTable& table, const Real* gradients, double) {
  Real &counter = *counter_->data(), &scale = *scale_->data();
  bool finite = true;
  for (std::size_t w = 0; w < table.weights.size() && finite; ++w)
    finite = kernels::all_finite(gradients + table.offsets[w], scale, table.weights[w]->size());
  if (!finite) {
    counter = 0;
    scale /= 2;
    return Outcome::refused;
  }
  counter += 1;
  if (counter >= static_cast<Real>(growth_steps_)) {
    counter = 0;
    scale *= 2;
  }
  return Outcome::done;
}

}  // namespace fastnn
