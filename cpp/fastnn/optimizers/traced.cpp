// A rule written in Python: its step for each weight is a graph, traced once, which reads the gradient, the learning
// rate and the number of steps, and assigns to the weight and to the variables of the rule.
#include <algorithm>
#include <map>

#include "fastnn/executor.hpp"
#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Traced : public UpdateRule {
 public:
  explicit Traced(const Config&) {}

  std::vector<SlotSpec> slots(const Variable&) const override { return {}; }
  void trace(const Variable& weight, const TracedStep& step) override {
    Wanted wanted;
    wanted.training = true;
    steps_[&weight] = {std::make_unique<Executor>(step.graph, wanted), step.gradient};
    learning_rate_ = step.learning_rate;
    iterations_ = step.iterations;
  }
  void begin_step(double learning_rate, Index step, const std::vector<VariablePtr>&) override {
    if (learning_rate_ == nullptr) return;
    set(*learning_rate_, static_cast<Real>(learning_rate));
    set(*iterations_, static_cast<Real>(step - 1));
  }
  bool whole() const override { return true; }
  void update_weight(const WholeUpdate& update) override {
    auto found = steps_.find(&update.weight);
    require(found != steps_.end(), "the step of ", update.weight.path, " was not traced");
    Step& step = found->second;
    std::copy_n(update.gradient, update.count(), step.gradient->data());
    step.gradient->touch();
    SessionLease session(*step.executor, 1);
    // The step reads and writes the variable itself.
    if (update.weight.narrow()) update.weight.write(update.values);
    session->begin(1);
    session->forward({});
    session->commit();
    if (update.weight.narrow()) update.weight.read(update.values);
  }

 private:
  struct Step {
    std::unique_ptr<Executor> executor;
    VariablePtr gradient;
  };

  static void set(Variable& variable, Real value) {
    *variable.data() = value;
    variable.touch();
  }

  std::map<const Variable*, Step> steps_;
  VariablePtr learning_rate_, iterations_;
};

const bool registered = register_update_rule_class<Traced>("traced");

}  // namespace
}  // namespace fastnn
