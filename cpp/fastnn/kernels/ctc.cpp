// The recursion over alignments, forward, and its derivative, backward.
//
// Before step t, blank[n] is the logarithm of the probability that n labels have been emitted and the last step was a
// blank (or n = 0), label[n] that the last step emitted label n. An impossible event has the logarithm kImpossible, not
// minus infinity: a sequence that does not fit into the steps has a large, finite loss, as in Keras.
#include "fastnn/kernels/ctc.hpp"

#include <algorithm>

#include "fastnn/kernels/precise.hpp"

namespace fastnn::kernels {
namespace {

constexpr double kImpossible = -1e5;

double log_sum(double a, double b) {
  const double top = std::max(a, b), low = std::min(a, b);
  return low - top < -40.0 ? top : top + precise::log(1.0 + precise::exp(low - top));
}

// The share of a in exp(a) + exp(b).
double share(double a, double b) {
  const double gap = b - a;
  if (gap > 700.0) return 0.0;
  return gap < -700.0 ? 1.0 : 1.0 / (1.0 + precise::exp(gap));
}

// The state before a step: blank[0..n], label[0..n).
struct State {
  double *blank, *label;
  State(double* memory, Index labels) : blank(memory), label(memory + labels + 1) {}
};

class Recursion {
 public:
  Recursion(const CtcSample& sample, double* scratch) : s_(sample), scratch_(scratch) {}

  static Index state_size(Index labels) { return 2 * labels + 1; }
  State state(Index step) const { return {scratch_ + step * state_size(s_.label_count), s_.label_count}; }
  double* behind(Index states) const { return scratch_ + states * state_size(s_.label_count); }

  bool valid() const {
    return std::all_of(s_.labels, s_.labels + s_.label_count,
                       [&](std::int32_t label) { return label >= 0 && label < s_.classes; });
  }
  // The cost of going from label n straight to the next one: that is impossible where both are the same.
  double straight(Index n) const { return repeats(n) ? kImpossible : 0.0; }
  double around(Index n) const { return repeats(n) ? 0.0 : kImpossible; }

  double normalizer(Index step) const {
    const Real* x = s_.scores + step * s_.classes;
    const double top = *std::max_element(x, x + s_.classes);
    double sum = 0;
    for (Index k = 0; k < s_.classes; ++k) sum += precise::exp(static_cast<double>(x[k]) - top);
    return top + precise::log(sum);
  }

  void first(const State& state) const {
    std::fill_n(state.blank, s_.label_count + 1, kImpossible);
    std::fill_n(state.label, s_.label_count, kImpossible);
    state.blank[0] = 0.0;
  }
  // The blanks after labels that are followed by another label without a blank between.
  double joined(const State& from, Index n) const {
    return n == 0 ? from.blank[0] : log_sum(from.blank[n], from.label[n - 1] + straight(n - 1));
  }
  void advance(Index step, double normalizer, const State& from, const State& to) const {
    const Real* x = s_.scores + step * s_.classes;
    const double of_blank = static_cast<double>(x[s_.blank]) - normalizer;
    for (Index n = 0; n <= s_.label_count; ++n) {
      const double ready = joined(from, n);
      to.blank[n] = n == 0 ? ready + of_blank : log_sum(ready + of_blank, from.label[n - 1] + of_blank + around(n - 1));
      if (n < s_.label_count)
        to.label[n] = log_sum(ready, from.label[n]) + static_cast<double>(x[s_.labels[n]]) - normalizer;
    }
  }
  double total(const State& last) const {
    const Index n = s_.label_count;
    return n == 0 ? last.blank[0] : log_sum(last.blank[n], last.label[n - 1]);
  }
  // Derivatives: d_to belongs to the state after the step, d_from to that before; d_class to the class scores' logarithms.
  void retreat(const State& from, const State& d_to, const State& d_from, double* d_class) const {
    std::fill_n(d_from.blank, state_size(s_.label_count), 0.0);
    for (Index n = 0; n <= s_.label_count; ++n) {
      const double ready = joined(from, n);
      double d_ready = 0.0;
      d_class[s_.blank] += d_to.blank[n];
      if (n == 0) {
        d_ready += d_to.blank[0];
      } else {
        const double stayed = share(ready, from.label[n - 1] + around(n - 1));
        d_ready += stayed * d_to.blank[n];
        d_from.label[n - 1] += (1.0 - stayed) * d_to.blank[n];
      }
      if (n < s_.label_count) {
        const double entered = share(ready, from.label[n]);
        d_ready += entered * d_to.label[n];
        d_from.label[n] += (1.0 - entered) * d_to.label[n];
        d_class[s_.labels[n]] += d_to.label[n];
      }
      if (n == 0) {
        d_from.blank[0] += d_ready;
      } else {
        const double rested = share(from.blank[n], from.label[n - 1] + straight(n - 1));
        d_from.blank[n] += rested * d_ready;
        d_from.label[n - 1] += (1.0 - rested) * d_ready;
      }
    }
  }

 private:
  bool repeats(Index n) const { return n + 1 < s_.label_count && s_.labels[n] == s_.labels[n + 1]; }

  const CtcSample& s_;
  double* scratch_;
};

}  // namespace

Index ctc_scratch_size(Index steps, Index label_count, Index classes) {
  return (steps + 3) * Recursion::state_size(label_count) + steps + classes;
}

Real ctc(const CtcSample& sample, double* scratch) {
  const Recursion run(sample, scratch);
  if (!run.valid()) return std::numeric_limits<Real>::quiet_NaN();
  run.first(run.state(0));
  for (Index t = 0; t < sample.steps; ++t) run.advance(t, run.normalizer(t), run.state(t % 2), run.state((t + 1) % 2));
  return static_cast<Real>(-run.total(run.state(sample.steps % 2)));
}

void ctc_gradient(const CtcSample& sample, Real factor, double* scratch, Real* gradient) {
  const Recursion run(sample, scratch);
  const Index steps = sample.steps, labels = sample.label_count;
  if (!run.valid()) {
    std::fill_n(gradient, steps * sample.classes, std::numeric_limits<Real>::quiet_NaN());
    return;
  }
  double* normalizers = run.behind(steps + 3);
  double* d_class = normalizers + steps;
  run.first(run.state(0));
  for (Index t = 0; t < steps; ++t) {
    normalizers[t] = run.normalizer(t);
    run.advance(t, normalizers[t], run.state(t), run.state(t + 1));
  }
  State d_to = run.state(steps + 1), d_from = run.state(steps + 2);
  std::fill_n(d_to.blank, Recursion::state_size(labels), 0.0);
  const State last = run.state(steps);
  const double rested = labels == 0 ? 1.0 : share(last.blank[labels], last.label[labels - 1]);
  d_to.blank[labels] = -rested * static_cast<double>(factor);
  if (labels > 0) d_to.label[labels - 1] = -(1.0 - rested) * static_cast<double>(factor);
  for (Index t = steps - 1; t >= 0; --t) {
    std::fill_n(d_class, sample.classes, 0.0);
    run.retreat(run.state(t), d_to, d_from, d_class);
    double sum = 0;
    for (Index k = 0; k < sample.classes; ++k) sum += d_class[k];
    const Real* x = sample.scores + t * sample.classes;
    Real* dx = gradient + t * sample.classes;
    for (Index k = 0; k < sample.classes; ++k)
      dx[k] = static_cast<Real>(d_class[k] - sum * precise::exp(static_cast<double>(x[k]) - normalizers[t]));
    std::swap(d_to, d_from);
  }
}

}  // namespace fastnn::kernels
