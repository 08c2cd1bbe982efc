// The graph: what is computed. Nodes in the order of their making (which is a topological order), edges with their specs,
// and the variables that each node reads. Checks everything when a node is added; knows nothing of memory or time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fastnn/layer.hpp"
#include "fastnn/variable.hpp"

namespace fastnn {

/// Index of an edge in its graph.
using EdgeId = int;

struct Edge {
  Spec spec;
  std::string name;   ///< how errors call it
  int producer = -1;  ///< the node that writes it; -1: fed from outside
};

struct Node {
  std::string kind, name;
  Config config;
  std::shared_ptr<Layer> layer;
  std::vector<EdgeId> inputs, outputs;
  std::vector<VariablePtr> weights;
  std::vector<bool> trained;       ///< per weight, as `trainable` stood when the node was added
  std::shared_ptr<Stream> stream;  ///< null where the node draws nothing
  std::string fused;               ///< the activation in its epilogue, if any
};

class Graph {
 public:
  EdgeId input(Spec spec, const std::string& name);
  /// Adds a node and returns its output edges.
  std::vector<EdgeId> add(const std::string& kind, const std::string& name, const Config& config,
                          const std::vector<EdgeId>& inputs, const std::vector<VariablePtr>& weights,
                          std::shared_ptr<Stream> stream);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Edge>& edges() const { return edges_; }
  const std::vector<EdgeId>& inputs() const { return inputs_; }
  const Edge& edge(EdgeId id) const;

  /// The same computation of `outputs` (renumbered in place), as it will run: nodes that serve no output left out, losses
  /// moved onto the logits, activations taken into the node before them. Inputs all stay, in order.
  Graph rewritten(std::vector<EdgeId>& outputs) const;

  /// A range that a node says for what it reads.
  struct Range {
    Index low, high;
    std::string who;
  };
  /// For an input that a node reads (as it is, or with another shape): the whole numbers that the node can take.
  std::optional<Range> range(EdgeId input) const;

  /// The rows that a node demands of every batch, and its name.
  std::optional<std::pair<Index, std::string>> fixed_rows() const;

  std::string describe() const;

 private:
  std::vector<EdgeId> add(Node node);

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<EdgeId> inputs_;
};

}  // namespace fastnn
