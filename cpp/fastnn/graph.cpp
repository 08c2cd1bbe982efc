// Construction and rewriting of graphs. A rewrite makes a copy: the graph that Python built stays unchanged.
#include "fastnn/graph.hpp"

#include <algorithm>
#include <sstream>

namespace fastnn {

EdgeId Graph::input(Spec spec, const std::string& name) {
  require(!spec.shape.empty() && spec.shape[0] == kUnknown, "input \"", name,
          "\" expects a shape that starts with the batch");
  edges_.push_back({std::move(spec), name, -1});
  inputs_.push_back(static_cast<EdgeId>(edges_.size()) - 1);
  return inputs_.back();
}

const Edge& Graph::edge(EdgeId id) const {
  require(id >= 0 && id < static_cast<EdgeId>(edges_.size()), "no edge ", id, " in this graph");
  return edges_[static_cast<std::size_t>(id)];
}

std::vector<EdgeId> Graph::add(const std::string& kind, const std::string& name, const Config& config,
                               const std::vector<EdgeId>& inputs, const std::vector<VariablePtr>& weights,
                               std::shared_ptr<Stream> stream) {
  Node node;
  node.kind = kind;
  node.name = name;
  node.config = config;
  node.inputs = inputs;
  node.weights = weights;
  node.stream = std::move(stream);
  for (const VariablePtr& weight : weights) node.trained.push_back(weight->trainable);
  return add(std::move(node));
}

std::vector<EdgeId> Graph::add(Node node) {
  node.layer = make_layer(node.kind, node.name, node.config);
  std::vector<Spec> specs;
  for (EdgeId id : node.inputs) specs.push_back(edge(id).spec);
  const Signature signature = node.layer->checked_infer(specs);

  require(signature.weights.size() == node.weights.size(), node.layer->who(), " has ", signature.weights.size(),
          " weights, got ", node.weights.size());
  for (std::size_t i = 0; i < node.weights.size(); ++i) {
    const WeightSpec& spec = signature.weights[i];
    require(node.weights[i]->shape() == spec.shape, node.layer->who(), " was built with ", spec.name, " of shape ",
            to_string(node.weights[i]->shape()), ", but these inputs ask for ", to_string(spec.shape),
            "; give it inputs of the shape it was built with, or make a new layer");
    node.trained[i] = node.trained[i] && spec.trainable;
  }
  if (node.layer->random() && node.stream == nullptr)
    throw ValueError(node.layer->who() + " draws random numbers and needs a stream");

  node.outputs.clear();
  for (const Spec& spec : signature.outputs) {
    edges_.push_back({spec, node.layer->who(), static_cast<int>(nodes_.size())});
    node.outputs.push_back(static_cast<EdgeId>(edges_.size()) - 1);
  }
  nodes_.push_back(std::move(node));
  return nodes_.back().outputs;
}

namespace {

// The number of readers of each edge; a wanted output counts as a reader.
std::vector<int> count_readers(const std::vector<Node>& nodes, std::size_t edges, const std::vector<EdgeId>& outputs) {
  std::vector<int> readers(edges, 0);
  for (const Node& node : nodes)
    for (EdgeId id : node.inputs) ++readers[static_cast<std::size_t>(id)];
  for (EdgeId id : outputs) ++readers[static_cast<std::size_t>(id)];
  return readers;
}

}  // namespace

Graph Graph::rewritten(std::vector<EdgeId>& outputs) const {
  std::vector<Node> nodes = nodes_;

  // A loss that can work on logits reads them instead of the output of the activation: exact where the activation
  // saturates, and one pass less.
  for (Node& node : nodes) {
    const auto absorbed = node.layer->absorbs();
    if (!absorbed) continue;
    EdgeId& prediction = node.inputs.back();
    const int producer = edge(prediction).producer;
    if (producer < 0 || nodes_[static_cast<std::size_t>(producer)].layer->activation() != absorbed->activation)
      continue;
    prediction = nodes_[static_cast<std::size_t>(producer)].inputs[0];
    node.config.set(absorbed->flag, true);
  }

  // An activation moves behind a node with which it commutes: the relu of a convolution behind its only reader, a
  // pooling.
  const std::vector<int> read = count_readers(nodes, edges_.size(), outputs);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto name = nodes[i].layer->activation();
    kernels::Activation function{};
    if (!name || !kernels::find_activation(*name, function) || read[static_cast<std::size_t>(nodes[i].outputs[0])] != 1)
      continue;
    const auto reader = std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) {
      return node.inputs == nodes[i].outputs && node.layer->commutes(function);
    });
    if (reader == nodes.end()) continue;
    std::swap(nodes[i].inputs, reader->inputs);
    std::swap(nodes[i].outputs, reader->outputs);
    std::swap(nodes[i], *reader);
  }

  std::vector<bool> wanted(edges_.size(), false);
  for (EdgeId id : outputs) wanted[static_cast<std::size_t>(id)] = true;
  std::vector<bool> kept(nodes.size(), false);
  for (std::size_t i = nodes.size(); i-- > 0;) {
    const auto& made = nodes[i].outputs;
    kept[i] = nodes[i].layer->is_effect() ||
              std::any_of(made.begin(), made.end(), [&](EdgeId id) { return wanted[static_cast<std::size_t>(id)]; });
    if (kept[i])
      for (EdgeId id : nodes[i].inputs) wanted[static_cast<std::size_t>(id)] = true;
  }
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (!kept[i]) nodes[i].inputs.clear();

  const std::vector<int> readers = count_readers(nodes, edges_.size(), outputs);

  Graph result;
  std::vector<EdgeId> renumbered(edges_.size(), -1);
  for (EdgeId id : inputs_) {
    const Edge& from = edges_[static_cast<std::size_t>(id)];
    renumbered[static_cast<std::size_t>(id)] = result.input(from.spec, from.name);
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!kept[i]) continue;
    const Node& node = nodes[i];
    // An activation is fused into the node that computes its input, where it is the only reader of that input.
    if (node.layer->activation()) {
      const EdgeId from = node.inputs[0];
      const int made_by = result.edge(renumbered[static_cast<std::size_t>(from)]).producer;
      Node* before = made_by < 0 ? nullptr : &result.nodes_[static_cast<std::size_t>(made_by)];
      kernels::Activation function{};
      if (before != nullptr && before->fused.empty() && readers[static_cast<std::size_t>(from)] == 1 &&
          kernels::find_activation(*node.layer->activation(), function) && kernels::derivative_from_output(function) &&
          before->layer->fuse(function)) {
        before->fused = *node.layer->activation();
        renumbered[static_cast<std::size_t>(node.outputs[0])] = renumbered[static_cast<std::size_t>(from)];
        continue;
      }
    }
    Node copy = node;
    for (EdgeId& id : copy.inputs) id = renumbered[static_cast<std::size_t>(id)];
    const std::vector<EdgeId> made = result.add(std::move(copy));
    for (std::size_t k = 0; k < made.size(); ++k) renumbered[static_cast<std::size_t>(node.outputs[k])] = made[k];
  }
  for (EdgeId& id : outputs) id = renumbered[static_cast<std::size_t>(id)];
  return result;
}

std::optional<Graph::Range> Graph::range(EdgeId input) const {
  std::vector<EdgeId> same{input};
  std::optional<Range> found;
  for (const Node& node : nodes_)
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (std::find(same.begin(), same.end(), node.inputs[i]) == same.end()) continue;
      if (node.layer->is_alias()) same.push_back(node.outputs[0]);
      const auto range = node.layer->range(i);
      if (!range) continue;
      if (!found || range->second < found->high) found = Range{range->first, range->second, node.layer->who()};
    }
  return found;
}

bool Graph::commits() const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [](const Node& node) { return node.layer->random() || node.layer->updates_state(); });
}

std::optional<std::pair<Index, std::string>> Graph::fixed_rows() const {
  for (const Node& node : nodes_)
    if (const Index rows = node.layer->fixed_rows(); rows > 0) return std::pair(rows, node.layer->who());
  return std::nullopt;
}

std::string Graph::describe() const {
  std::ostringstream out;
  for (EdgeId id : inputs_)
    out << "%" << id << " = input " << edge(id).name << " " << to_string(edge(id).spec.shape) << "\n";
  for (const Node& node : nodes_) {
    for (std::size_t i = 0; i < node.outputs.size(); ++i) out << (i ? ", %" : "%") << node.outputs[i];
    out << " = " << node.layer->who() << "(";
    for (std::size_t i = 0; i < node.inputs.size(); ++i) out << (i ? ", %" : "%") << node.inputs[i];
    out << ")" << (node.fused.empty() ? "" : " + " + node.fused) << " -> "
        << to_string(edge(node.outputs[0]).spec.shape) << "\n";
  }
  return out.str();
}

}  // namespace fastnn
