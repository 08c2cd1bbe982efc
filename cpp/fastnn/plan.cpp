// Lifetimes and offsets.
#include "fastnn/plan.hpp"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <new>
#include <numeric>
#include <sstream>

namespace fastnn {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

// Builds one plan.
class Planner {
 public:
  Planner(const Graph& graph, const Wanted& wanted, bool packs, Plan& plan)
      : graph_(graph),
        nodes_(graph.nodes()),
        wanted_(wanted),
        packs_(packs),
        plan_(plan),
        n_(static_cast<int>(graph.nodes().size())) {}

  void run() {
    find_storage();
    find_gradients();
    place_values();
    place_copies();
    if (wanted_.backward) place_gradients();
    place_buffers();
    assign_offsets();
  }

 private:
  int forward_time(int node) const { return node; }
  int backward_time(int node) const { return 2 * n_ - node; }
  int loss_time() const { return n_; }
  int end() const { return 2 * n_ + 1; }
  // The number of wanted edges from which gradients start.
  std::size_t sources() const { return wanted_.outputs.size() - wanted_.watched; }

  int place(std::string what, std::size_t bytes, int first, int last) {
    plan_.placements.push_back({std::move(what), bytes, first, last});
    return static_cast<int>(plan_.placements.size()) - 1;
  }
  void extend(int placement, int time) {
    Placement& p = plan_.placements[at(placement)];
    p.first = std::min(p.first, time);
    p.last = std::max(p.last, time);
  }
  std::size_t bytes_of(EdgeId edge) const {
    const Spec& spec = graph_.edge(edge).spec;
    // No machine has so much; beyond it the number of bytes would not fit into an integer.
    if (spec.batched() && spec.row_size() > kMostElements / std::max<Index>(1, plan_.capacity)) throw std::bad_alloc();
    return spec.bytes(plan_.capacity);
  }

  // The output of an alias node shares the memory of its input.
  void find_storage() {
    storage_.resize(graph_.edges().size());
    std::iota(storage_.begin(), storage_.end(), 0);
    plan_.nodes.resize(nodes_.size());
    for (int i = 0; i < n_; ++i) {
      const Node& node = nodes_[at(i)];
      plan_.nodes[at(i)].alias = node.layer->is_alias();
      if (node.layer->is_alias()) storage_[at(node.outputs[0])] = storage_[at(node.inputs[0])];
    }
  }

  // Edges that need a gradient: those on a path from a trained weight to a wanted output.
  void find_gradients() {
    needs_.assign(graph_.edges().size(), false);
    plan_.gradients.assign(graph_.edges().size(), kNowhere);
    if (!wanted_.backward) return;
    if (wanted_.input_gradients)
      for (EdgeId id : graph_.inputs()) needs_[at(id)] = graph_.edge(id).spec.dtype == DType::real;
    for (const Node& node : nodes_) {
      bool needs = std::any_of(node.trained.begin(), node.trained.end(), [](bool trained) { return trained; });
      for (std::size_t k = 0; k < node.inputs.size(); ++k)
        needs = needs || (needs_[at(node.inputs[k])] && node.layer->differentiable_input(k));
      if (!node.layer->differentiable()) needs = false;
      for (EdgeId id : node.outputs) needs_[at(id)] = needs && graph_.edge(id).spec.dtype == DType::real;
    }
    std::vector<bool> reached(graph_.edges().size(), false);
    for (std::size_t k = 0; k < sources(); ++k) reached[at(wanted_.outputs[k])] = true;
    for (int i = n_ - 1; i >= 0; --i) {
      const Node& node = nodes_[at(i)];
      const bool runs = std::any_of(node.outputs.begin(), node.outputs.end(),
                                    [&](EdgeId id) { return needs_[at(id)] && reached[at(id)]; });
      plan_.nodes[at(i)].backward = runs && !plan_.nodes[at(i)].alias;
      if (!runs) continue;
      for (std::size_t k = 0; k < node.inputs.size(); ++k)
        if (node.layer->differentiable_input(k)) reached[at(node.inputs[k])] = true;
    }
    for (std::size_t id = 0; id < needs_.size(); ++id) needs_[id] = needs_[id] && reached[id];
  }

  void place_values() {
    plan_.values.assign(graph_.edges().size(), kNowhere);
    for (std::size_t id = 0; id < graph_.edges().size(); ++id) {
      if (storage_[id] != static_cast<EdgeId>(id)) continue;
      const Edge& edge = graph_.edge(static_cast<EdgeId>(id));
      const int born = edge.producer < 0 ? -1 : forward_time(edge.producer);
      plan_.values[id] = place(edge.name, bytes_of(storage_[id]), born, std::max(born, 0));
    }
    for (std::size_t id = 0; id < graph_.edges().size(); ++id) {
      const Edge& edge = graph_.edge(static_cast<EdgeId>(id));
      plan_.values[id] = plan_.values[at(storage_[id])];
      if (edge.producer >= 0 && plan_.nodes[at(edge.producer)].backward &&
          nodes_[at(edge.producer)].layer->backward_reads().outputs)
        extend(plan_.values[id], backward_time(edge.producer));
    }
    for (int i = 0; i < n_; ++i) {
      NodePlan& node = plan_.nodes[at(i)];
      const bool read_back = node.backward && nodes_[at(i)].layer->backward_reads().inputs;
      for (EdgeId id : nodes_[at(i)].inputs) {
        node.inputs.push_back(plan_.values[at(id)]);
        extend(plan_.values[at(id)], read_back ? backward_time(i) : forward_time(i));
      }
      for (EdgeId id : nodes_[at(i)].outputs) node.outputs.push_back(plan_.values[at(id)]);
    }
    for (EdgeId id : wanted_.outputs) extend(plan_.values[at(id)], end());
    // Weights are moved when the nodes before the next commit have run.
    for (const Node& node : nodes_)
      if (!node.layer->updates().empty())
        for (EdgeId id : node.inputs) extend(plan_.values[at(id)], end());
    // A backward pass in the middle of the graph reads what the node that it reverses has read and written.
    for (int i = 0; i < n_; ++i) {
      const auto& reversal = nodes_[at(i)].reversal;
      if (!reversal) continue;
      const Node& node = nodes_[at(reversal->of)];
      const BackwardReads reads = node.layer->backward_reads();
      if (reads.inputs || reversal->again)
        for (EdgeId id : node.inputs) extend(plan_.values[at(id)], i);
      if (reads.outputs || reversal->again)
        for (EdgeId id : node.outputs) extend(plan_.values[at(id)], i);
    }
  }

  // A backward pass may overwrite the gradients of its outputs; it gets copies of those that are read later.
  void place_copies() {
    for (int i = 0; i < n_; ++i) {
      if (!nodes_[at(i)].reversal) continue;
      for (EdgeId id : nodes_[at(i)].inputs) {
        const EdgeId root = storage_[at(id)];
        const bool last = plan_.placements[at(plan_.values[at(id)])].last == i && graph_.edge(root).producer >= 0;
        const std::string what = "copied gradient of " + graph_.edge(root).name;
        plan_.nodes[at(i)].copies.push_back(last ? kNowhere : place(what, bytes_of(id), i, i));
      }
    }
  }

  // In the backward pass the first reader of an edge writes its gradient; each further one writes to a buffer that is
  // added.
  void place_gradients() {
    std::vector<bool> written(graph_.edges().size(), false);
    auto gradient_of = [&](EdgeId id, int time) {
      const int root = storage_[at(id)];
      int& placed = plan_.gradients[at(root)];
      if (placed == kNowhere) placed = place("gradient of " + graph_.edge(root).name, bytes_of(root), time, time);
      extend(placed, time);
      return placed;
    };
    for (std::size_t k = 0; k < sources(); ++k)
      if (const EdgeId id = wanted_.outputs[k]; needs_[at(id)]) {
        gradient_of(id, loss_time());
        written[at(storage_[at(id)])] = true;
      }
    for (int i = n_ - 1; i >= 0; --i) {
      NodePlan& plan = plan_.nodes[at(i)];
      const Node& node = nodes_[at(i)];
      plan.output_gradients.assign(node.outputs.size(), kNowhere);
      plan.input_gradients.assign(node.inputs.size(), kNowhere);
      plan.add_to.assign(node.inputs.size(), kNowhere);
      if (!plan.backward) continue;
      const int time = backward_time(i);
      for (std::size_t k = 0; k < node.outputs.size(); ++k)
        if (written[at(storage_[at(node.outputs[k])])]) plan.output_gradients[k] = gradient_of(node.outputs[k], time);
      bool shared = false;
      for (std::size_t k = 0; k < node.inputs.size(); ++k) {
        const EdgeId id = node.inputs[k];
        if (!needs_[at(id)] || !node.layer->differentiable_input(k)) continue;
        const int root = storage_[at(id)];
        // The gradient of the output is not read after this pass, so the gradient of one input may take its memory.
        if (!written[at(root)] && !shared && plan.output_gradients.size() == 1 &&
            plan.output_gradients[0] != kNowhere && node.layer->gradient_in_place(k)) {
          shared = written[at(root)] = true;
          plan_.gradients[at(root)] = plan.output_gradients[0];
          plan.input_gradients[k] = gradient_of(id, time);
        } else if (written[at(root)]) {
          plan.add_to[k] = gradient_of(id, time);
          plan.input_gradients[k] =
              place("added to the gradient of " + graph_.edge(root).name, bytes_of(id), time, time);
        } else {
          plan.input_gradients[k] = gradient_of(id, time);
          written[at(root)] = true;
        }
      }
    }
    for (std::size_t id = 0; id < graph_.edges().size(); ++id) {
      plan_.gradients[id] = plan_.gradients[at(storage_[id])];
      if (plan_.gradients[id] != kNowhere && wanted_.input_gradients &&
          graph_.edge(static_cast<EdgeId>(id)).producer < 0)
        extend(plan_.gradients[id], end());
    }
  }

  void place_buffers() {
    // The backward passes in the middle of the graph, by the node that they reverse.
    std::vector<std::vector<int>> reversals(nodes_.size());
    std::vector<bool> to_inputs(nodes_.size(), false);
    for (int i = 0; i < n_; ++i) {
      const auto& reversal = nodes_[at(i)].reversal;
      if (!reversal) continue;
      reversals[at(reversal->of)].push_back(i);
      const auto& made = reversal->of_inputs;
      if (std::any_of(made.begin(), made.end(), [](int output) { return output != Node::kNone; }))
        to_inputs[at(reversal->of)] = true;
    }
    for (int i = 0; i < n_; ++i) {
      NodePlan& plan = plan_.nodes[at(i)];
      if (plan.alias) continue;
      const bool input_gradient =
          to_inputs[at(i)] || std::any_of(plan.input_gradients.begin(), plan.input_gradients.end(),
                                          [](int placement) { return placement != kNowhere; });
      const bool backward = plan.backward || !reversals[at(i)].empty();
      const Index rows = nodes_[at(i)].rows;
      Booking booking(rows > 0 ? rows : plan_.capacity, wanted_.training, backward, input_gradient, plan_.threads);
      nodes_[at(i)].layer->book(booking);
      for (const Booking::Entry& entry : booking.entries) {
        int first = forward_time(i), last = first;
        const char* life = "scratch of ";
        if (entry.life == Life::backward) {
          first = plan.backward ? backward_time(i) : reversals[at(i)].front();
          last = plan.backward ? first : reversals[at(i)].back();
        }
        if (entry.life == Life::forward && !reversals[at(i)].empty()) last = reversals[at(i)].back();
        if (entry.life == Life::step) last = end(), life = "kept by ";
        if (entry.life == Life::plan) first = -1, last = end(), life = "packed by ";
        const bool packed = entry.life == Life::plan;
        const std::size_t bytes = packed && !packs_ ? 0 : entry.bytes;
        [[maybe_unused]] const auto taken = [&](const NodePlan::Buffer& other) { return other.key == entry.key; };
        assert(entry.key < kMostBuffers && std::none_of(plan.buffers.begin(), plan.buffers.end(), taken));
        plan.buffers.push_back({entry.key, place(life + nodes_[at(i)].layer->who(), bytes, first, last)});
        plan_.placements.back().packed = packed;
      }
    }
  }

  void assign_offsets() {
    std::vector<int> order(plan_.placements.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return plan_.placements[at(a)].bytes > plan_.placements[at(b)].bytes; });
    std::vector<const Placement*> placed;  // by offset
    for (int index : order) {
      Placement& p = plan_.placements[at(index)];
      std::size_t offset = 0;
      for (const Placement* other : placed) {
        if (other->last < p.first || p.last < other->first) continue;
        if (offset + p.bytes <= other->offset) break;
        offset = std::max(offset, align_up(other->offset + other->bytes));
      }
      p.offset = offset;
      plan_.bytes = std::max(plan_.bytes, align_up(offset + p.bytes));
      placed.insert(std::upper_bound(placed.begin(), placed.end(), &p,
                                     [](const Placement* a, const Placement* b) { return a->offset < b->offset; }),
                    &p);
    }
  }

  const Graph& graph_;
  const std::vector<Node>& nodes_;
  const Wanted& wanted_;
  const bool packs_;
  Plan& plan_;
  const int n_;
  std::vector<EdgeId> storage_;  // per edge: the edge whose memory it shares
  std::vector<bool> needs_;      // per edge: its gradient is wanted
};

}  // namespace

Plan::Plan(const Graph& graph, const Wanted& wanted, Index capacity_, int threads_, bool packs)
    : capacity(capacity_), threads(threads_) {
  Planner(graph, wanted, packs, *this).run();
}

Index rows_of_piece(const Graph& graph, const Wanted& wanted) {
  // The memory of a piece's rows: a second-level cache, and a little more because not all is read at once. Weights are
  // read once per piece, and their gradients are written, kept and added per piece: where they are large, pieces cost
  // more than they save.
  constexpr std::size_t kCache = 5 << 18, kMostWeights = 1 << 22, kMostScratch = 1 << 21;
  if (graph.sized()) return 0;
  for (const Edge& edge : graph.edges())
    if (!edge.spec.batched()) return 0;
  for (const Node& node : graph.nodes()) {
    const Layer& layer = *node.layer;
    if (layer.updates_state() || layer.fixed_rows() > 0 || layer.is_effect() || layer.takes_unbatched()) return 0;
    if (layer.cuts_rows() || (layer.random() && !wanted.training)) return 0;
  }
  // A number of rows beside which the memory that does not depend on rows is negligible.
  constexpr Index kMany = 1024;
  const Plan less(graph, wanted, kMany, 1, false), more(graph, wanted, 2 * kMany, 1, false);
  std::size_t packed = 0, weights = 0;
  const Plan whole(graph, wanted, 1, 1);
  for (const Placement& placement : whole.placements) packed += placement.packed ? placement.bytes : 0;
  for (const Node& node : graph.nodes())
    for (const VariablePtr& weight : node.weights) weights += static_cast<std::size_t>(weight->size()) * sizeof(Real);
  weights = std::max(weights, packed);
  if (wanted.backward)
    for (const Node& node : graph.nodes())
      for (std::size_t i = 0; i < node.weights.size(); ++i)
        if (node.trained[i]) weights += 3 * static_cast<std::size_t>(node.weights[i]->size()) * sizeof(Real);
  const std::size_t row = std::max<std::size_t>(1, (more.bytes - less.bytes) / kMany);
  // Nor do they pay in predictions where a node works in much memory whatever the rows, such as that of a kernel which is
  // transformed as it comes to use.
  if (weights > kMostWeights || (!wanted.backward && less.bytes - kMany * row > kMostScratch)) return 0;
  return std::max(kPieceStep, static_cast<Index>(kCache / row) / kPieceStep * kPieceStep);
}

std::string Plan::describe() const {
  std::ostringstream out;
  out << "arena of " << bytes << " bytes for " << capacity << " rows, " << threads << " threads\n"
      << "     offset        bytes  first  last  what\n";
  for (const Placement& p : placements) {
    char line[96];
    std::snprintf(line, sizeof line, "%11zu  %11zu  %5d  %4d  ", p.offset, p.bytes, p.first, p.last);
    out << line << p.what << "\n";
  }
  return out.str();
}

}  // namespace fastnn
