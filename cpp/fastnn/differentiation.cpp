// Gradients as nodes: the node that stands for the gradients of some edges becomes the backward passes of the nodes on
// the way to them.
//
// A backward pass is a node that borrows the memory of the node whose pass it reverses, so every kind of node that can be
// trained can be differentiated in the middle of a graph, and a gradient is an edge which any node may read. An edge or
// a weight with several readers gets the sum of their gradients, the last reader's first, as in the backward pass of an
// executor. Expects all sizes to be known (Graph::at).
#include <algorithm>

#include "fastnn/graph.hpp"

namespace fastnn {
namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

bool is_wanted(const std::vector<VariablePtr>& variables, const VariablePtr& variable) {
  return std::find(variables.begin(), variables.end(), variable) != variables.end();
}

// Whether gradients flow through a node of those that a tape has recorded. The value of a variable is that of the variable
// wherever it is read.
bool is_recorded(const Node& node, const std::vector<std::pair<Index, Index>>& ranges) {
  return (node.inputs.empty() && !node.weights.empty()) ||
         std::any_of(ranges.begin(), ranges.end(), [&](const std::pair<Index, Index>& range) {
           return range.first <= node.number && node.number < range.second;
         });
}

// Which edges before node `end` depend, in a way that can be differentiated, on one of the sources or variables.
std::vector<bool> depend(const std::vector<Node>& nodes, const std::vector<Edge>& edges, std::size_t end,
                         const std::vector<EdgeId>& sources, const std::vector<VariablePtr>& variables,
                         const std::vector<std::pair<Index, Index>>& recorded) {
  std::vector<bool> found(edges.size(), false);
  for (EdgeId id : sources) found[index(id)] = edges[index(id)].spec.dtype == DType::real;
  for (std::size_t i = 0; i < end; ++i) {
    const Node& node = nodes[i];
    if (node.reversal || !node.layer->differentiable() || !is_recorded(node, recorded)) continue;
    bool depends = false;
    for (std::size_t k = 0; k < node.inputs.size(); ++k)
      depends = depends || (found[index(node.inputs[k])] && node.layer->differentiable_input(k));
    for (std::size_t k = 0; k < node.weights.size(); ++k)
      depends = depends || (node.trained[k] && is_wanted(variables, node.weights[k]));
    if (!depends) continue;
    for (EdgeId id : node.outputs) found[index(id)] = found[index(id)] || edges[index(id)].spec.dtype == DType::real;
  }
  return found;
}

// Puts together the nodes of a graph whose gradients are spelled out.
class Differentiation {
 public:
  Differentiation(const std::vector<Node>& nodes, std::vector<Edge>& edges) : from_(nodes), edges_(edges) {}

  std::vector<Node> run() {
    consumed_.resize(from_.size());
    std::vector<int> place(from_.size());
    for (std::size_t i = 0; i < from_.size(); ++i) {
      if (from_[i].layer->differentiates()) {
        place_ = &place;
        replace(i);
        place[i] = -1;
        continue;
      }
      place[i] = static_cast<int>(made_.size());
      for (EdgeId id : from_[i].outputs) edges_[index(id)].producer = place[i];
      made_.push_back(from_[i]);
    }
    return std::move(made_);
  }

 private:
  EdgeId new_edge(const Spec& spec, const std::string& name) {
    edges_.push_back({spec, name, static_cast<int>(made_.size()), {}});
    return static_cast<EdgeId>(edges_.size()) - 1;
  }

  EdgeId add(const std::string& kind, const std::vector<EdgeId>& inputs, const Spec& spec, Index rows,
             EdgeId output = Node::kNone) {
    Node node;
    node.kind = node.name = kind;
    node.layer = make_layer(kind, edges_[index(inputs[0])].name, {});
    node.layer->infer(std::vector<Spec>(inputs.size(), spec));
    node.inputs = inputs;
    node.rows = rows;
    if (output == Node::kNone) output = new_edge(spec, edges_[index(inputs[0])].name);
    edges_[index(output)].producer = static_cast<int>(made_.size());
    node.outputs = {output};
    made_.push_back(std::move(node));
    return output;
  }

  // The sum of the gradients that an edge or a weight has received; kNone where there are none.
  EdgeId total(std::vector<EdgeId>& received, Index rows) {
    if (received.size() > 1) received = {add("AddGradients", received, edges_[index(received[0])].spec, rows)};
    return received.empty() ? Node::kNone : received[0];
  }

  void replace(std::size_t request) {
    const Node& wanted = from_[request];
    const auto& [targets, recorded] = *wanted.layer->differentiates();
    const std::vector<EdgeId> sources(wanted.inputs.begin() + static_cast<std::ptrdiff_t>(2 * targets),
                                      wanted.inputs.end());
    const std::vector<bool> needed = depend(from_, edges_, request, sources, wanted.weights, recorded);
    std::vector<std::vector<EdgeId>> of_edges(edges_.size()), of_weights(wanted.weights.size());
    // The number of rows of a batch of another size than that of the step, by edge.
    std::vector<Index> rows(edges_.size(), 0);
    for (std::size_t i = 0; i < request; ++i)
      for (EdgeId id : from_[i].outputs) rows[index(id)] = from_[i].rows;
    for (std::size_t i = 0; i < targets; ++i)
      if (needed[index(wanted.inputs[i])]) of_edges[index(wanted.inputs[i])].push_back(wanted.inputs[targets + i]);

    for (std::size_t i = request; i-- > 0;) {
      const Node& node = from_[i];
      if (node.reversal || !node.layer->differentiable() || !is_recorded(node, recorded)) continue;
      const bool reached = std::any_of(node.outputs.begin(), node.outputs.end(),
                                       [&](EdgeId id) { return needed[index(id)] && !of_edges[index(id)].empty(); });
      if (!reached) continue;
      const auto flows = [&](std::size_t k) {
        return needed[index(node.inputs[k])] && node.layer->differentiable_input(k);
      };
      if (node.layer->is_alias()) {
        const EdgeId gradient = total(of_edges[index(node.outputs[0])], node.rows);
        const EdgeId input = node.inputs[0];
        if (flows(0))
          of_edges[index(input)].push_back(add("SameGradient", {gradient}, edges_[index(input)].spec, node.rows));
        continue;
      }
      reverse(i, wanted, flows, of_edges, of_weights, rows);
    }

    for (std::size_t k = 0; k < wanted.outputs.size(); ++k) {
      const bool of_edge = k < sources.size();
      auto& received = of_edge ? of_edges[index(sources[k])] : of_weights[k - sources.size()];
      const Index of_rows = of_edge ? rows[index(sources[k])] : 0;
      const EdgeId gradient = total(received, of_rows);
      require(gradient != Node::kNone, "the gradient of ",
              of_edge ? edges_[index(sources[k])].name : wanted.weights[k - sources.size()]->path, " is not reached");
      add("SameGradient", {gradient}, edges_[index(gradient)].spec, of_rows, wanted.outputs[k]);
    }
  }

  template <class Flows>
  void reverse(std::size_t i, const Node& wanted, Flows&& flows, std::vector<std::vector<EdgeId>>& of_edges,
               std::vector<std::vector<EdgeId>>& of_weights, const std::vector<Index>& rows) {
    const Node& node = from_[i];
    Node pass;
    pass.kind = "BackwardPass";
    pass.name = node.name;
    pass.layer = make_layer("BackwardPass", "of " + node.layer->who(), {});
    pass.rows = node.rows;
    pass.reversal.emplace();
    Node::Reversal& reversal = *pass.reversal;
    reversal.of = (*place_)[i];
    reversal.again = consumed_[i];
    consumed_[i] = node.layer->backward_consumes();
    for (EdgeId id : node.outputs) {
      const EdgeId gradient = total(of_edges[index(id)], rows[index(id)]);
      reversal.given.push_back(gradient == Node::kNone ? Node::kNone : static_cast<int>(pass.inputs.size()));
      if (gradient != Node::kNone) pass.inputs.push_back(gradient);
    }
    const std::string name = "gradient of " + node.layer->who();
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      reversal.of_inputs.push_back(flows(k) ? static_cast<int>(pass.outputs.size()) : Node::kNone);
      if (!flows(k)) continue;
      pass.outputs.push_back(new_edge(edges_[index(node.inputs[k])].spec, name));
      of_edges[index(node.inputs[k])].push_back(pass.outputs.back());
    }
    for (std::size_t k = 0; k < node.weights.size(); ++k) {
      const auto found = std::find(wanted.weights.begin(), wanted.weights.end(), node.weights[k]);
      const bool flows_here = node.trained[k] && found != wanted.weights.end();
      reversal.of_weights.push_back(flows_here ? static_cast<int>(pass.outputs.size()) : Node::kNone);
      if (!flows_here) continue;
      pass.outputs.push_back(new_edge({node.weights[k]->shape(), DType::real}, name));
      of_weights[static_cast<std::size_t>(found - wanted.weights.begin())].push_back(pass.outputs.back());
    }
    check_unchanged(node, static_cast<std::size_t>(reversal.of));
    // Sums of gradients may have been added since the edges were made.
    for (EdgeId id : pass.outputs) edges_[index(id)].producer = static_cast<int>(made_.size());
    made_.push_back(std::move(pass));
  }

  // Raises where a commit between the forward and the backward pass of a node changes its weights.
  void check_unchanged(const Node& node, std::size_t place) const {
    const BackwardReads reads = node.layer->backward_reads();
    if (node.weights.empty() || (!reads.inputs && !reads.outputs)) return;
    std::vector<VariablePtr> pending;
    for (std::size_t j = 0; j < made_.size(); ++j) {
      const Layer& layer = *made_[j].layer;
      if (!layer.updates().empty() || layer.updates_state())
        for (std::size_t k = 0; k < made_[j].weights.size(); ++k)
          if (!layer.updates().empty() || !made_[j].trained[k]) pending.push_back(made_[j].weights[k]);
      if (!layer.commits_before()) continue;
      for (std::size_t k = 0; k < node.weights.size() && j > place; ++k)
        require(!node.trained[k] || !is_wanted(pending, node.weights[k]), "the gradient through ", node.layer->who(),
                " is taken after ", node.weights[k]->path,
                " was changed and read again; take the gradient before the weights are changed");
      pending.clear();
    }
  }

  const std::vector<Node>& from_;
  std::vector<Edge>& edges_;
  std::vector<Node> made_;
  std::vector<bool> consumed_;  // per node: a reversal has overwritten what its forward pass kept
  const std::vector<int>* place_ = nullptr;
};

}  // namespace

std::vector<bool> Graph::reached(const std::vector<EdgeId>& targets, const std::vector<EdgeId>& sources,
                                 const std::vector<VariablePtr>& variables,
                                 const std::vector<std::pair<Index, Index>>& recorded) const {
  std::vector<bool> leads(edges_.size(), false);  // per edge: a target depends on it
  std::vector<VariablePtr> weights;
  for (EdgeId id : targets) leads[index(id)] = true;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    const Node& node = nodes_[i];
    if (!node.layer->differentiable() || !is_recorded(node, recorded) ||
        std::none_of(node.outputs.begin(), node.outputs.end(),
                     [&](EdgeId id) { return leads[index(id)] && edges_[index(id)].spec.dtype == DType::real; }))
      continue;
    for (std::size_t k = 0; k < node.inputs.size(); ++k)
      if (node.layer->differentiable_input(k)) leads[index(node.inputs[k])] = true;
    for (std::size_t k = 0; k < node.weights.size(); ++k)
      if (node.trained[k]) weights.push_back(node.weights[k]);
  }
  std::vector<bool> result;
  result.reserve(sources.size() + variables.size());
  for (EdgeId id : sources) result.push_back(leads[index(id)] && edges_[index(id)].spec.dtype == DType::real);
  for (const VariablePtr& variable : variables) result.push_back(is_wanted(weights, variable));
  return result;
}

Graph Graph::differentiated() const {
  const auto stands_for = [](const Node& node) { return node.layer->differentiates() != nullptr; };
  Graph graph = *this;
  if (std::any_of(nodes_.begin(), nodes_.end(), stands_for)) graph.nodes_ = Differentiation(nodes_, graph.edges_).run();
  return graph;
}

}  // namespace fastnn
