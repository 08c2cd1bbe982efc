// Forward passes: predictors, and single nodes on whole arrays.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "fastnn/predictor.hpp"
#include "module.hpp"
#include "recording.hpp"

namespace fastnn::bindings {
namespace {

// One pass over all rows as one batch.
py::list predict_once(Predictor& predictor, const std::vector<py::array>& arrays) {
  const std::vector<Column> columns = to_columns(arrays);
  const Index rows = columns.empty() ? 0 : columns[0].rows();
  py::list results;
  std::vector<void*> to;
  for (std::size_t i = 0; i < predictor.outputs(); ++i) {
    py::array array = make_array(predictor.shape(i, rows), predictor.output(i).dtype);
    to.push_back(array.mutable_data());
    results.append(std::move(array));
  }
  py::gil_scoped_release release;
  predictor.run(columns, 0, rows, rows, to, pulse);
  return results;
}

// The same for one array, of which a server may send a row at a time.
py::array predict_alone(Predictor& predictor, const py::array& array) {
  const std::vector<Column> columns{to_column(array)};
  const Index rows = columns[0].rows();
  py::array result = make_array(predictor.shape(0, rows), predictor.output(0).dtype);
  const std::vector<void*> to{result.mutable_data()};
  py::gil_scoped_release release;
  predictor.run(columns, 0, rows, rows, to, pulse);
  return result;
}

py::list apply_node(const std::string& kind, const py::dict& config, const std::vector<py::array>& arrays) {
  Graph graph;
  std::vector<EdgeId> edges;
  const Config arguments = to_config(config);
  for (const py::array& array : arrays) {
    Shape shape = to_shape(array);
    require(!shape.empty(), kind, " expects arrays of at least one dimension");
    shape[0] = kUnknown;
    const bool integers = array.dtype().kind() == 'i' || array.dtype().kind() == 'u';
    edges.push_back(graph.input({shape, integers ? DType::int32 : DType::real}, kind));
  }
  Predictor predictor(graph, graph.add(kind, kind, arguments, edges, {}, nullptr));
  return predict_once(predictor, arrays);
}

}  // namespace

void bind_prediction(py::module_& m) {
  bind_class<Predictor>(m, "Predictor")
      .def(py::init(&made<Predictor, const Graph&, const std::vector<EdgeId>&, bool>), py::arg("graph"),
           py::arg("outputs"), py::arg("training") = false)
      .def("__call__", &predict_once, py::arg("arrays"))
      .def("alone", &predict_alone, py::arg("array"))
      .def(
          "run",
          [](Predictor& predictor, const std::vector<py::array>& arrays, Index begin, Index end, Index batch_size,
             std::vector<py::array> outputs) {
            const std::vector<Column> columns = to_columns(arrays);
            require(outputs.size() == predictor.outputs(), "expected ", predictor.outputs(), " output arrays, got ",
                    outputs.size());
            std::vector<void*> to;
            for (std::size_t i = 0; i < outputs.size(); ++i) {
              Shape shape = predictor.output(i).shape;
              shape[0] = outputs[i].ndim() > 0 ? outputs[i].shape(0) : 0;
              require((outputs[i].flags() & py::array::c_style) != 0 && to_shape(outputs[i]) == shape &&
                          shape[0] >= end && outputs[i].dtype().is(py::dtype(name_of(predictor.output(i).dtype))),
                      "output ", i, " expects a C-contiguous ", name_of(predictor.output(i).dtype), " array of shape ",
                      to_string(predictor.output(i).shape));
              to.push_back(outputs[i].mutable_data());
            }
            py::gil_scoped_release release;
            predictor.run(columns, begin, end, batch_size, to, pulse);
          },
          py::arg("arrays"), py::arg("begin"), py::arg("end"), py::arg("batch_size"), py::arg("outputs"))
      .def("plain", &Predictor::plain)
      .def("outputs",
           [](const Predictor& predictor) {
             py::list specs;
             for (std::size_t i = 0; i < predictor.outputs(); ++i) specs.append(from_spec(predictor.output(i)));
             return specs;
           })
      .def("plan", &Predictor::describe_plan, py::arg("batch_size"))
      .def(
          "record", [](Predictor& predictor, bool on) { predictor.executor().record(on); }, py::arg("on"))
      .def("recorded", [](Predictor& predictor) {
        return py::make_tuple(nodes_of(predictor.executor().graph()), recorded_of(predictor.executor()));
      });

  m.def("apply", &apply_node, py::arg("kind"), py::arg("config"), py::arg("arrays"));
}

}  // namespace fastnn::bindings
