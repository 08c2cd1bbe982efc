// Philox by whole registers. Each 32-bit word of the counter sits in a 64-bit lane, so that the product of two words is
// one instruction; what the upper half of a lane holds does not matter, because that product reads the lower halves
// only. Two registers of counters go through the rounds together to hide the latency of the multiplication. The words
// are those of philox() in random.hpp.
//
// A normal number is the quantile of a word: one bit is its sign, 23 are the probability t of a larger number. With
// x = 1 - 2t it is x times a smooth function of -log(1 - x^2) (Giles, "Approximating the erfinv function", 2012), here a
// polynomial of our own for each of two intervals, within 1e-6 of the truth.
#include "fastnn/kernels/dropout.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "fastnn/kernels/math.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace fastnn::kernels {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 8;
#elif defined(__AVX2__)
constexpr int kLanes = 4;
#else
constexpr int kLanes = 2;
#endif

typedef std::uint64_t Lanes __attribute__((vector_size(kLanes * 8)));

inline Lanes multiply_low_words(Lanes a, Lanes b) {
#if defined(__AVX512F__)
  return (Lanes)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (Lanes)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return (Lanes)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

/// The bits of a Real.
using Bits = std::conditional_t<sizeof(Real) == sizeof(std::uint32_t), std::uint32_t, std::uint64_t>;

constexpr int kRounds = 10;
constexpr int kTogether = 2;

class Words {
 public:
  explicit Words(const Stream& stream) : position_(stream.position) {
    auto k0 = static_cast<std::uint32_t>(stream.seed), k1 = static_cast<std::uint32_t>(stream.seed >> 32);
    for (int round = 0; round < kRounds; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
      key0_[round] = k0;
      key1_[round] = k1;
    }
  }

  // Words [first, first + kDropoutBlock) of the stream.
  void draw(Index first, std::uint32_t* out) const {
    constexpr Index kCounters = Index{kLanes} * kTogether;
    static_assert(kDropoutBlock % (4 * kCounters) == 0);
    for (Index i = 0; i < kDropoutBlock; i += 4 * kCounters)
      draw_counters(static_cast<std::uint64_t>(first + i) / 4, out + i);
  }

 private:
  void draw_counters(std::uint64_t block, std::uint32_t* out) const {
    const Lanes multiply0 = Lanes{} + 0xD2511F53u, multiply1 = Lanes{} + 0xCD9E8D57u;
    Lanes c0[kTogether], c1[kTogether], c2[kTogether], c3[kTogether];
    Lanes ascending;
    for (int lane = 0; lane < kLanes; ++lane) ascending[lane] = static_cast<std::uint64_t>(lane);
    for (int v = 0; v < kTogether; ++v) {
      c0[v] = ascending + (block + static_cast<std::uint64_t>(v * kLanes));
      c1[v] = c0[v] >> 32;
      c2[v] = Lanes{} + position_;
      c3[v] = Lanes{} + (position_ >> 32);
    }
    for (int round = 0; round < kRounds; ++round) {
      const Lanes k0 = Lanes{} + key0_[round], k1 = Lanes{} + key1_[round];
      for (int v = 0; v < kTogether; ++v) {
        const Lanes p0 = multiply_low_words(multiply0, c0[v]), p1 = multiply_low_words(multiply1, c2[v]);
        c0[v] = (p1 >> 32) ^ c1[v] ^ k0;
        c1[v] = p1;
        c2[v] = (p0 >> 32) ^ c3[v] ^ k1;
        c3[v] = p0;
      }
    }
    for (int v = 0; v < kTogether; ++v) {
      const Lanes front = (c0[v] & 0xffffffffu) | (c1[v] << 32), back = (c2[v] & 0xffffffffu) | (c3[v] << 32);
      std::uint64_t pairs[2 * kLanes];
      for (int lane = 0; lane < kLanes; ++lane) {
        const auto pair = 2 * static_cast<std::size_t>(lane);
        pairs[pair] = front[lane];
        pairs[pair + 1] = back[lane];
      }
      std::memcpy(out + Index{4} * v * kLanes, pairs, sizeof pairs);
    }
  }

  std::uint64_t position_;
  std::uint64_t key0_[kRounds], key1_[kRounds];
};

// to_unit(word) < rate exactly when word >> 8 is below this.
inline std::int32_t cut(double rate) { return static_cast<std::int32_t>(std::ceil(rate * 16777216.0)); }

// The 23 upper bits of each word as a number, and a zero with the sign of the bit below them.
struct Cells {
  packet::Packet cell, sign;
};
inline Cells cells_of(const std::uint32_t* words) {
#if defined(FASTNN_REAL_IS_DOUBLE)
  alignas(kAlignment) Real cell[packet::kWidth], sign[packet::kWidth];
  for (Index i = 0; i < packet::kWidth; ++i) {
    cell[i] = static_cast<Real>(words[i] >> 9);
    sign[i] = (words[i] & 256u) != 0 ? -0.0_r : 0.0_r;
  }
  return {packet::load_aligned(cell), packet::load_aligned(sign)};
#else
  using namespace packet;
  const auto word = ei::pload<IntPacket>(reinterpret_cast<const int*>(words));
  return {ei::pcast<IntPacket, Packet>(ei::plogical_shift_right<9>(word)),
          from_bits(ei::plogical_shift_left<23>(word))};
#endif
}

inline packet::Packet normal_quantile(const std::uint32_t* words) {
  using namespace packet;
  constexpr Real middle[] = {2.1233136653900146_r,     0.8720066547393799_r,   -0.03692606836557388_r,
                             -0.027703285217285156_r,  0.012076177634298801_r, -0.0006072228425182402_r,
                             -0.0012183956569060683_r, 0.000296692451229319_r, 6.157412281027064e-05_r};
  constexpr Real tail[] = {4.247592926025391_r,      1.3350917100906372_r,    0.007943058386445045_r,
                           -0.0053424774669110775_r, 0.0037254549097269773_r, -0.002630682662129402_r,
                           0.0009573078714311123_r};
  const auto [numbers, sign] = cells_of(words);
  const Packet cell = add(numbers, packet::set1(0.5_r));
  const Packet t = mul(cell, packet::set1(1.0_r / 16777216.0_r)), one = packet::set1(1.0_r);
  const Packet x = madd(t, packet::set1(-2.0_r), one);
  const Packet w = negate(packet::log(mul(mul(packet::set1(4.0_r), t), sub(one, t))));
  const Packet near = polynomial(madd(w, packet::set1(0.4_r), packet::set1(-1.0_r)), middle);
  const Packet far = polynomial(mul(sub(packet::sqrt(w), packet::set1(3.17_r)), packet::set1(1.0_r / 0.94_r)), tail);
  const Packet magnitude = mul(x, select(less(w, packet::set1(5.0_r)), near, far));
  return copy_sign(magnitude, sign);
}

// out[i] = the standard normal number that word first + i of the stream stands for. `first` is a multiple of 4.
void draw_normal(const Stream& stream, Index first, Real* out, Index count) {
  static_assert(kDropoutBlock % packet::kWidth == 0);
  const Words words(stream);
  alignas(kAlignment) std::uint32_t drawn[kDropoutBlock];
  for (Index at = 0; at < count; at += kDropoutBlock) {
    words.draw(first + at, drawn);
    packet::for_each(count - at < kDropoutBlock ? count - at : kDropoutBlock,
                     [&](Index i, Index n) { packet::store_n(out + at + i, normal_quantile(drawn + i), n); });
  }
}

}  // namespace

void scale_kept(const std::uint8_t* mask, Index step, Real scale, const Real* x, Real* y, Index count) {
  if (step == 0) {
    if (*mask == 0)
      std::fill(y, y + count, 0.0_r);
    else
      for (Index i = 0; i < count; ++i) y[i] = x[i] * scale;
    return;
  }
  // By bits and not by ?:, which the compiler turns into an unpredictable branch.
  for (Index i = 0; i < count; ++i) {
    const Real scaled = x[i] * scale;
    Bits bits;
    std::memcpy(&bits, &scaled, sizeof bits);
    bits &= Bits{0} - mask[i];
    std::memcpy(&y[i], &bits, sizeof bits);
  }
}

void shift_kept(const std::uint8_t* mask, Index step, Real scale, Real shift, Real dropped, const Real* x, Real* y,
                Index count) {
  for (Index i = 0; i < count; ++i) {
    const Real kept = x[i] * scale + shift;
    Bits yes, no;
    std::memcpy(&yes, &kept, sizeof yes);
    std::memcpy(&no, &dropped, sizeof no);
    const Bits bits = Bits{0} - mask[i * step];
    yes = (yes & bits) | (no & ~bits);
    std::memcpy(&y[i], &yes, sizeof yes);
  }
}

void draw_mask(const Stream& stream, double rate, Index first, std::uint8_t* mask, Index count) {
  const Words words(stream);
  const std::int32_t limit = cut(rate);
  alignas(kAlignment) std::uint32_t drawn[kDropoutBlock];
  for (Index at = 0; at < count; at += kDropoutBlock) {
    words.draw(first + at, drawn);
    const Index n = count - at < kDropoutBlock ? count - at : kDropoutBlock;
    for (Index i = 0; i < n; ++i) mask[at + i] = static_cast<std::int32_t>(drawn[i] >> 8) >= limit;
  }
}

void add_normal(const Stream& stream, Index first, Real stddev, const Real* x, Real* y, Index count) {
  const packet::Packet spread = packet::set1(stddev);
  draw_normal(stream, first, y, count);
  packet::for_each(count, [&](Index i, Index n) {
    packet::store_n(y + i, packet::madd(packet::load_n(y + i, n), spread, packet::load_n(x + i, n)), n);
  });
}

void multiply_normal(const Stream& stream, Index first, Real stddev, const Real* x, Real* factors, Real* y,
                     Index count) {
  const packet::Packet spread = packet::set1(stddev), one = packet::set1(1.0_r);
  draw_normal(stream, first, y, count);
  packet::for_each(count, [&](Index i, Index n) {
    const packet::Packet by = packet::madd(packet::load_n(y + i, n), spread, one);
    if (factors != nullptr) packet::store_n(factors + i, by, n);
    packet::store_n(y + i, packet::mul(packet::load_n(x + i, n), by), n);
  });
}

void multiply_normal_gradient(const Real* factors, const Real* dy, Real* dx, Index count) {
  packet::for_each(count, [&](Index i, Index n) {
    packet::store_n(dx + i, packet::mul(packet::load_n(dy + i, n), packet::load_n(factors + i, n)), n);
  });
}

}  // namespace fastnn::kernels
