// Conversions of arrays, shapes and arguments between Python and the core, and checks of arrays.
#include "arrays.hpp"

#include "fastnn/error.hpp"
#include "module.hpp"

namespace fastnn::bindings {

Column to_column(const py::array& array) {
  Column column;
  const char kind = array.dtype().kind();
  const auto bytes = array.dtype().itemsize();
  const char order = array.dtype().byteorder();
  const bool native = order == '=' || order == '|' || (order == '<') == (PY_LITTLE_ENDIAN != 0);
  auto is = [&](char wanted_kind, py::ssize_t wanted_bytes) { return kind == wanted_kind && bytes == wanted_bytes; };
  if (is('f', 4))
    column.source = Source::float32;
  else if (is('f', 8))
    column.source = Source::float64;
  else if (is('f', 2))
    column.source = Source::float16;
  else if (is('b', 1))
    column.source = Source::boolean;
  else if (is('i', 1))
    column.source = Source::int8;
  else if (is('u', 1))
    column.source = Source::uint8;
  else if (is('i', 2))
    column.source = Source::int16;
  else if (is('u', 2))
    column.source = Source::uint16;
  else if (is('i', 4))
    column.source = Source::int32;
  else if (is('u', 4))
    column.source = Source::uint32;
  else if (is('i', 8))
    column.source = Source::int64;
  else if (is('u', 8))
    column.source = Source::uint64;
  else
    throw TypeError("expected an array of numbers, got dtype " + py::str(array.dtype()).cast<std::string>());
  if (!native)
    throw TypeError("expected an array in the byte order of this machine, got dtype " +
                    py::str(array.dtype()).cast<std::string>());
  require(array.ndim() >= 1 && array.ndim() <= static_cast<py::ssize_t>(Column::kMaxRank), "expected an array of 1 to ",
          Column::kMaxRank, " dimensions, got ", array.ndim());
  column.data = static_cast<const std::byte*>(array.data());
  column.rank = static_cast<std::size_t>(array.ndim());
  for (std::size_t d = 0; d < column.rank; ++d) {
    column.dims[d] = array.shape(static_cast<py::ssize_t>(d));
    column.strides[d] = array.strides(static_cast<py::ssize_t>(d));
  }
  return column;
}

Shape to_shape(const py::array& array) { return Shape(array.shape(), array.shape() + array.ndim()); }

namespace {

// An integer of Python; those of the core have 64 bits.
Index to_index(const py::handle& value, const std::string& who) {
  const auto integer = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!integer) throw py::error_already_set();
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(integer.ptr(), &overflow);
  require(overflow == 0, who, " expects integers below 2**63, got ", py::repr(integer).cast<std::string>());
  return number;
}

}  // namespace

Shape to_shape(const py::sequence& dims) {
  Shape shape;
  for (const py::handle dim : dims) shape.push_back(dim.is_none() ? kUnknown : to_index(dim, "a shape"));
  return shape;
}

py::tuple from_shape(const Shape& shape) {
  py::tuple dims(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i)
    dims[i] = shape[i] == kUnknown ? py::object(py::none()) : py::object(py::int_(shape[i]));
  return dims;
}

DType to_dtype(const std::string& name) {
  DType dtype{};
  require(find_dtype(name, dtype), "no edge carries dtype \"", name, "\": float32, int32 or bool");
  return dtype;
}

py::array make_array(const Shape& shape, DType dtype) { return py::array(py::dtype(name_of(dtype)), shape); }

namespace {

Config::Value to_value(const std::string& key, const py::handle& value) {
  if (value.is_none()) return std::monostate{};
  if (py::isinstance<py::bool_>(value)) return value.cast<bool>();
  if (py::isinstance<py::str>(value)) return value.cast<std::string>();
  if (py::isinstance<py::float_>(value)) return value.cast<double>();
  if (py::isinstance<py::array>(value)) {
    const auto array = FloatArray::ensure(value);
    if (!array) throw TypeError(key + " expects an array of numbers");
    return Constant{to_shape(array), std::vector<float>(array.data(), array.data() + array.size())};
  }
  if (PyIndex_Check(value.ptr())) return to_index(value, key);
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
        integers.push_back(item.is_none() ? kUnknown : to_index(item, key));
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

py::tuple from_spec(const Spec& spec) { return py::make_tuple(from_shape(spec.shape), name_of(spec.dtype)); }

py::tuple from_sized(const Sized& sized) {
  return py::make_tuple(from_shape(sized.spec.shape), name_of(sized.spec.dtype),
                        sized.value ? py::object(py::float_(*sized.value)) : py::object(py::none()));
}

Sized to_sized(const py::sequence& triple) {
  Sized sized{to_spec(triple), std::nullopt};
  if (!triple[2].is_none()) sized.value = triple[2].cast<double>();
  return sized;
}

Spec to_spec(const py::sequence& pair) {
  return {to_shape(pair[0].cast<py::sequence>()), to_dtype(pair[1].cast<std::string>())};
}

py::array copy_out(const float* from, const Shape& shape) {
  py::array result = make_array(shape, DType::float32);
  std::copy_n(from, volume(shape), static_cast<float*>(result.mutable_data()));
  return result;
}

std::vector<Column> to_columns(const std::vector<py::array>& arrays) {
  std::vector<Column> columns;
  columns.reserve(arrays.size());
  for (const py::array& array : arrays) columns.push_back(to_column(array));
  return columns;
}

void bind_arrays(py::module_& m) {
  m.def("first_beyond", [](const py::array& array, double low, double high) {
    const Column column = to_column(array);
    py::gil_scoped_release release;
    return first_beyond(column, low, high);
  });
  m.def("first_outside", [](const py::array& array, Index low, Index high) {
    const Column column = to_column(array);
    py::gil_scoped_release release;
    return first_outside(column, low, high);
  });
}

}  // namespace fastnn::bindings
