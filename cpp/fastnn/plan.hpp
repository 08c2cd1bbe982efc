// The plan: the memory layout of a step. A pure function of a graph, a batch capacity, the wanted results and a number
// of threads. It holds the lifetimes of all values, gradients and buffers, and their offsets in one arena, in which
// buffers that are never alive at the same time may share memory. Owns no memory itself.
//
// Time counts the passes of one step: node i runs forward at time i, the losses are taken at time n, node i runs
// backward at time 2n - i, and the step commits at time 2n + 1. Offsets are assigned in order of decreasing size, each
// the lowest that is free for the whole lifetime (greedy by size; Pisarchyk & Lee, "Efficient memory management for
// deep neural net inference", 2020).
#pragma once

#include <string>
#include <vector>

#include "fastnn/graph.hpp"

namespace fastnn {

/// One block of the arena.
struct Placement {
  std::string what;
  std::size_t bytes = 0;
  int first = 0, last = 0;  ///< times of the first write and the last read
  std::size_t offset = 0;
  bool packed = false;  ///< derived from the weights alone
};

constexpr int kNowhere = -1;

/// The results that a run of a graph is to deliver.
struct Wanted {
  std::vector<EdgeId> outputs;   ///< edges whose values are kept to the end
  std::size_t watched = 0;       ///< number of the last outputs from which no gradient starts
  bool training = false;         ///< training mode: dropout, batch statistics
  bool backward = false;         ///< computes the gradients of the trained weights
  bool input_gradients = false;  ///< and of the float inputs (for tests)
};

/// The memory of node i, as indices into Plan::placements (kNowhere: none).
struct NodePlan {
  std::vector<int> inputs, outputs;
  std::vector<int> output_gradients;
  std::vector<int> input_gradients;  ///< destinations of backward()
  std::vector<int> add_to;  ///< per input: the gradient to which the destination is added afterwards, or kNowhere
  struct Buffer {
    std::size_t key;
    int placement;
  };
  std::vector<Buffer> buffers;
  /// For the backward pass of another node: per input a copy that the pass may overwrite, or kNowhere where it may
  /// overwrite the input itself, which nothing reads later.
  std::vector<int> copies;
  bool alias = false;     ///< runs no pass
  bool backward = false;  ///< its backward pass runs
};

struct Plan {
  /// A graph whose sizes depend on the rows in other ways than a batch is planned as Graph::at(capacity).
  /// packs: includes the buffers that are derived from the weights; false: those of another session are used.
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

/// The number of rows for which the output of a node is still in the second-level cache when the next node reads it. 0
/// where a batch is faster whole, or must be whole because its rows depend on each other (moving statistics, means over
/// the batch). Depends on shapes alone.
Index rows_of_piece(const Graph& graph, const Wanted& wanted);

}  // namespace fastnn
