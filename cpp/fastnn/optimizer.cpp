// Rules, clipping and constraints over all weights at once.
#include "fastnn/optimizer.hpp"

#include <algorithm>
#include <cmath>

#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

constexpr Index kRange = 1 << 13;

}  // namespace

Optimizer::Optimizer(const std::string& kind, const Config& config)
    : learning_rate(config.number("learning_rate")),
      momentum_(static_cast<float>(config.number("momentum", 0))),
      rho_(static_cast<float>(config.number("rho", 0.9))),
      beta_1_(static_cast<float>(config.number("beta_1", 0.9))),
      beta_2_(static_cast<float>(config.number("beta_2", 0.999))),
      epsilon_(static_cast<float>(config.number("epsilon", 1e-7))),
      nesterov_(config.flag("nesterov", false)),
      amsgrad_(config.flag("amsgrad", false)),
      centered_(config.flag("centered", false)),
      weight_decay_(config.number("weight_decay", 0)),
      clipnorm_(static_cast<float>(config.number("clipnorm", 0))),
      clipvalue_(static_cast<float>(config.number("clipvalue", 0))),
      global_clipnorm_(static_cast<float>(config.number("global_clipnorm", 0))) {
  if (kind == "sgd")
    rule_ = Rule::sgd;
  else if (kind == "adam")
    rule_ = Rule::adam;
  else if (kind == "rmsprop")
    rule_ = Rule::rmsprop;
  else
    throw ValueError(text("no optimizer is called \"", kind, "\""));
}

void Optimizer::build(const std::vector<VariablePtr>& weights) {
  for (const VariablePtr& weight : weights) {
    Slots& made = slots_[weight.get()];
    if (made.weight != nullptr) continue;
    made.weight = weight;
    std::vector<const char*> names;
    switch (rule_) {
      case Rule::sgd:
        if (momentum_ != 0) names = {"momentum"};
        break;
      case Rule::adam:
        names = {"momentum", "velocity"};
        if (amsgrad_) names.push_back("velocity_hat");
        break;
      case Rule::rmsprop:
        names = {"velocity"};
        if (momentum_ > 0) names.push_back("momentum");
        if (centered_) names.push_back("average_gradient");
        break;
    }
    for (const char* name : names)
      made.variables.push_back(std::make_shared<Variable>(weight->path + "/" + name, weight->shape(), false));
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

// Clipping by norm needs the norms first: squares by ranges, then added in the order of the ranges.
void Optimizer::find_scales(const GradientTable& table) {
  const auto ranges = static_cast<Index>(ranges_.size());
  parallel_for(ranges, byte_work(8 * elements_), [this](Index i, int) {
    const Range& range = ranges_[static_cast<std::size_t>(i)];
    const Variable& weight = *range.slots->weight;
    kernels::Moderation moderation;
    moderation.l1 = weight.l1;
    moderation.l2 = weight.l2;
    squares_[static_cast<std::size_t>(i)] =
        kernels::squared_norm(moderation, range.gradient, weight.data() + range.begin, range.count);
  });
  if (global_clipnorm_ > 0) {
    double square = 0;
    for (double part : squares_) square += part;
    const auto norm = static_cast<float>(std::sqrt(square));
    std::fill(scales_.begin(), scales_.end(), global_clipnorm_ / std::max(norm, global_clipnorm_));
  } else {
    for (std::size_t w = 0, i = 0; w < table.weights.size(); ++w) {
      double square = 0;
      for (; i < ranges_.size() && ranges_[i].weight == w; ++i) square += squares_[i];
      const auto norm = static_cast<float>(std::sqrt(square));
      scales_[w] = clipnorm_ / std::max(norm, clipnorm_);
    }
  }
}

void Optimizer::update(const Range& range, kernels::Moderation moderation) const {
  float* w = range.slots->weight->data() + range.begin;
  const auto rate = static_cast<float>(learning_rate);
  switch (rule_) {
    case Rule::sgd:
      kernels::update_sgd(moderation, rate, momentum_, nesterov_, range.gradient, w,
                          momentum_ != 0 ? slot(range, 0) : nullptr, range.count);
      break;
    case Rule::adam:
      kernels::update_adam(moderation, {alpha_, beta_1_, beta_2_, epsilon_}, range.gradient, w, slot(range, 0),
                           slot(range, 1), amsgrad_ ? slot(range, 2) : nullptr, range.count);
      break;
    case Rule::rmsprop: {
      float* velocity = momentum_ > 0 ? slot(range, 1) : nullptr;
      float* mean = centered_ ? slot(range, momentum_ > 0 ? 2 : 1) : nullptr;
      kernels::update_rmsprop(moderation, {rate, rho_, momentum_, epsilon_}, range.gradient, w, slot(range, 0),
                              velocity, mean, range.count);
      break;
    }
  }
}

void Optimizer::apply(const GradientTable& table, const float* gradients) {
  lay_out(table, gradients);
  if (clipnorm_ > 0 || global_clipnorm_ > 0) find_scales(table);
  if (rule_ == Rule::adam) {
    const auto step = static_cast<double>(iterations + 1);
    alpha_ = static_cast<float>(learning_rate * std::sqrt(1 - std::pow(static_cast<double>(beta_2_), step)) /
                                (1 - std::pow(static_cast<double>(beta_1_), step)));
  }
  parallel_for(static_cast<Index>(ranges_.size()), byte_work(28 * elements_), [this](Index i, int) {
    const Range& range = ranges_[static_cast<std::size_t>(i)];
    kernels::Moderation moderation;
    moderation.l1 = range.slots->weight->l1;
    moderation.l2 = range.slots->weight->l2;
    moderation.scale = scales_[range.weight];
    moderation.clip = clipvalue_;
    moderation.decay = range.slots->decayed ? static_cast<float>(weight_decay_ * learning_rate) : 0.0f;
    update(range, moderation);
  });
  for (const VariablePtr& weight : table.weights) {
    if (weight->constraint.kind != Constraint::Kind::none) constrain(*weight);
    weight->touch();
  }
  ++iterations;
}

// A norm runs over the constraint's axes; the other axes say which norm an element belongs to. Weights are small, so the
// groups are walked one by one with an odometer over the kept axes, sums in double.
void constrain(const Variable& weight) {
  const Constraint& rule = weight.constraint;
  float* w = weight.data();
  if (rule.kind == Constraint::Kind::non_neg) {
    for (Index i = 0; i < weight.size(); ++i)
      if (w[i] < 0) w[i] = 0;
    return;
  }
  constexpr std::size_t kMaxRank = 8;
  const std::size_t rank = weight.shape().size();
  Index strides[kMaxRank], kept_dims[kMaxRank], kept_strides[kMaxRank], norm_dims[kMaxRank], norm_strides[kMaxRank];
  std::size_t kept = 0, normed = 0;
  Index stride = 1;
  for (std::size_t d = rank; d-- > 0;) {
    strides[d] = stride;
    stride *= weight.shape()[d];
  }
  for (std::size_t d = 0; d < rank; ++d) {
    const bool in_norm = std::any_of(rule.axes.begin(), rule.axes.end(), [&](int axis) {
      return static_cast<std::size_t>(axis < 0 ? axis + static_cast<int>(rank) : axis) == d;
    });
    (in_norm ? norm_dims[normed] : kept_dims[kept]) = weight.shape()[d];
    (in_norm ? norm_strides[normed++] : kept_strides[kept++]) = strides[d];
  }
  auto offset_of = [](Index flat, const Index* dims, const Index* steps, std::size_t count) {
    Index offset = 0;
    for (std::size_t d = count; d-- > 0;) {
      offset += flat % dims[d] * steps[d];
      flat /= dims[d];
    }
    return offset;
  };
  Index groups = 1, members = 1;
  for (std::size_t d = 0; d < kept; ++d) groups *= kept_dims[d];
  for (std::size_t d = 0; d < normed; ++d) members *= norm_dims[d];
  constexpr double kEpsilon = 1e-7;
  for (Index g = 0; g < groups; ++g) {
    float* base = w + offset_of(g, kept_dims, kept_strides, kept);
    double square = 0;
    for (Index m = 0; m < members; ++m) {
      const double value = base[offset_of(m, norm_dims, norm_strides, normed)];
      square += value * value;
    }
    const double norm = std::sqrt(square);
    double scale = 1;
    if (rule.kind == Constraint::Kind::unit_norm) {
      scale = 1 / std::max(norm, kEpsilon);
    } else {
      const double low = rule.kind == Constraint::Kind::min_max_norm ? static_cast<double>(rule.low) : 0.0;
      const double rate = rule.kind == Constraint::Kind::min_max_norm ? static_cast<double>(rule.rate) : 1.0;
      const double clipped = std::min(std::max(norm, low), static_cast<double>(rule.high));
      scale = (rate * clipped + (1 - rate) * norm) / (kEpsilon + norm);
    }
    for (Index m = 0; m < members; ++m) {
      float& value = base[offset_of(m, norm_dims, norm_strides, normed)];
      value = static_cast<float>(value * scale);
    }
  }
}

}  // namespace fastnn
