// One step of a recurrent cell for one row: the arithmetic between the matrix products, forward and backward.
//
// A row of gates comes in as the sums of the products and leaves as what the gates say; on the way back it leaves as the
// gradients of those sums. `sums`, where it is not null, keeps the sums for activations whose derivative wants them (see
// derivative_from_output). `scratch` holds 4 * units floats. Gates lie side by side, `units` floats each:
//   LSTM  input, forget, candidate, output
//   GRU   update, reset, candidate, and a fourth: the candidate's share of the state, before the reset gate scales it
//         (reset after), or the state after the reset gate scaled it (reset before)
#pragma once

#include "fastnn/kernels/activation.hpp"

namespace fastnn::kernels {

struct Squash {
  Activation function = Activation::linear;
  ActivationParameters parameters = {};
};

/// The two functions of a cell; SimpleRNN has the first only.
struct CellFunctions {
  Squash candidate, gate;
};

KERNEL(void, simple_step)(const CellFunctions&, Real* gates, Real* sums, Index units, Real* h);
/// gates: the step's output -> gradient of the sums; dh: of the output.
KERNEL(void, simple_step_backward)(const CellFunctions&, Real* gates, const Real* sums, Index units, const Real* dh);

/// h = output * squashed, squashed = f(c), c = forget * c_before + input * candidate. Squashed may be h.
KERNEL(void, lstm_step)(const CellFunctions&, Real* gates, Real* sums, const Real* c_before, Index units, Real* c,
                        Real* squashed, Real* h);
/// dc: gradient of c -> of c_before.
KERNEL(void, lstm_step_backward)(const CellFunctions&, Real* gates, const Real* sums, const Real* c_before,
                                 const Real* c, const Real* squashed, Index units, const Real* dh, Real* dc,
                                 Real* scratch);

/// The update and reset gates.
KERNEL(void, gru_gates)(const CellFunctions&, Real* gates, Real* sums, Index units);
/// The candidate, and h = update * h_before + (1 - update) * candidate.
KERNEL(void, gru_state)(const CellFunctions&, bool reset_after, Real* gates, Real* sums, const Real* h_before,
                        Index units, Real* h);
/// The gradients of the update gate's and the candidate's sums; with reset after, of the other two also. dh: gradient of h
/// -> the part of h_before's gradient that bypasses the gates.
KERNEL(void, gru_state_backward)(const CellFunctions&, bool reset_after, Real* gates, const Real* sums,
                                 const Real* h_before, Index units, Real* dh, Real* scratch);
/// With reset before: product = reset * state.
KERNEL(void, gru_reset)(const Real* gates, const Real* state, Index units, Real* product);
/// The gradient of the reset gate's sums; product: that of the product -> of the state.
KERNEL(void, gru_reset_backward)(const CellFunctions&, Real* gates, const Real* sums, const Real* state, Index units,
                                 Real* product, Real* scratch);

}  // namespace fastnn::kernels
