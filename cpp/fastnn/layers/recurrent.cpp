// SimpleRNN, LSTM and GRU: the cells. Their passes through time are in recurrence.hpp, the arithmetic of one row of gates in
// kernels/recurrent.
#include <algorithm>
#include <array>

#include "fastnn/recurrence.hpp"

namespace fastnn {
namespace {

class SimpleRNN : public Recurrent {
 public:
  SimpleRNN(const std::string& kind, const std::string& name, const Config& config)
      : Recurrent(kind, name, config, 1, 1, {"h"}) {}

 protected:
  void step_forward(const Context& ctx, const Step& step, bool first, Real* scratch) const override {
    if (!first) {
      const Real* h[kRows];
      drop_state(ctx, step, 0, scratch, h);
      multiply_state(ctx, step, 0, h, true, nullptr);
    }
    for (std::size_t r = 0; r < static_cast<std::size_t>(step.count); ++r)
      kernels::simple_step(functions_, step.gates[r], step.sums[r], units_, step.after[0][r]);
  }

  void step_backward(const Context& ctx, const Step& step, bool wanted, Real* scratch) const override {
    for (std::size_t r = 0; r < static_cast<std::size_t>(step.count); ++r)
      kernels::simple_step_backward(functions_, step.gates[r], step.sums[r], units_, gradient(ctx, 0, step.row[r]));
    if (wanted) return_gradients(ctx, step, 0, false, scratch);
  }
};

class LSTM : public Recurrent {
 public:
  LSTM(const std::string& kind, const std::string& name, const Config& config)
      : Recurrent(kind, name, config, 4, 4, {"h", "c"}) {}

 protected:
  void step_forward(const Context& ctx, const Step& step, bool first, Real* scratch) const override {
    for (std::size_t p = 0; !first && p < state_parts_.size(); ++p) {
      const Real* h[kRows];
      drop_state(ctx, step, p, scratch, h);
      multiply_state(ctx, step, p, h, true, nullptr);
    }
    for (std::size_t r = 0; r < static_cast<std::size_t>(step.count); ++r)
      kernels::lstm_step(functions_, step.gates[r], step.sums[r], step.before[1][r], units_, step.after[1][r],
                         step.squashed[r], step.after[0][r]);
  }

  void step_backward(const Context& ctx, const Step& step, bool wanted, Real* scratch) const override {
    for (std::size_t r = 0; r < static_cast<std::size_t>(step.count); ++r)
      kernels::lstm_step_backward(functions_, step.gates[r], step.sums[r], step.before[1][r], step.after[1][r],
                                  step.squashed[r], units_, gradient(ctx, 0, step.row[r]),
                                  gradient(ctx, 1, step.row[r]), row_scratch(scratch, units_));
    for (std::size_t p = 0; wanted && p < state_parts_.size(); ++p) return_gradients(ctx, step, p, p > 0, scratch);
  }
};

class GRU : public Recurrent {
 public:
  GRU(const std::string& kind, const std::string& name, const Config& config)
      : Recurrent(kind, name, config, 3, 4, {"h"}), reset_after_(config.flag("reset_after", true)) {
    reset_before_ = !reset_after_;
    if (state_parts_.size() == 1) state_parts_ = {{0, 2, 0}, {2, 1, 2}};
    if (reset_after_) {
      state_parts_.back().to = 3;
      bias_of_state_ = 3 * units_;
    }
  }

 protected:
  Shape bias_shape() const override { return reset_after_ ? Shape{2, 3 * units_} : Shape{3 * units_}; }

  // The state's bias of the update and reset gates is added to that of the input.
  void prepare_bias(const Real* bias, Real* to) const override {
    std::copy_n(bias, 3 * units_, to);
    if (!reset_after_) return;
    for (Index i = 0; i < 2 * units_; ++i) to[i] += bias[3 * units_ + i];
    std::copy_n(bias + 5 * units_, units_, to + 3 * units_);
  }

  void step_forward(const Context& ctx, const Step& step, bool first, Real* scratch) const override {
    const std::size_t last = state_parts_.size() - 1, count = static_cast<std::size_t>(step.count);
    const Real* h[kRows];
    for (std::size_t p = 0; !first && p < last; ++p) {
      drop_state(ctx, step, p, scratch, h);
      multiply_state(ctx, step, p, h, true, nullptr);
    }
    for (std::size_t r = 0; r < count; ++r) kernels::gru_gates(functions_, step.gates[r], step.sums[r], units_);
    drop_state(ctx, step, last, scratch, h);
    if (reset_after_) {
      multiply_state(ctx, step, last, h, false, state_bias(ctx));
    } else {
      for (std::size_t r = 0; r < count; ++r) {
        Real* product = step.gates[r] + 3 * units_;
        kernels::gru_reset(step.gates[r], h[r], units_, product);
        h[r] = product;
      }
      if (!first) multiply_state(ctx, step, last, h, true, nullptr);
    }
    for (std::size_t r = 0; r < count; ++r)
      kernels::gru_state(functions_, reset_after_, step.gates[r], step.sums[r], step.before[0][r], units_,
                         step.after[0][r]);
  }

  void step_backward(const Context& ctx, const Step& step, bool wanted, Real* scratch) const override {
    const std::size_t last = state_parts_.size() - 1, count = static_cast<std::size_t>(step.count);
    for (std::size_t r = 0; r < count; ++r)
      kernels::gru_state_backward(functions_, reset_after_, step.gates[r], step.sums[r], step.before[0][r], units_,
                                  gradient(ctx, 0, step.row[r]), row_scratch(scratch, units_));
    if (!reset_after_) reset_backward(ctx, step, scratch);
    if (!wanted) return;
    for (std::size_t p = 0; p < last; ++p) return_gradients(ctx, step, p, true, scratch);
    if (reset_after_) return_gradients(ctx, step, last, true, scratch);
  }

 private:
  // Through the product of the reset gate and the state.
  void reset_backward(const Context& ctx, const Step& step, Real* scratch) const {
    const std::size_t last = state_parts_.size() - 1;
    Real* product[kRows];
    for (Index r = 0; r < step.count; ++r) product[r] = scratch + r * units_;
    multiply_gradients(ctx, step, last, product, false);
    Real* row = row_scratch(scratch, units_);
    for (std::size_t r = 0; r < static_cast<std::size_t>(step.count); ++r) {
      const Real* state = step.before[0][r];
      if (state_rate_ > 0) {
        apply_state_mask(ctx, step.row[r], last, state, row + units_);
        state = row + units_;
      }
      kernels::gru_reset_backward(functions_, step.gates[r], step.sums[r], state, units_, product[r], row);
      if (state_rate_ > 0) apply_state_mask(ctx, step.row[r], last, product[r], product[r]);
      Real* dh = gradient(ctx, 0, step.row[r]);
      for (Index i = 0; i < units_; ++i) dh[i] += product[r][i];
    }
  }

  bool reset_after_;
};

const bool registered_simple = register_layer_class<SimpleRNN>("SimpleRNN");
const bool registered_lstm = register_layer_class<LSTM>("LSTM");
const bool registered_gru = register_layer_class<GRU>("GRU");

}  // namespace
}  // namespace fastnn
