// What of a graph can be computed for a part of a batch.
#include "fastnn/division.hpp"

#include <algorithm>

namespace fastnn {
namespace {

// Why a node needs all rows of a batch at once; empty where it does not.
std::string why_whole(const Graph& graph, const Node& node, bool training) {
  const Layer& layer = *node.layer;
  if (layer.meeting(training, false) > 0) return {};
  if (layer.updates_state() && (training || layer.is_effect()))
    return text(layer.who(), " writes a state that depends on the whole batch");
  const auto batched = [&](EdgeId edge) { return graph.edge(edge).spec.batched(); };
  if (std::any_of(node.inputs.begin(), node.inputs.end(), batched) &&
      !std::all_of(node.outputs.begin(), node.outputs.end(), batched))
    return text(layer.who(), " computes one value of all rows");
  return {};
}

}  // namespace

std::optional<Division> divided(const Graph& graph, bool training, const std::vector<EdgeId>& fixed) {
  if (graph.sized()) return std::nullopt;
  const std::vector<Node>& nodes = graph.nodes();
  std::vector<bool> whole(nodes.size(), false), made_whole(graph.edges().size(), false);
  const auto made = [&](EdgeId edge) { return made_whole[static_cast<std::size_t>(edge)]; };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    whole[i] = !why_whole(graph, nodes[i], training).empty() ||
               std::any_of(nodes[i].inputs.begin(), nodes[i].inputs.end(), made);
    for (EdgeId edge : nodes[i].outputs) made_whole[static_cast<std::size_t>(edge)] = whole[i];
  }
  if (std::find(whole.begin(), whole.end(), true) == whole.end()) return std::nullopt;
  if (std::any_of(fixed.begin(), fixed.end(), made)) return std::nullopt;
  std::vector<bool> parts = whole;
  parts.flip();
  // Values without a batch are computed on both sides.
  std::vector<bool> read(graph.edges().size(), false);
  for (std::size_t i = nodes.size(); i-- > 0;) {
    whole[i] = whole[i] || std::any_of(nodes[i].outputs.begin(), nodes[i].outputs.end(), [&](EdgeId edge) {
                 return read[static_cast<std::size_t>(edge)] && !graph.edge(edge).spec.batched();
               });
    for (EdgeId edge : nodes[i].inputs)
      if (whole[i]) read[static_cast<std::size_t>(edge)] = true;
    // A stream advances on one side.
    if (whole[i] && nodes[i].layer->random()) return std::nullopt;
  }
  Division division;
  division.parts = graph.of_some(parts, true, division.in_parts);
  division.whole = graph.of_some(whole, false, division.in_whole);
  for (EdgeId input : division.whole.inputs()) {
    const auto from = std::find(division.in_whole.begin(), division.in_whole.end(), input) - division.in_whole.begin();
    division.crossing.push_back(division.in_parts[static_cast<std::size_t>(from)]);
  }
  return division;
}

std::string why_not_in_parts(const Graph& graph, bool training) {
  if (graph.sized()) return "its sizes depend on the number of rows";
  for (const Node& node : graph.nodes()) {
    if (node.layer->fixed_rows() > 0) return text(node.layer->who(), " keeps a state for each row");
    std::string why = why_whole(graph, node, training);
    if (!why.empty()) return why;
  }
  return {};
}

}  // namespace fastnn
