// Muon (Jordan et al., 2024): the momentum of a matrix, made nearly orthogonal by the iteration of Newton and Schulz;
// all other weights by AdamW.
#include <algorithm>
#include <cmath>
#include <set>

#include "fastnn/kernels/gemm.hpp"
#include "fastnn/parallel.hpp"
#include "fastnn/update_rule.hpp"

namespace fastnn {
namespace {

class Muon : public UpdateRule {
 public:
  explicit Muon(const Config& config)
      : a_(static_cast<Real>(config.number("muon_a"))),
        b_(static_cast<Real>(config.number("muon_b"))),
        c_(static_cast<Real>(config.number("muon_c"))),
        momentum_(static_cast<Real>(config.number("momentum"))),
        steps_(config.integer("ns_steps")),
        nesterov_(config.flag("nesterov")),
        rms_rate_(config.number("rms_rate", -1)),
        adam_ratio_(config.number("adam_lr_ratio")),
        adam_decay_(config.number("adam_weight_decay", 0)),
        adam_{0, static_cast<Real>(config.number("adam_beta_1")), static_cast<Real>(config.number("adam_beta_2")),
              static_cast<Real>(config.number("epsilon"))} {}

  void set_apart(const Variable& weight) override { by_adam_.insert(&weight); }
  std::vector<SlotSpec> slots(const Variable& weight) const override {
    if (is_by_adam(weight)) return {{"momentum"}, {"velocity"}};
    return {{"momentum"}};
  }
  double weight_decay(const Variable& weight, double common) const override {
    return is_by_adam(weight) ? adam_decay_ : common;
  }
  void begin_step(double learning_rate, Index step, const std::vector<VariablePtr>&) override {
    const auto t = static_cast<double>(step);
    rate_ = learning_rate;
    adam_.alpha =
        static_cast<Real>(learning_rate * adam_ratio_ * std::sqrt(1 - std::pow(static_cast<double>(adam_.beta_2), t)) /
                          (1 - std::pow(static_cast<double>(adam_.beta_1), t)));
  }
  bool whole() const override { return true; }
  void update_weight(const WholeUpdate& update) override {
    const Index count = update.count();
    Real* w = update.values;
    if (is_by_adam(update.weight)) {
      Real *m = update.slot(0), *v = update.slot(1);
      parallel_ranges(count, 1 << 13, byte_work(28.0 * static_cast<double>(count)), [&](Index begin, Index end, int) {
        kernels::update_adam({}, adam_, update.gradient + begin, w + begin, m + begin, v + begin, nullptr, end - begin);
      });
      return;
    }
    kernels::accumulate_momentum(momentum_, nesterov_, update.slot(0), update.gradient, count);
    const Index rows = update.weight.shape()[0], columns = update.weight.shape()[1];
    const double norm = std::sqrt(kernels::inner_product(update.gradient, update.gradient, count, update.parts));
    orthogonalize(update.gradient, rows, columns, static_cast<Real>(1 / (norm + 1e-7)));
    const double size = rms_rate_ < 0 ? 1 : std::sqrt(static_cast<double>(std::max(rows, columns))) * rms_rate_;
    kernels::add_scaled(update.gradient, static_cast<Real>(-rate_ * size), 1, w, count);
  }

 private:
  bool is_by_adam(const Variable& weight) const { return by_adam_.count(&weight) > 0; }

  // X = X * scale; then, in each step, X = a X + (b A + c A A) X for A = X X'. With more rows than columns, X' takes
  // the place of X: then A = X' X, and X = a X + X (b A + c A A), since A is symmetric.
  void orthogonalize(Real* x, Index rows, Index columns, Real scale) {
    const bool tall = rows > columns;
    const Index side = std::min(rows, columns), count = rows * columns, square = side * side;
    const Index packed = std::max(
        {kernels::packed_size(rows, columns), kernels::packed_size(columns, rows), kernels::packed_size(side, side)});
    Real* gram = scratch(2 * padded(square) + 2 * padded(count) + packed);
    Real *gram_squared = gram + padded(square), *product = gram_squared + padded(square);
    Real *turned = product + padded(count), *panels = turned + padded(count);
    kernels::add_scaled(x, 0, scale, x, count);
    for (Index step = 0; step < steps_; ++step) {
      if (tall) {
        // The left operand is read by rows, so X' is written out.
        for (Index i = 0; i < rows; ++i)
          for (Index j = 0; j < columns; ++j) turned[j * rows + i] = x[i * columns + j];
        kernels::pack(x, columns, 1, rows, side, panels);
        kernels::gemm(turned, rows, side, rows, panels, side, gram, side, {});
      } else {
        kernels::pack(x, 1, columns, columns, side, panels);
        kernels::gemm(x, columns, side, columns, panels, side, gram, side, {});
      }
      kernels::pack(gram, side, 1, side, side, panels);
      kernels::gemm(gram, side, side, side, panels, side, gram_squared, side, {});
      kernels::add_scaled(gram, b_, c_, gram_squared, square);
      if (tall) {
        kernels::pack(gram_squared, side, 1, side, side, panels);
        kernels::gemm(x, columns, rows, side, panels, side, product, columns, {});
      } else {
        kernels::pack(x, columns, 1, side, columns, panels);
        kernels::gemm(gram_squared, side, side, side, panels, columns, product, columns, {});
      }
      kernels::add_scaled(product, 1, a_, x, count);
    }
  }
  Real* scratch(Index floats) {
    const auto bytes = static_cast<std::size_t>(floats) * sizeof(Real);
    if (scratch_.size() < bytes) scratch_ = AlignedBuffer(bytes);
    return scratch_.as<Real>();
  }

  Real a_, b_, c_, momentum_;
  Index steps_;
  bool nesterov_;
  double rms_rate_, adam_ratio_, adam_decay_;
  kernels::Adam adam_;
  double rate_ = 0;
  std::set<const Variable*> by_adam_;
  AlignedBuffer scratch_;
};

const bool registered = register_update_rule_class<Muon>("muon");

}  // namespace
}  // namespace fastnn
