// The optimizer: the slots of all weights and the sweep that updates them in each step, with clipping, weight decay and
// constraints. The arithmetic of one rule is an `UpdateRule` (optimizers/). Slots are found by their weight: a model
// that is compiled again keeps them, and a weight not seen before starts with initial slots.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fastnn/config.hpp"
#include "fastnn/executor.hpp"
#include "fastnn/update_rule.hpp"
#include "fastnn/variable.hpp"

namespace fastnn {

class Optimizer {
 public:
  /// kind: the name of an update rule. config: the arguments of Keras' class.
  Optimizer(const std::string& kind, const Config& config);

  double learning_rate;
  Index iterations = 0;

  /// Makes initial slots for weights not seen before.
  void build(const std::vector<VariablePtr>& weights);
  /// The slots of one weight, in the order of Keras' files.
  std::vector<VariablePtr> slots(const VariablePtr& weight) const;
  void exclude_from_weight_decay(const std::vector<VariablePtr>& weights);

  /// Updates every weight of the table by its gradient, applies its constraint and counts one iteration. Expects
  /// WriteVariables to be held.
  void apply(const GradientTable& table, const float* gradients);

 private:
  struct Slots {
    VariablePtr weight;  // held, so that no other weight can get its address
    std::vector<VariablePtr> variables;
    bool decayed = true;
  };
  // A range of one weight: the unit of work.
  struct Range {
    const Slots* slots;
    const float* gradient;
    Index begin, count;
    std::size_t weight;
  };

  void lay_out(const GradientTable& table, const float* gradients);
  void find_scales();

  std::unique_ptr<UpdateRule> rule_;
  double weight_decay_;
  float clipnorm_, clipvalue_, global_clipnorm_;  // 0: off
  std::map<const Variable*, Slots> slots_;

  // The sweep over one table, laid out when the table is first seen.
  const GradientTable* table_ = nullptr;
  const float* gradients_ = nullptr;
  std::vector<Range> ranges_;
  std::vector<double> squares_;  // per range
  std::vector<float> scales_;    // per weight
  double elements_ = 0;
};

}  // namespace fastnn
