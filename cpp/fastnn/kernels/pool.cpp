// Pooling, vectorised over channels. The channels that do not fill a register go through the same templates one by one:
// every output is the same chain of operations either way, so nothing depends on which path it took.
#include "fastnn/kernels/pool.hpp"

#include <algorithm>
#include <cassert>

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {
namespace {

using packet::kWidth;
using packet::Packet;

// To the words for one channel and for a register of them pooling adds the place of an element in its window.
struct One : packet::Single {
  using Place = std::int32_t;
  static Place place(Index number) { return static_cast<Place>(number); }
  static void take_larger(float& best, Place& at, float value, Place number) {
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
  static float where(Place a, Place b, float value) { return a == b ? value : 0.0f; }
};

struct Register : packet::Wide {
  using Place = packet::IntPacket;
  static Place place(Index number) { return packet::set1_int(static_cast<int>(number)); }
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
  Index y0, y1, x0, x1;  // of the window: [y0, y1) x [x0, x1)
  Index top, left;       // of the image: where (0, 0) of the window lies
  Index count() const { return (y1 - y0) * (x1 - x0); }
};
inline Window window_of(const PoolShape& s, Index oy, Index ox) {
  Window window;
  window.top = oy * s.sh - s.pad_top;
  window.left = ox * s.sw - s.pad_left;
  window.y0 = std::max<Index>(0, -window.top);
  window.x0 = std::max<Index>(0, -window.left);
  window.y1 = std::min(s.kh, s.h - window.top);
  window.x1 = std::min(s.kw, s.w - window.left);
  return window;
}

inline void clear_channels(const PoolShape& s, float* dx, Index begin, Index end) {
  for (Index pixel = 0; pixel < s.h * s.w; ++pixel) std::fill(dx + pixel * s.c + begin, dx + pixel * s.c + end, 0.0f);
}

}  // namespace

template <class T>
void max_pool(const PoolShape& s, const float* x, float* y, T* picked, Index begin, Index end) {
  assert(s.kh * s.kw - 1 <= static_cast<Index>(T(-1)));
  for (Index oy = begin; oy < end; ++oy) {
    for (Index ox = 0; ox < s.ow; ++ox) {
      const Window window = window_of(s, oy, ox);
      const float* origin = x + (window.top * s.w + window.left) * s.c;
      const Index out = (oy * s.ow + ox) * s.c;
      each_channel(0, s.c, [&](auto traits, Index c) {
        using R = decltype(traits);
        typename R::Value best = R::load(origin + (window.y0 * s.w + window.x0) * s.c + c);
        typename R::Place at = R::place(window.y0 * s.kw + window.x0);
        for (Index ky = window.y0; ky < window.y1; ++ky)
          for (Index kx = window.x0; kx < window.x1; ++kx)
            R::take_larger(best, at, R::load(origin + (ky * s.w + kx) * s.c + c), R::place(ky * s.kw + kx));
        R::store(y + out + c, best);
        if (picked != nullptr) R::store_place(picked + out + c, at);
      });
    }
  }
}

template <class T>
void max_pool_backward(const PoolShape& s, const T* picked, const float* dy, float* dx, Index begin, Index end) {
  const bool apart = s.apart();
  if (!s.tiled()) clear_channels(s, dx, begin, end);
  for (Index oy = 0; oy < s.oh; ++oy) {
    for (Index ox = 0; ox < s.ow; ++ox) {
      const Window window = window_of(s, oy, ox);
      float* origin = dx + (window.top * s.w + window.left) * s.c;
      const Index out = (oy * s.ow + ox) * s.c;
      each_channel(begin, end, [&](auto traits, Index c) {
        using R = decltype(traits);
        const typename R::Value up = R::load(dy + out + c);
        const typename R::Place at = R::load_place(picked + out + c);
        for (Index ky = window.y0; ky < window.y1; ++ky) {
          for (Index kx = window.x0; kx < window.x1; ++kx) {
            float* to = origin + (ky * s.w + kx) * s.c + c;
            const typename R::Value share = R::where(at, R::place(ky * s.kw + kx), up);
            R::store(to, apart ? share : R::add(R::load(to), share));
          }
        }
      });
    }
  }
}

template void max_pool(const PoolShape&, const float*, float*, std::uint8_t*, Index, Index);
template void max_pool(const PoolShape&, const float*, float*, std::uint16_t*, Index, Index);
template void max_pool_backward(const PoolShape&, const std::uint8_t*, const float*, float*, Index, Index);
template void max_pool_backward(const PoolShape&, const std::uint16_t*, const float*, float*, Index, Index);

void average_pool(const PoolShape& s, const float* x, float* y, Index begin, Index end) {
  for (Index oy = begin; oy < end; ++oy) {
    for (Index ox = 0; ox < s.ow; ++ox) {
      const Window window = window_of(s, oy, ox);
      const float* origin = x + (window.top * s.w + window.left) * s.c;
      const Index out = (oy * s.ow + ox) * s.c;
      each_channel(0, s.c, [&](auto traits, Index c) {
        using R = decltype(traits);
        typename R::Value sum = R::set1(0.0f);
        for (Index ky = window.y0; ky < window.y1; ++ky)
          for (Index kx = window.x0; kx < window.x1; ++kx)
            sum = R::add(sum, R::load(origin + (ky * s.w + kx) * s.c + c));
        R::store(y + out + c, R::div(sum, R::set1(static_cast<float>(window.count()))));
      });
    }
  }
}

void average_pool_backward(const PoolShape& s, const float* dy, float* dx, Index begin, Index end) {
  const bool apart = s.apart();
  if (!s.tiled()) clear_channels(s, dx, begin, end);
  for (Index oy = 0; oy < s.oh; ++oy) {
    for (Index ox = 0; ox < s.ow; ++ox) {
      const Window window = window_of(s, oy, ox);
      float* origin = dx + (window.top * s.w + window.left) * s.c;
      const Index out = (oy * s.ow + ox) * s.c;
      each_channel(begin, end, [&](auto traits, Index c) {
        using R = decltype(traits);
        const typename R::Value share = R::div(R::load(dy + out + c), R::set1(static_cast<float>(window.count())));
        for (Index ky = window.y0; ky < window.y1; ++ky) {
          for (Index kx = window.x0; kx < window.x1; ++kx) {
            float* to = origin + (ky * s.w + kx) * s.c + c;
            R::store(to, apart ? share : R::add(R::load(to), share));
          }
        }
      });
    }
  }
}

void global_max_pool(Index h, Index w, Index c, const float* x, float* y, std::int32_t* picked) {
  each_channel(0, c, [&](auto traits, Index at_channel) {
    using R = decltype(traits);
    const float* from = x + at_channel;
    typename R::Value best = R::load(from);
    typename R::Place at = R::place(0);
    for (Index pixel = 1; pixel < h * w; ++pixel) R::take_larger(best, at, R::load(from + pixel * c), R::place(pixel));
    R::store(y + at_channel, best);
    if (picked != nullptr) R::store_place(picked + at_channel, at);
  });
}

void global_max_pool_backward(Index h, Index w, Index c, const std::int32_t* picked, const float* dy, float* dx) {
  std::fill(dx, dx + h * w * c, 0.0f);
  for (Index i = 0; i < c; ++i) dx[picked[i] * c + i] = dy[i];
}

// A row of pixels is summed before it is added to the total: the error grows with h + w, not with h w.
void global_average_pool(Index h, Index w, Index c, const float* x, float* y) {
  each_channel(0, c, [&](auto traits, Index at_channel) {
    using R = decltype(traits);
    typename R::Value total = R::set1(0.0f);
    for (Index row = 0; row < h; ++row) {
      const float* from = x + row * w * c + at_channel;
      typename R::Value sum = R::set1(0.0f);
      for (Index column = 0; column < w; ++column) sum = R::add(sum, R::load(from + column * c));
      total = R::add(total, sum);
    }
    R::store(y + at_channel, R::div(total, R::set1(static_cast<float>(h * w))));
  });
}

void global_average_pool_backward(Index h, Index w, Index c, const float* dy, float* dx) {
  const float count = static_cast<float>(h * w);
  each_channel(0, c, [&](auto traits, Index at_channel) {
    using R = decltype(traits);
    const typename R::Value share = R::div(R::load(dy + at_channel), R::set1(count));
    for (Index pixel = 0; pixel < h * w; ++pixel) R::store(dx + pixel * c + at_channel, share);
  });
}

}  // namespace fastnn::kernels
