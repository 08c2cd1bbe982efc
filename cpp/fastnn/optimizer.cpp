// Clipping, weight decay and the sweep over all weights.
#include "fastnn/optimizer.hpp"

#include <algorithm>
#include <cmath>

#include "fastnn/constraint.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

constexpr Index kRange = 1 << 13;

}  // namespace

Optimizer::Optimizer(const std::string& kind, const Config& config)
    : learning_rate(config.number("learning_rate")),
      rule_(make_update_rule(kind, config)),
      weight_decay_(config.number("weight_decay", 0)),
      clipnorm_(static_cast<float>(config.number("clipnorm", 0))),
      clipvalue_(static_cast<float>(config.number("clipvalue", 0))),
      global_clipnorm_(static_cast<float>(config.number("global_clipnorm", 0))) {}

void Optimizer::build(const std::vector<VariablePtr>& weights) {
  for (const VariablePtr& weight : weights) {
    Slots& made = slots_[weight.get()];
    if (made.weight != nullptr) continue;
    made.weight = weight;
    for (const SlotSpec& slot : rule_->slots()) {
      made.variables.push_back(std::make_shared<Variable>(weight->path + "/" + slot.name, weight->shape(), false));
      std::fill_n(made.variables.back()->data(), weight->size(), slot.initial);
    }
  }
  table_ = nullptr;
}

std::vector<VariablePtr> Optimizer::slots(const VariablePtr& weight) const {
  auto found = slots_.find(weight.get());
  return found == slots_.end() ? std::vector<VariablePtr>{} : found->second.variables;
}

void Optimizer::exclude_from_weight_decay(const std::vector<VariablePtr>& weights) {
  build(weights);
  for (const VariablePtr& weight : weights) slots_[weight.get()].decayed = false;
}

void Optimizer::lay_out(const GradientTable& table, const float* gradients) {
  if (table_ == &table && gradients_ == gradients) return;
  build(table.weights);
  ranges_.clear();
  elements_ = 0;
  for (std::size_t w = 0; w < table.weights.size(); ++w) {
    const Variable& weight = *table.weights[w];
    for (Index begin = 0; begin < weight.size(); begin += kRange)
      ranges_.push_back({&slots_.at(&weight), gradients + table.offsets[w] + begin, begin,
                         std::min(kRange, weight.size() - begin), w});
    elements_ += static_cast<double>(weight.size());
  }
  squares_.assign(ranges_.size(), 0);
  scales_.assign(table.weights.size(), 1);
  table_ = &table;
  gradients_ = gradients;
}

// Clipping by norm needs the norms first: the squares of each range, added in the order of the ranges.
void Optimizer::find_scales() {
  const auto ranges = static_cast<Index>(ranges_.size());
  parallel_for(ranges, byte_work(8 * elements_), [this](Index i, int) {
    const Range& range = ranges_[static_cast<std::size_t>(i)];
    const Variable& weight = *range.slots->weight;
    squares_[static_cast<std::size_t>(i)] =
        kernels::squared_norm({weight.l1, weight.l2}, range.gradient, weight.data() + range.begin, range.count);
  });
  if (global_clipnorm_ > 0) {
    double square = 0;
    for (double part : squares_) square += part;
    const auto norm = static_cast<float>(std::sqrt(square));
    std::fill(scales_.begin(), scales_.end(), global_clipnorm_ / std::max(norm, global_clipnorm_));
  } else {
    for (std::size_t w = 0, i = 0; w < scales_.size(); ++w) {
      double square = 0;
      for (; i < ranges_.size() && ranges_[i].weight == w; ++i) square += squares_[i];
      const auto norm = static_cast<float>(std::sqrt(square));
      scales_[w] = clipnorm_ / std::max(norm, clipnorm_);
    }
  }
}

void Optimizer::apply(const GradientTable& table, const float* gradients) {
  lay_out(table, gradients);
  if (clipnorm_ > 0 || global_clipnorm_ > 0) find_scales();
  rule_->begin_step(learning_rate, iterations + 1);
  parallel_for(static_cast<Index>(ranges_.size()), byte_work(28 * elements_), [this](Index i, int) {
    const Range& range = ranges_[static_cast<std::size_t>(i)];
    const Variable& weight = *range.slots->weight;
    const float decay = range.slots->decayed ? static_cast<float>(weight_decay_ * learning_rate) : 0.0f;
    const kernels::Moderation moderation{weight.l1, weight.l2, scales_[range.weight], clipvalue_, decay};
    rule_->update(
        {moderation, range.gradient, weight.data() + range.begin, range.begin, range.count, range.slots->variables});
  });
  for (const VariablePtr& weight : table.weights) {
    if (weight->constraint.kind != Constraint::Kind::none) constrain(*weight);
    weight->touch();
  }
  ++iterations;
}

}  // namespace fastnn
