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
  m.def("infer", [](const std::string& kind, const std::string& name, const py::dict& config,
                    const py::sequence& inputs) {
    std::vector<Spec> specs;
    for (const py::handle input : inputs) specs.push_back(to_spec(input.cast<py::sequence>()));
    const Signature signature = make_layer(kind, name, to_config(config))->checked_infer(specs);
    py::list outputs, weights;
    for (const Spec& spec : signature.outputs) outputs.append(from_spec(spec));
    for (const WeightSpec& weight : signature.weights)
      weights.append(py::make_tuple(weight.name, from_shape(weight.shape), weight.trainable, name_of(weight.dtype)));
    return py::make_tuple(outputs, weights);
  });

  m.def("infer_sized",
        [](const std::string& kind, const std::string& name, const py::dict& config, const py::sequence& inputs) {
          std::vector<Sized> known;
          for (const py::handle input : inputs) known.push_back(to_sized(input.cast<py::sequence>()));
          py::list outputs;
          for (const Sized& output : make_sized(kind, name, to_config(config), known).outputs)
            outputs.append(from_sized(output));
          return outputs;
        });
  m.def("about_any_batch", &about_any_batch);
  m.attr("TRIAL_ROWS") = py::make_tuple(kTrialRows[0], kTrialRows[1]);
  py::register_local_exception<RowsNeeded>(m, "RowsNeeded", PyExc_ValueError);

  bind_class<Graph>(m, "Graph")
      .def(py::init(&made<Graph, bool>), py::arg("in_order") = false)
      .def("reached", &Graph::reached, py::arg("targets"), py::arg("sources"), py::arg("variables"),
           py::arg("recorded"))
      .def_property_readonly("size", &Graph::size)
      .def(
          "input",
          [](Graph& graph, const py::sequence& shape, const std::string& dtype, const std::string& name) {
            return graph.input({to_shape(shape), to_dtype(dtype)}, name);
          },
          py::arg("shape"), py::arg("dtype") = kReal, py::arg("name") = "input")
      .def(
          "add",
          [](Graph& graph, const std::string& kind, const std::string& name, const py::dict& config,
             const std::vector<EdgeId>& inputs, const std::vector<VariablePtr>& weights,
             const std::shared_ptr<Stream>& stream) {
            return graph.add(kind, name, to_config(config), inputs, weights, stream);
          },
          py::arg("kind"), py::arg("name"), py::arg("config"), py::arg("inputs"),
          py::arg("weights") = std::vector<VariablePtr>{}, py::arg("stream") = nullptr)
      .def("spec",
           [](const Graph& graph, EdgeId id) {
             const Edge& edge = graph.edge(id);
             Spec spec = edge.spec;
             if (edge.plain() && spec.batched() && graph.input_rows() > 0) spec.shape[0] = graph.input_rows();
             return from_spec(spec);
           })
      .def("stand_in",
           [](Graph& graph, const py::sequence& trials) {
             std::vector<Sized> known;
             for (const py::handle trial : trials) known.push_back(to_sized(trial.cast<py::sequence>()));
             require(known.size() == kTrialRows.size(), "expected ", kTrialRows.size(), " trials, got ", known.size());
             return graph.stand_in(known);
           })
      .def("trials",
           [](const Graph& graph, EdgeId edge) -> py::object {
             const auto& trials = graph.edge(edge).trials;
             if (trials.empty()) return py::none();
             return py::make_tuple(from_sized(trials[0]), from_sized(trials[1]));
           })
      .def("sized", &Graph::sized)
      .def("input_rows", &Graph::input_rows)
      .def("range",
           [](const Graph& graph, EdgeId input) -> py::object {
             const auto range = graph.range(input);
             if (!range) return py::none();
             return py::make_tuple(range->low, range->high, range->who);
           })
      .def("fixed_rows", &Graph::fixed_rows);
}

}  // namespace fastnn::bindings
