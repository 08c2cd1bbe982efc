// The predictor: forward passes of a graph over any number of rows, batch by batch. Several threads may run one
// predictor at the same time; each leases a session of its own and shares the variables for the duration of a batch.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "fastnn/columns.hpp"
#include "fastnn/executor.hpp"

namespace fastnn {

class Predictor {
 public:
  /// training: passes as in a training step, without losses and gradients. Dropout is applied, and each batch commits
  /// moving statistics and random streams.
  Predictor(const Graph& graph, const std::vector<EdgeId>& outputs, bool training = false);

  std::size_t outputs() const { return executor_.wanted().outputs.size(); }
  /// Its unknown dimensions depend on the number of rows.
  const Spec& output(std::size_t i) const { return executor_.graph().edge(executor_.output(i)).spec; }
  /// True where all outputs have one row per sample.
  bool plain() const { return plain_; }
  /// The shape of output i for one batch of `rows` rows. Raises ValueError where sizes do not fit.
  Shape shape(std::size_t i, Index rows);

  /// Computes rows [begin, end) of the columns, in batches, into the same rows of dense arrays `to`, one per output.
  /// Where outputs do not have one row per sample there is one batch.
  void run(const std::vector<Column>& columns, Index begin, Index end, Index batch_size, const std::vector<void*>& to,
           const Pulse& pulse);

  Executor& executor() { return executor_; }
  std::string describe_plan(Index batch_size) { return executor_.describe_plan(batch_size); }

 private:
  Family& family();

  Executor executor_;
  ForkSafeMutex mutex_;
  std::shared_ptr<Family> family_;  // of all that it reads and writes, from its first run on
  std::atomic<Family*> known_family_{nullptr};
  bool plain_ = true;
  std::vector<bool> owned_;  // per output: it shares its memory with no input and no earlier output
};

}  // namespace fastnn
