// The base of recurrent layers: masks, states, dropout and the products with the weights, for all steps of time. A cell
// derived from it computes one step; the arithmetic of one row of gates is in kernels/recurrent.
//
// A task processes a block of rows through all time steps, so threads synchronize once per pass. Within a block the
// product with the input is computed for many steps at once (the sums start from the bias). Each step then adds the
// product with the state to the same sums, and the cell turns the sums into gates and a new state. The backward pass
// runs over the steps in reverse and replaces the gates by the gradients of all sums; the gradients of the weights are
// then products over all rows and steps. Inputs: x (batch, time, features); a bool mask (batch, time) if `masked`; the
// first states if `initial_state`. Outputs: the last output or all of them; the last states if `return_state`.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "fastnn/kernels/gemm.hpp"
#include "fastnn/kernels/recurrent.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {

class Recurrent : public Layer {
 public:
  Recurrent(const std::string& kind, const std::string& name, const Config& config, Index gates, Index width,
            std::vector<std::string> states);

  Signature infer(const std::vector<Spec>& inputs) override;
  bool differentiable_input(std::size_t i) const override { return !(masked_ && i == 1); }
  BackwardReads backward_reads() const override { return {true, false}; }
  bool random() const override { return input_rate_ > 0 || state_rate_ > 0; }
  bool cuts_rows() const override { return true; }
  bool updates_state() const override { return stateful_; }
  bool backward_consumes() const override { return true; }
  Index fixed_rows() const override { return stateful_ ? batch_ : 0; }
  double multiply_adds() const override {
    return static_cast<double>(time_ * (features_ + units_)) * static_cast<double>(gates_ * units_);
  }
  void book(Booking& booking) const override;
  void prepare(const Context& ctx) const override;
  void forward(const Context& ctx) const override;
  void backward(const Context& ctx) const override;
  void commit(const Context& ctx) const override;

 protected:
  static constexpr Index kRows = kernels::kRowBlock;
  static constexpr std::size_t kMostStates = 2;

  /// Gates [first, first + count) of a kernel, computed by one product. The sums are stored from gate `to` of the row of
  /// gates on.
  struct Part {
    Index first, count, to;
  };

  /// The rows of a block that are not masked in one step.
  struct Step {
    Index count = 0;
    std::array<Index, kRows> row;  // in the batch
    std::array<Real*, kRows> gates, sums, squashed;
    std::array<std::array<Real*, kRows>, kMostStates> before, after;
  };

  // The parts that a cell implements.

  /// The shape of the bias weight.
  virtual Shape bias_shape() const { return {gates_ * units_}; }
  /// `to`: the bias of the input's products, then the bias of the state's products with separate sums.
  virtual void prepare_bias(const Real* bias, Real* to) const { std::copy_n(bias, gates_ * units_, to); }
  /// Computes the new state from the product with the input. `first`: the previous state is zero.
  virtual void step_forward(const Context&, const Step&, bool first, Real* scratch) const = 0;
  /// Computes the gradients of the gates' sums and, if `wanted`, of the previous state from those of the new state.
  virtual void step_backward(const Context&, const Step&, bool wanted, Real* scratch) const = 0;

  // The parts that cells use.

  bool keeps(const Context& ctx) const { return ctx.has(kTransposed); }
  Real* gradient(const Context& ctx, std::size_t state, Index row) const {
    return ctx.buffer(kGradients) + (static_cast<Index>(state) * ctx.capacity() + row) * units_;
  }
  const Real* state_bias(const Context& ctx) const { return use_bias_ ? ctx.buffer(kBias) + gates_ * units_ : nullptr; }
  /// Scratch of one row, after that of a block.
  static Real* row_scratch(Real* scratch, Index units) { return scratch + kRows * units; }
  /// The left operand of the product with part `p` of the state's kernel: h, or h with dropout in scratch memory.
  void drop_state(const Context& ctx, const Step& step, std::size_t p, Real* scratch, const Real** h) const;
  void apply_state_mask(const Context& ctx, Index row, std::size_t p, const Real* x, Real* y) const;
  /// Gates `part.to`... (+)= h times part `p` of the state's kernel.
  void multiply_state(const Context& ctx, const Step& step, std::size_t p, const Real* const* h, bool accumulate,
                      const Real* bias) const;
  /// The gradients of the gates of part `p` times the transposed kernel.
  void multiply_gradients(const Context& ctx, const Step& step, std::size_t p, Real* const* to, bool accumulate) const;
  /// The gradient of the previous h (+)= the contribution of part `p`.
  void return_gradients(const Context& ctx, const Step& step, std::size_t p, bool accumulate, Real* scratch) const;

  const Index units_, gates_, width_;  // units; gates of the kernels; floats of a row of gates
  const Index gate_row_, state_row_;   // distances of kept rows
  const std::vector<std::string> states_;
  const bool use_bias_, sequences_, return_state_, backwards_, ordered_, stateful_, zero_masked_, masked_,
      initial_state_;
  const double input_rate_, state_rate_;
  kernels::CellFunctions functions_;
  std::vector<Part> input_parts_, state_parts_;
  bool reset_before_ = false;  // the last state part reads gate 3, not h
  Index bias_of_state_ = 0;    // the gate of the state's own bias; 0: none

 private:
  enum : std::size_t {
    kPanels,
    kBias,
    kGates,       // rows of gates: of all steps where the backward pass runs, otherwise of one chunk per thread
    kHistory,     // states before each step, where the backward pass runs
    kCurrent,     // states after the most recent step
    kSquashed,    // f(c), where the backward pass runs
    kSums,        // rows of gates before their activations, where derivatives need them
    kMasked,      // x with dropout
    kInputMask,   // per row: input_masks() * features
    kStateMask,   // per row: state_masks() * units
    kDropped,     // h with dropout, per thread
    kTransposed,  // this and all that follow: booked where the backward pass runs
    kScratch,
    kGradients,      // of the states
    kGradientRows,   // per thread
    kMaskedHistory,  // h before each step with dropout
    kMaskedGradient,
  };

  std::size_t first_state_input() const { return masked_ ? 2 : 1; }
  bool one_product() const { return input_parts_.size() == 1 && state_parts_.size() == 1 && state_rate_ == 0; }
  Index state_masks() const { return state_rate_ > 0 ? gates_ : 0; }
  Index input_masks() const { return input_rate_ == 0 ? 0 : static_cast<Index>(input_parts_.size()); }
  Index stored_rows(const Context& ctx) const { return std::min(ctx.rows(), batch_); }
  // The offset of the output of a step: in the order of processing, or in the order of time if `ordered`.
  Index output_at(Index row, Index step) const {
    return sequences_ ? (row * time_ + (ordered_ ? time_of(step) : step)) * units_ : row * units_;
  }
  Index time_of(Index step) const { return backwards_ ? time_ - 1 - step : step; }
  // Where the panels of part `p` of the input or of the state begin, those of the input first; after the last part of the
  // state it is the size of all.
  Index panels_at(const std::vector<Part>& parts, std::size_t p, bool transposed) const;
  static void multiply(const Real* const* a, Index k, Index m, const Real* panels, Index n, Real* const* c,
                       const kernels::Epilogue& epilogue);

  // The left operand of the products of input part `p`.
  const Real* input_of(const Context& ctx, std::size_t p) const {
    return input_masks() == 0 ? ctx.input() : masked_input(ctx, p);
  }
  Real* masked_input(const Context& ctx, std::size_t p) const {
    return ctx.buffer(kMasked) + static_cast<Index>(p) * ctx.capacity() * time_ * features_;
  }
  Real* history(const Context& ctx, std::size_t state, Index row, Index time) const {
    return ctx.buffer(kHistory) + ((static_cast<Index>(state) * ctx.capacity() + row) * time_ + time) * state_row_;
  }
  Real* current(const Context& ctx, std::size_t state, Index row) const {
    return ctx.buffer(kCurrent) + (static_cast<Index>(state) * ctx.capacity() + row) * units_;
  }
  // The states before a step, and after the last step.
  Real* state_at(const Context& ctx, std::size_t state, Index row, Index step) const {
    return keeps(ctx) && step < time_ ? history(ctx, state, row, time_of(step)) : current(ctx, state, row);
  }
  bool skips(const Context& ctx, Index row, Index step) const {
    return masked_ && !ctx.input<bool>(1)[row * time_ + time_of(step)];
  }

  template <class Body>
  void each_block(const Context& ctx, int products, Body&& body) const {
    const Index rows = ctx.rows();
    if (rows == 0) return;
    const double work =
        fma_work(static_cast<double>(rows * time_ * units_) *
                 static_cast<double>((products == 1 ? features_ + units_ : units_) * gates_ + 60 * gates_));
    // Rows are independent, so the blocks may depend on the number of threads: each thread gets an equal number.
    const Index least = kernels::ceil_div(rows, kRows), threads = usable_threads();
    const Index blocks = work < kGrain ? least : std::min(rows, kernels::ceil_div(least, threads) * threads);
    const kernels::Split split(rows, blocks);
    parallel_for(blocks, work,
                 [&](Index block, int thread) { body(split.begin(block), split.begin(block + 1), thread); });
  }
  void draw_masks(const Context& ctx) const;
  // y = x with the dropout mask of part `p`, the same at all steps of a row.
  void apply_input_mask(const Context& ctx, std::size_t p, const Real* x, Real* y) const;

  // The rows of [begin, end) that are not masked in step `s`. `gates`: the row of gates of `begin`, with `stride`
  // floats per row.
  void gather(const Context& ctx, Index begin, Index end, Index s, Real* gates, Index stride, Step& step) const;
  void begin_states(const Context& ctx, Index begin, Index end) const;
  void forward_block(const Context& ctx, Index begin, Index end, int thread) const;
  void backward_block(const Context& ctx, Index begin, Index end, int thread) const;
  void kernel_gradients(const Context& ctx) const;
  void input_gradient(const Context& ctx, Real* dx) const;

  Index time_ = 0, features_ = 0, batch_ = 0;
  std::size_t first_state_weight_ = 0;
  bool keeps_sums_ = false;
};

}  // namespace fastnn
