// The plan: where everything lies. A pure function of a graph, a batch capacity, what is wanted of it (gradients or not) and
// a number of threads: lifetimes of all values, gradients and buffers, laid out in one arena so that what never lives at the
// same time may share memory. Prints itself. Owns no memory.
//
// Time runs over the passes of one step: node i goes forward at time i, the losses are taken at time n, node i goes backward
// at time 2n - i, the step commits at time 2n + 1. Offsets are given largest first, each at the lowest place that is free for
// its whole lifetime (greedy by size; Pisarchyk & Lee, "Efficient memory management for deep neural net inference", 2020).
#pragma once

#include <string>
#include <vector>

#include "fastnn/graph.hpp"

namespace fastnn {

/// One stretch of the arena.
struct Placement {
  std::string what;
  std::size_t bytes = 0;
  int first = 0, last = 0;  ///< times of first write and last read
  std::size_t offset = 0;
  bool packed = false;  ///< derived from the weights: the same whatever the batch
};

constexpr int kNowhere = -1;

/// What one run of a graph is to deliver.
struct Wanted {
  std::vector<EdgeId> outputs;   ///< edges that must stand at the end
  std::size_t watched = 0;       ///< the last so many of them are only looked at: no gradient comes from there
  bool training = false;         ///< training semantics: commit of moving statistics and streams
  bool backward = false;         ///< gradients of the trained weights
  bool input_gradients = false;  ///< and of the float inputs (to test)
};

/// Where node i reads and writes, as indices into Plan::placements (kNowhere: nothing there).
struct NodePlan {
  std::vector<int> inputs, outputs;
  std::vector<int> output_gradients;
  std::vector<int> input_gradients;  ///< where backward() writes
  std::vector<int> add_to;           ///< per input: the gradient to which that is then added, or kNowhere
  struct Buffer {
    std::size_t key;
    int placement;
  };
  std::vector<Buffer> buffers;
  bool alias = false;     ///< runs no pass
  bool backward = false;  ///< its backward pass runs
};

struct Plan {
  /// Without `packs` what is derived from the weights lies elsewhere and takes no room.
  Plan(const Graph& graph, const Wanted& wanted, Index capacity, int threads, bool packs = true);

  std::string describe() const;

  Index capacity;
  int threads;
  std::vector<Placement> placements;
  std::vector<NodePlan> nodes;
  std::vector<int> values;     ///< per edge: its placement
  std::vector<int> gradients;  ///< per edge: the placement of its gradient, or kNowhere
  std::size_t bytes = 0;       ///< of the whole arena
};

/// Rows that are best taken through all passes together, so that what one node makes is still in the second level of cache when
/// the next one reads it; 0 where a batch is better taken whole, or must be because its rows meet (moving statistics, means
/// over the batch). Follows from shapes alone.
Index rows_of_piece(const Graph& graph, const Wanted& wanted);

}  // namespace fastnn
