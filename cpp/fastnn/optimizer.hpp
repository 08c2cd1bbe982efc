// The optimizer as a step sees it: it builds what it keeps for weights, and is given the gradients of one batch.
//
// `Sweep` (sweep.hpp) applies an update rule to every weight, `Lbfgs` (lbfgs.hpp) searches along lines over the whole
// data, `LossScale` (loss_scale.hpp) stops a step whose gradients are not finite.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fastnn/config.hpp"
#include "fastnn/executor.hpp"
#include "fastnn/update_rule.hpp"
#include "fastnn/variable.hpp"

namespace fastnn {

/// What comes after an optimizer has been given gradients.
enum class Outcome {
  done,    ///< the step is over
  again,   ///< the weights have moved; the step goes on with their gradients
  refused  ///< the step is over, and no further optimizer of the phase takes part in it
};

/// The variables that an optimizer keeps for one weight; null and empty where there are none.
struct WeightSlots {
  VariablePtr average, accumulator;
  std::vector<VariablePtr> of_rule;  ///< in the order of Keras' files
};

/// The work of an optimizer that searches: iterations, and evaluations of loss and gradient.
struct Counts {
  Index iterations = 0, evaluations = 0;
};

class Optimizer {
 public:
  explicit Optimizer(double rate) : learning_rate(rate) {}
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  double learning_rate;
  Index iterations = 0;

  /// Makes initial slots for weights not seen before.
  virtual void build(const std::vector<VariablePtr>& weights) = 0;
  virtual WeightSlots slots(const VariablePtr&) const { return {}; }
  /// The variables that all weights share, without axes.
  virtual std::vector<VariablePtr> shared_slots() const { return {}; }

  /// Moves the weights of the table by their gradients; `loss` is the total loss at the weights as they are. Expects
  /// WriteVariables to be held.
  virtual Outcome apply(const GradientTable& table, const Real* gradients, double loss) = 0;
  /// Brings back the weights as they were before a step that answered `again` and is now given up. Expects
  /// WriteVariables to be held.
  virtual void abandon() {}
  /// True where further steps on the same data would not move the weights.
  virtual bool finished() const { return false; }
  virtual Counts counts() const { return {}; }

  virtual void exclude_from_weight_decay(const std::vector<VariablePtr>& weights);
  virtual void set_apart(const std::vector<VariablePtr>& weights);
  virtual void trace(const VariablePtr& weight, const TracedStep& step);
};

/// Makes an optimizer. kind: "lbfgs", "loss_scale", or the name of an update rule. config: the arguments of Keras' class.
std::shared_ptr<Optimizer> make_optimizer(const std::string& kind, const Config& config);

}  // namespace fastnn
