// Non-negative weights, limits of norms and constraints of a user's own.
#include "fastnn/constraint.hpp"

#include <algorithm>
#include <cmath>

#include "fastnn/bfloat16.hpp"

namespace fastnn {
namespace {

Real value_of(Real held) { return held; }
Real value_of(Bfloat16 held) { return static_cast<Real>(widen(held)); }
void put(double value, Real& held) { held = static_cast<Real>(value); }
void put(double value, Bfloat16& held) { held = narrow(static_cast<float>(value)); }

// A norm is taken over the constraint's axes, one for each index of the other (kept) axes. Weights are small, so the
// groups are processed one by one, with sums in double.
template <class T>
void constrain_values(const Variable& weight) {
  const Constraint& rule = weight.constraint;
  T* w = weight.data<T>();
  if (rule.kind == Constraint::Kind::non_neg) {
    for (Index i = 0; i < weight.size(); ++i)
      if (value_of(w[i]) < 0) w[i] = 0;
    return;
  }
  constexpr std::size_t kMaxRank = 8;
  const std::size_t rank = weight.shape().size();
  Index strides[kMaxRank], kept_dims[kMaxRank], kept_strides[kMaxRank], norm_dims[kMaxRank], norm_strides[kMaxRank];
  std::size_t kept = 0, normed = 0;
  Index stride = 1;
  for (std::size_t d = rank; d-- > 0;) {
    strides[d] = stride;
    stride *= weight.shape()[d];
  }
  for (std::size_t d = 0; d < rank; ++d) {
    const bool in_norm = std::any_of(rule.axes.begin(), rule.axes.end(), [&](int axis) {
      return static_cast<std::size_t>(axis < 0 ? axis + static_cast<int>(rank) : axis) == d;
    });
    (in_norm ? norm_dims[normed] : kept_dims[kept]) = weight.shape()[d];
    (in_norm ? norm_strides[normed++] : kept_strides[kept++]) = strides[d];
  }
  auto offset_of = [](Index flat, const Index* dims, const Index* steps, std::size_t count) {
    Index offset = 0;
    for (std::size_t d = count; d-- > 0;) {
      offset += flat % dims[d] * steps[d];
      flat /= dims[d];
    }
    return offset;
  };
  Index groups = 1, members = 1;
  for (std::size_t d = 0; d < kept; ++d) groups *= kept_dims[d];
  for (std::size_t d = 0; d < normed; ++d) members *= norm_dims[d];
  constexpr double kEpsilon = 1e-7;
  for (Index g = 0; g < groups; ++g) {
    T* base = w + offset_of(g, kept_dims, kept_strides, kept);
    double square = 0;
    for (Index m = 0; m < members; ++m) {
      const double value = value_of(base[offset_of(m, norm_dims, norm_strides, normed)]);
      square += value * value;
    }
    const double norm = std::sqrt(square);
    double scale = 1;
    if (rule.kind == Constraint::Kind::unit_norm) {
      scale = 1 / (kEpsilon + norm);
    } else {
      const double low = rule.kind == Constraint::Kind::min_max_norm ? static_cast<double>(rule.low) : 0.0;
      const double rate = rule.kind == Constraint::Kind::min_max_norm ? static_cast<double>(rule.rate) : 1.0;
      const double clipped = std::min(std::max(norm, low), static_cast<double>(rule.high));
      scale = (rate * clipped + (1 - rate) * norm) / (kEpsilon + norm);
    }
    for (Index m = 0; m < members; ++m) {
      T& held = base[offset_of(m, norm_dims, norm_strides, normed)];
      put(value_of(held) * scale, held);
    }
  }
}

}  // namespace

void constrain(const Variable& weight) {
  if (weight.constraint.kind == Constraint::Kind::custom)
    weight.constraint.custom(weight);
  else if (weight.narrow())
    constrain_values<Bfloat16>(weight);
  else
    constrain_values<Real>(weight);
}

}  // namespace fastnn
