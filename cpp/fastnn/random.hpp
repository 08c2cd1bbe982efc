// Counter-based random numbers: element `i` of draw `position` of stream `seed` is a pure function of the three, so a
// number does not depend on the thread, the batch or the order of requests.
//
// The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
#pragma once

#include <array>
#include <cstdint>

#include "fastnn/tensor.hpp"

/// What the core of floats and that of doubles share.
namespace fastnn_shared {

/// Random stream of one layer. Its position advances when a step commits and is saved with the model.
struct Stream {
  std::uint64_t seed = 0;
  std::uint64_t position = 0;
};

}  // namespace fastnn_shared

namespace fastnn {

using fastnn_shared::Stream;

using Philox = std::array<std::uint32_t, 4>;

/// Four random words for block `block` of the stream at its position.
inline Philox philox(const Stream& stream, std::uint64_t block) {
  constexpr std::uint32_t kMultiply0 = 0xD2511F53u, kMultiply1 = 0xCD9E8D57u;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;
  Philox c{static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
           static_cast<std::uint32_t>(stream.position), static_cast<std::uint32_t>(stream.position >> 32)};
  auto k0 = static_cast<std::uint32_t>(stream.seed), k1 = static_cast<std::uint32_t>(stream.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = static_cast<std::uint64_t>(kMultiply0) * c[0];
    const std::uint64_t p1 = static_cast<std::uint64_t>(kMultiply1) * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return c;
}

/// A word as a float in [0, 1) with 24 random bits.
inline Real to_unit(std::uint32_t word) { return static_cast<Real>(word >> 8) * (1.0_r / 16777216.0_r); }

/// `count` uniform floats in [low, high).
void fill_uniform(const Stream& stream, Real low, Real high, Real* out, Index count);

/// `count` normal floats (Box and Muller in double).
void fill_normal(const Stream& stream, Real mean, Real stddev, Real* out, Index count);

/// `count` normal floats, redrawn until within two standard deviations of the mean.
void fill_truncated_normal(const Stream& stream, Real mean, Real stddev, Real* out, Index count);

/// A random order of 0..count-1 (Fisher and Yates).
void fill_permutation(const Stream& stream, Index* out, Index count);

}  // namespace fastnn
