// Constraints of a user's own.
#include "fastnn/projection.hpp"

namespace fastnn {
namespace {

Wanted wanted_of(EdgeId output) {
  Wanted wanted;
  wanted.outputs = {output};
  wanted.training = true;
  return wanted;
}

}  // namespace

Projection::Projection(const Graph& graph, EdgeId output, VariablePtr value)
    : value_(std::move(value)), executor_(graph, wanted_of(output)) {
  const Spec& spec = executor_.graph().edge(executor_.output(0)).spec;
  require(executor_.graph().inputs().empty(), "a constraint computes with the weight alone");
  require(spec.dtype == DType::real && spec.shape == value_->shape(), "a constraint makes ", name_of(spec.dtype),
          " of shape ", to_string(spec.shape), " from a weight of shape ", to_string(value_->shape()));
  executor_.acquire(1, session_);  // here, since a step allocates nothing
}

void Projection::apply(const Variable& weight) {
  weight.read(value_->data());
  value_->touch();
  session_->begin(1);
  session_->forward({});
  weight.write(session_->value(executor_.output(0)));
  session_->commit();
}

}  // namespace fastnn
