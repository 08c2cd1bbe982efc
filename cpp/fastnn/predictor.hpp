// The predictor: forward passes of a graph over any number of rows, batch by batch. Several threads may run one
// predictor at the same time; each leases a session of its own and shares the variables for the duration of a batch.
#pragma once

#include <string>
#include <vector>

#include "fastnn/columns.hpp"
#include "fastnn/executor.hpp"

namespace fastnn {

class Predictor {
 public:
  /// training: passes as in a training step, without losses and gradients. Dropout is applied, and each batch commits
  /// moving statistics and random streams. Outputs may then be of a fixed shape.
  Predictor(const Graph& graph, const std::vector<EdgeId>& outputs, bool training = false);

  std::size_t outputs() const { return executor_.wanted().outputs.size(); }
  const Spec& output(std::size_t i) const { return executor_.graph().edge(executor_.output(i)).spec; }

  /// Computes rows [begin, end) of the columns, in batches, into the same rows of dense arrays `to`, one per output. An
  /// output of a fixed shape holds the value of the last batch.
  void run(const std::vector<Column>& columns, Index begin, Index end, Index batch_size, const std::vector<void*>& to,
           const Pulse& pulse);

  std::string describe_plan(Index batch_size) { return executor_.describe_plan(batch_size); }

 private:
  Executor executor_;
  std::vector<bool> owned_;  // per output: it shares its memory with no input and no earlier output
};

}  // namespace fastnn
