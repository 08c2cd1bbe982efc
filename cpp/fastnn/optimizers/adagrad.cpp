// Adagrad (Duchi et al., 2011): steps divided by the root of the sum of all squared gradients.
#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Adagrad : public UpdateRule {
 public:
  explicit Adagrad(const Config& config)
      : initial_(static_cast<Real>(config.number("initial_accumulator_value"))),
        epsilon_(static_cast<Real>(config.number("epsilon"))) {}

  std::vector<SlotSpec> slots(const Variable&) const override { return {{"accumulator", initial_}}; }
  void begin_step(double learning_rate, Index, const std::vector<VariablePtr>&) override {
    rate_ = static_cast<Real>(learning_rate);
  }
  void update(const UpdateRange& range) const override {
    kernels::update_adagrad(range.moderation, rate_, epsilon_, range.gradient, range.weight, range.slot(0),
                            range.count);
  }

 private:
  Real initial_, epsilon_, rate_ = 0;
};

const bool registered = register_update_rule_class<Adagrad>("adagrad");

}  // namespace
}  // namespace fastnn
