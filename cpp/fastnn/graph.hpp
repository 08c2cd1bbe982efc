// The graph: what is computed. Nodes in the order of their creation (a topological order), edges with their specs, and
// the variables that each node reads. All checks happen when a node is added. A graph knows nothing of memory or time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fastnn/layer.hpp"
#include "fastnn/sizing.hpp"
#include "fastnn/variable.hpp"

namespace fastnn {

/// Index of an edge in its graph.
using EdgeId = int;

struct Edge {
  Spec spec;          ///< unknown dimensions depend on the number of rows
  std::string name;   ///< its name in error messages
  int producer = -1;  ///< the node that writes it; -1: an input of the graph
  /// In the trial batches, where it depends on the number of rows in another way than a batch does; else empty.
  std::vector<Sized> trials{};

  /// True where its shape follows from its spec: a batch, or a fixed shape.
  bool plain() const { return trials.empty() || spec.shape.empty(); }
};

struct Node {
  std::string kind, name;
  Config config;
  std::shared_ptr<Layer> layer;
  std::vector<EdgeId> inputs, outputs;
  std::vector<EdgeId> sources{};  ///< scalars whose values are sizes in the config
  std::vector<VariablePtr> weights;
  std::vector<bool> trained;                           ///< per weight: the value of `trainable` when the node was added
  std::shared_ptr<Stream> stream;                      ///< null where the node draws no random numbers
  std::optional<kernels::ActivationFunction> fused{};  ///< the fused activation, if any
  bool sized = false;  ///< the layer is made for each number of rows; `layer` is that of a trial batch
  Index rows = 0;      ///< the rows that the layer sees; 0: those of the batch
  Index number = -1;   ///< its place among the nodes as they were added

  /// For a node that runs the backward pass of another: that node, and where its gradients lie, as indices into
  /// `inputs` (those of its outputs) and `outputs` (those of its inputs and weights); kNone: there is none.
  struct Reversal {
    int of;
    std::vector<int> given, of_inputs, of_weights;
    bool again;  ///< the forward pass runs once more before, since an earlier reversal has overwritten what it kept
  };
  static constexpr int kNone = -1;
  std::optional<Reversal> reversal{};
};

class Graph {
 public:
  /// in_order: nodes read what nodes before them have written to variables, as statements of a program do. A node that
  /// commits is then added before one that reads a variable which an earlier node changes.
  explicit Graph(bool in_order = false) : in_order_(in_order) {}

  /// Adds an input. Where its first dimension is known, every batch has this many rows.
  EdgeId input(Spec spec, const std::string& name);
  /// An edge of these shapes and values in the trial batches, to learn what nodes make of it; such a graph never runs.
  EdgeId stand_in(const std::vector<Sized>& trials);
  /// Adds a node and returns its output edges. Inputs that the config names as sources of sizes come last.
  std::vector<EdgeId> add(const std::string& kind, const std::string& name, const Config& config,
                          const std::vector<EdgeId>& inputs, const std::vector<VariablePtr>& weights,
                          std::shared_ptr<Stream> stream);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Edge>& edges() const { return edges_; }
  const std::vector<EdgeId>& inputs() const { return inputs_; }
  /// The number of rows that the inputs fix; 0: any number.
  Index input_rows() const { return rows_; }
  const Edge& edge(EdgeId id) const;

  /// The same computation of `outputs` (renumbered in place) in the form that runs: without nodes that no output needs,
  /// with losses on logits, and with fused activations. All inputs stay, in order.
  /// inference: no pass of training will run, so channels that are scaled after a product are scaled in its weights.
  Graph rewritten(std::vector<EdgeId>& outputs, bool inference = false) const;

  /// The graph of some of the nodes; `numbers` receives for each edge its number there, or -1. What they read of others is
  /// an input, and with `all_inputs` the inputs of this graph come first.
  Graph of_some(const std::vector<bool>& kept, bool all_inputs, std::vector<EdgeId>& numbers) const;

  /// True where sizes depend on the number of rows in other ways than a batch does: at() then gives what runs.
  bool sized() const { return sized_; }
  /// The same graph for batches of exactly this many rows, of which all sizes are known; edges keep their numbers.
  /// Raises ValueError where the sizes do not fit.
  Graph at(Index rows) const;
  /// The number of rows of trial batch `trial`, and an edge in it.
  Index trial_rows(std::size_t trial) const { return rows_ > 0 ? rows_ : kTrialRows[trial]; }
  Sized trial(EdgeId edge, std::size_t trial) const;

  /// The number of nodes that have been added.
  Index size() const { return static_cast<Index>(nodes_.size()); }
  /// Which of some edges, and then of some variables, the gradients of the targets reach.
  /// recorded: the ranges of nodes, by number, through which they flow; the value of a variable is read in any.
  std::vector<bool> reached(const std::vector<EdgeId>& targets, const std::vector<EdgeId>& sources,
                            const std::vector<VariablePtr>& variables,
                            const std::vector<std::pair<Index, Index>>& recorded) const;
  /// The same computation with the backward passes that give the gradients in place of the nodes that stand for them;
  /// edges keep their numbers. Raises ValueError where a backward pass would read weights that were changed since.
  Graph differentiated() const;

  /// The range [low, high) of integers that the node `who` can read.
  struct Range {
    Index low, high;
    std::string who;
  };
  /// The integers that an input may hold, where a node reads it (as it is or with another shape) as indices.
  std::optional<Range> range(EdgeId input) const;

  /// The number of rows that an input or a node requires of every batch, and its name.
  std::optional<std::pair<Index, std::string>> fixed_rows() const;

  /// The variables and random streams of its nodes, by address.
  Members shared() const;
  /// True where a step changes state or advances random streams.
  bool commits() const;

  std::string describe() const;

 private:
  std::vector<EdgeId> add(Node node);
  Edge edge_of(const std::vector<Sized>& trials) const;
  bool has_common_rows(const Node& node) const;
  std::optional<std::vector<Edge>> made_for_batches(Node& node) const;
  std::vector<Edge> made_for_rows(Node& node) const;
  std::vector<Sized> trial_inputs(const Node& node, std::size_t trial) const;

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<EdgeId> inputs_;
  void commit_before(const Node& node);

  bool in_order_;
  std::vector<VariablePtr> changed_;  // by nodes after the last that commits
  bool sized_ = false;
  Index rows_ = 0;  // that every batch has, where an input says so; else 0
};

}  // namespace fastnn
