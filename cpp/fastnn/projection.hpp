// A constraint of a user's own: a graph that computes the allowed value of one weight after an update.
#pragma once

#include <memory>

#include "fastnn/executor.hpp"

namespace fastnn {

class Projection {
 public:
  /// The graph has no inputs: it reads `value`, which holds the weight while it runs. `output` has the weight's shape.
  Projection(const Graph& graph, EdgeId output, VariablePtr value);

  /// Replaces a weight of the shape of `value`. Expects WriteVariables to be held.
  void apply(const Variable& weight);

 private:
  VariablePtr value_;
  Executor executor_;
  std::unique_ptr<Session> session_;
};

}  // namespace fastnn
