// Batches of predictions.
#include "fastnn/predictor.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "fastnn/feed.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

Wanted wanted_of(const std::vector<EdgeId>& outputs, bool training) {
  Wanted wanted;
  wanted.outputs = outputs;
  wanted.training = training;
  return wanted;
}

}  // namespace

Predictor::Predictor(const Graph& graph, const std::vector<EdgeId>& outputs, bool training)
    : executor_(graph, wanted_of(outputs, training)) {
  const Index rows = executor_.graph().sized() ? executor_.graph().trial_rows(0) : 1;
  const Graph known = executor_.graph().sized() ? executor_.graph().at(rows) : executor_.graph();
  const Plan plan(known, executor_.wanted(), rows, 1);
  const auto place = [&](EdgeId edge) { return plan.values[static_cast<std::size_t>(edge)]; };
  for (std::size_t i = 0; i < this->outputs(); ++i) {
    const Edge& edge = executor_.graph().edge(executor_.output(i));
    plain_ = plain_ && edge.plain() && edge.spec.batched();
    const int mine = place(executor_.output(i));
    bool owned = true;
    for (EdgeId input : executor_.graph().inputs()) owned = owned && place(input) != mine;
    for (std::size_t j = 0; j < i; ++j) owned = owned && place(executor_.output(j)) != mine;
    owned_.push_back(owned);
  }
}

Shape Predictor::shape(std::size_t i, Index rows) {
  Shape shape = output(i).shape;
  if (executor_.graph().sized()) shape = executor_.graph_for(rows)->edge(executor_.output(i)).spec.shape;
  if (!shape.empty() && shape[0] == kUnknown) shape[0] = rows;
  return shape;
}

Family& Predictor::family() {
  if (Family* known = known_family_.load(std::memory_order_acquire)) return *known;
  const std::lock_guard<ForkSafeMutex> guard(mutex_);
  if (!family_) family_ = family_of(executor_.graph().shared());
  known_family_.store(family_.get(), std::memory_order_release);
  return *family_;
}

void Predictor::run(const std::vector<Column>& columns, Index begin, Index end, Index batch_size,
                    const std::vector<void*>& to, const Pulse& pulse) {
  const Graph& graph = executor_.graph();
  check_columns(graph, columns);
  for (std::size_t i = 0; i < columns.size(); ++i)
    require(columns[i].rows() >= end, graph.edge(graph.inputs()[i]).name, " has ", columns[i].rows(),
            " rows, expected at least ", end);
  require(0 <= begin && begin <= end, "no rows from ", begin, " to ", end);
  require(batch_size >= 1 || begin == end, "batch_size expects a positive integer, got ", batch_size);
  if (begin == end) return;
  require(plain_ || end - begin <= batch_size, "outputs that do not have one row per sample expect one batch, got ",
          end - begin, " rows in batches of ", batch_size);
  if (const Index last = (end - begin) % batch_size; last > 0 && last < end - begin) executor_.graph_for(last);

  Family& family = this->family();
  const auto destination = [&](std::size_t i, Index row) -> void* {
    const std::size_t offset = plain_ ? static_cast<std::size_t>(row) * output(i).row_bytes() : 0;
    return static_cast<std::byte*>(to[i]) + offset;
  };
  Patience patience(pulse);
  const Pulse timed = [&] { patience.ask(); };
  const auto forward = [&](Session& session, Index row, Index count, Index first_row, const Pulse& between) {
    {
      const Timed data(session.record(), Part::data);
      feed(session, graph, columns, nullptr, row, count);
    }
    // Outputs are computed in the user's arrays, except those that share the memory of an input or of another output.
    for (std::size_t i = 0; i < to.size(); ++i)
      if (owned_[i]) session.bind(executor_.output(i), destination(i, row));
    session.begin(count, first_row);
    session.forward(between);
    for (std::size_t i = 0; i < to.size(); ++i)
      if (!owned_[i])
        std::memcpy(destination(i, row), session.value<void>(executor_.output(i)),
                    session.graph().edge(executor_.output(i)).spec.bytes(count));
  };
  const Index most = std::min(batch_size, end - begin);
  // Rows do not depend on each other, so the cuts do not show in the results: each thread gets a piece, or all threads
  // share a few rows. Random streams advance with each batch, and so do its pieces.
  const Index stretch = graph.commits() ? batch_size : end - begin;
  const Index share = std::min(stretch, end - begin) / num_threads() / kPieceStep * kPieceStep;
  if (const Index piece = std::min(executor_.piece(most), share); piece > 0) {
    TeamLease team(executor_, piece);
    const RunScope scope(team->threads());
    for (Index start = begin; start < end; start += stretch) {
      const Index stop = std::min(end, start + stretch);
      for (Index row = start; row < stop; row += team->wave()) {
        {
          const ReadVariables reading(family);
          team->each_piece(row, std::min(team->wave(), stop - row), [&](Session& session, Index first, Index count) {
            forward(session, first, count, first - start, {});
          });
        }
        patience.ask();
      }
      if (!graph.commits()) continue;
      const WriteVariables writing(family);
      team->first().commit();
    }
    return;
  }
  SessionLease session(executor_, most);
  const RunScope scope(session->plan().threads);
  for (Index row = begin; row < end; row += batch_size) {
    const Index count = std::min(batch_size, end - row);
    if (graph.sized() && session->plan().capacity != count) session.exchange(count);
    {
      const ReadVariables reading(family);
      forward(*session, row, count, 0, timed);
    }
    if (session->commits()) {
      const WriteVariables writing(family);
      session->commit();
    }
  }
}

}  // namespace fastnn
