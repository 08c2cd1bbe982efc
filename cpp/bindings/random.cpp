// Random streams, initial values and permutations.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "arrays.hpp"
#include "fastnn/random.hpp"
#include "module.hpp"

namespace fastnn::bindings {
namespace {

template <class Fill>
py::array random_array(std::uint64_t seed, const py::sequence& dims, Real a, Real b, Fill&& fill) {
  py::array result = make_array(to_shape(dims), DType::real);
  fill(Stream{seed, 0}, a, b, static_cast<Real*>(result.mutable_data()), result.size());
  return result;
}

}  // namespace

void bind_random(py::module_& m) {
  auto stream = bind_class<Stream, std::shared_ptr<Stream>>(m, "Stream", true);
  stream.def(py::init([](std::uint64_t seed, std::uint64_t position) {
               return std::make_shared<Stream>(Stream{seed, position});
             }),
             py::arg("seed"), py::arg("position") = 0);
  bind_committed(stream, "seed", &Stream::seed);
  bind_committed(stream, "position", &Stream::position);

  m.def("random_uniform", [](std::uint64_t seed, const py::sequence& shape, Real low, Real high) {
    return random_array(seed, shape, low, high, fill_uniform);
  });
  m.def("random_normal", [](std::uint64_t seed, const py::sequence& shape, Real mean, Real stddev) {
    return random_array(seed, shape, mean, stddev, fill_normal);
  });
  m.def("random_truncated_normal", [](std::uint64_t seed, const py::sequence& shape, Real mean, Real stddev) {
    return random_array(seed, shape, mean, stddev, fill_truncated_normal);
  });
  m.def("random_permutation", [](std::uint64_t seed, std::uint64_t position, Index count) {
    IndexArray order(count);
    fill_permutation({seed, position}, order.mutable_data(), count);
    return order;
  });
}

}  // namespace fastnn::bindings
