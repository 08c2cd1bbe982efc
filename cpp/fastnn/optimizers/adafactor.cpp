// Adafactor (Shazeer & Stern, 2018): second moments of matrices kept as the product of a row and a column.
#include <algorithm>
#include <cmath>

#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Adafactor : public UpdateRule {
 public:
  explicit Adafactor(const Config& config)
      : decay_(config.number("beta_2_decay")),
        epsilon_1_(static_cast<Real>(config.number("epsilon_1"))),
        epsilon_2_(config.number("epsilon_2")),
        threshold_(config.number("clip_threshold")) {}

  // A vector has no factors; Keras' files hold two numbers in their place.
  std::vector<SlotSpec> slots(const Variable& weight) const override {
    Shape row, column;
    if (weight.shape().size() >= 2) {
      row.assign(weight.shape().begin(), weight.shape().end() - 1);
      column.assign(weight.shape().begin(), weight.shape().end() - 2);
      column.push_back(weight.shape().back());
    }
    return {{"row", 0, row}, {"column", 0, column}, {"velocity"}};
  }
  void begin_step(double learning_rate, Index step, const std::vector<VariablePtr>&) override {
    const auto t = static_cast<double>(step);
    rate_ = std::min(learning_rate, 1 / std::sqrt(t));
    beta_2_ = static_cast<Real>(1 - std::pow(t, decay_));
  }
  bool whole() const override { return true; }
  void update_weight(const WholeUpdate& update) override {
    const Index count = update.count();
    Real* w = update.values;
    const auto root_mean_square = [&](const Real* values) {
      return std::sqrt(kernels::inner_product(values, values, count, update.parts) / static_cast<double>(count));
    };
    const double alpha = std::max(epsilon_2_, root_mean_square(w)) * rate_;
    const Shape& shape = update.weight.shape();
    if (shape.size() >= 2) {
      const Index columns = shape.back(), rows = shape[shape.size() - 2];
      const kernels::Factoring factoring{count / (rows * columns), rows, columns, beta_2_, epsilon_1_};
      kernels::move_factored_moments(factoring, update.gradient, update.slot(0), update.slot(1));
      kernels::divide_by_factored(factoring, update.slot(0), update.slot(1), update.slot(2), update.gradient);
    } else {
      kernels::divide_by_moment(beta_2_, epsilon_1_, update.slot(2), update.gradient, count);
    }
    const double size = std::max(1.0, root_mean_square(update.gradient) / threshold_);
    kernels::add_scaled(update.gradient, static_cast<Real>(-alpha / size), 1, w, count);
  }

 private:
  double decay_;
  Real epsilon_1_;
  double epsilon_2_, threshold_, rate_ = 0;
  Real beta_2_ = 0;
};

const bool registered = register_update_rule_class<Adafactor>("adafactor");

}  // namespace
}  // namespace fastnn
