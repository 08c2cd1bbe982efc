// Nadam (Dozat, 2015): Adam with Nesterov momentum, whose momentum is warmed up by a schedule.
#include <cmath>

#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Nadam : public UpdateRule {
 public:
  explicit Nadam(const Config& config) : beta_1_(config.number("beta_1")), beta_2_(config.number("beta_2")) {
    rule_.beta_1 = static_cast<Real>(beta_1_);
    rule_.beta_2 = static_cast<Real>(beta_2_);
    rule_.epsilon = static_cast<Real>(config.number("epsilon"));
  }

  std::vector<SlotSpec> slots(const Variable&) const override { return {{"momentum"}, {"velocity"}}; }
  std::vector<SlotSpec> shared_slots() const override { return {{"u_product", 1}}; }
  void begin_step(double learning_rate, Index step, const std::vector<VariablePtr>& shared) override {
    const auto t = static_cast<double>(step);
    const double now = momentum(t), next = momentum(t + 1);
    Real& product = *shared[0]->data();
    product = static_cast<Real>(static_cast<double>(product) * now);
    const auto so_far = static_cast<double>(product);
    rule_.learning_rate = static_cast<Real>(learning_rate);
    rule_.mean = static_cast<Real>(next / (1 - so_far * next));
    rule_.now = static_cast<Real>((1 - now) / (1 - so_far));
    rule_.square = static_cast<Real>(1 / (1 - std::pow(beta_2_, t)));
  }
  void update(const UpdateRange& range) const override {
    kernels::update_nadam(range.moderation, rule_, range.gradient, range.weight, range.slot(0), range.slot(1),
                          range.count);
  }

 private:
  double momentum(double step) const { return beta_1_ * (1 - 0.5 * std::pow(0.96, step)); }

  double beta_1_, beta_2_;
  kernels::Nadam rule_{};
};

const bool registered = register_update_rule_class<Nadam>("nadam");

}  // namespace
}  // namespace fastnn
