// The contract between an optimizer's update rule and the sweep over all weights, and the registry in which rules are
// found.
//
// A rule knows its slots and its arithmetic for one range of one weight. What all optimizers have in common (clipping,
// weight decay, penalties, constraints, the count of iterations) is in `Optimizer`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fastnn/config.hpp"
#include "fastnn/kernels/update.hpp"
#include "fastnn/variable.hpp"

namespace fastnn {

/// A variable that a rule keeps for each weight, of the weight's shape.
struct SlotSpec {
  std::string name;
  float initial = 0;
};

/// A range of one weight with its gradient and its slots: the unit of work of a sweep. Ranges run on any thread.
struct UpdateRange {
  kernels::Moderation moderation;
  const float* gradient;
  float* weight;
  Index begin, count;
  const std::vector<VariablePtr>& slots;

  float* slot(std::size_t i) const { return slots[i]->data() + begin; }
};

class UpdateRule {
 public:
  UpdateRule() = default;
  virtual ~UpdateRule() = default;
  UpdateRule(const UpdateRule&) = delete;
  UpdateRule& operator=(const UpdateRule&) = delete;

  /// The slots of every weight, in the order of Keras' files.
  virtual std::vector<SlotSpec> slots() const = 0;
  /// Computes the factors that all weights share in one step; steps are counted from 1.
  virtual void begin_step(double learning_rate, Index step) = 0;
  /// Updates one range of one weight and its slots.
  virtual void update(const UpdateRange& range) const = 0;
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
