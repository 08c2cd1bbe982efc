// Directions and the search along them.
#include "fastnn/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fastnn {
namespace {

constexpr double kDecrease = 1e-4, kCurvature = 0.9;
// Losses are sums of rounded numbers: differences below this share of them say nothing.
constexpr double kNoise = sizeof(Real) == sizeof(float) ? 1e-7 : 1e-15;

}  // namespace

Lbfgs::Lbfgs(const Config& config)
    : Optimizer(config.number("learning_rate", 1)),
      most_iterations_(config.integer("max_iter")),
      most_evaluations_(config.integer("max_evaluations")),
      history_size_(static_cast<std::size_t>(config.integer("history_size"))),
      gradient_tolerance_(config.number("gradient_tolerance")),
      loss_tolerance_(config.number("loss_tolerance")) {}

// Distances along a direction are much smaller than the steps of bfloat16.
void Lbfgs::build(const std::vector<VariablePtr>& weights) {
  for (const VariablePtr& weight : weights)
    require(!weight->narrow(), "LBFGS expects weights in ", kReal, ", and ", weight->path, " is held in ",
            name_of(weight->dtype()));
}

// The weights stand one after the other, each padded with zeros as its gradient is.
void Lbfgs::lay_out(const GradientTable& table) {
  if (weights_ == table.weights && offsets_ == table.offsets) return;
  weights_ = table.weights;
  offsets_ = table.offsets;
  size_ = table.size;
  for (Vector* vector : {&start_, &weights_now_, &trial_, &gradient_, &gradient_trial_, &direction_})
    vector->assign(static_cast<std::size_t>(size_), 0.0_r);
  parts_.assign(static_cast<std::size_t>(kernels::inner_product_scratch(size_)), 0);
  pairs_.clear();
  finished_ = false;
}

void Lbfgs::take(const Real* gradients, Vector& to) const {
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const Variable& weight = *weights_[i];
    kernels::moderate({weight.l1, weight.l2}, gradients + offsets_[i], weight.data(), to.data() + offsets_[i],
                      weight.size());
  }
}

void Lbfgs::read_weights(Vector& to) const {
  for (std::size_t i = 0; i < weights_.size(); ++i)
    std::copy_n(weights_[i]->data(), weights_[i]->size(), to.data() + offsets_[i]);
}

void Lbfgs::write_weights(const Vector& from) const {
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    std::copy_n(from.data() + offsets_[i], weights_[i]->size(), weights_[i]->data());
    weights_[i]->touch();
  }
}

double Lbfgs::dot(const Vector& a, const Vector& b) {
  return kernels::inner_product(a.data(), b.data(), size_, parts_.data());
}

void Lbfgs::add(const Vector& from, double factor, Vector& to) const {
  kernels::add_scaled(from.data(), static_cast<Real>(factor), 1, to.data(), size_);
}

double Lbfgs::largest(const Vector& values) const {
  double most = 0;
  for (Real value : values) most = std::max(most, std::fabs(static_cast<double>(value)));
  return most;
}

Outcome Lbfgs::apply(const GradientTable& table, const Real* gradients, double loss) {
  lay_out(table);
  ++counts_.evaluations;
  if (state_ != State::idle) {
    take(gradients, gradient_trial_);
    if (state_ == State::settling) {
      if (distance_ > 0) return accept(loss);
      finished_ = true;
      return finish();
    }
    const double slope = dot(gradient_trial_, direction_);
    const bool finite = std::isfinite(loss) && std::isfinite(slope);
    return judge({distance_, finite ? loss : std::numeric_limits<double>::infinity(), finite ? slope : 0});
  }
  read_weights(trial_);
  // Weights that somebody else has set, and other data, make what is known of the loss worthless. The same rows in
  // another order differ by rounding.
  if (trial_ != weights_now_ || !(std::fabs(loss - loss_) <= 10 * kNoise * std::fabs(loss_))) {
    pairs_.clear();
    finished_ = false;
  }
  weights_now_ = start_ = trial_;
  take(gradients, gradient_);
  loss_ = loss;
  iteration_ = 0;
  if (!std::isfinite(loss_)) finished_ = true;
  return search();
}

// The two loops of Nocedal (1980): minus the gradient times an estimate of the inverse Hessian.
void Lbfgs::find_direction() {
  std::transform(gradient_.begin(), gradient_.end(), direction_.begin(), [](Real g) { return -g; });
  factors_.resize(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    factors_[i] = pairs_[i].inverse * dot(pairs_[i].weights, direction_);
    add(pairs_[i].gradient, -factors_[i], direction_);
  }
  if (!pairs_.empty()) {
    const Pair& last = pairs_.back();
    const double scale = 1 / (last.inverse * dot(last.gradient, last.gradient));
    kernels::add_scaled(direction_.data(), 0, static_cast<Real>(scale), direction_.data(), size_);
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i)
    add(pairs_[i].weights, factors_[i] - pairs_[i].inverse * dot(pairs_[i].gradient, direction_), direction_);
  slope_ = dot(gradient_, direction_);
}

Outcome Lbfgs::search() {
  finished_ = finished_ || largest(gradient_) <= gradient_tolerance_;
  if (finished_ || iteration_ >= most_iterations_) return finish();
  find_direction();
  if (!(slope_ < 0) && !pairs_.empty()) {
    pairs_.clear();
    find_direction();
  }
  if (!(slope_ < 0)) {
    finished_ = true;
    return finish();
  }
  // The first direction has no scale of its own.
  const double first = pairs_.empty() ? std::min(1.0, 1 / std::sqrt(-slope_)) : 1;
  best_ = {0, loss_, slope_};
  bracketed_ = false;
  evaluations_ = 0;
  return try_at(first * learning_rate);
}

Outcome Lbfgs::try_at(double distance, State state) {
  distance_ = distance;
  trial_ = weights_now_;
  add(direction_, distance, trial_);
  write_weights(trial_);
  state_ = state;
  return Outcome::again;
}

Outcome Lbfgs::judge(const Point& point) {
  ++evaluations_;
  const bool flat = point.loss <= loss_ + kNoise * std::fabs(loss_) && point.slope <= (2 * kDecrease - 1) * slope_;
  const bool decreases = flat || point.loss <= loss_ + kDecrease * point.at * slope_;
  if (decreases && std::fabs(point.slope) <= -kCurvature * slope_) return accept(point.loss);
  const bool better = decreases && (best_.at == 0 || point.loss < best_.loss);
  if (!better) {
    other_ = point;
    bracketed_ = true;
  } else if (bracketed_ ? point.slope * (other_.at - best_.at) >= 0 : point.slope >= 0) {
    other_ = best_;
    best_ = point;
    bracketed_ = true;
  } else {
    const double doubled = point.at + 3 * (point.at - best_.at);
    best_ = point;
    if (!bracketed_ && evaluations_ < most_evaluations_) return try_at(doubled);
  }
  return evaluations_ < most_evaluations_ ? try_at(between()) : give_up();
}

// The minimum of the cubic through both ends of the interval, kept away from the ends.
double Lbfgs::between() const {
  const double width = other_.at - best_.at;
  double share = 0.5;
  if (std::isfinite(other_.loss)) {
    const double mean = best_.slope + other_.slope - 3 * (other_.loss - best_.loss) / width;
    const double inside = mean * mean - best_.slope * other_.slope;
    if (inside >= 0) {
      const double root = std::copysign(std::sqrt(inside), width);
      share = 1 - (other_.slope + root - mean) / (other_.slope - best_.slope + 2 * root);
    }
  } else {
    share = 0.1;
  }
  if (!std::isfinite(share)) share = 0.5;
  return best_.at + width * std::min(std::max(share, 0.1), 0.9);
}

// No point satisfies the conditions: the best one is taken, or steepest descent is tried, or the search ends where it
// began.
Outcome Lbfgs::give_up() {
  if (best_.at > 0) return try_at(best_.at, State::settling);
  if (pairs_.empty()) return try_at(0, State::settling);
  pairs_.clear();
  return search();
}

Outcome Lbfgs::accept(double loss) {
  Pair pair{trial_, gradient_trial_, 0};
  add(weights_now_, -1, pair.weights);
  add(gradient_, -1, pair.gradient);
  const double curvature = dot(pair.weights, pair.gradient);
  if (curvature > std::numeric_limits<Real>::epsilon() * dot(pair.gradient, pair.gradient)) {
    pair.inverse = 1 / curvature;
    if (pairs_.size() == history_size_) pairs_.erase(pairs_.begin());
    pairs_.push_back(std::move(pair));
  }
  std::swap(weights_now_, trial_);
  std::swap(gradient_, gradient_trial_);
  const double scale = std::max({std::fabs(loss_), std::fabs(loss), 1.0});
  finished_ = loss_ - loss <= loss_tolerance_ * scale;
  loss_ = loss;
  ++iteration_;
  ++counts_.iterations;
  return search();
}

Outcome Lbfgs::finish() {
  state_ = State::idle;
  ++iterations;
  return Outcome::done;
}

void Lbfgs::abandon() {
  if (state_ == State::idle) return;
  write_weights(start_);
  weights_now_ = start_;
  pairs_.clear();
  state_ = State::idle;
}

}  // namespace fastnn
