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
  require(find_dtype(name, dtype), "no edge carries dtype \"", name, "\": ", kReal, ", int32 or bool");
  return dtype;
}

py::array make_array(const Shape& shape, DType dtype) { return py::array(py::dtype(name_of(dtype)), shape); }

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

py::array copy_out(const Real* from, const Shape& shape) {
  py::array result = make_array(shape, DType::real);
  std::copy_n(from, volume(shape), static_cast<Real*>(result.mutable_data()));
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
    const KeptLock kept(array.nbytes());
    return first_beyond(column, low, high);
  });
  m.def("first_outside", [](const py::array& array, Index low, Index high) {
    const Column column = to_column(array);
    const KeptLock kept(array.nbytes());
    return first_outside(column, low, high);
  });
}

}  // namespace fastnn::bindings
