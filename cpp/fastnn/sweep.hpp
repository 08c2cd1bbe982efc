// The sweep: an update rule applied to all weights in each step, with clipping, weight decay, constraints, averages of
// the weights and gradients accumulated over several batches. Slots are found by their weight: a model that is compiled
// again keeps them, and a weight not seen before starts with initial slots.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fastnn/optimizer.hpp"

namespace fastnn {

class Sweep : public Optimizer {
 public:
  /// rule: the name of an update rule. config: the arguments of Keras' class.
  Sweep(const std::string& rule, const Config& config);

  void build(const std::vector<VariablePtr>& weights) override;
  WeightSlots slots(const VariablePtr& weight) const override;
  std::vector<VariablePtr> shared_slots() const override { return shared_; }
  void exclude_from_weight_decay(const std::vector<VariablePtr>& weights) override;
  void set_apart(const std::vector<VariablePtr>& weights) override;
  void trace(const VariablePtr& weight, const TracedStep& step) override;

  Outcome apply(const GradientTable& table, const Real* gradients, double loss) override;

 private:
  struct Slots {
    VariablePtr weight;  // held, so that no other weight can get its address
    WeightSlots variables;
    bool decayed = true;
  };
  // A range of one weight: the unit of work.
  struct Range {
    const Slots* slots;
    const Real* gradient;
    Index begin, count;
    std::size_t weight;
    Real* values;  // null: those of a weight that is held in bfloat16, before each_range has widened them

    const Variable& of() const { return *slots->weight; }
    Real* accumulator() const { return slots->variables.accumulator->data() + begin; }
  };

  VariablePtr make_slot(const SlotSpec& spec, const VariablePtr& weight) const;
  void reserve();
  void lay_out(const GradientTable& table, const Real* gradients);
  enum class Weights { read, moved };
  template <class Body>
  void each_range(double bytes, Weights weights, Body&& body);
  // The gradient of a range as the rule is to see it, before clipping, and what is still to be added to it.
  const Real* gradient(const Range& range) const { return accumulates() ? range.accumulator() : range.gradient; }
  kernels::Moderation penalties(const Range& range) const;
  kernels::Moderation moderation(const Range& range) const;
  bool accumulates() const { return accumulation_steps_ > 1; }

  bool accumulate();
  void find_scales();
  void update();
  void update_whole_weights();
  void average();

  std::unique_ptr<UpdateRule> rule_;
  double weight_decay_;
  Real clipnorm_, clipvalue_, global_clipnorm_;  // 0: off
  Index accumulation_steps_;                     // 1: off
  bool averages_;
  Real average_momentum_;
  Index overwrite_frequency_;  // 0: never
  std::map<const Variable*, Slots> slots_;
  std::vector<VariablePtr> shared_;
  bool reserved_ = true;  // memory to lay out any table of the weights in slots_

  // The sweep over one table, laid out when the table is first seen.
  std::vector<VariablePtr> weights_;
  std::vector<Index> offsets_;
  const Real* gradients_ = nullptr;
  bool penalized_ = true;
  std::vector<Range> ranges_;
  std::vector<double> squares_;  // per range
  std::vector<Real> scales_;     // per weight
  double elements_ = 0;
  AlignedBuffer moderated_, parts_, widened_;  // for rules that need whole weights
};

}  // namespace fastnn
