// Passes through time.
#include "fastnn/recurrence.hpp"

#include <algorithm>

#include "fastnn/kernels/dropout.hpp"

namespace fastnn {
namespace {

// The first random word of the state's dropout in the node's stream, beyond all words of the input's dropout.
constexpr Index kStateWords = Index{1} << 40;

// The distance of long rows: an odd number of cache lines, so that a column of rows is spread over the sets of the
// cache.
Index spread(Index floats) {
  constexpr Index kLine = static_cast<Index>(kAlignment / sizeof(Real));
  return floats < 4 * kLine ? floats : (kernels::ceil_div(floats, kLine) | 1) * kLine;
}

kernels::Squash squash_from(const Config& config, const std::string& key, const char* otherwise) {
  kernels::Squash squash;
  const std::string name = config.word(key, otherwise);
  require(kernels::find_activation(name, squash.function), key, " expects an elementwise activation, got \"", name,
          "\"; add it after the layer as Activation(\"", name, "\")");
  kernels::ActivationParameters& p = squash.parameters;
  const auto number = [&](const char* what, Real& value) {
    value = static_cast<Real>(config.number(key + "_" + what, static_cast<double>(value)));
  };
  number("negative_slope", p.negative_slope);
  number("threshold", p.threshold);
  number("max_value", p.max_value);
  number("alpha", p.alpha);
  return squash;
}

}  // namespace

Recurrent::Recurrent(const std::string& kind, const std::string& name, const Config& config, Index gates, Index width,
                     std::vector<std::string> states)
    : Layer(kind, name),
      units_(config.integer("units")),
      gates_(gates),
      width_(width * units_),
      gate_row_(spread(width_)),
      state_row_(spread(units_)),
      states_(std::move(states)),
      use_bias_(config.flag("use_bias", true)),
      sequences_(config.flag("return_sequences", false)),
      return_state_(config.flag("return_state", false)),
      backwards_(config.flag("go_backwards", false)),
      ordered_(config.flag("time_order", false)),
      stateful_(config.flag("stateful", false)),
      zero_masked_(config.flag("zero_output_for_mask", false)),
      masked_(config.flag("masked", false)),
      initial_state_(config.flag("initial_state", false)),
      input_rate_(config.number("dropout", 0)),
      state_rate_(config.number("recurrent_dropout", 0)) {
  require(units_ >= 1, "units expects a positive integer, got ", units_);
  require(input_rate_ >= 0 && input_rate_ <= 1, "dropout expects a number in [0, 1], got ", input_rate_);
  require(state_rate_ >= 0 && state_rate_ <= 1, "recurrent_dropout expects a number in [0, 1], got ", state_rate_);
  functions_.candidate = squash_from(config, "activation", "tanh");
  if (gates_ > 1) functions_.gate = squash_from(config, "recurrent_activation", "sigmoid");
  keeps_sums_ = !kernels::derivative_from_output(functions_.candidate.function) ||
                !kernels::derivative_from_output(functions_.gate.function);
  if (stateful_) {
    batch_ = config.integer("batch_size", 0);
    require(batch_ >= 1, "stateful expects a batch of known size; give the first layer Input(batch_shape=(8, 10, 3))");
  }
  // With dropout of the state each gate has its own masks and its own product.
  if (state_rate_ > 0)
    for (Index g = 0; g < gates_; ++g) input_parts_.push_back({g, 1, g});
  else
    input_parts_ = {{0, gates_, 0}};
  state_parts_ = input_parts_;
}

Signature Recurrent::infer(const std::vector<Spec>& inputs) {
  const std::size_t expected = 1 + (masked_ ? 1 : 0) + (initial_state_ ? states_.size() : 0);
  require(inputs.size() == expected, who(), " expects ", expected, " inputs, got ", inputs.size());
  const Spec& input = inputs[0];
  require(input.dtype == DType::real, who(), " expects a ", kReal, " input, got ", name_of(input.dtype));
  require(input.shape.size() == 3, who(), " expects (batch, time, features), got ", to_string(input.shape),
          input.shape.size() == 2
              ? "; give a recurrent layer before it return_sequences=True, or else add an axis of time with Reshape"
              : "");
  time_ = input.shape[1];
  features_ = input.shape[2];
  require(time_ >= 1 && features_ >= 1, who(), " expects a known, positive number of steps and of features, got ",
          to_string(input.shape));
  if (masked_) {
    const Spec& mask = inputs[1];
    require(mask.dtype == DType::boolean && mask.shape == Shape({kUnknown, time_}), who(), " expects a bool mask ",
            to_string({kUnknown, time_}), ", got ", name_of(mask.dtype), " ", to_string(mask.shape));
  }
  const Spec state{{kUnknown, units_}};
  for (std::size_t k = 0; initial_state_ && k < states_.size(); ++k) {
    const Spec& given = inputs[first_state_input() + k];
    require(given.shape == state.shape && given.dtype == DType::real, who(), ": initial_state expects ",
            to_string(state.shape), " for state ", states_[k], ", got ", name_of(given.dtype), " ",
            to_string(given.shape));
  }
  Signature signature;
  signature.outputs.push_back(sequences_ ? Spec{{kUnknown, time_, units_}} : state);
  if (return_state_) signature.outputs.insert(signature.outputs.end(), states_.size(), state);
  signature.weights = {{"kernel", {features_, gates_ * units_}}, {"recurrent_kernel", {units_, gates_ * units_}}};
  if (use_bias_) signature.weights.push_back({"bias", bias_shape()});
  first_state_weight_ = signature.weights.size();
  for (std::size_t k = 0; stateful_ && k < states_.size(); ++k)
    signature.weights.push_back({"state_" + states_[k], {batch_, units_}, false});
  return signature;
}

void Recurrent::book(Booking& booking) const {
  const bool back = booking.backward();
  const Index rows = booking.capacity(), steps = rows * time_, threads = booking.threads();
  const auto states = static_cast<Index>(states_.size());
  const Life kept = back ? Life::step : Life::forward;
  booking.book(kPanels, Life::plan, panels_at(state_parts_, state_parts_.size(), false));
  booking.book(kBias, Life::plan, 2 * width_);
  booking.book(kGates, kept, (back ? steps : threads * kRows) * gate_row_);
  booking.book(kHistory, kept, back ? states * steps * state_row_ : 0);
  booking.book(kCurrent, back || stateful_ ? Life::step : Life::forward, states * rows * units_);
  booking.book(kSquashed, kept, back && states > 1 ? steps * units_ : 0);
  booking.book(kSums, kept, back && keeps_sums_ ? steps * width_ : 0);
  booking.book(kMasked, kept, input_masks() * steps * features_);
  booking.book<std::uint8_t>(kInputMask, kept, input_masks() * rows * features_);
  booking.book<std::uint8_t>(kStateMask, kept, state_masks() * rows * units_);
  booking.book(kDropped, Life::forward, threads * kRows * units_);
  if (!back) return;
  booking.book(kTransposed, Life::plan, panels_at(state_parts_, state_parts_.size(), true));
  Index scratch = kernels::gemm_tn_scratch(0, gates_ * units_, steps);
  if (one_product())
    for (Index m : {features_, units_, features_ + units_})
      scratch = std::max(scratch, kernels::gemm_tn_scratch(m, gates_ * units_, steps));
  for (const std::vector<Part>* parts : {&input_parts_, &state_parts_})
    for (const Part& part : *parts)
      for (Index m : {Index{0}, parts == &input_parts_ ? features_ : units_})
        scratch = std::max(scratch, kernels::gemm_tn_scratch(m, part.count * units_, steps));
  booking.book(kScratch, Life::backward, scratch);
  booking.book(kGradients, Life::backward, states * rows * units_);
  booking.book(kGradientRows, Life::backward, threads * (kRows + 4) * units_);
  booking.book(kMaskedHistory, Life::backward, state_masks() > 0 ? steps * state_row_ : 0);
  booking.book(kMaskedGradient, Life::backward, booking.input_gradient() && input_masks() > 1 ? steps * features_ : 0);
}

void Recurrent::prepare(const Context& ctx) const {
  const Index columns = gates_ * units_;
  const auto each_part = [&](const auto& pack) {
    for (const Part& part : input_parts_) pack(ctx.weight(0) + part.first * units_, features_, part.count * units_);
    for (const Part& part : state_parts_) pack(ctx.weight(1) + part.first * units_, units_, part.count * units_);
  };
  Real* panels = ctx.buffer(kPanels);
  each_part([&](const Real* weight, Index k, Index n) {
    kernels::pack(weight, columns, 1, k, n, panels);
    panels += kernels::packed_size(k, n);
  });
  if (use_bias_) prepare_bias(ctx.weight(2), ctx.buffer(kBias));
  if (!ctx.has(kTransposed)) return;
  panels = ctx.buffer(kTransposed);
  each_part([&](const Real* weight, Index k, Index n) {
    kernels::pack(weight, 1, columns, n, k, panels);
    panels += kernels::packed_size(n, k);
  });
}

void Recurrent::forward(const Context& ctx) const {
  draw_masks(ctx);
  each_block(ctx, 1, [&](Index begin, Index end, int thread) { forward_block(ctx, begin, end, thread); });
}

void Recurrent::backward(const Context& ctx) const {
  each_block(ctx, 2, [&](Index begin, Index end, int thread) { backward_block(ctx, begin, end, thread); });
  for (std::size_t k = 0; initial_state_ && k < states_.size(); ++k)
    if (Real* to = ctx.input_gradient(first_state_input() + k))
      std::copy_n(gradient(ctx, k, 0), ctx.rows() * units_, to);
  kernel_gradients(ctx);
  if (Real* dx = ctx.input_gradient()) input_gradient(ctx, dx);
}

void Recurrent::commit(const Context& ctx) const {
  if (!stateful_) return;
  for (std::size_t k = 0; k < states_.size(); ++k)
    std::copy_n(current(ctx, k, 0), stored_rows(ctx) * units_, ctx.state(first_state_weight_ + k));
}

void Recurrent::drop_state(const Context& ctx, const Step& step, std::size_t p, Real* scratch, const Real** h) const {
  for (Index r = 0; r < step.count; ++r) {
    h[r] = step.before[0][static_cast<std::size_t>(r)];
    if (state_rate_ == 0) continue;
    Real* to = scratch + r * units_;
    apply_state_mask(ctx, step.row[static_cast<std::size_t>(r)], p, h[r], to);
    h[r] = to;
  }
}

void Recurrent::apply_state_mask(const Context& ctx, Index row, std::size_t p, const Real* x, Real* y) const {
  const auto* mask = ctx.buffer<std::uint8_t>(kStateMask) + (row * state_masks() + static_cast<Index>(p)) * units_;
  kernels::apply_mask(mask, 1, kernels::dropout_scale(state_rate_), x, y, units_);
}

void Recurrent::multiply_state(const Context& ctx, const Step& step, std::size_t p, const Real* const* h,
                               bool accumulate, const Real* bias) const {
  const Part& part = state_parts_[p];
  Real* to[kRows];
  for (Index r = 0; r < step.count; ++r) to[r] = step.gates[static_cast<std::size_t>(r)] + part.to * units_;
  kernels::Epilogue epilogue;
  epilogue.accumulate = accumulate;
  epilogue.bias = bias;
  multiply(h, units_, step.count, ctx.buffer(kPanels) + panels_at(state_parts_, p, false), part.count * units_, to,
           epilogue);
}

void Recurrent::multiply_gradients(const Context& ctx, const Step& step, std::size_t p, Real* const* to,
                                   bool accumulate) const {
  const Part& part = state_parts_[p];
  const Real* from[kRows];
  for (Index r = 0; r < step.count; ++r) from[r] = step.gates[static_cast<std::size_t>(r)] + part.to * units_;
  kernels::Epilogue epilogue;
  epilogue.accumulate = accumulate;
  multiply(from, part.count * units_, step.count, ctx.buffer(kTransposed) + panels_at(state_parts_, p, true), units_,
           to, epilogue);
}

void Recurrent::return_gradients(const Context& ctx, const Step& step, std::size_t p, bool accumulate,
                                 Real* scratch) const {
  Real* dh[kRows];
  Real* aside[kRows];
  for (Index r = 0; r < step.count; ++r) {
    dh[r] = gradient(ctx, 0, step.row[static_cast<std::size_t>(r)]);
    aside[r] = scratch + r * units_;
  }
  if (state_rate_ == 0) return multiply_gradients(ctx, step, p, dh, accumulate);
  multiply_gradients(ctx, step, p, aside, false);
  for (Index r = 0; r < step.count; ++r) {
    apply_state_mask(ctx, step.row[static_cast<std::size_t>(r)], p, aside[r], aside[r]);
    for (Index i = 0; i < units_; ++i) dh[r][i] = (accumulate ? dh[r][i] : 0.0_r) + aside[r][i];
  }
}

Index Recurrent::panels_at(const std::vector<Part>& parts, std::size_t p, bool transposed) const {
  const bool of_state = &parts == &state_parts_;
  const Index k = of_state ? units_ : features_;
  Index at = of_state ? panels_at(input_parts_, input_parts_.size(), transposed) : 0;
  for (std::size_t i = 0; i < p; ++i) {
    const Index columns = parts[i].count * units_;
    at += transposed ? kernels::packed_size(columns, k) : kernels::packed_size(k, columns);
  }
  return at;
}

void Recurrent::multiply(const Real* const* a, Index k, Index m, const Real* panels, Index n, Real* const* c,
                         const kernels::Epilogue& epilogue) {
  const Index zero = 0;
  if (m > 0) kernels::multiply_rows(a, {&zero, 1, k, 0, k}, m, panels, n, 0, kernels::panel_count(n), c, epilogue);
}

void Recurrent::draw_masks(const Context& ctx) const {
  constexpr Index kChunk = 64 * kernels::kDropoutBlock;
  const auto draw = [&](double rate, Index first, std::uint8_t* mask, Index row_size) {
    const Index count = ctx.rows() * row_size;
    first += ctx.first_row() * row_size;
    parallel_ranges(count, kChunk, 1.2 * static_cast<double>(count), [&](Index begin, Index end, int) {
      kernels::draw_mask(ctx.stream(), rate, first + begin, mask + begin, end - begin);
    });
  };
  if (state_masks() > 0) draw(state_rate_, kStateWords, ctx.buffer<std::uint8_t>(kStateMask), state_masks() * units_);
  if (input_masks() == 0) return;
  draw(input_rate_, 0, ctx.buffer<std::uint8_t>(kInputMask), input_masks() * features_);
  for (std::size_t p = 0; p < input_parts_.size(); ++p) apply_input_mask(ctx, p, ctx.input(), masked_input(ctx, p));
}

void Recurrent::apply_input_mask(const Context& ctx, std::size_t p, const Real* x, Real* y) const {
  const Index row_size = time_ * features_;
  const Real scale = kernels::dropout_scale(input_rate_);
  parallel_for(ctx.rows(), 0.5 * static_cast<double>(ctx.rows() * row_size), [&](Index row, int) {
    const auto* mask = ctx.buffer<std::uint8_t>(kInputMask) + (row * input_masks() + static_cast<Index>(p)) * features_;
    for (Index at = row * row_size; at < (row + 1) * row_size; at += features_)
      kernels::apply_mask(mask, 1, scale, x + at, y + at, features_);
  });
}

void Recurrent::gather(const Context& ctx, Index begin, Index end, Index s, Real* gates, Index stride,
                       Step& step) const {
  const Index time = time_of(s);
  step.count = 0;
  for (Index row = begin; row < end; ++row) {
    if (skips(ctx, row, s)) continue;
    const auto r = static_cast<std::size_t>(step.count++);
    step.row[r] = row;
    step.gates[r] = gates + (row - begin) * stride;
    step.sums[r] = keeps(ctx) && keeps_sums_ ? ctx.buffer(kSums) + (row * time_ + time) * width_ : nullptr;
    for (std::size_t k = 0; k < states_.size(); ++k) {
      step.before[k][r] = state_at(ctx, k, row, s);
      step.after[k][r] = state_at(ctx, k, row, s + 1);
    }
    step.squashed[r] = keeps(ctx) ? ctx.buffer(kSquashed) + (row * time_ + time) * units_ : step.after[0][r];
  }
}

void Recurrent::begin_states(const Context& ctx, Index begin, Index end) const {
  for (std::size_t k = 0; k < states_.size(); ++k)
    for (Index row = begin; row < end; ++row) {
      Real* to = state_at(ctx, k, row, 0);
      if (initial_state_)
        std::copy_n(ctx.input(first_state_input() + k) + row * units_, units_, to);
      else if (stateful_ && row < batch_)
        std::copy_n(ctx.weight(first_state_weight_ + k) + row * units_, units_, to);
      else
        std::fill_n(to, units_, 0.0_r);
    }
}

void Recurrent::forward_block(const Context& ctx, Index begin, Index end, int thread) const {
  const Index rows = end - begin, chunk = keeps(ctx) ? kRows / rows : std::min(time_, kRows / rows);
  Real* scratch = ctx.buffer(kDropped) + thread * kRows * units_;
  begin_states(ctx, begin, end);
  Step step;
  for (Index s = 0; s < time_; ++s) {
    // The gates of step s: ordered by time where they are kept, otherwise by row within one chunk.
    const auto gates_at = [&](Index row, Index s_) {
      return keeps(ctx) ? ctx.buffer(kGates) + (row * time_ + time_of(s_)) * gate_row_
                        : ctx.buffer(kGates) + (thread * kRows + (row - begin) * chunk + s_ % chunk) * gate_row_;
    };
    if (s % chunk == 0)
      for (std::size_t p = 0; p < input_parts_.size(); ++p) {
        const Real* from[kRows];
        Real* to[kRows];
        Index count = 0;
        for (Index row = begin; row < end; ++row)
          for (Index t = s; t < std::min(s + chunk, time_); ++t) {
            if (skips(ctx, row, t)) continue;
            from[count] = input_of(ctx, p) + (row * time_ + time_of(t)) * features_;
            to[count++] = gates_at(row, t) + input_parts_[p].to * units_;
          }
        kernels::Epilogue epilogue;
        if (use_bias_) epilogue.bias = ctx.buffer(kBias) + input_parts_[p].first * units_;
        multiply(from, features_, count, ctx.buffer(kPanels) + panels_at(input_parts_, p, false),
                 input_parts_[p].count * units_, to, epilogue);
      }
    gather(ctx, begin, end, s, gates_at(begin, s), (keeps(ctx) ? time_ : chunk) * gate_row_, step);
    step_forward(ctx, step, s == 0 && !initial_state_ && !stateful_, scratch);
    for (Index row = begin; row < end; ++row) {
      const bool skipped = skips(ctx, row, s);
      for (std::size_t k = 0; skipped && keeps(ctx) && k < states_.size(); ++k)
        std::copy_n(state_at(ctx, k, row, s), units_, state_at(ctx, k, row, s + 1));
      if (!sequences_ && s + 1 < time_) continue;
      Real* y = ctx.output() + output_at(row, s);
      if (skipped && zero_masked_)
        std::fill_n(y, units_, 0.0_r);
      else
        std::copy_n(state_at(ctx, 0, row, s + 1), units_, y);
    }
  }
  for (std::size_t k = 0; return_state_ && k < states_.size(); ++k)
    std::copy_n(current(ctx, k, begin), rows * units_, ctx.output(1 + k) + begin * units_);
}

void Recurrent::backward_block(const Context& ctx, Index begin, Index end, int thread) const {
  Real* scratch = ctx.buffer(kGradientRows) + thread * (kRows + 4) * units_;
  const Real* dy = ctx.output_gradient();
  for (std::size_t k = 0; k < states_.size(); ++k) {
    const Real* from = return_state_ ? ctx.output_gradient(1 + k) : nullptr;
    if (from != nullptr)
      std::copy_n(from + begin * units_, (end - begin) * units_, gradient(ctx, k, begin));
    else
      std::fill_n(gradient(ctx, k, begin), (end - begin) * units_, 0.0_r);
  }
  bool state_wanted = false;
  for (std::size_t k = 0; initial_state_ && k < states_.size(); ++k)
    state_wanted = state_wanted || ctx.input_gradient(first_state_input() + k) != nullptr;
  Step step;
  for (Index s = time_; s-- > 0;) {
    for (Index row = begin; row < end; ++row) {
      const bool skipped = skips(ctx, row, s);
      Real* gates = ctx.buffer(kGates) + (row * time_ + time_of(s)) * gate_row_;
      if (skipped) std::fill_n(gates, width_, 0.0_r);
      if (dy == nullptr || (!sequences_ && s + 1 < time_) || (skipped && zero_masked_)) continue;
      const Real* from = dy + output_at(row, s);
      Real* dh = gradient(ctx, 0, row);
      for (Index i = 0; i < units_; ++i) dh[i] += from[i];
    }
    gather(ctx, begin, end, s, ctx.buffer(kGates) + (begin * time_ + time_of(s)) * gate_row_, time_ * gate_row_, step);
    step_backward(ctx, step, s > 0 || state_wanted, scratch);
  }
}

void Recurrent::kernel_gradients(const Context& ctx) const {
  const Index pairs = ctx.rows() * time_, columns = gates_ * units_;
  Real *dkernel = ctx.weight_gradient(0), *drecurrent = ctx.weight_gradient(1);
  Real* dbias = use_bias_ ? ctx.weight_gradient(2) : nullptr;
  const auto outer = [&](const Part& part, const kernels::Left* lefts, Index count, Real* sums) {
    kernels::gemm_tn(lefts, count, ctx.buffer(kGates) + part.to * units_, gate_row_, pairs, part.count * units_,
                     sums != nullptr ? sums + part.first * units_ : nullptr, ctx.buffer(kScratch));
  };
  const auto left = [&](const Real* a, Index lda, Index m, const Part& part, Real* dw) {
    return kernels::Left{a, lda, dw != nullptr ? m : 0, dw != nullptr ? dw + part.first * units_ : nullptr, columns};
  };
  // If one product computes all gates of both kernels, their gradients share the right operand.
  if (one_product()) {
    const Part& part = input_parts_[0];
    const kernels::Left both[] = {left(input_of(ctx, 0), features_, features_, part, dkernel),
                                  left(history(ctx, 0, 0, 0), state_row_, units_, part, drecurrent)};
    if (dkernel != nullptr || drecurrent != nullptr || dbias != nullptr) outer(part, both, 2, dbias);
    return;
  }
  for (std::size_t p = 0; p < input_parts_.size(); ++p) {
    const kernels::Left one = left(input_of(ctx, p), features_, features_, input_parts_[p], dkernel);
    if (dkernel != nullptr || dbias != nullptr) outer(input_parts_[p], &one, 1, dbias);
  }
  for (std::size_t p = 0; p < state_parts_.size(); ++p) {
    const Real* h = history(ctx, 0, 0, 0);
    Index stride = state_row_;
    if (reset_before_ && p + 1 == state_parts_.size()) {
      h = ctx.buffer(kGates) + 3 * units_;
      stride = gate_row_;
    } else if (state_rate_ > 0) {
      Real* to = ctx.buffer(kMaskedHistory);
      parallel_for(ctx.rows(), 0.5 * static_cast<double>(pairs * units_), [&](Index row, int) {
        for (Index at = row * time_; at < (row + 1) * time_; ++at)
          apply_state_mask(ctx, row, p, h + at * state_row_, to + at * state_row_);
      });
      h = to;
    }
    const kernels::Left one = left(h, stride, units_, state_parts_[p], drecurrent);
    Real* sums = dbias != nullptr && bias_of_state_ > 0 ? dbias + bias_of_state_ : nullptr;
    if (drecurrent != nullptr || sums != nullptr) outer(state_parts_[p], &one, 1, sums);
  }
}

void Recurrent::input_gradient(const Context& ctx, Real* dx) const {
  const Index pairs = ctx.rows() * time_;
  for (std::size_t p = 0; p < input_parts_.size(); ++p) {
    const Part& part = input_parts_[p];
    Real* to = p == 0 ? dx : input_masks() > 0 ? ctx.buffer(kMaskedGradient) : dx;
    kernels::Epilogue epilogue;
    epilogue.accumulate = p > 0 && to == dx;
    kernels::gemm(ctx.buffer(kGates) + part.to * units_, gate_row_, pairs, part.count * units_,
                  ctx.buffer(kTransposed) + panels_at(input_parts_, p, true), features_, to, features_, epilogue);
    if (input_masks() == 0) continue;
    apply_input_mask(ctx, p, to, to);
    if (to == dx) continue;
    parallel_ranges(pairs * features_, 8192, byte_work(12.0 * static_cast<double>(pairs * features_)),
                    [&](Index begin, Index end, int) {
                      for (Index i = begin; i < end; ++i) dx[i] += to[i];
                    });
  }
}

}  // namespace fastnn
