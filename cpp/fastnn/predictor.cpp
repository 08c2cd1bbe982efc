// Batches of predictions.
#include "fastnn/predictor.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

Wanted wanted_of(const std::vector<EdgeId>& outputs) {
  Wanted wanted;
  wanted.outputs = outputs;
  return wanted;
}

}  // namespace

Predictor::Predictor(const Graph& graph, const std::vector<EdgeId>& outputs) : executor_(graph, wanted_of(outputs)) {}

void Predictor::run(const std::vector<Column>& columns, Index begin, Index end, Index batch_size,
                    const std::vector<void*>& to, const Pulse& pulse) {
  const Graph& graph = executor_.graph();
  require(columns.size() == graph.inputs().size(), "expected ", graph.inputs().size(), " arrays, got ", columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Edge& edge = graph.edge(graph.inputs()[i]);
    require(columns[i].row_size() == edge.spec.row_size(), edge.name, " expects rows of shape ",
            to_string(edge.spec.shape), ", got rows of ", columns[i].row_size(), " numbers");
    require(columns[i].rows() >= end, edge.name, " has ", columns[i].rows(), " rows, expected at least ", end);
  }
  require(0 <= begin && begin <= end, "no rows from ", begin, " to ", end);
  require(batch_size >= 1 || begin == end, "batch_size expects a positive integer, got ", batch_size);
  if (begin == end) return;

  SessionLease session(executor_, std::min(batch_size, end - begin));
  const RunScope scope(session->plan().threads);
  using Clock = std::chrono::steady_clock;
  Clock::time_point asked = Clock::now();
  const Pulse timed = [&] {
    if (std::chrono::duration<double>(Clock::now() - asked).count() < 0.05) return;
    asked = Clock::now();
    pulse();
  };
  for (Index row = begin; row < end; row += batch_size) {
    const Index count = std::min(batch_size, end - row);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const EdgeId edge = graph.inputs()[i];
      const DType dtype = graph.edge(edge).spec.dtype;
      const void* there = in_place(columns[i], row, count, dtype);
      session->bind_input(i, there);
      if (there == nullptr) gather(columns[i], nullptr, row, count, dtype, session->value<void>(edge));
    }
    session->begin(count);
    {
      const ReadVariables reading;
      session->forward(timed);
    }
    if (session->draws()) {
      const WriteVariables writing;
      session->advance();
    }
    for (std::size_t i = 0; i < to.size(); ++i) {
      const std::size_t bytes = output(i).row_bytes();
      std::memcpy(static_cast<std::byte*>(to[i]) + static_cast<std::size_t>(row) * bytes,
                  session->value<void>(executor_.output(i)), static_cast<std::size_t>(count) * bytes);
    }
  }
}

}  // namespace fastnn
