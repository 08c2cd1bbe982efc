// Nodes and spans as Python sees them.
#include "recording.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <vector>

namespace fastnn::bindings {

py::list nodes_of(const Graph& graph) {
  py::list nodes;
  // Edges of which a backward pass computes the gradients.
  std::vector<bool> reached(graph.edges().size(), false);
  for (const Node& node : graph.nodes()) {
    const auto flows = [&](EdgeId edge) { return bool{reached[static_cast<std::size_t>(edge)]}; };
    const auto trained = std::find(node.trained.begin(), node.trained.end(), true) != node.trained.end();
    // A gradient takes as many as the pass itself: that of the weights, and that of each factor that is an input.
    const auto gradients = static_cast<double>(trained) +
                           static_cast<double>(std::count_if(node.inputs.begin(), node.inputs.end(), flows));
    if (node.layer->differentiable() && gradients > 0)
      for (const EdgeId edge : node.outputs) reached[static_cast<std::size_t>(edge)] = true;
    double bytes = 0, weights = 0;
    for (const auto* edges : {&node.inputs, &node.outputs})
      for (const EdgeId edge : *edges) bytes += static_cast<double>(graph.edge(edge).spec.bytes(1));
    for (const VariablePtr& weight : node.weights) weights += 4.0 * static_cast<double>(weight->size());
    nodes.append(py::make_tuple(node.name, node.kind, node.fused ? kernels::name_of(node.fused->activation) : "",
                                node.layer->algorithm(), node.layer->multiply_adds(),
                                std::min(gradients, 2.0) * node.layer->multiply_adds(), bytes, weights));
  }
  return nodes;
}

py::tuple recorded_of(Executor& executor) {
  const Executor::Recorded recorded = executor.recorded();
  py::array_t<double> array({static_cast<py::ssize_t>(recorded.spans.size()), py::ssize_t{5}});
  double* to = array.mutable_data();
  for (const Span& span : recorded.spans) {
    *to++ = span.node;
    *to++ = static_cast<int>(span.part);
    *to++ = span.thread;
    *to++ = span.begin;
    *to++ = span.end;
  }
  return py::make_tuple(array, recorded.lost, recorded.memory, recorded.packed);
}

void record(Trainer& trainer, bool on) {
  for (std::size_t i = 0; i < trainer.phases(); ++i) trainer.executor(i).record(on);
}

py::list recorded(Trainer& trainer) {
  py::list phases;
  for (std::size_t i = 0; i < trainer.phases(); ++i)
    phases.append(py::make_tuple(nodes_of(trainer.executor(i).graph()), recorded_of(trainer.executor(i))));
  return phases;
}

}  // namespace fastnn::bindings
