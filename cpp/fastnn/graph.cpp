// Construction and rewriting of graphs. A rewrite makes a copy: the graph that Python built stays unchanged.
#include "fastnn/graph.hpp"

#include <algorithm>
#include <sstream>

namespace fastnn {

EdgeId Graph::input(Spec spec, const std::string& name) {
  require(!spec.shape.empty(), "input \"", name, "\" expects a shape that starts with the batch");
  require(is_feasible(spec.shape), "input \"", name, "\" of shape ", to_string(spec.shape),
          " is too large: a dimension is at most ", kMostSize, ", and the elements of a row are at most ",
          kMostElements);
  if (spec.shape[0] != kUnknown) {
    require(spec.shape[0] > 0 && (rows_ == 0 || rows_ == spec.shape[0]), "input \"", name,
            "\" expects the same number of rows as the other inputs, got ", spec.shape[0], " and ", rows_);
    rows_ = spec.shape[0];
    spec.shape[0] = kUnknown;
  }
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
  const int sources = config.size_inputs();
  require(static_cast<std::size_t>(sources) <= inputs.size(), kind, " \"", name, "\" has ", inputs.size(),
          " inputs, of which ", sources, " hold sizes");
  node.inputs.assign(inputs.begin(), inputs.end() - sources);
  node.sources.assign(inputs.end() - sources, inputs.end());
  node.weights = weights;
  node.stream = std::move(stream);
  for (const VariablePtr& weight : weights) node.trained.push_back(weight->trainable);
  return add(std::move(node));
}

std::vector<EdgeId> Graph::add(Node node) {
  const auto for_batches = has_common_rows(node) ? made_for_batches(node) : std::nullopt;
  std::vector<Edge> made = for_batches ? *for_batches : made_for_rows(node);
  if (node.layer->random() && node.stream == nullptr)
    throw ValueError(node.layer->who() + " draws random numbers and needs a stream");
  if (in_order_) commit_before(node);
  if (node.number < 0) node.number = size();
  node.outputs.clear();
  for (Edge& edge : made) {
    sized_ = sized_ || node.sized || !edge.plain();
    edge.name = node.layer->who();
    edge.producer = static_cast<int>(nodes_.size());
    edges_.push_back(std::move(edge));
    node.outputs.push_back(static_cast<EdgeId>(edges_.size()) - 1);
  }
  nodes_.push_back(std::move(node));
  return nodes_.back().outputs;
}

// Adds a node that commits where a node reads a variable that an earlier one changes, and notes what the node changes.
void Graph::commit_before(const Node& node) {
  const Layer& layer = *node.layer;
  if (layer.differentiates()) return;
  const bool updates = !layer.updates().empty();
  const auto writes = [&](std::size_t i) { return updates || (layer.updates_state() && !node.trained[i]); };
  for (std::size_t i = 0; i < node.weights.size(); ++i) {
    if (std::find(changed_.begin(), changed_.end(), node.weights[i]) == changed_.end()) continue;
    if (updates || (writes(i) && !layer.reads_state())) continue;
    changed_.clear();
    add("Commit", "commit", {}, {}, {}, nullptr);
    break;
  }
  for (std::size_t i = 0; i < node.weights.size(); ++i)
    if (writes(i)) changed_.push_back(node.weights[i]);
}

namespace {

void check_weights(Node& node, const std::vector<WeightSpec>& needed) {
  require(needed.size() == node.weights.size(), node.layer->who(), " has ", needed.size(), " weights, got ",
          node.weights.size());
  // What neither reads nor writes its weights itself takes them as they are held, if they are floats.
  const bool computes = node.layer->differentiates() == nullptr && node.layer->updates().empty();
  for (std::size_t i = 0; i < node.weights.size(); ++i) {
    const WeightSpec& spec = needed[i];
    require(node.weights[i]->shape() == spec.shape, node.layer->who(), " was built with ", spec.name, " of shape ",
            to_string(node.weights[i]->shape()), ", but these inputs ask for ", to_string(spec.shape),
            "; give it inputs of the shape it was built with, or make a new layer");
    const DType dtype = computes ? node.weights[i]->dtype() : node.weights[i]->exchanged();
    require(dtype == spec.dtype, node.layer->who(), " expects ", spec.name, " in ", name_of(spec.dtype), ", got ",
            name_of(node.weights[i]->dtype()));
    node.trained[i] = node.trained[i] && spec.trainable;
  }
}

}  // namespace

// An edge that has these shapes and values in the trial batches.
Edge Graph::edge_of(const std::vector<Sized>& trials) const {
  const Shape &one = trials[0].spec.shape, &other = trials[1].spec.shape;
  Edge edge{trials[0].spec, "", -1, trials};
  require(one.size() == other.size(), "expects outputs of the same rank in every batch");
  bool first_alone = true;
  for (std::size_t d = 0; d < one.size(); ++d) {
    if (one[d] == other[d]) continue;
    edge.spec.shape[d] = kUnknown;
    first_alone = first_alone && d == 0;
  }
  const bool is_batch = first_alone && !one.empty() && one[0] == trial_rows(0) && other[0] == trial_rows(1);
  if (is_batch) edge.spec.shape[0] = kUnknown;
  if (is_batch || (one == other && !trials[0].value)) edge.trials.clear();
  return edge;
}

Sized Graph::trial(EdgeId id, std::size_t trial) const {
  const Edge& found = edge(id);
  if (!found.trials.empty()) return found.trials[trial];
  if (found.spec.shape.empty() && found.producer >= 0) {
    const Node& node = nodes_[static_cast<std::size_t>(found.producer)];
    if (node.inputs.empty() && node.weights.empty() && node.outputs.size() == 1 && !node.layer->random())
      return make_sized(node.kind, node.name, node.config, {}).outputs[0];
  }
  Sized sized{found.spec, std::nullopt};
  if (sized.spec.batched()) sized.spec.shape[0] = trial_rows(trial);
  return sized;
}

EdgeId Graph::stand_in(const std::vector<Sized>& trials) {
  edges_.push_back(edge_of(trials));
  edges_.back().name = "stand-in";
  return static_cast<EdgeId>(edges_.size()) - 1;
}

std::vector<Sized> Graph::trial_inputs(const Node& node, std::size_t trial) const {
  std::vector<Sized> inputs;
  for (EdgeId id : node.inputs) inputs.push_back(this->trial(id, trial));
  for (EdgeId id : node.sources) inputs.push_back(this->trial(id, trial));
  return inputs;
}

// True where all inputs with an unknown size have the same first one, and no other.
bool Graph::has_common_rows(const Node& node) const {
  if (!node.sources.empty()) return false;
  std::optional<std::array<Index, 2>> common;
  for (EdgeId id : node.inputs) {
    const Edge& input = edge(id);
    if (std::count(input.spec.shape.begin(), input.spec.shape.end(), kUnknown) > (input.spec.batched() ? 1 : 0))
      return false;
    if (!input.spec.batched()) continue;
    std::array<Index, 2> rows{trial_rows(0), trial_rows(1)};
    for (std::size_t k = 0; k < input.trials.size(); ++k) rows[k] = input.trials[k].spec.shape[0];
    if (common && *common != rows) return false;
    common = rows;
  }
  return true;
}

// The outputs of a node that takes the rows as they come; none where it cannot.
std::optional<std::vector<Edge>> Graph::made_for_batches(Node& node) const {
  node.layer = make_layer(node.kind, node.name, node.config);
  node.sized = false;
  std::vector<Spec> specs;
  const Edge* batch = nullptr;
  bool valued = !node.layer->reads_values();
  for (EdgeId id : node.inputs) {
    const Edge& input = edge(id);
    specs.push_back(input.spec);
    if (input.spec.batched()) batch = &input;
    valued = valued || (!input.trials.empty() && input.trials[0].value);
  }
  Signature signature;
  try {
    signature = node.layer->checked_infer(specs);
  } catch (const RowsNeeded&) {
    return std::nullopt;
  } catch (const ValueError&) {
    if (rows_ == 0) throw;
    return std::nullopt;  // all sizes are known
  }
  check_weights(node, signature.weights);
  std::vector<Edge> made;
  for (Spec& spec : signature.outputs) {
    Edge output{spec, "", -1, {}};
    if (spec.batched() && batch != nullptr && !batch->trials.empty())
      for (const Sized& trial : batch->trials) {
        Sized sized{spec, std::nullopt};
        sized.spec.shape[0] = trial.spec.shape[0];
        output.trials.push_back(std::move(sized));
      }
    made.push_back(std::move(output));
  }
  if (valued && made.size() == 1 && made[0].spec.shape.empty()) {
    std::vector<Sized> trials;
    for (std::size_t k = 0; k < kTrialRows.size(); ++k)
      trials.push_back(make_sized(node.kind, node.name, node.config, trial_inputs(node, k)).outputs[0]);
    made[0] = edge_of(trials);
  }
  return made;
}

// The outputs of a node that is made for each number of rows.
std::vector<Edge> Graph::made_for_rows(Node& node) const {
  std::array<SizedNode, 2> made;
  for (std::size_t k = 0; k < kTrialRows.size(); ++k) try {
      made[k] = make_sized(node.kind, node.name, node.config, trial_inputs(node, k));
    } catch (const ValueError& error) {
      throw ValueError(rows_ > 0 ? error.what() : about_any_batch(error.what(), kTrialRows[k]));
    }
  node.layer = made[0].layer;
  node.sized = true;
  for (const SizedNode& one : made) try {
      check_weights(node, one.weights);
    } catch (const ValueError& error) {
      throw ValueError(about_any_batch(error.what(), kTrialRows[0]));
    }
  std::vector<Edge> edges;
  for (std::size_t i = 0; i < made[0].outputs.size(); ++i)
    edges.push_back(edge_of({made[0].outputs[i], made[1].outputs[i]}));
  return edges;
}

Graph Graph::at(Index rows) const {
  require(rows_ == 0 || rows == rows_, "expected batches of ", rows_, " rows, got ", rows);
  Graph graph = *this;
  graph.sized_ = false;
  std::vector<Sized> known(edges_.size());
  std::vector<bool> expected(edges_.size(), true);  // per edge: its shape is the one that its spec gives
  for (std::size_t id = 0; id < edges_.size(); ++id) {
    known[id].spec = edges_[id].spec;
    if (known[id].spec.batched()) known[id].spec.shape[0] = rows;
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    std::vector<Sized> inputs;
    bool as_expected = true;
    bool valued = !node.layer->reads_values();
    for (const auto* ids : {&node.inputs, &node.sources})
      for (EdgeId id : *ids) {
        inputs.push_back(known[static_cast<std::size_t>(id)]);
        as_expected = as_expected && expected[static_cast<std::size_t>(id)];
        valued = valued || inputs.back().value;
      }
    valued = (valued || inputs.empty()) && node.weights.empty() && node.outputs.size() == 1 &&
             edge(node.outputs[0]).spec.shape.empty();
    Node& own = graph.nodes_[i];
    if (node.sized || !as_expected || valued) {
      SizedNode made;
      try {
        made = make_sized(node.kind, node.name, node.config, inputs);
        if (node.sized || !as_expected) {
          own.layer = made.layer;
          own.rows = made.rows;
          check_weights(own, made.weights);
          if (node.fused)
            require(own.layer->fuse(*node.fused), own.layer->who(), " cannot take the activation ",
                    kernels::name_of(node.fused->activation));
        }
      } catch (const ValueError& error) {
        throw ValueError(text(error.what(), "; this batch has ", rows, rows == 1 ? " row" : " rows"));
      }
      for (std::size_t k = 0; k < node.outputs.size(); ++k) {
        const auto id = static_cast<std::size_t>(node.outputs[k]);
        expected[id] = !edges_[id].plain() || made.outputs[k].spec.shape == known[id].spec.shape;
        known[id] = made.outputs[k];
      }
    }
    if (!node.sized && as_expected) {
      // A batch with more or fewer rows than that of the step.
      for (EdgeId id : node.inputs)
        if (const Edge& input = edge(id); input.spec.batched() && !input.plain())
          own.rows = known[static_cast<std::size_t>(id)].spec.shape[0];
      for (EdgeId id : node.outputs)
        if (own.rows != 0 && edge(id).spec.batched()) known[static_cast<std::size_t>(id)].spec.shape[0] = own.rows;
    }
    if (const Index fixed = own.layer->fixed_rows(); fixed > 0 && own.rows != 0)
      require(fixed == own.rows, own.layer->who(), " expects ", fixed, " rows in every batch, got ", own.rows);
  }
  for (std::size_t id = 0; id < edges_.size(); ++id)
    if (!edges_[id].plain() || !expected[id]) graph.edges_[id].spec = known[id].spec;
  return graph;
}

namespace {

// The number of readers of each edge; a wanted output counts as a reader.
std::vector<int> count_readers(const std::vector<Node>& nodes, std::size_t edges, const std::vector<EdgeId>& outputs) {
  std::vector<int> readers(edges, 0);
  for (const Node& node : nodes)
    for (const auto* ids : {&node.inputs, &node.sources})
      for (EdgeId id : *ids) ++readers[static_cast<std::size_t>(id)];
  for (EdgeId id : outputs) ++readers[static_cast<std::size_t>(id)];
  return readers;
}

}  // namespace

Graph Graph::rewritten(std::vector<EdgeId>& outputs, bool inference) const {
  std::vector<Node> nodes = nodes_;

  // Edges whose gradients are wanted stay between the nodes that compute them.
  std::vector<bool> differentiated(edges_.size(), false);
  for (const Node& node : nodes)
    if (const GradientRequest* request = node.layer->differentiates())
      for (std::size_t i = 2 * request->targets; i < node.inputs.size(); ++i)
        differentiated[static_cast<std::size_t>(node.inputs[i])] = true;

  // A loss that can work on logits reads them instead of the output of the activation: exact where the activation
  // saturates, and one pass less.
  for (Node& node : nodes) {
    const auto absorbed = node.layer->absorbs();
    if (!absorbed) continue;
    EdgeId& prediction = node.inputs.back();
    const int producer = edge(prediction).producer;
    if (producer < 0 || nodes_[static_cast<std::size_t>(producer)].layer->activation() != absorbed->activation ||
        differentiated[static_cast<std::size_t>(prediction)])
      continue;
    prediction = nodes_[static_cast<std::size_t>(producer)].inputs[0];
    node.config.set(absorbed->flag, true);
  }

  // An activation moves behind a node with which it commutes: the relu of a convolution behind its only reader, a
  // pooling.
  const std::vector<int> read = count_readers(nodes, edges_.size(), outputs);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto function = nodes[i].layer->elementwise();
    if (!function || read[static_cast<std::size_t>(nodes[i].outputs[0])] != 1) continue;
    const auto reader = std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) {
      return node.inputs == nodes[i].outputs && node.layer->commutes(*function);
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
    for (const auto* ids : {&nodes[i].inputs, &nodes[i].sources})
      for (EdgeId id : *ids)
        if (kept[i]) wanted[static_cast<std::size_t>(id)] = true;
  }
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (!kept[i]) nodes[i].inputs.clear(), nodes[i].sources.clear();

  const std::vector<int> readers = count_readers(nodes, edges_.size(), outputs);

  Graph result;
  result.rows_ = rows_;
  std::vector<EdgeId> renumbered(edges_.size(), -1);
  for (EdgeId id : inputs_) {
    const Edge& from = edges_[static_cast<std::size_t>(id)];
    renumbered[static_cast<std::size_t>(id)] = result.input(from.spec, from.name);
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!kept[i]) continue;
    const Node& node = nodes[i];
    // A node that scales channels is folded into the weights of the product before it, where it is the only reader.
    if (inference && !in_order_ && !sized_ && node.layer->scales_channels()) {
      const EdgeId from = node.inputs[0];
      const int made_by = result.edge(renumbered[static_cast<std::size_t>(from)]).producer;
      Node* before = made_by < 0 ? nullptr : &result.nodes_[static_cast<std::size_t>(made_by)];
      if (before != nullptr && readers[static_cast<std::size_t>(from)] == 1 && before->layer->fold(node.layer)) {
        before->weights.insert(before->weights.end(), node.weights.begin(), node.weights.end());
        before->trained.resize(before->weights.size(), false);
        renumbered[static_cast<std::size_t>(node.outputs[0])] = renumbered[static_cast<std::size_t>(from)];
        continue;
      }
    }
    // An activation is fused into the node that computes its input, where it is the only reader of that input.
    if (const auto function = node.layer->elementwise()) {
      const EdgeId from = node.inputs[0];
      const int made_by = result.edge(renumbered[static_cast<std::size_t>(from)]).producer;
      Node* before = made_by < 0 ? nullptr : &result.nodes_[static_cast<std::size_t>(made_by)];
      if (before != nullptr && !before->fused && readers[static_cast<std::size_t>(from)] == 1 &&
          before->layer->fuse(*function)) {
        before->fused = function;
        renumbered[static_cast<std::size_t>(node.outputs[0])] = renumbered[static_cast<std::size_t>(from)];
        continue;
      }
    }
    Node copy = node;
    for (auto* ids : {&copy.inputs, &copy.sources})
      for (EdgeId& id : *ids) id = renumbered[static_cast<std::size_t>(id)];
    const std::vector<EdgeId> made = result.add(std::move(copy));
    for (std::size_t k = 0; k < made.size(); ++k) renumbered[static_cast<std::size_t>(node.outputs[k])] = made[k];
  }
  for (EdgeId& id : outputs) id = renumbered[static_cast<std::size_t>(id)];
  return result;
}

Graph Graph::of_some(const std::vector<bool>& kept, bool all_inputs, std::vector<EdgeId>& numbers) const {
  Graph result;
  numbers.assign(edges_.size(), -1);
  const auto number = [&](EdgeId id) {
    const Edge& from = edge(id);
    EdgeId& known = numbers[static_cast<std::size_t>(id)];
    return known >= 0 ? known : known = result.input(from.spec, from.name);
  };
  if (all_inputs) {
    result.rows_ = rows_;
    for (EdgeId id : inputs_) number(id);
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!kept[i]) continue;
    Node copy = nodes_[i];
    for (EdgeId& id : copy.inputs) id = number(id);
    const std::vector<EdgeId> made = result.add(std::move(copy));
    for (std::size_t k = 0; k < made.size(); ++k) numbers[static_cast<std::size_t>(nodes_[i].outputs[k])] = made[k];
  }
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

Members Graph::shared() const {
  Members found;
  for (const Node& node : nodes_) {
    for (const VariablePtr& variable : node.weights) found.push_back(variable.get());
    if (node.stream) found.push_back(node.stream.get());
  }
  return found;
}

bool Graph::commits() const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [](const Node& node) { return node.layer->random() || node.layer->updates_state(); });
}

std::optional<std::pair<Index, std::string>> Graph::fixed_rows() const {
  // Where no size depends on the rows, batches may have more or fewer than the inputs say.
  if (rows_ > 0 && sized_) return std::pair(rows_, "the input \"" + edge(inputs_[0]).name + "\"");
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
    out << ")" << (node.fused ? std::string(" + ") + kernels::name_of(node.fused->activation) : "") << " -> "
        << to_string(edge(node.outputs[0]).spec.shape) << "\n";
  }
  return out.str();
}

}  // namespace fastnn
