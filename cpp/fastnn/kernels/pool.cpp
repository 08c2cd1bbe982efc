// Pooling, vectorised over channels. The channels that do not fill a register go through the same templates one by one:
// every output is the same chain of operations either way, so nothing depends on which path it took.
#include "fastnn/kernels/pool.hpp"

#include <algorithm>
#include <cassert>
#include <type_traits>

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {
namespace {

using packet::kWidth;
using packet::Packet;

// To the words for one channel and for a register of them pooling adds the place of an element in its window.
struct One : packet::Single {
  using Place = std::int32_t;
  static Place place(Index number) { return static_cast<Place>(number); }
  static void take_larger(Real& best, Place& at, Real value, Place number) {
    if (!(value <= best) && best == best) best = value, at = number;
  }
  template <class T>
  static Place load_place(const T* from) {
    return static_cast<Place>(*from);
  }
  template <class T>
  static void store_place(T* to, Place at) {
    *to = static_cast<T>(at);
  }
  static Real where(Place a, Place b, Real value) { return a == b ? value : 0.0_r; }
};

struct Register : packet::Wide {
#if defined(FASTNN_REAL_IS_DOUBLE)
  // Integers half as wide as a lane would not keep step with doubles, which hold them as well.
  using Place = Packet;
  static Place place(Index number) { return packet::set1(static_cast<Real>(number)); }
  static void take_larger(Packet& best, Place& at, const Packet& value, const Place& number) {
    const Packet take = packet::both(packet::ei::pcmp_lt_or_nan(best, value), packet::equal(best, best));
    best = packet::select(take, value, best);
    at = packet::select(take, number, at);
  }
  template <class T>
  static Place load_place(const T* from) {
    alignas(kAlignment) Real lanes[kWidth];
    for (Index i = 0; i < kWidth; ++i) lanes[i] = static_cast<Real>(from[i]);
    return packet::load_aligned(lanes);
  }
  template <class T>
  static void store_place(T* to, const Place& at) {
    alignas(kAlignment) Real lanes[kWidth];
    packet::ei::pstore(lanes, at);
    for (Index i = 0; i < kWidth; ++i) to[i] = static_cast<T>(lanes[i]);
  }
  static Packet where(const Place& a, const Place& b, const Packet& value) {
    return packet::select(packet::equal(a, b), value, packet::zero());
  }
#else
  using Place = packet::IntPacket;
  static Place place(Index number) { return packet::set1_int(static_cast<int>(number)); }
#if defined(__AVX512F__)
  // Eigen's comparisons give whole registers, which AVX-512 would make of its masks and turn back at each use.
  static void take_larger(Packet& best, Place& at, const Packet& value, const Place& number) {
    const __mmask16 known = _mm512_cmp_ps_mask(best, best, _CMP_ORD_Q);
    const __mmask16 take = _mm512_mask_cmp_ps_mask(known, best, value, _CMP_NGE_UQ);
    best = _mm512_mask_blend_ps(take, best, value);
    at = _mm512_mask_blend_epi32(take, at, number);
  }
  static Place load_place(const std::uint8_t* from) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static Place load_place(const std::uint16_t* from) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  static void store_place(std::uint8_t* to, const Place& at) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(at));
  }
  static void store_place(std::uint16_t* to, const Place& at) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(at));
  }
  static void store_place(std::int32_t* to, const Place& at) { _mm512_storeu_si512(to, at); }
  static Packet where(const Place& a, const Place& b, const Packet& value) {
    return _mm512_maskz_mov_ps(_mm512_cmpeq_epi32_mask(a, b), value);
  }
#else
  static void take_larger(Packet& best, Place& at, const Packet& value, const Place& number) {
    const Packet take = packet::both(packet::ei::pcmp_lt_or_nan(best, value), packet::equal(best, best));
    best = packet::select(take, value, best);
    at = packet::bits(packet::select(take, packet::from_bits(number), packet::from_bits(at)));
  }
  template <class T>
  static Place load_place(const T* from) {
    alignas(kAlignment) std::int32_t lanes[kWidth];
    for (Index i = 0; i < kWidth; ++i) lanes[i] = from[i];
    return packet::ei::pload<Place>(lanes);
  }
  template <class T>
  static void store_place(T* to, const Place& at) {
    alignas(kAlignment) std::int32_t lanes[kWidth];
    packet::ei::pstore(lanes, at);
    for (Index i = 0; i < kWidth; ++i) to[i] = static_cast<T>(lanes[i]);
  }
  static Packet where(const Place& a, const Place& b, const Packet& value) {
    const Place difference = packet::ei::pxor(a, b);  // small and not negative: converts exactly
    return packet::select(packet::equal(packet::ei::pcast<Place, Packet>(difference), packet::zero()), value,
                          packet::zero());
  }
#endif
#endif
};

// Calls body(traits, channel) so that [begin, end) is covered by registers, then one by one.
template <class Body>
inline void each_channel(Index begin, Index end, Body&& body) {
  Index c = begin;
  for (; c + kWidth <= end; c += kWidth) body(Register{}, c);
  for (; c < end; ++c) body(One{}, c);
}

// The pixels of a window that are there.
struct Window {
  Index z0, z1, y0, y1, x0, x1;  // of the window: [z0, z1) x [y0, y1) x [x0, x1)
  Index first;                   // of the volume: the pixel under (0, 0, 0) of the window, were it there
  Index count() const { return (z1 - z0) * (y1 - y0) * (x1 - x0); }
};
template <bool kDeep>
inline Window window_of(const PoolShape& s, Index oz, Index oy, Index ox) {
  const Index front = kDeep ? oz * s.sd - s.pad_front : 0, top = oy * s.sh - s.pad_top, left = ox * s.sw - s.pad_left;
  Window window;
  window.z0 = std::max<Index>(0, -front);
  window.y0 = std::max<Index>(0, -top);
  window.x0 = std::max<Index>(0, -left);
  window.z1 = kDeep ? std::min(s.kd, s.d - front) : 1;
  window.y1 = std::min(s.kh, s.h - top);
  window.x1 = std::min(s.kw, s.w - left);
  window.first = (front * s.h + top) * s.w + left;
  return window;
}

// Calls body(floats from the window's first pixel, number in the window) for each pixel that is there, in order. The usual
// window, 2x2 of which nothing is missing, has no loops.
template <bool kDeep, class Body>
inline void each_tap(const PoolShape& s, const Window& window, Body&& body) {
  if (!kDeep && s.kh == 2 && s.kw == 2 && window.count() == 4) {
    const Index line = s.w * s.c;
    body(0, 0);
    body(s.c, 1);
    body(line, 2);
    body(line + s.c, 3);
    return;
  }
  for (Index kz = kDeep ? window.z0 : 0; kz < (kDeep ? window.z1 : 1); ++kz) {
    for (Index ky = window.y0; ky < window.y1; ++ky) {
      const Index line = (kz * s.h + ky) * s.w * s.c, number = (kz * s.kh + ky) * s.kw;
      for (Index kx = window.x0; kx < window.x1; ++kx) body(line + kx * s.c, number + kx);
    }
  }
}

// Calls body(kDeep, window, floats from the first output) for output rows [begin, end); images have loops of their own.
template <bool kDeep, class Body>
inline void each_window(const PoolShape& s, Index begin, Index end, Body&& body) {
  for (Index row = begin; row < end; ++row) {
    const Index oz = kDeep ? row / s.oh : 0, oy = kDeep ? row % s.oh : row;
    for (Index ox = 0; ox < s.ow; ++ox) body(window_of<kDeep>(s, oz, oy, ox), (row * s.ow + ox) * s.c);
  }
}
template <class Body>
inline void each_window(const PoolShape& s, Index begin, Index end, Body&& body) {
  if (s.flat())
    each_window<false>(s, begin, end, [&](const Window& window, Index out) { body(std::false_type{}, window, out); });
  else
    each_window<true>(s, begin, end, [&](const Window& window, Index out) { body(std::true_type{}, window, out); });
}

inline void clear_channels(const PoolShape& s, Real* dx, Index begin, Index end) {
  for (Index pixel = 0; pixel < s.d * s.h * s.w; ++pixel)
    std::fill(dx + pixel * s.c + begin, dx + pixel * s.c + end, 0.0_r);
}

template <class T>
void pick_largest(const PoolShape& s, const Real* x, Real* y, T* picked, Index begin, Index end) {
  assert(s.window() - 1 <= static_cast<Index>(T(-1)));
  each_window(s, begin, end, [&](auto deep, const Window& window, Index out) {
    const Real* origin = x + window.first * s.c;
    each_channel(0, s.c, [&](auto traits, Index c) {
      using R = decltype(traits);
      const Index first = ((window.z0 * s.h + window.y0) * s.w + window.x0) * s.c;
      typename R::Value best = R::load(origin + first + c);
      typename R::Place at = R::place((window.z0 * s.kh + window.y0) * s.kw + window.x0);
      each_tap<deep>(s, window, [&](Index tap, Index number) {
        R::take_larger(best, at, R::load(origin + tap + c), R::place(number));
      });
      R::store(y + out + c, best);
      if (picked != nullptr) R::store_place(picked + out + c, at);
    });
  });
}

template <class T>
void hand_back(const PoolShape& s, const T* picked, const Real* dy, Real* dx, Index begin, Index end) {
  const bool apart = s.apart();
  if (!s.tiled()) clear_channels(s, dx, begin, end);
  each_window(s, 0, s.od * s.oh, [&](auto deep, const Window& window, Index out) {
    Real* origin = dx + window.first * s.c;
    each_channel(begin, end, [&](auto traits, Index c) {
      using R = decltype(traits);
      const typename R::Value up = R::load(dy + out + c);
      const typename R::Place at = R::load_place(picked + out + c);
      each_tap<deep>(s, window, [&](Index tap, Index number) {
        const typename R::Value share = R::where(at, R::place(number), up);
        R::store(origin + tap + c, apart ? share : R::add(R::load(origin + tap + c), share));
      });
    });
  });
}

}  // namespace

void max_pool_byte(const PoolShape& s, const Real* x, Real* y, std::uint8_t* picked, Index begin, Index end) {
  pick_largest(s, x, y, picked, begin, end);
}
void max_pool_word(const PoolShape& s, const Real* x, Real* y, std::uint16_t* picked, Index begin, Index end) {
  pick_largest(s, x, y, picked, begin, end);
}
void max_pool_backward_byte(const PoolShape& s, const std::uint8_t* picked, const Real* dy, Real* dx, Index begin,
                            Index end) {
  hand_back(s, picked, dy, dx, begin, end);
}
void max_pool_backward_word(const PoolShape& s, const std::uint16_t* picked, const Real* dy, Real* dx, Index begin,
                            Index end) {
  hand_back(s, picked, dy, dx, begin, end);
}

void average_pool(const PoolShape& s, const Real* x, Real* y, Index begin, Index end) {
  each_window(s, begin, end, [&](auto deep, const Window& window, Index out) {
    const Real* origin = x + window.first * s.c;
    each_channel(0, s.c, [&](auto traits, Index c) {
      using R = decltype(traits);
      typename R::Value sum = R::set1(0.0_r);
      each_tap<deep>(s, window, [&](Index tap, Index) { sum = R::add(sum, R::load(origin + tap + c)); });
      R::store(y + out + c, R::div(sum, R::set1(static_cast<Real>(window.count()))));
    });
  });
}

void average_pool_backward(const PoolShape& s, const Real* dy, Real* dx, Index begin, Index end) {
  const bool apart = s.apart();
  if (!s.tiled()) clear_channels(s, dx, begin, end);
  each_window(s, 0, s.od * s.oh, [&](auto deep, const Window& window, Index out) {
    Real* origin = dx + window.first * s.c;
    each_channel(begin, end, [&](auto traits, Index c) {
      using R = decltype(traits);
      const typename R::Value share = R::div(R::load(dy + out + c), R::set1(static_cast<Real>(window.count())));
      each_tap<deep>(s, window, [&](Index tap, Index) {
        R::store(origin + tap + c, apart ? share : R::add(R::load(origin + tap + c), share));
      });
    });
  });
}

void global_max_pool(Index h, Index w, Index c, const Real* x, Real* y, std::int32_t* picked) {
  each_channel(0, c, [&](auto traits, Index at_channel) {
    using R = decltype(traits);
    const Real* from = x + at_channel;
    typename R::Value best = R::load(from);
    typename R::Place at = R::place(0);
    for (Index pixel = 1; pixel < h * w; ++pixel) R::take_larger(best, at, R::load(from + pixel * c), R::place(pixel));
    R::store(y + at_channel, best);
    if (picked != nullptr) R::store_place(picked + at_channel, at);
  });
}

void global_max_pool_backward(Index h, Index w, Index c, const std::int32_t* picked, const Real* dy, Real* dx) {
  std::fill(dx, dx + h * w * c, 0.0_r);
  for (Index i = 0; i < c; ++i) dx[picked[i] * c + i] = dy[i];
}

// A row of pixels is summed before it is added to the total: the error grows with h + w, not with h w.
void global_average_pool(Index h, Index w, Index c, const Real* x, Real* y) {
  each_channel(0, c, [&](auto traits, Index at_channel) {
    using R = decltype(traits);
    typename R::Value total = R::set1(0.0_r);
    for (Index row = 0; row < h; ++row) {
      const Real* from = x + row * w * c + at_channel;
      typename R::Value sum = R::set1(0.0_r);
      for (Index column = 0; column < w; ++column) sum = R::add(sum, R::load(from + column * c));
      total = R::add(total, sum);
    }
    R::store(y + at_channel, R::div(total, R::set1(static_cast<Real>(h * w))));
  });
}

void global_average_pool_backward(Index h, Index w, Index c, const Real* dy, Real* dx) {
  const Real count = static_cast<Real>(h * w);
  each_channel(0, c, [&](auto traits, Index at_channel) {
    using R = decltype(traits);
    const typename R::Value share = R::div(R::load(dy + at_channel), R::set1(count));
    for (Index pixel = 0; pixel < h * w; ++pixel) R::store(dx + pixel * c + at_channel, share);
  });
}

namespace {

// At least 1, so that a mean of nothing is 0.
Real counted(Index pixels, const std::uint8_t* mask) {
  Index count = 0;
  for (Index pixel = 0; pixel < pixels; ++pixel) count += mask[pixel] != 0;
  return static_cast<Real>(std::max<Index>(count, 1));
}

}  // namespace

void masked_average_pool(Index pixels, Index c, const std::uint8_t* mask, const Real* x, Real* y) {
  const Real count = counted(pixels, mask);
  each_channel(0, c, [&](auto traits, Index at_channel) {
    using R = decltype(traits);
    typename R::Value total = R::set1(0.0_r);
    for (Index pixel = 0; pixel < pixels; ++pixel)
      if (mask[pixel] != 0) total = R::add(total, R::load(x + pixel * c + at_channel));
    R::store(y + at_channel, R::div(total, R::set1(count)));
  });
}

void masked_average_pool_backward(Index pixels, Index c, const std::uint8_t* mask, const Real* dy, Real* dx) {
  const Real count = counted(pixels, mask);
  each_channel(0, c, [&](auto traits, Index at_channel) {
    using R = decltype(traits);
    const typename R::Value share = R::div(R::load(dy + at_channel), R::set1(count));
    for (Index pixel = 0; pixel < pixels; ++pixel)
      R::store(dx + pixel * c + at_channel, mask[pixel] != 0 ? share : R::set1(0.0_r));
  });
}

}  // namespace fastnn::kernels
