// FTRL-proximal (McMahan et al., 2013): follows the regularized leader, with penalties that make weights exactly zero.
#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Ftrl : public UpdateRule {
 public:
  explicit Ftrl(const Config& config)
      : initial_(static_cast<Real>(config.number("initial_accumulator_value"))),
        l2_(config.number("l2_regularization_strength")),
        beta_(config.number("beta")) {
    rule_.power = static_cast<Real>(-config.number("learning_rate_power"));
    rule_.l1 = static_cast<Real>(config.number("l1_regularization_strength"));
    rule_.shrinkage = static_cast<Real>(config.number("l2_shrinkage_regularization_strength"));
  }

  std::vector<SlotSpec> slots(const Variable&) const override { return {{"accumulator", initial_}, {"linear"}}; }
  void begin_step(double learning_rate, Index, const std::vector<VariablePtr>&) override {
    rule_.learning_rate = static_cast<Real>(learning_rate);
    rule_.l2 = static_cast<Real>(beta_ == 0 ? l2_ : l2_ + beta_ / (2 * learning_rate));
  }
  void update(const UpdateRange& range) const override {
    kernels::update_ftrl(range.moderation, rule_, range.gradient, range.weight, range.slot(0), range.slot(1),
                         range.count);
  }

 private:
  Real initial_;
  double l2_, beta_;
  kernels::Ftrl rule_{};
};

const bool registered = register_update_rule_class<Ftrl>("ftrl");

}  // namespace
}  // namespace fastnn
