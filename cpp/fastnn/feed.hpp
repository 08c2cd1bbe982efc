// Feeding: rows of a user's columns become the inputs of a session, in place where they already have the layout of a batch.
#pragma once

#include <vector>

#include "fastnn/columns.hpp"
#include "fastnn/executor.hpp"

namespace fastnn {

/// Checks that there is a column for each input of the graph, with rows of its size. Raises ValueError.
void check_columns(const Graph& graph, const std::vector<Column>& columns);

/// Lets the inputs of a session be rows order[first..first+count) of the columns (order null: rows first..first+count).
void feed(Session& session, const Graph& graph, const std::vector<Column>& columns, const Index* order, Index first,
          Index count);

}  // namespace fastnn
