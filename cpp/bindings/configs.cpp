// Arguments of Python as configs of the core.
#include "arrays.hpp"
#include "fastnn/error.hpp"

namespace fastnn::bindings {

Index to_index(const py::handle& value, const std::string& who) {
  const auto integer = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!integer) throw py::error_already_set();
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(integer.ptr(), &overflow);
  require(overflow == 0, who, " expects integers below 2**63, got ", py::repr(integer).cast<std::string>());
  return number;
}

namespace {

// An integer among the arguments of a node.
Index to_argument(const py::handle& value, const std::string& key) {
  const Index number = to_index(value, key);
  require(number >= -kMostSize && number <= kMostSize, key, " expects integers of at most ", kMostSize, ", got ",
          number);
  return number;
}

Config::Value to_value(const std::string& key, const py::handle& value) {
  if (value.is_none()) return std::monostate{};
  if (py::isinstance<py::bool_>(value)) return value.cast<bool>();
  if (py::isinstance<py::str>(value)) return value.cast<std::string>();
  if (py::isinstance<py::float_>(value)) return value.cast<double>();
  if (py::isinstance<py::array>(value)) {
    const auto array = RealArray::ensure(value);
    if (!array) throw TypeError(key + " expects an array of numbers");
    return Constant{to_shape(array), std::vector<Real>(array.data(), array.data() + array.size())};
  }
  if (PyIndex_Check(value.ptr())) return to_argument(value, key);
  if (PyNumber_Check(value.ptr()) && !py::isinstance<py::sequence>(value))
    return py::float_(py::reinterpret_borrow<py::object>(value)).cast<double>();
  if (py::isinstance<py::tuple>(value) || py::isinstance<py::list>(value)) {
    std::vector<Index> integers;
    std::vector<double> numbers;
    std::vector<int> inputs;  // a size that is the value of an input is written {"input": index}
    bool whole = true, from_inputs = false;
    for (const py::handle item : py::reinterpret_borrow<py::sequence>(value)) {
      inputs.push_back(Sizes::kNumber);
      if (py::isinstance<py::dict>(item)) {
        inputs.back() = py::reinterpret_borrow<py::dict>(item)["input"].cast<int>();
        integers.push_back(0);
        from_inputs = true;
        continue;
      }
      if (item.is_none() || PyIndex_Check(item.ptr())) {
        integers.push_back(item.is_none() ? kUnknown : to_argument(item, key));
        numbers.push_back(static_cast<double>(integers.back()));
      } else if (PyNumber_Check(item.ptr())) {
        whole = false;
        numbers.push_back(py::float_(py::reinterpret_borrow<py::object>(item)).cast<double>());
      } else {
        throw TypeError(key + " expects numbers, got " + py::repr(value).cast<std::string>());
      }
    }
    if (from_inputs) return Sizes{integers, inputs};
    if (whole) return integers;
    return numbers;
  }
  throw TypeError(key + " got " + py::repr(value).cast<std::string>() +
                  ", which is no number, string or tuple of numbers");
}

}  // namespace

Config to_config(const py::dict& dict) {
  Config config;
  for (const auto& [key, value] : dict) {
    const auto name = key.cast<std::string>();
    config.set(name, to_value(name, value));
  }
  return config;
}

}  // namespace fastnn::bindings
