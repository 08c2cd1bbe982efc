// Schedule-free AdamW (Defazio et al., 2024): an average of the weights in place of a falling learning rate.
#include <algorithm>
#include <cmath>

#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class ScheduleFreeAdamW : public UpdateRule {
 public:
  explicit ScheduleFreeAdamW(const Config& config)
      : beta_2_(config.number("beta_2")), warmup_(config.number("warmup_steps")) {
    rule_.beta_1 = static_cast<Real>(config.number("beta_1"));
    rule_.beta_2 = static_cast<Real>(beta_2_);
    rule_.epsilon = static_cast<Real>(config.number("epsilon"));
  }

  std::vector<SlotSpec> slots(const Variable&) const override {
    return {{"momentum", 0, std::nullopt, true}, {"velocity"}};
  }
  void begin_step(double learning_rate, Index step, const std::vector<VariablePtr>&) override {
    const auto t = static_cast<double>(step);
    rule_.learning_rate = static_cast<Real>(warmup_ > 0 ? learning_rate * std::min(t / warmup_, 1.0) : learning_rate);
    rule_.square = static_cast<Real>(1 - std::pow(beta_2_, t));
    rule_.share = static_cast<Real>(1 / t);
  }
  void update(const UpdateRange& range) const override {
    kernels::update_schedule_free(range.moderation, rule_, range.gradient, range.weight, range.slot(0), range.slot(1),
                                  range.count);
  }

 private:
  double beta_2_, warmup_;
  kernels::ScheduleFree rule_{};
};

const bool registered = register_update_rule_class<ScheduleFreeAdamW>("schedule_free_adamw");

}  // namespace
}  // namespace fastnn
