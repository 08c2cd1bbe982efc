// Arrays of random numbers, any range of them at a time: element i is a function of the stream, its position and i alone.
#pragma once

#include <cstdint>
#include <string_view>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/kernels/names.hpp"
#include "fastnn/random.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

enum class Draw : std::uint8_t { uniform, normal, truncated_normal, bernoulli, whole };

inline constexpr const char* kDrawNames[] = {"uniform", "normal", "truncated_normal", "bernoulli", "randint"};

/// The distribution with this Keras name ("randint" is `whole`); false if there is none.
inline bool find_draw(std::string_view name, Draw& found) { return find_name(kDrawNames, name, found); }

/// Ranges begin at a multiple of this.
constexpr Index kDrawBlock = 64;

/// Elements [first, first + count) to out[first...]: floats uniform in [a, b), normal with mean a and deviation b, or the same
/// within two deviations; bools true with probability a; int32 in [a, b).
KERNEL(void, draw)(Draw op, const Stream& stream, double a, double b, Index first, void* out, Index count);

}  // namespace fastnn::kernels
