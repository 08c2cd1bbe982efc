// Arrays of random numbers drawn block by block from a stream.
#include "fastnn/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace fastnn {
namespace {

constexpr double kTwoPi = 6.283185307179586476925286766559;

// Two independent standard normals from two words. The first is moved off zero, whose logarithm is infinite.
std::pair<double, double> normal_pair(std::uint32_t a, std::uint32_t b) {
  const double radius = std::sqrt(-2.0 * std::log((a + 0.5) / 4294967296.0));
  const double angle = kTwoPi * (b / 4294967296.0);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

// Hands out the words of a stream one after the other.
class Words {
 public:
  explicit Words(const Stream& stream) : stream_(stream) {}
  std::uint32_t next() {
    if (used_ == 4) {
      words_ = philox(stream_, block_++);
      used_ = 0;
    }
    return words_[used_++];
  }

 private:
  Stream stream_;
  Philox words_{};
  std::uint64_t block_ = 0;
  int used_ = 4;
};

void prefetch(const Index* at) {
#if defined(__GNUC__)
  __builtin_prefetch(at, 1);
#else
  static_cast<void>(at);
#endif
}

}  // namespace

void fill_uniform(const Stream& stream, Real low, Real high, Real* out, Index count) {
  Words words(stream);
  const Real range = high - low;
  for (Index i = 0; i < count; ++i) {
    const Real value = low + range * to_unit(words.next());
    out[i] = value < high || range <= 0 ? value : std::nextafter(high, low);
  }
}

void fill_normal(const Stream& stream, Real mean, Real stddev, Real* out, Index count) {
  Words words(stream);
  for (Index i = 0; i < count; i += 2) {
    const std::uint32_t a = words.next(), b = words.next();
    const auto [first, second] = normal_pair(a, b);
    out[i] = static_cast<Real>(mean + stddev * first);
    if (i + 1 < count) out[i + 1] = static_cast<Real>(mean + stddev * second);
  }
}

void fill_truncated_normal(const Stream& stream, Real mean, Real stddev, Real* out, Index count) {
  Words words(stream);
  for (Index i = 0; i < count;) {
    const std::uint32_t a = words.next(), b = words.next();
    const auto [first, second] = normal_pair(a, b);
    for (double value : {first, second})
      if (std::fabs(value) <= 2.0 && i < count) out[i++] = static_cast<Real>(mean + stddev * value);
  }
}

void fill_permutation(const Stream& stream, Index* out, Index count) {
  for (Index i = 0; i < count; ++i) out[i] = i;
  Words words(stream);
  // Partners are drawn some steps ahead of their swap, so that the memory of a long order is there when it is needed.
  constexpr Index kAhead = 32;
  std::array<Index, kAhead> partners{};
  const auto draw = [&](Index i) {
    const std::uint64_t word = (static_cast<std::uint64_t>(words.next()) << 32) | words.next();
    const auto partner = static_cast<Index>(word % static_cast<std::uint64_t>(i + 1));
    prefetch(out + partner);
    partners[static_cast<std::size_t>(i % kAhead)] = partner;
  };
  for (Index i = count - 1; i > std::max<Index>(0, count - 1 - kAhead); --i) draw(i);
  for (Index i = count - 1; i > 0; --i) {
    const Index partner = partners[static_cast<std::size_t>(i % kAhead)];
    if (i > kAhead) draw(i - kAhead);
    std::swap(out[i], out[partner]);
  }
}

}  // namespace fastnn
