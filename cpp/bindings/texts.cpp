// Texts of Python, read in place: their hashes.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string_view>

#include "fastnn/text_hashing.hpp"
#include "module.hpp"

namespace fastnn::bindings {
namespace {

using Key = std::pair<std::uint64_t, std::uint64_t>;

std::string_view bytes_of(const py::handle& text) {
  if (!PyUnicode_Check(text.ptr())) {
    throw py::type_error("hash_texts expects strings, got " + py::repr(text).cast<std::string>());
  }
  Py_ssize_t size = 0;
  const char* bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (bytes == nullptr) throw py::error_already_set();
  return {bytes, static_cast<std::size_t>(size)};
}

py::array_t<std::uint64_t> hash_texts(const py::list& texts, const std::optional<Key>& key) {
  py::array_t<std::uint64_t> hashes(static_cast<py::ssize_t>(texts.size()));
  std::uint64_t* out = hashes.mutable_data();
  for (const py::handle text : texts) {
    const std::string_view bytes = bytes_of(text);
    *out++ = key ? siphash(bytes, *key) : fingerprint64(bytes);
  }
  return hashes;
}

}  // namespace

void bind_texts(py::module_& m) { m.def("hash_texts", &hash_texts); }

}  // namespace fastnn::bindings
