// Lion (Chen et al., 2023): steps of one size in the direction of the sign of a momentum.
#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Lion : public UpdateRule {
 public:
  explicit Lion(const Config& config)
      : rule_{0, static_cast<Real>(config.number("beta_1")), static_cast<Real>(config.number("beta_2"))} {}

  std::vector<SlotSpec> slots(const Variable&) const override { return {{"momentum"}}; }
  void begin_step(double learning_rate, Index, const std::vector<VariablePtr>&) override {
    rule_.learning_rate = static_cast<Real>(learning_rate);
  }
  void update(const UpdateRange& range) const override {
    kernels::update_lion(range.moderation, rule_, range.gradient, range.weight, range.slot(0), range.count);
  }

 private:
  kernels::Lion rule_;
};

const bool registered = register_update_rule_class<Lion>("lion");

}  // namespace
}  // namespace fastnn
