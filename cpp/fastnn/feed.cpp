// From columns to the inputs of a session.
#include "fastnn/feed.hpp"

namespace fastnn {

void check_columns(const Graph& graph, const std::vector<Column>& columns) {
  require(columns.size() == graph.inputs().size(), "expected ", graph.inputs().size(), " arrays, got ", columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Edge& edge = graph.edge(graph.inputs()[i]);
    require(columns[i].row_size() == edge.spec.row_size(), edge.name, " expects rows of shape ",
            to_string(edge.spec.shape), ", got rows of ", columns[i].row_size(), " numbers");
  }
}

void feed(Session& session, const Graph& graph, const std::vector<Column>& columns, const Index* order, Index first,
          Index count) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const EdgeId edge = graph.inputs()[i];
    const DType dtype = graph.edge(edge).spec.dtype;
    const void* there = order == nullptr ? in_place(columns[i], first, count, dtype) : nullptr;
    session.bind(edge, const_cast<void*>(there));
    if (there == nullptr) gather(columns[i], order, first, count, dtype, session.value<void>(edge));
  }
}

}  // namespace fastnn
