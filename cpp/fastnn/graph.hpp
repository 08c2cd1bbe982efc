// The graph: what is computed. Nodes in the order of their creation (a topological order), edges with their specs, and
// the variables that each node reads. All checks happen when a node is added. A graph knows nothing of memory or time.
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
  std::string name;   ///< its name in error messages
  int producer = -1;  ///< the node that writes it; -1: an input of the graph
};

struct Node {
  std::string kind, name;
  Config config;
  std::shared_ptr<Layer> layer;
  std::vector<EdgeId> inputs, outputs;
  std::vector<VariablePtr> weights;
  std::vector<bool> trained;       ///< per weight: the value of `trainable` when the node was added
  std::shared_ptr<Stream> stream;  ///< null where the node draws no random numbers
  std::string fused;               ///< the fused activation, if any
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

  /// The same computation of `outputs` (renumbered in place) in the form that runs: without nodes that no output needs,
  /// with losses on logits, and with fused activations. All inputs stay, in order.
  Graph rewritten(std::vector<EdgeId>& outputs) const;

  /// The range [low, high) of integers that the node `who` can read.
  struct Range {
    Index low, high;
    std::string who;
  };
  /// The integers that an input may hold, where a node reads it (as it is or with another shape) as indices.
  std::optional<Range> range(EdgeId input) const;

  /// The number of rows that a node requires of every batch, and its name.
  std::optional<std::pair<Index, std::string>> fixed_rows() const;

  /// True where a step changes state or advances random streams.
  bool commits() const;

  std::string describe() const;

 private:
  std::vector<EdgeId> add(Node node);

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<EdgeId> inputs_;
};

}  // namespace fastnn
