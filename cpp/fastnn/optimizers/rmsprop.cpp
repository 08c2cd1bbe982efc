// RMSprop (Hinton, 2012), with momentum, and centered by the mean of the gradients where asked.
#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class RmsProp : public UpdateRule {
 public:
  explicit RmsProp(const Config& config)
      : rho_(static_cast<Real>(config.number("rho", 0.9))),
        momentum_(static_cast<Real>(config.number("momentum", 0))),
        epsilon_(static_cast<Real>(config.number("epsilon", 1e-7))),
        centered_(config.flag("centered", false)) {}

  std::vector<SlotSpec> slots(const Variable&) const override {
    std::vector<SlotSpec> slots{{"velocity"}};
    if (momentum_ > 0) slots.push_back({"momentum"});
    if (centered_) slots.push_back({"average_gradient"});
    return slots;
  }
  void begin_step(double learning_rate, Index, const std::vector<VariablePtr>&) override {
    rate_ = static_cast<Real>(learning_rate);
  }
  void update(const UpdateRange& range) const override {
    Real* velocity = momentum_ > 0 ? range.slot(1) : nullptr;
    Real* mean = centered_ ? range.slot(momentum_ > 0 ? 2 : 1) : nullptr;
    kernels::update_rmsprop(range.moderation, {rate_, rho_, momentum_, epsilon_}, range.gradient, range.weight,
                            range.slot(0), velocity, mean, range.count);
  }

 private:
  Real rho_, momentum_, epsilon_, rate_ = 0;
  bool centered_;
};

const bool registered = register_update_rule_class<RmsProp>("rmsprop");

}  // namespace
}  // namespace fastnn
