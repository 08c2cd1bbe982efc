// Layers by their kind, and graphs of them.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "fastnn/graph.hpp"
#include "module.hpp"

namespace fastnn::bindings {

void bind_graph(py::module_& m) {
  m.def("check_layer", [](const std::string& kind, const std::string& name, const py::dict& config) {
    make_layer(kind, name, to_config(config));
  });
  m.def("infer",
        [](const std::string& kind, const std::string& name, const py::dict& config, const py::sequence& inputs) {
          std::vector<Spec> specs;
          for (const py::handle input : inputs) specs.push_back(to_spec(input.cast<py::sequence>()));
          const Signature signature = make_layer(kind, name, to_config(config))->checked_infer(specs);
          py::list outputs, weights;
          for (const Spec& spec : signature.outputs) outputs.append(from_spec(spec));
          for (const WeightSpec& weight : signature.weights)
            weights.append(py::make_tuple(weight.name, from_shape(weight.shape), weight.trainable));
          return py::make_tuple(outputs, weights);
        });

  py::class_<Graph>(m, "Graph", py::module_local())
      .def(py::init<>())
      .def(
          "input",
          [](Graph& graph, const py::sequence& shape, const std::string& dtype, const std::string& name) {
            return graph.input({to_shape(shape), to_dtype(dtype)}, name);
          },
          py::arg("shape"), py::arg("dtype") = "float32", py::arg("name") = "input")
      .def(
          "add",
          [](Graph& graph, const std::string& kind, const std::string& name, const py::dict& config,
             const std::vector<EdgeId>& inputs, const std::vector<VariablePtr>& weights,
             const std::shared_ptr<Stream>& stream) {
            return graph.add(kind, name, to_config(config), inputs, weights, stream);
          },
          py::arg("kind"), py::arg("name"), py::arg("config"), py::arg("inputs"),
          py::arg("weights") = std::vector<VariablePtr>{}, py::arg("stream") = nullptr)
      .def("spec", [](const Graph& graph, EdgeId edge) { return from_spec(graph.edge(edge).spec); })
      .def("range",
           [](const Graph& graph, EdgeId input) -> py::object {
             const auto range = graph.range(input);
             if (!range) return py::none();
             return py::make_tuple(range->low, range->high, range->who);
           })
      .def("fixed_rows", &Graph::fixed_rows);
}

}  // namespace fastnn::bindings
