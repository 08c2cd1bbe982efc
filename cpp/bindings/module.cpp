// The Python surface of the core: the nouns, one class each. It knows no layer by name and owns no numbers; `_core.pyi` is
// its typed description.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>

#include "arrays.hpp"
#include "fastnn/executor.hpp"
#include "fastnn/instruction_set.hpp"
#include "fastnn/kernels/peak.hpp"
#include "fastnn/parallel.hpp"
#include "fastnn/predictor.hpp"
#include "fastnn/trainer.hpp"

namespace py = pybind11;
using namespace fastnn;
using namespace fastnn::bindings;

namespace {

using FloatArray = py::array_t<float, py::array::c_style | py::array::forcecast>;
using OrderArray = py::array_t<Index, py::array::c_style>;
using RateArray = py::array_t<double, py::array::c_style | py::array::forcecast>;

// Raises KeyboardInterrupt where Ctrl-C was pressed. Only the main thread sees signals; the others need not wait for Python.
const Pulse pulse = [] {
  py::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
};

py::tuple from_spec(const Spec& spec) { return py::make_tuple(from_shape(spec.shape), name_of(spec.dtype)); }

Spec to_spec(const py::sequence& pair) {
  return {to_shape(pair[0].cast<py::sequence>()), to_dtype(pair[1].cast<std::string>())};
}

py::array copy_out(const float* from, const Shape& shape) {
  py::array result = make_array(shape, DType::float32);
  std::copy_n(from, volume(shape), static_cast<float*>(result.mutable_data()));
  return result;
}

// The arrays of a run, kept alive for as long as the core reads them.
class Columns {
 public:
  Columns(const std::vector<py::array>& arrays, const std::vector<std::optional<py::array>>& weights)
      : arrays_(arrays), weights_(weights) {
    require(!arrays.empty(), "expected at least one array");
    for (const py::array& array : arrays_) data_.columns.push_back(to_column(array));
    weight_columns_.reserve(weights.size());
    for (const auto& array : weights_) {
      if (array) weight_columns_.push_back(to_column(*array));
      data_.weights.push_back(array ? &weight_columns_.back() : nullptr);
    }
  }
  const RunData& data() const { return data_; }
  Index rows() const { return data_.columns[0].rows(); }

 private:
  std::vector<py::array> arrays_;
  std::vector<std::optional<py::array>> weights_;
  std::vector<Column> weight_columns_;
  RunData data_;
};

std::vector<Column> to_columns(const std::vector<py::array>& arrays) {
  std::vector<Column> columns;
  columns.reserve(arrays.size());
  for (const py::array& array : arrays) columns.push_back(to_column(array));
  return columns;
}

void bind_variables(py::module_& m) {
  py::class_<Variable, VariablePtr>(m, "Variable", py::module_local())
      .def(py::init([](const std::string& path, const py::sequence& shape, bool trainable) {
             return std::make_shared<Variable>(path, to_shape(shape), trainable);
           }),
           py::arg("path"), py::arg("shape"), py::arg("trainable") = true)
      .def_readwrite("path", &Variable::path)
      .def_readwrite("trainable", &Variable::trainable)
      .def_readwrite("l1", &Variable::l1)
      .def_readwrite("l2", &Variable::l2)
      .def_property_readonly("shape", [](const Variable& v) { return from_shape(v.shape()); })
      .def("numpy",
           [](const Variable& v) {
             py::array result = make_array(v.shape(), DType::float32);
             float* to = static_cast<float*>(result.mutable_data());
             py::gil_scoped_release release;
             const ReadVariables reading;
             std::copy_n(v.data(), v.size(), to);
             return result;
           })
      .def("assign",
           [](Variable& v, const FloatArray& value) {
             require(to_shape(value) == v.shape(), v.path, " expects shape ", to_string(v.shape()), ", got ",
                     to_string(to_shape(value)));
             const float* from = value.data();
             py::gil_scoped_release release;
             const WriteVariables writing;
             std::copy_n(from, v.size(), v.data());
             v.touch();
           })
      .def(
          "set_constraint",
          [](Variable& v, const std::optional<std::string>& kind, const std::vector<float>& values,
             const std::vector<int>& axes) {
            Constraint rule;
            rule.axes = axes;
            auto value = [&](std::size_t i) {
              require(i < values.size(), "constraint ", *kind, " expects more than ", values.size(), " values");
              return values[i];
            };
            if (kind == "max_norm")
              rule.kind = Constraint::Kind::max_norm, rule.high = value(0);
            else if (kind == "non_neg")
              rule.kind = Constraint::Kind::non_neg;
            else if (kind == "unit_norm")
              rule.kind = Constraint::Kind::unit_norm;
            else if (kind == "min_max_norm")
              rule.kind = Constraint::Kind::min_max_norm, rule.low = value(0), rule.high = value(1),
              rule.rate = value(2);
            else
              require(!kind, "no constraint is called \"", kind.value_or(""), "\"");
            v.constraint = rule;
          },
          py::arg("kind"), py::arg("values") = std::vector<float>{}, py::arg("axes") = std::vector<int>{});

  py::class_<Stream, std::shared_ptr<Stream>>(m, "Stream", py::module_local())
      .def(py::init([](std::uint64_t seed, std::uint64_t position) {
             return std::make_shared<Stream>(Stream{seed, position});
           }),
           py::arg("seed"), py::arg("position") = 0)
      .def_readwrite("seed", &Stream::seed)
      .def_readwrite("position", &Stream::position);
}

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
  m.def("layer_kinds", &layer_kinds);

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
      .def("fixed_rows", &Graph::fixed_rows)
      .def("describe", &Graph::describe);
}

// One pass over whole arrays as one batch.
py::list predict_once(Predictor& predictor, const std::vector<py::array>& arrays) {
  const std::vector<Column> columns = to_columns(arrays);
  const Index rows = columns.empty() ? 0 : columns[0].rows();
  py::list results;
  std::vector<void*> to;
  for (std::size_t i = 0; i < predictor.outputs(); ++i) {
    Shape shape = predictor.output(i).shape;
    shape[0] = rows;
    py::array array = make_array(shape, predictor.output(i).dtype);
    to.push_back(array.mutable_data());
    results.append(std::move(array));
  }
  py::gil_scoped_release release;
  predictor.run(columns, 0, rows, rows, to, pulse);
  return results;
}

void bind_runs(py::module_& m) {
  py::class_<Predictor>(m, "Predictor", py::module_local())
      .def(py::init<const Graph&, const std::vector<EdgeId>&>(), py::arg("graph"), py::arg("outputs"))
      .def("__call__", &predict_once, py::arg("arrays"))
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
      .def("outputs",
           [](const Predictor& predictor) {
             py::list specs;
             for (std::size_t i = 0; i < predictor.outputs(); ++i) specs.append(from_spec(predictor.output(i)));
             return specs;
           })
      .def("plan", &Predictor::describe_plan, py::arg("batch_size"));

  py::class_<Columns>(m, "Columns", py::module_local())
      .def(py::init<const std::vector<py::array>&, const std::vector<std::optional<py::array>>&>(), py::arg("arrays"),
           py::arg("weights") = std::vector<std::optional<py::array>>{})
      .def_property_readonly("rows", &Columns::rows);

  py::class_<Optimizer, std::shared_ptr<Optimizer>>(m, "Optimizer", py::module_local())
      .def(py::init([](const std::string& kind, const py::dict& config) {
             return std::make_shared<Optimizer>(kind, to_config(config));
           }),
           py::arg("kind"), py::arg("config"))
      .def_readwrite("learning_rate", &Optimizer::learning_rate)
      .def_readwrite("iterations", &Optimizer::iterations)
      .def("build", &Optimizer::build, py::arg("weights"))
      .def("slots", &Optimizer::slots, py::arg("weight"))
      .def("exclude_from_weight_decay", &Optimizer::exclude_from_weight_decay, py::arg("weights"));

  py::class_<Trainer>(m, "Trainer", py::module_local())
      .def(py::init([](const Graph& graph, const std::vector<std::tuple<EdgeId, double, int, bool, EdgeId>>& losses,
                       const std::vector<std::tuple<EdgeId, int, EdgeId>>& metrics,
                       std::shared_ptr<Optimizer> optimizer) {
             std::vector<LossTerm> loss_terms;
             for (const auto& [edge, weight, sample_weights, summed, mask] : losses)
               loss_terms.push_back({edge, weight, sample_weights, summed, mask});
             std::vector<MetricTerm> metric_terms;
             for (const auto& [edge, sample_weights, mask] : metrics)
               metric_terms.push_back({edge, sample_weights, mask});
             return std::make_unique<Trainer>(graph, std::move(loss_terms), std::move(metric_terms),
                                              std::move(optimizer));
           }),
           py::arg("graph"), py::arg("losses"), py::arg("metrics"), py::arg("optimizer"))
      .def("reset", &Trainer::reset)
      .def(
          "run",
          [](Trainer& trainer, const Columns& columns, const std::optional<OrderArray>& order, Index batch_size,
             Index first_step, Index last_step, double budget, const std::optional<RateArray>& rates) {
            require(!rates || rates->size() >= last_step - first_step, "rates expects one learning rate a step");
            require(!order || order->size() == columns.rows(), "order expects one index a row");
            require(first_step >= 0 && first_step < last_step && (last_step - 1) * batch_size < columns.rows(),
                    "steps ", first_step, " to ", last_step, " of ", batch_size, " rows do not lie within ",
                    columns.rows(), " rows");
            const Index* rows = order ? order->data() : nullptr;
            for (py::ssize_t i = 0; order && i < order->size(); ++i)
              require(rows[i] >= 0 && rows[i] < columns.rows(), "order names row ", rows[i], " of ", columns.rows());
            const double* rate = rates ? rates->data() : nullptr;
            py::gil_scoped_release release;
            return trainer.run(columns.data(), rows, batch_size, first_step, last_step, rate, budget, pulse);
          },
          py::arg("columns"), py::arg("order"), py::arg("batch_size"), py::arg("first_step"), py::arg("last_step"),
          py::arg("budget"), py::arg("rates") = py::none())
      .def("results", &Trainer::results)
      .def("gradients",
           [](Trainer& trainer, const Columns& columns) {
             std::vector<std::pair<VariablePtr, std::vector<float>>> found;
             {
               py::gil_scoped_release release;
               found = trainer.gradients(columns.data(), pulse);
             }
             py::list result;
             for (const auto& [weight, gradient] : found)
               result.append(py::make_tuple(weight, copy_out(gradient.data(), weight->shape())));
             return result;
           })
      .def("plan", &Trainer::describe_plan, py::arg("batch_size"));
}

// For tests: one pass forward and back with everything poisoned first, and its commit.
py::tuple vjp(const Graph& graph, const std::vector<EdgeId>& outputs, const std::vector<py::array>& arrays,
              const std::vector<FloatArray>& cotangents, bool training) {
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
    const Spec& spec = executor.graph().edge(edge).spec;
    Shape shape = spec.shape;
    if (spec.batched()) shape[0] = rows;
    return shape;
  };
  {
    const ReadVariables reading;
    session->forward({});
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (float* gradient = session->gradient(executor.output(i))) {
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
    const ReadVariables reading;
    session->backward({});
  }
  for (EdgeId edge : inputs) {
    const float* gradient = session->gradient(edge);
    input_gradients.append(gradient == nullptr ? py::object(py::none())
                                               : py::object(copy_out(gradient, shape_of(edge))));
  }
  const GradientTable& table = executor.gradients();
  for (std::size_t i = 0; i < table.weights.size(); ++i)
    weight_gradients.append(py::make_tuple(
        table.weights[i], copy_out(session->weight_gradients() + table.offsets[i], table.weights[i]->shape())));
  if (training) {
    const WriteVariables writing;
    session->commit();
  }
  return py::make_tuple(values, input_gradients, weight_gradients);
}

template <class Fill>
py::array random_array(std::uint64_t seed, const py::sequence& dims, float a, float b, Fill&& fill) {
  py::array result = make_array(to_shape(dims), DType::float32);
  fill(Stream{seed, 0}, a, b, static_cast<float*>(result.mutable_data()), result.size());
  return result;
}

void bind_functions(py::module_& m) {
  m.def("vjp", &vjp, py::arg("graph"), py::arg("outputs"), py::arg("arrays"), py::arg("cotangents"),
        py::arg("training") = true);
  m.def("apply", [](const std::string& kind, const py::dict& config, const std::vector<py::array>& arrays) {
    Graph graph;
    std::vector<EdgeId> edges;
    const Config arguments = to_config(config);
    for (const py::array& array : arrays) {
      Shape shape = to_shape(array);
      require(!shape.empty(), kind, " expects arrays of at least one dimension");
      shape[0] = kUnknown;
      const bool whole = array.dtype().kind() == 'i' || array.dtype().kind() == 'u';
      edges.push_back(graph.input({shape, whole ? DType::int32 : DType::float32}, kind));
    }
    Predictor predictor(graph, graph.add(kind, kind, arguments, edges, {}, nullptr));
    return predict_once(predictor, arrays);
  });
  m.def("first_nan", [](const py::array& array) {
    const Column column = to_column(array);
    py::gil_scoped_release release;
    return first_nan(column);
  });
  m.def("first_outside", [](const py::array& array, Index low, Index high) {
    const Column column = to_column(array);
    py::gil_scoped_release release;
    return first_outside(column, low, high);
  });
  m.def("random_uniform", [](std::uint64_t seed, const py::sequence& shape, float low, float high) {
    return random_array(seed, shape, low, high, fill_uniform);
  });
  m.def("random_normal", [](std::uint64_t seed, const py::sequence& shape, float mean, float stddev) {
    return random_array(seed, shape, mean, stddev, fill_normal);
  });
  m.def("random_truncated_normal", [](std::uint64_t seed, const py::sequence& shape, float mean, float stddev) {
    return random_array(seed, shape, mean, stddev, fill_truncated_normal);
  });
  m.def("random_permutation", [](std::uint64_t seed, std::uint64_t position, Index count) {
    OrderArray order(count);
    fill_permutation({seed, position}, order.mutable_data(), count);
    return order;
  });
  m.def(
      "peak_gflops", [](double seconds) { return kernels::peak_gflops(seconds); }, py::arg("seconds"),
      py::call_guard<py::gil_scoped_release>());
  m.def("supported_instruction_sets", &supported_instruction_sets);
  m.def("load_kernels", &load_kernels, py::arg("path"));
  m.def("num_threads", &num_threads);
  m.def("set_num_threads", &set_num_threads, py::arg("count"));
  m.def("build_info", [] {
    py::dict info;
    const KernelInfo kernels = loaded_kernels();
    info["isa"] = kernels.isa;
    info["packet_width"] = std::to_string(kernels.packet_width);
    info["eigen"] = kernels.eigen;
#if defined(__clang__)
    info["compiler"] = text("Clang ", __clang_version__);
#elif defined(__GNUC__)
    info["compiler"] = text("GCC ", __VERSION__);
#else
    info["compiler"] = "unknown";
#endif
    info["openmp"] = std::to_string(_OPENMP);
    return info;
  });
}

}  // namespace

PYBIND11_MODULE(_native, m) {
  m.doc() = "The compiled core of fastnn.";
  py::register_local_exception_translator([](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const TypeError& e) {
      py::set_error(PyExc_TypeError, e.what());
    } catch (const ValueError& e) {
      py::set_error(PyExc_ValueError, e.what());
    }
  });
  bind_variables(m);
  bind_graph(m);
  bind_runs(m);
  bind_functions(m);
}
