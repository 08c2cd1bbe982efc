// Random words turned into numbers, in double precision.
#include "fastnn/kernels/draw.hpp"

#include <algorithm>
#include <cmath>

#include "fastnn/kernels/precise.hpp"

namespace fastnn::kernels {
namespace {

constexpr double kWord = 1.0 / 4294967296.0;
constexpr double kErfRootTwo = 0.95449973610364158560;  // the probability of a normal number within two deviations

// The four numbers of a block, from its words. Normal ones come in pairs (Box and Muller); a word is moved off zero, whose
// logarithm is infinite. A truncated one is the quantile of a uniform one.
struct Block {
  Block(Draw op, const Philox& word, double a, double b) {
    for (std::size_t i = 0; i < 4; ++i) {
      const double unit = (word[i] + 0.5) * kWord;
      switch (op) {
        case Draw::uniform:
          value[i] = a + (b - a) * static_cast<double>(to_unit(word[i]));
          break;
        case Draw::normal: {
          const double radius = std::sqrt(-2.0 * precise::log((word[i & ~std::size_t{1}] + 0.5) * kWord));
          const double angle = 2.0 * precise::kPi * (word[i | 1] * kWord);
          value[i] = a + b * radius * (i % 2 == 0 ? precise::cos(angle) : precise::sin(angle));
          break;
        }
        case Draw::truncated_normal:
          value[i] = a + b * 1.4142135623730951 * precise::erfinv(kErfRootTwo * (2.0 * unit - 1.0));
          break;
        case Draw::bernoulli:
          value[i] = unit < a ? 1.0 : 0.0;
          break;
        case Draw::whole:
          value[i] = a + std::floor(word[i] * kWord * (b - a));
          break;
      }
    }
  }
  double value[4];
};

}  // namespace

void draw(Draw op, const Stream& stream, double a, double b, Index first, void* out, Index count) {
  const auto top = std::nextafter(static_cast<Real>(b), static_cast<Real>(a));
  for (Index i = first; i < first + count; i += 4) {
    const Block block(op, philox(stream, static_cast<std::uint64_t>(i) / 4), a, b);
    for (Index k = 0; k < std::min<Index>(4, first + count - i); ++k) {
      const double value = block.value[k];
      if (op == Draw::bernoulli)
        static_cast<bool*>(out)[i + k] = value != 0.0;
      else if (op == Draw::whole)
        static_cast<std::int32_t*>(out)[i + k] = static_cast<std::int32_t>(value);
      else  // rounding may have reached the end that is left out
        static_cast<Real*>(out)[i + k] =
            op == Draw::uniform && b > a ? std::min(static_cast<Real>(value), top) : static_cast<Real>(value);
    }
  }
}

}  // namespace fastnn::kernels
