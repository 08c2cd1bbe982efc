// One step of a recurrent cell for one row. A row is a few kilobytes in the first level of cache, so it is swept several
// times, once for each function, and the functions are those of all other layers.
#include "fastnn/kernels/recurrent.hpp"

#include <algorithm>

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

void apply(const Squash& squash, Real* x, Index count) { activate(squash.function, squash.parameters, x, x, count); }

// The usual functions, whose steps are one sweep: every number is read and written once.
bool usual(const CellFunctions& f) {
  return f.candidate.function == Activation::tanh && f.gate.function == Activation::sigmoid;
}
inline Packet sigmoid_slope(const Packet& y) { return mul(y, sub(set1(1.0_r), y)); }
inline Packet tanh_slope(const Packet& y) { return sub(set1(1.0_r), mul(y, y)); }

// y becomes dy * f'(x).
void apply_backward(const Squash& squash, const Real* x, Real* y, const Real* dy, Index count) {
  activate_backward(squash.function, squash.parameters, x, y, dy, y, count);
}

void keep(Real* sums, const Real* gates, Index first, Index count) {
  if (sums != nullptr) std::copy_n(gates + first, count, sums + first);
}

const Real* kept(const Real* sums, Index first) { return sums == nullptr ? nullptr : sums + first; }

}  // namespace

void simple_step(const CellFunctions& f, Real* gates, Real* sums, Index units, Real* h) {
  keep(sums, gates, 0, units);
  apply(f.candidate, gates, units);
  std::copy_n(gates, units, h);
}

void simple_step_backward(const CellFunctions& f, Real* gates, const Real* sums, Index units, const Real* dh) {
  apply_backward(f.candidate, sums, gates, dh, units);
}

void lstm_step(const CellFunctions& f, Real* gates, Real* sums, const Real* c_before, Index units, Real* c,
               Real* squashed, Real* h) {
  if (usual(f)) {
    Real *input = gates, *forget = gates + units, *candidate = gates + 2 * units, *output = gates + 3 * units;
    return for_each(units, [&](Index i, Index n) {
      const Packet in = sigmoid(load_n(input + i, n)), fresh = packet::tanh(load_n(candidate + i, n));
      const Packet old = sigmoid(load_n(forget + i, n)), out = sigmoid(load_n(output + i, n));
      const Packet state = madd(old, load_n(c_before + i, n), mul(in, fresh));
      const Packet seen = packet::tanh(state);
      store_n(input + i, in, n);
      store_n(forget + i, old, n);
      store_n(candidate + i, fresh, n);
      store_n(output + i, out, n);
      store_n(c + i, state, n);
      store_n(squashed + i, seen, n);
      store_n(h + i, mul(out, seen), n);
    });
  }
  keep(sums, gates, 0, 4 * units);
  apply(f.gate, gates, 2 * units);
  apply(f.candidate, gates + 2 * units, units);
  apply(f.gate, gates + 3 * units, units);
  const Real *input = gates, *forget = gates + units, *candidate = gates + 2 * units, *output = gates + 3 * units;
  for_each(units, [&](Index i, Index n) {
    const Packet fresh = mul(load_n(input + i, n), load_n(candidate + i, n));
    store_n(c + i, madd(load_n(forget + i, n), load_n(c_before + i, n), fresh), n);
  });
  activate(f.candidate.function, f.candidate.parameters, c, squashed, units);
  for_each(units, [&](Index i, Index n) { store_n(h + i, mul(load_n(output + i, n), load_n(squashed + i, n)), n); });
}

void lstm_step_backward(const CellFunctions& f, Real* gates, const Real* sums, const Real* c_before, const Real* c,
                        const Real* squashed, Index units, const Real* dh, Real* dc, Real* scratch) {
  Real *input = gates, *forget = gates + units, *candidate = gates + 2 * units, *output = gates + 3 * units;
  if (usual(f))
    return for_each(units, [&](Index i, Index n) {
      const Packet in = load_n(input + i, n), fresh = load_n(candidate + i, n), old = load_n(forget + i, n);
      const Packet out = load_n(output + i, n), seen = load_n(squashed + i, n), up = load_n(dh + i, n);
      const Packet d = madd(mul(up, out), tanh_slope(seen), load_n(dc + i, n));
      store_n(dc + i, mul(d, old), n);
      store_n(input + i, mul(mul(d, fresh), sigmoid_slope(in)), n);
      store_n(forget + i, mul(mul(d, load_n(c_before + i, n)), sigmoid_slope(old)), n);
      store_n(candidate + i, mul(mul(d, in), tanh_slope(fresh)), n);
      store_n(output + i, mul(mul(up, seen), sigmoid_slope(out)), n);
    });
  Real *d_input = scratch, *d_forget = scratch + units, *d_candidate = scratch + 2 * units,
       *d_output = scratch + 3 * units;
  for_each(units, [&](Index i, Index n) { store_n(d_input + i, mul(load_n(dh + i, n), load_n(output + i, n)), n); });
  activate_backward(f.candidate.function, f.candidate.parameters, c, squashed, d_input, d_candidate, units);
  for_each(units, [&](Index i, Index n) {
    const Packet d = add(load_n(dc + i, n), load_n(d_candidate + i, n));
    const Packet gate = load_n(input + i, n), fresh = load_n(candidate + i, n);
    store_n(dc + i, mul(d, load_n(forget + i, n)), n);
    store_n(d_input + i, mul(d, fresh), n);
    store_n(d_forget + i, mul(d, load_n(c_before + i, n)), n);
    store_n(d_candidate + i, mul(d, gate), n);
    store_n(d_output + i, mul(load_n(dh + i, n), load_n(squashed + i, n)), n);
  });
  apply_backward(f.gate, sums, input, d_input, 2 * units);
  apply_backward(f.candidate, kept(sums, 2 * units), candidate, d_candidate, units);
  apply_backward(f.gate, kept(sums, 3 * units), output, d_output, units);
}

void gru_gates(const CellFunctions& f, Real* gates, Real* sums, Index units) {
  keep(sums, gates, 0, 2 * units);
  apply(f.gate, gates, 2 * units);
}

void gru_state(const CellFunctions& f, bool reset_after, Real* gates, Real* sums, const Real* h_before, Index units,
               Real* h) {
  const Real *update = gates, *reset = gates + units, *recurrent = gates + 3 * units;
  Real* candidate = gates + 2 * units;
  if (reset_after)
    for_each(units, [&](Index i, Index n) {
      store_n(candidate + i, madd(load_n(reset + i, n), load_n(recurrent + i, n), load_n(candidate + i, n)), n);
    });
  keep(sums, gates, 2 * units, units);
  apply(f.candidate, candidate, units);
  for_each(units, [&](Index i, Index n) {
    const Packet fresh = load_n(candidate + i, n);
    store_n(h + i, madd(load_n(update + i, n), sub(load_n(h_before + i, n), fresh), fresh), n);
  });
}

void gru_state_backward(const CellFunctions& f, bool reset_after, Real* gates, const Real* sums, const Real* h_before,
                        Index units, Real* dh, Real* scratch) {
  Real *update = gates, *reset = gates + units, *candidate = gates + 2 * units, *recurrent = gates + 3 * units;
  Real *d_update = scratch, *d_reset = scratch + units, *d_candidate = scratch + 2 * units;
  for_each(units, [&](Index i, Index n) {
    const Packet d = load_n(dh + i, n), gate = load_n(update + i, n);
    store_n(d_update + i, mul(d, sub(load_n(h_before + i, n), load_n(candidate + i, n))), n);
    store_n(d_candidate + i, mul(d, sub(set1(1.0_r), gate)), n);
    store_n(dh + i, mul(d, gate), n);
  });
  apply_backward(f.candidate, kept(sums, 2 * units), candidate, d_candidate, units);
  apply_backward(f.gate, sums, update, d_update, units);
  if (!reset_after) return;
  for_each(units, [&](Index i, Index n) {
    const Packet d = load_n(candidate + i, n), share = load_n(recurrent + i, n);
    store_n(recurrent + i, mul(d, load_n(reset + i, n)), n);
    store_n(d_reset + i, mul(d, share), n);
  });
  apply_backward(f.gate, kept(sums, units), reset, d_reset, units);
}

void gru_reset(const Real* gates, const Real* state, Index units, Real* product) {
  for_each(units,
           [&](Index i, Index n) { store_n(product + i, mul(load_n(gates + units + i, n), load_n(state + i, n)), n); });
}

void gru_reset_backward(const CellFunctions& f, Real* gates, const Real* sums, const Real* state, Index units,
                        Real* product, Real* scratch) {
  Real* reset = gates + units;
  for_each(units, [&](Index i, Index n) {
    const Packet d = load_n(product + i, n);
    store_n(scratch + i, mul(d, load_n(state + i, n)), n);
    store_n(product + i, mul(d, load_n(reset + i, n)), n);
  });
  apply_backward(f.gate, kept(sums, units), reset, scratch, units);
}

}  // namespace fastnn::kernels
