// The contract between an optimizer's update rule and the sweep over all weights, and the registry in which rules are
// found.
//
// A rule knows its slots and its arithmetic. Most rules work element by element: they get one range of one weight at a
// time, on any thread. A rule that needs a whole weight (a norm, a product of matrices, code of a user) says so and
// gets one weight after the other. What all optimizers have in common (clipping, weight decay, penalties, constraints,
// averages, accumulation, the count of iterations) is in `Sweep`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fastnn/config.hpp"
#include "fastnn/graph.hpp"
#include "fastnn/kernels/update.hpp"
#include "fastnn/variable.hpp"

namespace fastnn {

/// A variable that a rule keeps for each weight, or for all of them.
struct SlotSpec {
  std::string name;
  Real initial = 0;
  std::optional<Shape> shape = std::nullopt;  ///< none: that of the weight
  bool copies_weight = false;                 ///< starts as the weight, not as `initial`
};

/// A range of one weight with its gradient and its slots: the unit of work of a sweep.
struct UpdateRange {
  kernels::Moderation moderation;
  const Real* gradient;
  Real* weight;
  Index begin, count;
  const std::vector<VariablePtr>& slots;

  Real* slot(std::size_t i) const { return slots[i]->data() + begin; }
};

/// A whole weight, after its decay, and its gradient after penalties and clipping, which the rule may overwrite.
struct WholeUpdate {
  const Variable& weight;
  Real* values;  ///< of the weight, as floats
  Real* gradient;
  const std::vector<VariablePtr>& slots;
  double* parts;  ///< scratch for inner_product of two arrays of the weight's size

  Real* slot(std::size_t i) const { return slots[i]->data(); }
  Index count() const { return weight.size(); }
};

/// What a rule written in Python reads: the graph of its step for one weight, and the variables that stand for the
/// gradient, the learning rate and the number of steps taken.
struct TracedStep {
  const Graph& graph;
  VariablePtr gradient, learning_rate, iterations;
};

class UpdateRule {
 public:
  UpdateRule() = default;
  virtual ~UpdateRule() = default;
  UpdateRule(const UpdateRule&) = delete;
  UpdateRule& operator=(const UpdateRule&) = delete;

  /// The slots of a weight, in the order of Keras' files.
  virtual std::vector<SlotSpec> slots(const Variable& weight) const = 0;
  /// The slots that all weights share, without axes.
  virtual std::vector<SlotSpec> shared_slots() const { return {}; }
  /// Computes the factors that all weights share in one step; steps are counted from 1.
  virtual void begin_step(double learning_rate, Index step, const std::vector<VariablePtr>& shared) = 0;

  /// True where the rule needs whole weights: `update_weight` is called in place of `update`.
  virtual bool whole() const { return false; }
  /// Updates one range of one weight and its slots.
  virtual void update(const UpdateRange& range) const;
  /// Updates one weight and its slots.
  virtual void update_weight(const WholeUpdate& update);

  /// The weight decay of a weight where that of the optimizer is `common`.
  virtual double weight_decay(const Variable& weight, double common) const;
  /// Marks a weight that the rule treats in its second way.
  virtual void set_apart(const Variable& weight);
  /// Gives the rule the step of one weight, where the rule is written in Python.
  virtual void trace(const Variable& weight, const TracedStep& step);
};

using UpdateRuleFactory = std::function<std::unique_ptr<UpdateRule>(const Config& config)>;

/// Adds a rule to the registry. Called once per rule, on the last line of its file.
bool register_update_rule(const std::string& kind, UpdateRuleFactory factory);

/// Makes the rule of the given kind. Raises ValueError where there is none.
std::unique_ptr<UpdateRule> make_update_rule(const std::string& kind, const Config& config);

/// Registers class T, whose constructor takes the config, under `kind`.
template <class T>
bool register_update_rule_class(const std::string& kind) {
  return register_update_rule(kind, [](const Config& config) { return std::make_unique<T>(config); });
}

}  // namespace fastnn
