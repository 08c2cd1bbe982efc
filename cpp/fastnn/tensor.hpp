// Shapes, element types and aligned memory, used by every floor above. Owns no numbers but those of AlignedBuffer;
// computes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "fastnn/real.hpp"

namespace fastnn {

using Index = std::int64_t;

/// A dimension that is known only once there is data: the batch (always dimension 0).
constexpr Index kUnknown = -1;

constexpr std::size_t kAlignment = 64;

/// Element types. Those of edges are Real, int32 and bool; int8 and bfloat16 are types of variables alone: quantized weights,
/// and weights that are held in 16 bits and computed with as floats.
enum class DType : std::uint8_t { real, int32, boolean, int8, bfloat16 };

inline std::size_t size_of(DType dtype) {
  if (dtype == DType::real) return sizeof(Real);
  if (dtype == DType::bfloat16) return sizeof(std::uint16_t);
  return dtype == DType::int32 ? sizeof(std::int32_t) : 1;
}

/// Calls body with an unsigned integer as large as an element of `bytes`: for copies, which know the size of an element
/// and not its type.
template <class Body>
inline void with_element(std::size_t bytes, Body&& body) {
  if (bytes == sizeof(std::uint8_t))
    body(std::uint8_t{});
  else if (sizeof(Real) == sizeof(std::uint32_t) || bytes == sizeof(std::uint32_t))
    body(std::uint32_t{});
  else
    body(std::uint64_t{});
}

inline const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::real:
      return kReal;
    case DType::int32:
      return "int32";
    case DType::boolean:
      return "bool";
    case DType::int8:
      return "int8";
    case DType::bfloat16:
      return "bfloat16";
  }
  return "?";
}

/// The type of edges with this name; false if there is none. A core has one type of floats, by whichever name it is asked for.
inline bool find_dtype(const std::string& name, DType& found) {
  if (name == "float32" || name == "float64") {
    found = DType::real;
    return true;
  }
  for (DType dtype : {DType::int32, DType::boolean}) {
    if (name != name_of(dtype)) continue;
    found = dtype;
    return true;
  }
  return false;
}

/// The same for the types in which variables hold their numbers.
inline bool find_held_dtype(const std::string& name, DType& found) {
  for (DType dtype : {DType::int8, DType::bfloat16}) {
    if (name != name_of(dtype)) continue;
    found = dtype;
    return true;
  }
  return find_dtype(name, found);
}

/// Dimensions, batch first where there is one. Used while a graph is built, never inside a step.
using Shape = std::vector<Index>;

/// The product of shape[from..]. With from = 1, a batched shape gives the elements of one row.
inline Index volume(const Shape& shape, std::size_t from = 0) {
  Index total = 1;
  for (std::size_t i = from; i < shape.size(); ++i) total *= shape[i];
  return total;
}

/// Largest dimension, and largest integer among the arguments of a layer: then sums of two products of two of them fit
/// into an Index.
constexpr Index kMostSize = Index{1} << 31;
/// Largest number of elements of one row of a batch, or of a weight.
constexpr Index kMostElements = Index{1} << 48;

/// True if a shape is one that memory may be planned for. The batch counts as 1.
inline bool is_feasible(const Shape& shape) {
  Index total = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == kUnknown) continue;
    if (shape[i] < 0 || shape[i] > kMostSize) return false;
    total *= shape[i];
    if (total > kMostElements) return false;
  }
  return true;
}

/// A shape as shown to users: "(batch, 28, 28, 1)" where the first dimension is unknown, "(3, 4)" otherwise.
inline std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    if (shape[i] != kUnknown)
      text += std::to_string(shape[i]);
    else
      text += i == 0 ? "batch" : "None";
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

/// The shape and element type of an edge. Most edges are batched: their first dimension is the batch, whose size is
/// known only in a step. The others (a weight read as a value, a mean over the batch) have a fixed size.
struct Spec {
  Shape shape;
  DType dtype = DType::real;

  bool batched() const { return !shape.empty() && shape[0] == kUnknown; }
  /// Elements of one row of a batched edge.
  Index row_size() const { return volume(shape, 1); }
  std::size_t row_bytes() const { return static_cast<std::size_t>(row_size()) * size_of(dtype); }
  /// Elements in a batch of `rows`.
  Index size(Index rows) const { return batched() ? rows * row_size() : volume(shape); }
  std::size_t bytes(Index rows) const { return static_cast<std::size_t>(size(rows)) * size_of(dtype); }
};

/// `bytes` rounded up to a multiple of the alignment.
inline std::size_t align_up(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

/// The same for a number of Reals.
inline Index padded(Index count) {
  constexpr Index kLine = static_cast<Index>(kAlignment / sizeof(Real));
  return (count + kLine - 1) / kLine * kLine;
}

/// One block of 64-byte aligned memory, moved but never copied. Contents are not initialised.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t bytes);
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~AlignedBuffer() { std::free(data_); }

  std::byte* bytes() const { return static_cast<std::byte*>(data_); }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  std::size_t size() const { return size_; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace fastnn
