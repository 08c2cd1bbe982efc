// Adamax (Kingma & Ba, 2014, section 7): Adam with the largest gradient in place of the root of the second moment.
#include <cmath>

#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Adamax : public UpdateRule {
 public:
  explicit Adamax(const Config& config)
      : rule_{0, static_cast<Real>(config.number("beta_1")), static_cast<Real>(config.number("beta_2")),
              static_cast<Real>(config.number("epsilon"))} {}

  std::vector<SlotSpec> slots(const Variable&) const override { return {{"momentum"}, {"norm"}}; }
  void begin_step(double learning_rate, Index step, const std::vector<VariablePtr>&) override {
    rule_.alpha =
        static_cast<Real>(learning_rate / (1 - std::pow(static_cast<double>(rule_.beta_1), static_cast<double>(step))));
  }
  void update(const UpdateRange& range) const override {
    kernels::update_adamax(range.moderation, rule_, range.gradient, range.weight, range.slot(0), range.slot(1),
                           range.count);
  }

 private:
  kernels::Adam rule_;
};

const bool registered = register_update_rule_class<Adamax>("adamax");

}  // namespace
}  // namespace fastnn
