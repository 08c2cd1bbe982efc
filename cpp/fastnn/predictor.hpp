// The predictor: forward passes of a graph over as many rows as there are, batch by batch. Any number of threads may run one
// at a time; each takes a session of its own and shares the variables for a batch.
#pragma once

#include <string>
#include <vector>

#include "fastnn/columns.hpp"
#include "fastnn/executor.hpp"

namespace fastnn {

class Predictor {
 public:
  Predictor(const Graph& graph, const std::vector<EdgeId>& outputs);

  std::size_t outputs() const { return executor_.wanted().outputs.size(); }
  const Spec& output(std::size_t i) const { return executor_.graph().edge(executor_.output(i)).spec; }

  /// Rows [begin, end) of the columns, in batches, into the same rows of dense arrays `to`, one per output.
  void run(const std::vector<Column>& columns, Index begin, Index end, Index batch_size, const std::vector<void*>& to,
           const Pulse& pulse);

  std::string describe_plan(Index batch_size) { return executor_.describe_plan(batch_size); }

 private:
  Executor executor_;
  std::vector<bool> owned_;  // per output: no input and no earlier output lies at the same place
};

}  // namespace fastnn
