// Adam (Kingma & Ba, 2014), with AMSGrad (Reddi et al., 2018). AdamW is this rule with weight decay, which `Optimizer`
// applies.
#include <cmath>

#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Adam : public UpdateRule {
 public:
  explicit Adam(const Config& config)
      : beta_1_(static_cast<Real>(config.number("beta_1", 0.9))),
        beta_2_(static_cast<Real>(config.number("beta_2", 0.999))),
        epsilon_(static_cast<Real>(config.number("epsilon", 1e-7))),
        amsgrad_(config.flag("amsgrad", false)) {}

  std::vector<SlotSpec> slots(const Variable&) const override {
    std::vector<SlotSpec> slots{{"momentum"}, {"velocity"}};
    if (amsgrad_) slots.push_back({"velocity_hat"});
    return slots;
  }
  void begin_step(double learning_rate, Index step, const std::vector<VariablePtr>&) override {
    const auto t = static_cast<double>(step);
    alpha_ = static_cast<Real>(learning_rate * std::sqrt(1 - std::pow(static_cast<double>(beta_2_), t)) /
                               (1 - std::pow(static_cast<double>(beta_1_), t)));
  }
  void update(const UpdateRange& range) const override {
    kernels::update_adam(range.moderation, {alpha_, beta_1_, beta_2_, epsilon_}, range.gradient, range.weight,
                         range.slot(0), range.slot(1), amsgrad_ ? range.slot(2) : nullptr, range.count);
  }

 private:
  Real beta_1_, beta_2_, epsilon_;
  Real alpha_ = 0;  // the learning rate with the bias corrections of both moments
  bool amsgrad_;
};

const bool registered = register_update_rule_class<Adam>("adam");

}  // namespace
}  // namespace fastnn
