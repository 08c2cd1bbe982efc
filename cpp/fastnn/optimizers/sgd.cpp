// Gradient descent, plain or with (Nesterov) momentum: Sutskever et al., 2013.
#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Sgd : public UpdateRule {
 public:
  explicit Sgd(const Config& config)
      : momentum_(static_cast<Real>(config.number("momentum", 0))), nesterov_(config.flag("nesterov", false)) {}

  std::vector<SlotSpec> slots(const Variable&) const override {
    if (momentum_ == 0) return {};
    return {{"momentum"}};
  }
  void begin_step(double learning_rate, Index, const std::vector<VariablePtr>&) override {
    rate_ = static_cast<Real>(learning_rate);
  }
  void update(const UpdateRange& range) const override {
    kernels::update_sgd(range.moderation, rate_, momentum_, nesterov_, range.gradient, range.weight,
                        momentum_ == 0 ? nullptr : range.slot(0), range.count);
  }

 private:
  Real momentum_, rate_ = 0;
  bool nesterov_;
};

const bool registered = register_update_rule_class<Sgd>("sgd");

}  // namespace
}  // namespace fastnn
