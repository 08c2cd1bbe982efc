// The optimizer: the rule by which weights move and the slots it keeps for them, found by the weight that they serve, so
// that recompiling a model keeps them and a weight not seen before starts from zero.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fastnn/config.hpp"
#include "fastnn/executor.hpp"
#include "fastnn/kernels/update.hpp"
#include "fastnn/variable.hpp"

namespace fastnn {

class Optimizer {
 public:
  /// kind: "sgd", "adam" or "rmsprop", with the arguments of Keras' classes.
  Optimizer(const std::string& kind, const Config& config);

  double learning_rate;
  Index iterations = 0;

  /// Makes zero slots for weights not seen before.
  void build(const std::vector<VariablePtr>& weights);
  /// The slots of one weight, in the order of Keras' files.
  std::vector<VariablePtr> slots(const VariablePtr& weight) const;
  void exclude_from_weight_decay(const std::vector<VariablePtr>& weights);

  /// Moves every weight of the table by its gradient, applies its constraint and counts one iteration. Expects
  /// WriteVariables to be held and build() to have seen the weights.
  void apply(const GradientTable& table, const float* gradients);

 private:
  enum class Rule { sgd, adam, rmsprop };
  struct Slots {
    VariablePtr weight;  // held, so that no other weight can come to lie at its address
    std::vector<VariablePtr> variables;
    bool decayed = true;
  };
  // A stretch of one weight: the unit of work.
  struct Range {
    const Slots* slots;
    const float* gradient;
    Index begin, count;
    std::size_t weight;
  };

  float* slot(const Range& range, std::size_t i) const { return range.slots->variables[i]->data() + range.begin; }
  void lay_out(const GradientTable& table, const float* gradients);
  void find_scales(const GradientTable& table);
  void update(const Range& range, kernels::Moderation moderation) const;

  Rule rule_;
  float momentum_ = 0, rho_ = 0.9f, beta_1_ = 0.9f, beta_2_ = 0.999f, epsilon_ = 1e-7f;
  float alpha_ = 0;  // Adam's rate at this step, its corrections of the moments in it
  bool nesterov_ = false, amsgrad_ = false, centered_ = false;
  double weight_decay_ = 0;
  float clipnorm_ = 0, clipvalue_ = 0, global_clipnorm_ = 0;  // 0: off
  std::map<const Variable*, Slots> slots_;

  // The sweep over one table, laid out when it is first seen.
  const GradientTable* table_ = nullptr;
  const float* gradients_ = nullptr;
  std::vector<Range> ranges_;
  std::vector<double> squares_;  // per range
  std::vector<float> scales_;    // per weight
  double elements_ = 0;
};

/// Applies the constraint of a weight in place.
void constrain(const Variable& weight);

}  // namespace fastnn
