// Variables, alone and at one moment.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "fastnn/optimizer.hpp"
#include "fastnn/projection.hpp"
#include "fastnn/random.hpp"
#include "fastnn/variable.hpp"
#include "module.hpp"

namespace fastnn::bindings {
namespace {

/// The values for a variable, contiguous and of its type.
py::array values_for(const Variable& variable, const py::object& given) {
  py::array values = variable.dtype() == DType::int8
                         ? py::array(py::array_t<std::int8_t, py::array::c_style | py::array::forcecast>(given))
                         : py::array(RealArray(given));
  require(to_shape(values) == variable.shape(), variable.path, " expects shape ", to_string(variable.shape()), ", got ",
          to_string(to_shape(values)));
  return values;
}

}  // namespace

void bind_variables(py::module_& m) {
  bind_class<Variable, VariablePtr>(m, "Variable")
      .def(py::init([](const std::string& path, const py::sequence& shape, bool trainable, const std::string& dtype) {
             DType held{};
             require(find_held_dtype(dtype, held), path, " expects dtype ", kReal, ", bfloat16 or int8, got ", dtype);
             return std::make_shared<Variable>(path, to_shape(shape), trainable, held);
           }),
           py::arg("path"), py::arg("shape"), py::arg("trainable") = true, py::arg("dtype") = kReal)
      .def_readwrite("path", &Variable::path)
      .def_readwrite("trainable", &Variable::trainable)
      .def_readwrite("l1", &Variable::l1)
      .def_readwrite("l2", &Variable::l2)
      .def_property_readonly("shape", [](const Variable& v) { return from_shape(v.shape()); })
      .def_property_readonly("dtype", [](const Variable& v) { return name_of(v.dtype()); })
      .def("numpy",
           [](const Variable& v) {
             py::array result = make_array(v.shape(), v.exchanged());
             void* to = result.mutable_data();
             KeptLock kept(v.bytes());
             const ReadVariables reading({&v}, std::ref(kept));
             v.read(to);
             return result;
           })
      .def("assign",
           [](Variable& v, const py::object& value) {
             const py::array values = values_for(v, value);
             const void* from = values.data();
             KeptLock kept(v.bytes());
             const WriteVariables writing({&v}, std::ref(kept));
             v.write(from);
             v.touch();
           })
      .def(
          "assign_doubles",
          [](const VariablePtr& v, const DoubleArray& value, const VariablePtr& remainder) {
            require(to_shape(value) == v->shape() && remainder->shape() == v->shape(), v->path, " expects shape ",
                    to_string(v->shape()), ", got ", to_string(to_shape(value)));
            const double* from = value.data();
            KeptLock kept(v->bytes());
            const WriteVariables writing({v.get(), remainder.get()}, std::ref(kept));
            const Accumulator sum{v, remainder};
            for (Index i = 0; i < v->size(); ++i) sum.set(from[i], i);
            sum.touch();
          },
          py::arg("value"), py::arg("remainder"))
      .def(
          "set_constraint",
          [](Variable& v, const std::optional<std::string>& kind, const std::vector<Real>& values,
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
          py::arg("kind"), py::arg("values") = std::vector<Real>{}, py::arg("axes") = std::vector<int>{})
      .def(
          "set_projection",
          [](Variable& v, const Graph& graph, EdgeId output, const VariablePtr& value) {
            require(value->shape() == v.shape(), v.path, " has shape ", to_string(v.shape()), ", its constraint ",
                    to_string(value->shape()));
            Constraint rule;
            rule.kind = Constraint::Kind::custom;
            auto projection = std::make_shared<Projection>(graph, output, value);
            rule.custom = [projection](const Variable& weight) { projection->apply(weight); };
            v.constraint = rule;
          },
          py::arg("graph"), py::arg("output"), py::arg("value"));

  m.def("variable_lock", [] { return py::capsule(variable_lock(), "fastnn.variable_lock"); });
  m.def(
      "share_variable_lock", [](const py::capsule& lock) { share_variable_lock(static_cast<VariableLock*>(lock)); },
      py::arg("lock"));
  m.def(
      "values_of",
      [](const std::vector<VariablePtr>& variables, const std::vector<std::shared_ptr<Optimizer>>& optimizers,
         const std::vector<std::shared_ptr<Stream>>& streams) {
        std::vector<py::array> values;
        std::vector<Index> steps;
        std::vector<std::pair<std::uint64_t, std::uint64_t>> places;
        std::vector<void*> to;
        Members members;
        std::size_t bytes = 0;
        for (const auto& optimizer : optimizers) members.push_back(optimizer.get());
        for (const auto& stream : streams) members.push_back(stream.get());
        for (const VariablePtr& variable : variables) {
          members.push_back(variable.get());
          values.push_back(make_array(variable->shape(), variable->exchanged()));
          to.push_back(values.back().mutable_data());
          bytes += variable->bytes();
        }
        {
          KeptLock kept(bytes);
          const ReadVariables reading(members, std::ref(kept));
          for (std::size_t i = 0; i < to.size(); ++i) variables[i]->read(to[i]);
          for (const auto& optimizer : optimizers) steps.push_back(optimizer->iterations);
          for (const auto& stream : streams) places.emplace_back(stream->seed, stream->position);
        }
        return py::make_tuple(values, steps, places);
      },
      py::arg("variables"), py::arg("optimizers"), py::arg("streams"));
  m.def(
      "assign_all",
      [](const std::vector<VariablePtr>& variables, const std::vector<py::object>& given) {
        require(variables.size() == given.size(), "expected ", variables.size(), " arrays, got ", given.size());
        std::vector<py::array> values;
        std::vector<const void*> from;
        Members members;
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < given.size(); ++i) {
          values.push_back(values_for(*variables[i], given[i]));
          from.push_back(values.back().data());
          members.push_back(variables[i].get());
          bytes += variables[i]->bytes();
        }
        KeptLock kept(bytes);
        const WriteVariables writing(members, std::ref(kept));
        for (std::size_t i = 0; i < from.size(); ++i) {
          variables[i]->write(from[i]);
          variables[i]->touch();
        }
      },
      py::arg("variables"), py::arg("values"));
}

}  // namespace fastnn::bindings
