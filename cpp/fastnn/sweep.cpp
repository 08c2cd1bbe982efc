// Accumulation, clipping, weight decay, the rule, averages and constraints.
#include "fastnn/sweep.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fastnn/constraint.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

constexpr Index kRange = 1 << 13;

}  // namespace

Sweep::Sweep(const std::string& rule, const Config& config)
    : Optimizer(config.number("learning_rate")),
      rule_(make_update_rule(rule, config)),
      weight_decay_(config.number("weight_decay", 0)),
      clipnorm_(static_cast<Real>(config.number("clipnorm", 0))),
      clipvalue_(static_cast<Real>(config.number("clipvalue", 0))),
      global_clipnorm_(static_cast<Real>(config.number("global_clipnorm", 0))),
      accumulation_steps_(config.integer("gradient_accumulation_steps", 1)),
      averages_(config.flag("use_ema", false)),
      average_momentum_(static_cast<Real>(config.number("ema_momentum", 0.99))),
      overwrite_frequency_(config.integer("ema_overwrite_frequency", 0)) {
  for (const SlotSpec& spec : rule_->shared_slots()) {
    shared_.push_back(std::make_shared<Variable>(spec.name, Shape{}, false));
    *shared_.back()->data() = spec.initial;
  }
}

VariablePtr Sweep::make_slot(const SlotSpec& spec, const VariablePtr& weight) const {
  auto slot = std::make_shared<Variable>(weight->path + "/" + spec.name, spec.shape.value_or(weight->shape()), false);
  if (spec.copies_weight)
    weight->read(slot->data());
  else
    std::fill_n(slot->data(), slot->size(), spec.initial);
  return slot;
}

void Sweep::build(const std::vector<VariablePtr>& weights) {
  for (const VariablePtr& weight : weights) {
    if (slots_.count(weight.get()) != 0) continue;
    Slots made;
    made.weight = weight;
    if (averages_) made.variables.average = make_slot({"average"}, weight);
    if (accumulates()) made.variables.accumulator = make_slot({"gradient_accumulator"}, weight);
    for (const SlotSpec& spec : rule_->slots(*weight)) made.variables.of_rule.push_back(make_slot(spec, weight));
    // Memory may be exhausted until here: a weight has all of its slots or none.
    reserved_ = false;
    slots_.emplace(weight.get(), std::move(made));
  }
  if (!reserved_) reserve();
}

// Takes the memory to lay out any table of the weights known, so that apply(), after other changes of a step may have
// been committed, takes none.
void Sweep::reserve() {
  std::size_t ranges = 0;
  Index largest = 0, largest_narrow = 0;
  for (const auto& [weight, slots] : slots_) {
    ranges += static_cast<std::size_t>((weight->size() + kRange - 1) / kRange);
    largest = std::max(largest, weight->size());
    if (weight->narrow()) largest_narrow = std::max(largest_narrow, weight->size());
  }
  ranges_.reserve(ranges);
  squares_.reserve(ranges);
  scales_.reserve(slots_.size());
  weights_.reserve(slots_.size());
  offsets_.reserve(slots_.size());
  if (rule_->whole()) {
    const auto moderated = static_cast<std::size_t>(padded(largest)) * sizeof(Real);
    const auto widened = static_cast<std::size_t>(largest_narrow) * sizeof(Real);
    const auto parts = static_cast<std::size_t>(kernels::inner_product_scratch(largest)) * sizeof(double);
    if (moderated_.size() < moderated) moderated_ = AlignedBuffer(moderated);
    if (widened_.size() < widened) widened_ = AlignedBuffer(widened);
    if (parts_.size() < parts) parts_ = AlignedBuffer(parts);
  }
  reserved_ = true;
}

WeightSlots Sweep::slots(const VariablePtr& weight) const {
  auto found = slots_.find(weight.get());
  return found == slots_.end() ? WeightSlots{} : found->second.variables;
}

void Sweep::exclude_from_weight_decay(const std::vector<VariablePtr>& weights) {
  build(weights);
  for (const VariablePtr& weight : weights) slots_[weight.get()].decayed = false;
}

void Sweep::set_apart(const std::vector<VariablePtr>& weights) {
  for (const VariablePtr& weight : weights) rule_->set_apart(*weight);
}

void Sweep::trace(const VariablePtr& weight, const TracedStep& step) { rule_->trace(*weight, step); }

void Sweep::lay_out(const GradientTable& table, const Real* gradients) {
  penalized_ = table.penalized;
  if (gradients_ == gradients && weights_ == table.weights && offsets_ == table.offsets) return;
  build(table.weights);
  ranges_.clear();
  elements_ = 0;
  for (std::size_t w = 0; w < table.weights.size(); ++w) {
    const Variable& weight = *table.weights[w];
    for (Index begin = 0; begin < weight.size(); begin += kRange)
      ranges_.push_back({&slots_.at(&weight), gradients + table.offsets[w] + begin, begin,
                         std::min(kRange, weight.size() - begin), w,
                         weight.narrow() ? nullptr : weight.data() + begin});
    elements_ += static_cast<double>(weight.size());
  }
  squares_.assign(ranges_.size(), 0);
  scales_.assign(table.weights.size(), 1);
  weights_ = table.weights;
  offsets_ = table.offsets;
  gradients_ = gradients;
}

template <class Body>
void Sweep::each_range(double bytes, Weights weights, Body&& body) {
  // The weights of a small network and their slots stay in the cache from step to step, four times as fast as memory.
  constexpr double kInCache = 1 << 18;
  const double total = bytes * elements_, work = byte_work(total) / (total < kInCache ? 4 : 1);
  parallel_for(static_cast<Index>(ranges_.size()), work, [&](Index i, int) {
    const auto index = static_cast<std::size_t>(i);
    if (ranges_[index].values != nullptr) return body(ranges_[index], index);
    alignas(kAlignment) Real widened[kRange];
    Range range = ranges_[index];
    range.values = widened;
    range.of().read(range.begin, range.count, widened);
    body(range, index);
    if (weights == Weights::moved) range.of().write(range.begin, range.count, widened);
  });
}

// Accumulated gradients hold the penalties already.
kernels::Moderation Sweep::penalties(const Range& range) const {
  if (accumulates() || !penalized_) return {};
  return {range.of().l1, range.of().l2};
}

kernels::Moderation Sweep::moderation(const Range& range) const {
  kernels::Moderation result = penalties(range);
  result.scale = scales_[range.weight];
  result.clip = clipvalue_;
  if (range.slots->decayed)
    result.decay = static_cast<Real>(rule_->weight_decay(range.of(), weight_decay_) * learning_rate);
  return result;
}

// Adds the gradients of this batch to those before; true where the weights are to move by their mean.
bool Sweep::accumulate() {
  const bool due = (iterations + 1) % accumulation_steps_ == 0;
  const Real divisor = due ? static_cast<Real>(accumulation_steps_) : 1.0_r;
  each_range(12, Weights::read, [&](const Range& range, std::size_t) {
    kernels::Moderation penalties;
    if (penalized_) penalties = {range.of().l1, range.of().l2};
    kernels::accumulate_gradient(penalties, range.gradient, range.values, divisor, range.accumulator(), range.count);
  });
  return due;
}

// Clipping by norm needs the norms first: the squares of each range, added in the order of the ranges.
void Sweep::find_scales() {
  each_range(8, Weights::read, [&](const Range& range, std::size_t i) {
    squares_[i] = kernels::squared_norm(penalties(range), gradient(range), range.values, range.count);
  });
  if (global_clipnorm_ > 0) {
    double square = 0;
    for (double part : squares_) square += part;
    const auto norm = static_cast<Real>(std::sqrt(square));
    std::fill(scales_.begin(), scales_.end(), global_clipnorm_ / std::max(norm, global_clipnorm_));
  } else {
    for (std::size_t w = 0, i = 0; w < scales_.size(); ++w) {
      double square = 0;
      for (; i < ranges_.size() && ranges_[i].weight == w; ++i) square += squares_[i];
      const auto norm = static_cast<Real>(std::sqrt(square));
      scales_[w] = clipnorm_ / std::max(norm, clipnorm_);
    }
  }
}

void Sweep::update() {
  if (clipnorm_ > 0 || global_clipnorm_ > 0) find_scales();
  rule_->begin_step(learning_rate, iterations / accumulation_steps_ + 1, shared_);
  if (rule_->whole()) {
    update_whole_weights();
    return;
  }
  each_range(28, Weights::moved, [&](const Range& range, std::size_t) {
    rule_->update(
        {moderation(range), gradient(range), range.values, range.begin, range.count, range.slots->variables.of_rule});
  });
}

void Sweep::update_whole_weights() {
  for (std::size_t begin = 0, end = 0; begin < ranges_.size(); begin = end) {
    while (end < ranges_.size() && ranges_[end].weight == ranges_[begin].weight) ++end;
    const Slots& slots = *ranges_[begin].slots;
    const Variable& weight = *slots.weight;
    Real* const values = weight.narrow() ? widened_.as<Real>() : weight.data();
    if (weight.narrow()) weight.read(values);
    parallel_for(static_cast<Index>(end - begin), byte_work(12 * static_cast<double>(weight.size())),
                 [&](Index i, int) {
                   const Range& range = ranges_[begin + static_cast<std::size_t>(i)];
                   kernels::moderate(moderation(range), gradient(range), values + range.begin,
                                     moderated_.as<Real>() + range.begin, range.count);
                 });
    rule_->update_weight({weight, values, moderated_.as<Real>(), slots.variables.of_rule, parts_.as<double>()});
    if (weight.narrow()) weight.write(values);
  }
}

// The average begins with the weights after the first step.
void Sweep::average() {
  const Index step = iterations / accumulation_steps_;
  const Real momentum = step == 0 ? 0.0_r : average_momentum_;
  const bool overwrites = overwrite_frequency_ > 0 && (step + 1) % overwrite_frequency_ == 0;
  each_range(12, Weights::moved, [&](const Range& range, std::size_t) {
    Real* average = range.slots->variables.average->data() + range.begin;
    kernels::move_average(momentum, range.values, average, range.count);
    if (overwrites) std::copy_n(average, range.count, range.values);
  });
}

Outcome Sweep::apply(const GradientTable& table, const Real* gradients, double) {
  lay_out(table, gradients);
  if (!accumulates()) {
    update();
  } else if (accumulate()) {
    update();
    each_range(4, Weights::read,
               [&](const Range& range, std::size_t) { std::fill_n(range.accumulator(), range.count, 0.0_r); });
  }
  if (averages_) average();
  for (const VariablePtr& weight : table.weights) {
    if (weight->constraint.kind != Constraint::Kind::none) constrain(*weight);
    weight->touch();
  }
  ++iterations;
  return Outcome::done;
}

}  // namespace fastnn
