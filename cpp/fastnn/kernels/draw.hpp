// Arrays of random numbers, any stretch of them at a time: element i is a function of the stream, its position and i alone.
#pragma once

#include <cstdint>
#include <string>

#include "fastnn/random.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

enum class Draw : std::uint8_t { uniform, normal, truncated_normal, bernoulli, whole };

/// The distribution of Keras' name ("randint" is whole); false where there is none.
bool find_draw(const std::string& name, Draw& found);

/// Stretches begin at a multiple of this.
constexpr Index kDrawBlock = 64;

/// Elements [first, first + count) to out[first...]: floats uniform in [a, b), normal with mean a and deviation b, or the same
/// within two deviations; bools true with probability a; int32 in [a, b).
void draw(Draw op, const Stream& stream, double a, double b, Index first, void* out, Index count);

}  // namespace fastnn::kernels
