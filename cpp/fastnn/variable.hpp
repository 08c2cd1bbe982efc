// Variables: the numbers that outlive a step (weights, moving statistics, optimizer slots). The memory of a variable never
// moves, so all graphs that use it share it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fastnn/tensor.hpp"
#include "fastnn/variable_lock.hpp"

namespace fastnn {

class Variable;

/// A limit that is imposed on a weight after each update. Norms are taken over `axes`.
struct Constraint {
  enum class Kind { none, max_norm, non_neg, unit_norm, min_max_norm, custom };
  Kind kind = Kind::none;
  Real low = 0, high = 0, rate = 1;
  std::vector<int> axes;
  std::function<void(const Variable&)> custom;  ///< replaces a weight, where the kind is custom
};

class Variable {
 public:
  /// A variable of zeros. Its type is Real; bfloat16; or int8 for weights that no training moves.
  Variable(std::string path, Shape shape, bool trainable, DType dtype = DType::real);

  /// The numbers, of the type of the variable.
  template <class T = Real>
  T* data() const {
    return memory_.as<T>();
  }
  DType dtype() const { return dtype_; }
  /// True where the numbers are held in another type than the one in which they are computed with, Real.
  bool narrow() const { return dtype_ == DType::bfloat16; }
  /// The type in which the numbers are read and written.
  DType exchanged() const { return narrow() ? DType::real : dtype_; }
  /// Copies the numbers to memory of that type, and from it; with a range, which is one of floats, a part of them.
  void read(void* to) const;
  void read(Index begin, Index count, Real* to) const;
  void write(const void* from) const;
  void write(Index begin, Index count, const Real* from) const;
  /// The memory of the numbers.
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * size_of(dtype_); }
  Index size() const { return size_; }
  const Shape& shape() const { return shape_; }
  /// Grows with every write: values derived from an older version are outdated.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  void touch() { version_.fetch_add(1, std::memory_order_acq_rel); }

  std::string path;
  bool trainable;
  Real l1 = 0, l2 = 0;  ///< penalties: l1 * sum|w| + l2 * sum w^2 is added to the loss
  Constraint constraint;

 private:
  Shape shape_;
  DType dtype_;
  Index size_;
  AlignedBuffer memory_;
  std::atomic<std::uint64_t> version_{1};
};

using VariablePtr = std::shared_ptr<Variable>;

/// A sum that one float would round: a variable, and beside it the variable of the remainder.
struct Accumulator {
  VariablePtr rounded, remainder;

  double value(Index i = 0) const;
  void set(double value, Index i = 0) const;
  void touch() const;
};

}  // namespace fastnn
