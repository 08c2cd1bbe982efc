// Adadelta (Zeiler, 2012): steps scaled by averages of earlier squared steps and squared gradients.
#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Adadelta : public UpdateRule {
 public:
  explicit Adadelta(const Config& config)
      : rule_{0, static_cast<Real>(config.number("rho")), static_cast<Real>(config.number("epsilon"))} {}

  std::vector<SlotSpec> slots(const Variable&) const override {
    return {{"accumulated_grad"}, {"accumulated_delta_var"}};
  }
  void begin_step(double learning_rate, Index, const std::vector<VariablePtr>&) override {
    rule_.learning_rate = static_cast<Real>(learning_rate);
  }
  void update(const UpdateRange& range) const override {
    kernels::update_adadelta(range.moderation, rule_, range.gradient, range.weight, range.slot(0), range.slot(1),
                             range.count);
  }

 private:
  kernels::Adadelta rule_;
};

const bool registered = register_update_rule_class<Adadelta>("adadelta");

}  // namespace
}  // namespace fastnn
