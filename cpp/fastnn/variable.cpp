// Memory of variables, and sums that one float would round.
#include "fastnn/variable.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fastnn/bfloat16.hpp"
#include "fastnn/error.hpp"

namespace fastnn {

Variable::Variable(std::string path_, Shape shape, bool trainable_, DType dtype)
    : path(std::move(path_)),
      trainable(trainable_),
      shape_(std::move(shape)),
      dtype_(dtype),
      size_(volume(shape_)),
      memory_(std::max(bytes(), kAlignment)) {
  require(exchanged() == DType::real || !trainable, path, " is trainable, so it expects dtype ", kReal, ", got ",
          name_of(dtype));
  std::fill_n(data<std::byte>(), bytes(), std::byte{0});
}

void Variable::read(void* to) const {
  if (narrow())
    widen(data<Bfloat16>(), size_, static_cast<Real*>(to));
  else
    std::memcpy(to, data<void>(), bytes());
}

void Variable::read(Index begin, Index count, Real* to) const {
  if (narrow())
    widen(data<Bfloat16>() + begin, count, to);
  else
    std::copy_n(data() + begin, count, to);
}

void Variable::write(const void* from) const {
  if (narrow())
    fastnn::narrow(static_cast<const Real*>(from), size_, data<Bfloat16>());
  else
    std::memcpy(data<void>(), from, bytes());
}

void Variable::write(Index begin, Index count, const Real* from) const {
  if (narrow())
    fastnn::narrow(from, count, data<Bfloat16>() + begin);
  else
    std::copy_n(from, count, data() + begin);
}

double Accumulator::value(Index i) const {
  return static_cast<double>(rounded->data()[i]) + static_cast<double>(remainder->data()[i]);
}

void Accumulator::set(double value, Index i) const {
  const double rest = value - static_cast<double>(rounded->data()[i] = static_cast<Real>(value));
  // What is infinite or NaN has no remainder.
  remainder->data()[i] = std::isfinite(rest) ? static_cast<Real>(rest) : 0.0_r;
}

void Accumulator::touch() const {
  rounded->touch();
  remainder->touch();
}

}  // namespace fastnn
