// For tests and measurements only: forward and backward passes with given gradients, the registered kinds, the peak of
// the processor.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "fastnn/columns.hpp"
#include "fastnn/executor.hpp"
#include "fastnn/kernels/peak.hpp"
#include "fastnn/parallel.hpp"
#include "module.hpp"

namespace fastnn::bindings {
namespace {

// One forward and one backward pass over memory that was filled with NaN, then the commit.
py::tuple vjp(const Graph& graph, const std::vector<EdgeId>& outputs, const std::vector<py::array>& arrays,
              const std::vector<RealArray>& cotangents, bool training) {
  Wanted wanted;
  wanted.outputs = outputs;
  wanted.training = training;
  wanted.backward = wanted.input_gradients = true;
  Executor executor(graph, wanted);
  const std::vector<Column> columns = to_columns(arrays);
  const Index rows = columns.at(0).rows();
  SessionLease session(executor, rows);
  const RunScope scope(session->plan().threads);
  session->poison();
  const std::vector<EdgeId>& inputs = executor.graph().inputs();
  for (std::size_t i = 0; i < inputs.size(); ++i)
    gather(columns.at(i), nullptr, 0, rows, executor.graph().edge(inputs[i]).spec.dtype,
           session->value<void>(inputs[i]));
  session->begin(rows);
  auto shape_of = [&](EdgeId edge) {
    const Spec& spec = session->graph().edge(edge).spec;
    Shape shape = spec.shape;
    if (spec.batched()) shape[0] = rows;
    return shape;
  };
  const Members shared = graph.shared();
  {
    const ReadVariables reading(shared);
    session->forward({});
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (Real* gradient = session->gradient(executor.output(i))) {
        require(to_shape(cotangents.at(i)) == shape_of(executor.output(i)), "cotangent ", i, " expects shape ",
                to_string(shape_of(executor.output(i))));
        std::copy_n(cotangents[i].data(), cotangents[i].size(), gradient);
      }
  }
  py::list values, input_gradients, weight_gradients;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const EdgeId edge = executor.output(i);
    py::array value = make_array(shape_of(edge), executor.graph().edge(edge).spec.dtype);
    std::memcpy(value.mutable_data(), session->value<void>(edge), static_cast<std::size_t>(value.nbytes()));
    values.append(value);
  }
  {
    const ReadVariables reading(shared);
    session->backward({});
  }
  for (EdgeId edge : inputs) {
    const Real* gradient = session->gradient(edge);
    input_gradients.append(gradient == nullptr ? py::object(py::none())
                                               : py::object(copy_out(gradient, shape_of(edge))));
  }
  const GradientTable& table = executor.gradients();
  for (std::size_t i = 0; i < table.weights.size(); ++i)
    weight_gradients.append(py::make_tuple(
        table.weights[i], copy_out(session->weight_gradients() + table.offsets[i], table.weights[i]->shape())));
  if (training) {
    const WriteVariables writing(shared);
    session->commit();
  }
  return py::make_tuple(values, input_gradients, weight_gradients);
}

}  // namespace

void bind_testing(py::module_& m) {
  m.def("vjp", &vjp, py::arg("graph"), py::arg("outputs"), py::arg("arrays"), py::arg("cotangents"),
        py::arg("training") = true);
  m.def("layer_kinds", &layer_kinds);
  m.def(
      "peak_gflops", [](double seconds) { return kernels::peak_gflops(seconds); }, py::arg("seconds"),
      py::call_guard<py::gil_scoped_release>());
}

}  // namespace fastnn::bindings
