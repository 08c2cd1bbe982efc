// LAMB (You et al., 2019): the direction of Adam, scaled by the norm of the weight.
#include <cmath>

#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Lamb : public UpdateRule {
 public:
  explicit Lamb(const Config& config) : beta_1_(config.number("beta_1")), beta_2_(config.number("beta_2")) {
    rule_.beta_1 = static_cast<Real>(beta_1_);
    rule_.beta_2 = static_cast<Real>(beta_2_);
    rule_.epsilon = static_cast<Real>(config.number("epsilon"));
  }

  std::vector<SlotSpec> slots(const Variable&) const override { return {{"momentum"}, {"velocity"}}; }
  void begin_step(double learning_rate, Index step, const std::vector<VariablePtr>&) override {
    const auto t = static_cast<double>(step);
    rate_ = learning_rate;
    rule_.mean = static_cast<Real>(1 - std::pow(beta_1_, t));
    rule_.square = static_cast<Real>(1 - std::pow(beta_2_, t));
  }
  bool whole() const override { return true; }
  void update_weight(const WholeUpdate& update) override {
    const Index count = update.count();
    Real* w = update.values;
    kernels::lamb_direction(rule_, update.gradient, update.slot(0), update.slot(1), count);
    const double weight = std::sqrt(kernels::inner_product(w, w, count, update.parts));
    const double direction = std::sqrt(kernels::inner_product(update.gradient, update.gradient, count, update.parts));
    const double ratio = weight > 0 && direction > 0 ? weight / direction : 1;
    kernels::add_scaled(update.gradient, static_cast<Real>(-ratio * rate_), 1, w, count);
  }

 private:
  double beta_1_, beta_2_, rate_ = 0;
  kernels::Lamb rule_{};
};

const bool registered = register_update_rule_class<Lamb>("lamb");

}  // namespace
}  // namespace fastnn
