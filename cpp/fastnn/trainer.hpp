// The trainer: a list of phases that make up one step, and runs of as many steps as fit a budget of time, without
// Python. A step of one phase is ordinary training; networks that are trained in turn are several phases over the same
// columns. What stops a step before its first commit leaves no trace of it, and after the first commit nothing stops
// it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fastnn/phase.hpp"

namespace fastnn {

/// A mean that is held in variables, without dimensions: a sum and a count, each the total of some of the results.
struct MeanOfResults {
  struct Term {
    std::size_t sum;                   ///< the result whose sum is added to the sum
    std::optional<std::size_t> count;  ///< the result whose sum is added to the count; none: the count of the former
  };
  Accumulator sum, count;
  std::vector<Term> terms;
};

/// Gives the rows of a pass in their order; null: in their own.
using OrderOfRows = std::function<const Index*()>;

class Trainer {
 public:
  explicit Trainer(std::vector<std::unique_ptr<Phase>> phases) : phases_(std::move(phases)) {}

  /// The number of learning rates that a step takes: one for each optimizer of each phase.
  Index optimizers() const;

  /// Sets the sums of losses and metrics to zero.
  void reset();

  /// Runs steps [first, last) until about `budget` seconds have passed, at least one, and returns the number of steps
  /// done. Step i takes the rows order[i * batch_size ...] (order null: rows in their own order). `rates` holds a
  /// learning rate for each step and optimizer (NaN, or null for all: unchanged). With `until_invalid` it ends after a
  /// step whose total loss is not finite. Raises what `pulse` raises; the step in progress is then dropped.
  Index run(const RunData& data, const Index* order, Index batch_size, Index first, Index last, const double* rates,
            double budget, bool until_invalid, const Pulse& pulse);

  /// Runs passes over all rows, each in its own order (null: in theirs), until about `budget` seconds have passed or an
  /// optimizer is done, at least one. The sums begin anew with each pass, and the kept means of each that ended go to `means`.
  void run_passes(const RunData& data, const std::vector<OrderOfRows>& orders, Index batch_size, double budget,
                  const Pulse& pulse, std::vector<std::vector<double>>& means);

  /// The mean of the total loss of the first phase since reset().
  double loss() const { return phases_.front()->loss(); }

  /// Goes on from the sums of a trainer of the same losses and metrics, whose graphs have other sizes.
  void take_sums(const Trainer& other);

  /// For each phase the sum and the count, whose ratio is the mean since reset(), of [total, each loss..., each
  /// metric...].
  std::vector<std::pair<double, double>> results() const;
  /// Goes on from the results of a trainer of the same losses and metrics. Raises ValueError where there are others.
  void take_results(const std::vector<std::pair<double, double>>& sums);

  /// The means that settle() writes.
  void keep(std::vector<MeanOfResults> means);
  /// Writes the sums and the counts of the kept means into their variables, or adds them to what these hold, and
  /// returns the means.
  std::vector<double> settle(bool add, const BeforeWaiting& before_waiting);

  /// The values that a program keeps of its last step.
  const std::vector<Phase::Value>& values() const { return phases_.front()->values(); }

  /// The gradients of the first phase over all rows as one batch. Nothing is committed.
  std::vector<std::pair<VariablePtr, std::vector<Real>>> gradients(const RunData& data, const Pulse& pulse);

  std::string describe_plan(Index batch_size);

  std::size_t phases() const { return phases_.size(); }
  Executor& executor(std::size_t phase) { return phases_[phase]->executor(); }

 private:
  void gather_weights(const RunData& data, const Index* order, Index begin, Index count);

  std::vector<std::unique_ptr<Phase>> phases_;
  ForkSafeMutex run_lock_;
  std::vector<MeanOfResults> means_;
  bool long_steps_ = true;                  // the last step took so long that Ctrl-C is to be heard within it
  std::vector<std::vector<Real>> weights_;  // sample weights of the current batch
};

}  // namespace fastnn
