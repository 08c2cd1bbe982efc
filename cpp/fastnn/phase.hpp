// A phase of a training step: a graph with its losses and metrics, the optimizer that updates the weights which the
// graph trains, and the sums that are reported. Without an optimizer a phase evaluates: it runs forward and takes the
// losses.
//
// A phase may also be a program: a graph that says itself where gradients are taken and which optimizers move which
// weights by them (Gradient, Update and Commit in layers/steps.cpp). Its optimizers serve the updates of the graph, by
// number, and values of the last step are reported beside the sums.
//
// A phase runs in three parts. `gradients_of_batch` computes the gradients and the values of each part of a batch.
// `reduce` folds the parts, in their order, into one gradient and one tally; with peers, the parts of all processes.
// `commit` updates weights, state and sums; before it, nothing that outlives the step has been written.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fastnn/columns.hpp"
#include "fastnn/division.hpp"
#include "fastnn/executor.hpp"
#include "fastnn/gradient_sum.hpp"
#include "fastnn/optimizer.hpp"
#include "fastnn/peers.hpp"

namespace fastnn {

/// The index of the sample weights of a term that has none.
constexpr int kUnweighted = -1;
/// The mask of a term that has none.
constexpr EdgeId kUnmasked = -1;

struct LossTerm {
  EdgeId edge;              ///< losses per sample, of shape (batch, ...), or one of a fixed shape
  double weight;            ///< its factor in the total loss
  int sample_weights;       ///< index into RunData::weights, or kUnweighted
  bool summed = false;      ///< its value is the sum over the batch, not the mean
  EdgeId mask = kUnmasked;  ///< of the same shape: the values that count
};

struct MetricTerm {
  EdgeId edge;
  int sample_weights;
  EdgeId mask = kUnmasked;
  bool of_whole = false;  ///< its edge is one of what needs all rows of a batch in parts
};

/// The rows of one step, and their sample weights (one vector for each of RunData::weights).
struct Batch {
  const RunData& data;
  const Index* order;  ///< null: rows in their own order
  Index begin, count;
  const std::vector<std::vector<Real>>& weights;
};

/// The memory of a phase for the duration of a run: a session for whole batches, a team where batches are processed in
/// pieces, or a convoy where they are and their rows meet.
class Workspace {
 public:
  /// piece: the rows of a piece; 0: batches are processed whole. together: the number of pieces that are in memory at
  /// a time; 0: one for each thread.
  Workspace(Executor& executor, Index capacity, Index piece, Index together = 0) : exact_(executor.graph().sized()) {
    if (together > 0)
      convoy_.emplace(executor, piece, together);
    else if (piece > 0)
      team_.emplace(executor, piece);
    else
      whole_.emplace(executor, capacity);
  }

  /// Makes room for a batch of `rows` rows. Raises ValueError where the sizes of the graph do not fit them.
  void fit(Index rows) {
    if (exact_ && session().plan().capacity != rows) whole_->exchange(rows);
  }

  /// Makes room for what needs all rows of a batch in parts.
  void add_whole(Executor& executor, Index capacity) { all_rows_.emplace(executor, capacity); }

  Team* team() const { return team_ ? &**team_ : nullptr; }
  Convoy* convoy() const { return convoy_ ? &**convoy_ : nullptr; }
  /// The session that is given all rows of a batch in parts; null: nothing needs them.
  Session* all_rows() const { return all_rows_ ? &**all_rows_ : nullptr; }
  /// The rows of a piece; 0: batches are processed whole.
  Index piece() const { return team_ ? (*team_)->rows() : convoy_ ? (*convoy_)->rows() : 0; }
  /// The session that commits, and holds the gradients of a batch that is processed whole.
  Session& session() const { return team_ ? (*team_)->first() : convoy_ ? (*convoy_)->first() : **whole_; }
  int threads() const {
    return team_ ? (*team_)->threads() : convoy_ ? (*convoy_)->threads() : session().plan().threads;
  }

 private:
  const bool exact_;  // a session serves batches of one number of rows
  std::optional<TeamLease> team_;
  std::optional<ConvoyLease> convoy_;
  std::optional<SessionLease> whole_, all_rows_;
};

/// An optimizer and the weights that it moves; without weights: all that the graph trains.
struct Share {
  std::shared_ptr<Optimizer> optimizer;
  std::optional<std::vector<VariablePtr>> weights = std::nullopt;
};

/// What makes a phase a program.
struct Program {
  std::vector<EdgeId> values;  ///< edges whose values in the last step are kept
  bool training;               ///< layers behave as in training
};

class Phase {
 public:
  /// optimizers: those that a step commits with, in order; none: the phase evaluates.
  /// peers: the processes that compute each batch together; null: this one alone, as a program is. Raises NotInParts
  /// where the graph cannot be computed for a part of a batch.
  Phase(const Graph& graph, std::vector<LossTerm> losses, std::vector<MetricTerm> metrics,
        const std::vector<Share>& optimizers, std::shared_ptr<Peers> peers,
        std::optional<Program> program = std::nullopt);

  /// Checks columns and sample weights. Raises ValueError.
  void check(const RunData& data) const;
  /// Checks that the sizes of the graph fit batches of `rows` rows. Raises ValueError.
  void check_rows(Index rows) { executor_.graph_for(rows); }
  /// The learning rate of each optimizer from the next commit on; NaN, or null for all: unchanged.
  void set_rates(const double* rates) { rates_ = rates; }
  /// Memory for batches of up to `capacity` rows.
  std::unique_ptr<Workspace> workspace(Index capacity);

  void gradients_of_batch(Workspace& space, const Batch& batch, const Pulse& pulse);
  void reduce(Workspace& space);
  /// Returns false where an optimizer has moved the weights and asks for the gradients there: the step is not over.
  bool commit(Workspace& space);
  /// Brings back the weights as they were before a step whose commit asked for further gradients.
  void abandon();
  Index optimizers() const { return static_cast<Index>(shares_.size()); }
  /// True where further steps on the same data would not move what an optimizer moves.
  bool finished() const;

  /// Sets the sums of losses and metrics to zero.
  void reset() { sums_ = zero(); }
  /// The mean of the total loss since reset().
  double loss() const { return sums_.rows == 0 ? 0.0 : sums_.total / sums_.rows; }
  /// Goes on from the sums of a phase of as many losses and metrics.
  void take_sums(const Phase& other);
  /// Appends the sum and the count, whose ratio is the mean since reset(), of [total, each loss..., each metric...].
  void append_results(std::vector<std::pair<double, double>>& sums) const;
  /// Goes on from such sums, and returns the place behind them.
  std::size_t take_results(const std::vector<std::pair<double, double>>& sums, std::size_t first);

  /// The gradient of the total loss over one whole batch, penalties of weights included. Nothing is committed.
  std::vector<std::pair<VariablePtr, std::vector<Real>>> gradients(const Batch& batch, const Pulse& pulse);

  /// The values that a program keeps of its last step, with their shape and type.
  struct Value {
    Spec spec;  ///< all sizes are known
    std::vector<std::byte> bytes;
  };
  const std::vector<Value>& values() const { return values_; }

  std::string describe_plan(Index batch_size) { return executor_.describe_plan(batch_size); }
  Executor& executor() { return executor_; }

 private:
  // The contribution of a step, or of a part of it, to the sums.
  struct Tally {
    double total = 0, rows = 0;
    std::vector<double> losses, metrics, metric_counts;
  };
  struct Weighing;

  Tally zero() const;
  void add(const Tally& from, Tally& to) const;
  template <class Term>
  Weighing weighing(const Session& session, const Batch& batch, const Term& term) const;
  // Applies call(number) to all numbers of a tally.
  template <class Of, class Call>
  static void each_number(Of& tally, Call&& call);
  void run_convoy(Workspace& space, const Batch& batch, const Pulse& pulse);
  void hand_over(const Session& session, Session* all_rows) const;
  void run_whole(Session& session);
  void join_family();
  void find_stops();
  void count_unmasked(Convoy& convoy, const Batch& batch);
  void run_part(Session& session, const Batch& batch, Index first, Index rows, Tally& tally, Session* all_rows,
                const Pulse& pulse) const;
  double weight_of_batch(const Batch& batch, const LossTerm& term) const;
  void take_losses(Session& session, const Batch& batch, Tally& tally) const;
  void take_metrics(const Session& session, const Batch& batch, Tally& tally) const;
  void take_metrics_of_whole(const Session& session);
  double weight_penalty() const;
  void run_segments(Session& session, const Batch& batch, const Pulse& pulse);
  void commit_segment(Session& session, std::size_t begin, std::size_t end);
  void keep_values(const Session& session);
  void set_rate(std::size_t optimizer);
  bool trains() const { return !program_ && !shares_.empty(); }

  const std::shared_ptr<Peers> peers_;
  std::vector<LossTerm> losses_;
  std::vector<MetricTerm> metrics_;
  std::optional<Program> program_;
  // With peers: the graph in two, where something needs all rows of a batch.
  const std::optional<Division> division_;
  Executor executor_;
  std::optional<Executor> of_whole_;
  std::vector<EdgeId> crossing_;  // edges of executor_ that of_whole_ reads
  struct Updated {
    std::shared_ptr<Optimizer> optimizer;
    GradientTable table;
  };
  std::vector<Updated> shares_;
  std::shared_ptr<Family> family_;  // of all that it reads and writes, from its first run on
  std::vector<Value> values_;
  const double* rates_ = nullptr;
  Tally sums_, step_;
  // The parts of the batch between gradients_of_batch() and reduce().
  Cut cut_ = Cut::alone(0, 0);
  double penalty_ = 0;
  std::vector<Tally> tallies_;
  std::shared_ptr<GradientSum> sum_;  // where batches are in parts

  // Before these nodes the backward pass of a batch in parts has written further blocks of gradients, from there on.
  std::vector<std::size_t> stops_;
  std::vector<Index> written_;
  std::vector<double> numbers_;   // of a tally, as they are sent
  std::vector<double> unmasked_;  // per loss the values of a batch in parts that count
};

}  // namespace fastnn
