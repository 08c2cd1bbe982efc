// NumPy arrays seen as columns, and arguments of Python seen as configs and specs. Copies no data.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "fastnn/columns.hpp"
#include "fastnn/config.hpp"
#include "fastnn/sizing.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::bindings {

namespace py = pybind11;

/// A view of an array. Raises TypeError unless it holds numbers in the byte order of this machine.
Column to_column(const py::array& array);

/// An integer of Python. Raises ValueError where it has more than the 64 bits of those of the core.
Index to_index(const py::handle& value, const std::string& who);

/// An array's shape as ints.
Shape to_shape(const py::array& array);

/// A sequence of ints; None is kUnknown.
Shape to_shape(const py::sequence& dims);

/// A shape as Python writes it: a tuple, unknown dimensions None.
py::tuple from_shape(const Shape& shape);

DType to_dtype(const std::string& name);

py::tuple from_spec(const Spec& spec);

/// An edge in a trial batch: (shape, dtype, value or None).
py::tuple from_sized(const Sized& sized);
Sized to_sized(const py::sequence& triple);

/// A pair (shape, dtype).
Spec to_spec(const py::sequence& pair);

std::vector<Column> to_columns(const std::vector<py::array>& arrays);

using IndexArray = py::array_t<Index, py::array::c_style>;
using RealArray = py::array_t<Real, py::array::c_style | py::array::forcecast>;
using DoubleArray = py::array_t<double, py::array::c_style | py::array::forcecast>;

/// A new array with a copy of float32 numbers.
py::array copy_out(const Real* from, const Shape& shape);

/// A new C-contiguous array.
py::array make_array(const Shape& shape, DType dtype);

Config to_config(const py::dict& dict);

}  // namespace fastnn::bindings
