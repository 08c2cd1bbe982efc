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

Predictor::Predictor(const Graph& graph, const std::vector<EdgeId>& outputs) : executor_(graph, wanted_of(outputs)) {
  const Plan plan(executor_.graph(), executor_.wanted(), 1, 1);
  const auto place = [&](EdgeId edge) { return plan.values[static_cast<std::size_t>(edge)]; };
  for (std::size_t i = 0; i < this->outputs(); ++i) {
    require(output(i).batched(), "output ", i, " of the fixed shape ", to_string(output(i).shape),
            " has no batch; a model's outputs hold something for each sample");
    const int mine = place(executor_.output(i));
    bool owned = true;
    for (EdgeId input : executor_.graph().inputs()) owned = owned && place(input) != mine;
    for (std::size_t j = 0; j < i; ++j) owned = owned && place(executor_.output(j)) != mine;
    owned_.push_back(owned);
  }
}

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

  const auto destination = [&](std::size_t i, Index row) -> void* {
    return static_cast<std::byte*>(to[i]) + static_cast<std::size_t>(row) * output(i).row_bytes();
  };
  using Clock = std::chrono::steady_clock;
  Clock::time_point asked = Clock::now();
  const Pulse timed = [&] {
    if (std::chrono::duration<double>(Clock::now() - asked).count() < 0.05) return;
    asked = Clock::now();
    pulse();
  };
  const auto forward = [&](Session& session, Index row, Index count, const Pulse& between) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const EdgeId edge = graph.inputs()[i];
      const DType dtype = graph.edge(edge).spec.dtype;
      const void* there = in_place(columns[i], row, count, dtype);
      session.bind(edge, const_cast<void*>(there));
      if (there == nullptr) gather(columns[i], nullptr, row, count, dtype, session.value<void>(edge));
    }
    // Outputs are computed where the user wants them, but those that are an input or another output seen again.
    for (std::size_t i = 0; i < to.size(); ++i)
      if (owned_[i]) session.bind(executor_.output(i), destination(i, row));
    session.begin(count);
    session.forward(between);
    for (std::size_t i = 0; i < to.size(); ++i)
      if (!owned_[i])
        std::memcpy(destination(i, row), session.value<void>(executor_.output(i)),
                    static_cast<std::size_t>(count) * output(i).row_bytes());
  };
  const Index most = std::min(batch_size, end - begin);
  // Rows do not meet, so nothing is seen of where they are cut: each thread gets a piece, or a few rows are taken whole by all.
  const Index share = (end - begin) / num_threads() / kPieceStep * kPieceStep;
  if (const Index piece = std::min(executor_.piece(most), share); piece > 0) {
    TeamLease team(executor_, piece);
    const RunScope scope(team->threads());
    for (Index row = begin; row < end; row += team->wave()) {
      {
        const ReadVariables reading;
        team->each_piece(row, std::min(team->wave(), end - row),
                         [&](Session& session, Index first, Index count) { forward(session, first, count, {}); });
      }
      timed();
    }
    return;
  }
  SessionLease session(executor_, most);
  const RunScope scope(session->plan().threads);
  for (Index row = begin; row < end; row += batch_size) {
    {
      const ReadVariables reading;
      forward(*session, row, std::min(batch_size, end - row), timed);
    }
    if (session->commits()) {
      const WriteVariables writing;
      session->commit();
    }
  }
}

}  // namespace fastnn
