// The trainer: when things happen. A step gathers a batch, runs forward, takes the losses, runs backward, and commits; a run
// is as many steps as fit a budget of time, without Python. Whatever stops a step before its commit leaves no trace of it.
// Without an optimizer it evaluates: forward and losses, and nothing is written but the sums it reports.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "fastnn/columns.hpp"
#include "fastnn/executor.hpp"
#include "fastnn/optimizer.hpp"

namespace fastnn {

/// Sample weights that a term does not use.
constexpr int kUnweighted = -1;
/// A mask that a term does not have.
constexpr EdgeId kUnmasked = -1;

struct LossTerm {
  EdgeId edge;              ///< per-sample losses, of shape (batch, ...)
  double weight;            ///< its share in the total
  int sample_weights;       ///< index into RunData::weights, or kUnweighted
  bool summed = false;      ///< its value is the sum over the batch, not the mean
  EdgeId mask = kUnmasked;  ///< of its shape: which of its values count
};

struct MetricTerm {
  EdgeId edge;
  int sample_weights;
  EdgeId mask = kUnmasked;
};

/// The data of a run: columns in the order of the graph's inputs, and sample weights of shape (rows,) or of that of the
/// losses, some of them absent.
struct RunData {
  std::vector<Column> columns;
  std::vector<const Column*> weights;
};

class Trainer {
 public:
  Trainer(const Graph& graph, std::vector<LossTerm> losses, std::vector<MetricTerm> metrics,
          std::shared_ptr<Optimizer> optimizer);

  const Graph& graph() const { return executor_.graph(); }

  /// Sets the sums of losses and metrics to zero.
  void reset();

  /// Steps [first, last) until about `budget` seconds are over, at least one; returns how many were done. Step i takes the
  /// rows order[i * batch_size ...] (order null: as they lie), at the learning rate rates[i - first] (null: as it stands).
  /// Raises what `pulse` raises, with the step under way dropped.
  Index run(const RunData& data, const Index* order, Index batch_size, Index first, Index last, const double* rates,
            double budget, const Pulse& pulse);

  /// [total, each loss..., each metric...] since reset().
  std::vector<double> results() const;

  /// The gradient of the total loss over all rows as one batch, penalties of weights included; nothing is written.
  std::vector<std::pair<VariablePtr, std::vector<float>>> gradients(const RunData& data, const Pulse& pulse);

  std::string describe_plan(Index batch_size) { return executor_.describe_plan(batch_size); }

 private:
  // What a step adds to the sums when it commits.
  struct Tally {
    double total = 0, rows = 0;
    std::vector<double> losses, metrics, metric_counts;
  };

  void check(const RunData& data) const;
  Index piece(Index capacity);
  void gather_weights(const RunData& data, const Index* order, Index begin, Index count);
  void gather_batch(Session& session, const RunData& data, const Index* order, Index begin, Index count) const;
  struct Weighing;
  template <class Term>
  Weighing weighing(const Session& session, const RunData& data, const Term& term) const;
  void take_losses(Session& session, const RunData& data, Index batch, Tally& tally) const;
  void run_pieces(Team& team, const RunData& data, const Index* order, Index begin, Index count, const Pulse& pulse);
  void clear(Tally& tally) const;
  void add(const Tally& from, Tally& to) const;
  double weight_penalty() const;

  Executor executor_;
  std::vector<LossTerm> losses_;
  std::vector<MetricTerm> metrics_;
  std::shared_ptr<Optimizer> optimizer_;
  ForkSafeMutex run_lock_;
  std::vector<std::vector<float>> batch_weights_;  // sample weights of the batch at hand
  Tally sums_, step_;
  std::vector<Tally> tallies_;  // of the pieces of a batch, and
  AlignedBuffer partials_;      // their gradients
};

}  // namespace fastnn
