// A graph divided for batches in parts: what is computed for each part, and what needs all rows at once. The latter are
// metrics that keep a state; whatever a loss depends on has to be computed for each part.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fastnn/graph.hpp"

namespace fastnn {

struct Division {
  Graph parts;
  Graph whole;                             ///< reads the edges `crossing` of `parts`, as inputs in this order
  std::vector<EdgeId> crossing;            ///< each has a batch
  std::vector<EdgeId> in_parts, in_whole;  ///< per edge of the divided graph its number, or -1
};

/// Divides a graph; none where nothing in it needs all rows, or what does cannot be taken out of it.
/// fixed: edges that are computed for each part.
std::optional<Division> divided(const Graph& graph, bool training, const std::vector<EdgeId>& fixed);

/// Raised for a graph that cannot be computed for a batch in parts.
struct NotInParts : ValueError {
  using ValueError::ValueError;
};

/// Why a graph cannot be computed for a batch in parts, as the end of a sentence about it; empty where it can.
std::string why_not_in_parts(const Graph& graph, bool training);

}  // namespace fastnn
