// Register tiles over integers of 8 bits.
//
// A panel of B holds 16 columns, four steps of k of a column side by side: what one instruction multiplies and adds up.
// How it does so is a form:
//   Plain      any processor.
//   Magnitudes AVX2. pmaddubsw multiplies an unsigned by a signed integer and adds two products in 16 bits, saturated; with
//              |a| <= 128 and sign(a) * b of at most 127 in size, two products stay below 2^15, so nothing is ever saturated.
//   Shifted    VNNI, whose vpdpbusd adds four products in 32 bits: (a + 128) * b, less 128 times the sum of the column of B.
#include "fastnn/kernels/gemm_int8.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "fastnn/kernels/processor.hpp"
#include "fastnn/kernels/tiles.hpp"
#include "fastnn/parallel.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace fastnn::kernels {
namespace {

using packet::Packet;

constexpr Index kSteps = 4, kColumns = 16, kGroup = kSteps * kColumns;
// Rows of a tile, and panels: with one, as many numbers would be loaded as are multiplied.
constexpr int kMostRows = 12, kMostTogether = 2;
// Bytes of quantized rows that a task takes at once, so that they stay in the second level of cache.
constexpr Index kBlockBytes = Index{128} * 1024;
// Bytes of panels that stay in the first level beside a tile of rows.
constexpr Index kPanelBytes = Index{20} * 1024;

Index whole_steps(Index k) { return ceil_div(k, kSteps) * kSteps; }

struct Plain {
  static constexpr int kRows = 2, kTogether = 1, kWide = 1;
  static constexpr Index kCopies = 1;
  static constexpr bool kShifted = false;
  static void put(std::int8_t value, std::int8_t* to, Index) { *to = value; }

  struct Sum {
    std::int32_t of[kColumns];
  };
  struct Left {
    std::int8_t of[kSteps];
  };
  struct Right {
    std::int8_t of[kGroup];
  };
  static Sum zero() { return Sum{}; }
  static Left left(const std::int8_t* a, Index) {
    Left made;
    std::memcpy(made.of, a, kSteps);
    return made;
  }
  static Right right(const std::int8_t* b) {
    Right made;
    std::memcpy(made.of, b, kGroup);
    return made;
  }
  static void add(Sum& sum, const Left& a, const Right& b) {
    for (Index j = 0; j < kColumns; ++j)
      for (Index p = 0; p < kSteps; ++p) sum.of[j] += a.of[p] * b.of[j * kSteps + p];
  }
  static void store(std::int32_t* to, const Sum& sum) { std::memcpy(to, sum.of, sizeof(sum.of)); }
};

#if defined(__AVX2__)
inline __m256i broadcast(const std::int8_t* from) {
  std::int32_t four;
  std::memcpy(&four, from, sizeof(four));
  return _mm256_set1_epi32(four);
}
inline __m256i half(const std::int8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

// Two registers of eight columns.
struct Pair {
  __m256i low, high;
};
inline Pair zero_pair() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
inline Pair load_pair(const std::int8_t* from) { return {half(from), half(from + kGroup / 2)}; }
inline void store_pair(std::int32_t* to, const Pair& pair) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), pair.low);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + kColumns / 2), pair.high);
}

struct Magnitudes {
  static constexpr int kRows = 4, kTogether = 1, kWide = 4;
  static constexpr Index kCopies = 2;
  static constexpr bool kShifted = false;
  static void put(std::int8_t value, std::int8_t* to, Index copy) {
    to[0] = static_cast<std::int8_t>(value < 0 ? -value : value);  // 128 as an unsigned integer
    to[copy] = value;
  }

  using Sum = Pair;
  using Right = Pair;
  struct Left {
    __m256i magnitude, value;
  };
  static Sum zero() { return zero_pair(); }
  static Left left(const std::int8_t* a, Index copy) { return {broadcast(a), broadcast(a + copy)}; }
  static Right right(const std::int8_t* b) { return load_pair(b); }
  static void add(Sum& sum, const Left& a, const Right& b) {
    sum.low = added(sum.low, a, b.low);
    sum.high = added(sum.high, a, b.high);
  }
  static void store(std::int32_t* to, const Sum& sum) { store_pair(to, sum); }

 private:
  static __m256i added(__m256i sum, const Left& a, __m256i b) {
    const __m256i pairs = _mm256_maddubs_epi16(a.magnitude, _mm256_sign_epi8(b, a.value));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};

// The instructions are written out, so that they need no flags of the compiler: whether the processor has them is asked
// while it runs.
struct Shifted {
  static constexpr int kWide = 4;
  static constexpr Index kCopies = 1;
  static constexpr bool kShifted = true;
  static void put(std::int8_t value, std::int8_t* to, Index) { *to = static_cast<std::int8_t>(value ^ -128); }
};

struct ShiftedPair : Shifted {
  static constexpr int kRows = 5, kTogether = 1;
  using Sum = Pair;
  using Right = Pair;
  using Left = __m256i;
  static Sum zero() { return zero_pair(); }
  static Left left(const std::int8_t* a, Index) { return broadcast(a); }
  static Right right(const std::int8_t* b) { return load_pair(b); }
  static void add(Sum& sum, const Left& a, const Right& b) {
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum.low) : "x"(a), "x"(b.low));
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum.high) : "x"(a), "x"(b.high));
  }
  static void store(std::int32_t* to, const Sum& sum) { store_pair(to, sum); }
};

#if defined(__AVX512F__)
__mmask16 first_lanes(Index count) {
  return static_cast<__mmask16>(count >= kColumns ? 0xffffU : (1U << static_cast<unsigned>(count)) - 1U);
}

struct ShiftedWide : Shifted {
  static constexpr int kRows = kMostRows, kTogether = kMostTogether;
  using Sum = __m512i;
  using Right = __m512i;
  using Left = __m512i;
  static Sum zero() { return _mm512_setzero_si512(); }
  static Left left(const std::int8_t* a, Index) {
    std::int32_t four;
    std::memcpy(&four, a, sizeof(four));
    return _mm512_set1_epi32(four);
  }
  static Right right(const std::int8_t* b) { return _mm512_loadu_si512(b); }
  static void add(Sum& sum, const Left& a, const Right& b) { asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b)); }
  static void store(std::int32_t* to, const Sum& sum) { _mm512_storeu_si512(to, sum); }
};
#endif
#endif

// What a form brings, in one table: the choice is made once.
struct Tile {
  const std::int8_t* a;
  Index row_bytes, steps;
  const std::int8_t* b;
  Index panel_bytes;
  std::int32_t* sums;  // rows of kColumns * panels
};

template <class Form, int R, int Q>
void tile(const Tile& t) {
  typename Form::Sum sum[R][Q];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
    for (int q = 0; q < Q; ++q) sum[r][q] = Form::zero();
  for (Index p = 0; p < t.steps; p += kSteps) {
    typename Form::Right right[Q];
#pragma GCC unroll 16
    for (int q = 0; q < Q; ++q) right[q] = Form::right(t.b + q * t.panel_bytes + p * kColumns);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const typename Form::Left left = Form::left(t.a + r * t.row_bytes + p, t.steps);
#pragma GCC unroll 16
      for (int q = 0; q < Q; ++q) Form::add(sum[r][q], left, right[q]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
    for (int q = 0; q < Q; ++q) Form::store(t.sums + (r * Q + q) * kColumns, sum[r][q]);
}

// round(x * scale) within the limits of the rule, ties to even: the sum with 1.5 * 2^23 has no bits below one. Zeros follow up
// to `whole`, which is also the distance between copies.
template <class Form>
void round(const float* x, Index count, Index whole, float scale, const Int8Rule& rule, std::int8_t* to) {
  constexpr float kWhole = 12582912.0F;
  constexpr Index kPart = 512;
  std::int8_t part[kPart];
  for (Index first = 0; first < count; first += kPart) {
    const Index size = std::min(kPart, count - first);
    for (Index i = 0; i < size; ++i) {
      float value = (x[first + i] * scale + kWhole) - kWhole;
      value = value < rule.high ? value : rule.high;
      value = value > rule.low ? value : rule.low;
      part[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(value));
    }
    for (Index i = 0; i < size; ++i) Form::put(part[i], to + first + i, whole);
  }
  for (Index i = count; i < whole; ++i) Form::put(0, to + i, whole);
}

#if defined(__AVX512F__)
template <>
void round<ShiftedWide>(const float* x, Index count, Index whole, float scale, const Int8Rule& rule, std::int8_t* to) {
  const __m512 factor = _mm512_set1_ps(scale), low = _mm512_set1_ps(rule.low), high = _mm512_set1_ps(rule.high);
  Index i = 0;
  for (; i < count; i += kColumns) {
    const __m512 value = _mm512_mul_ps(_mm512_maskz_loadu_ps(first_lanes(count - i), x + i), factor);
    const __m512i integers = _mm512_cvtps_epi32(_mm512_max_ps(_mm512_min_ps(value, high), low));
    const __m128i eight = _mm_xor_si128(_mm512_cvtepi32_epi8(integers), _mm_set1_epi8(-128));
    _mm_mask_storeu_epi8(to + i, first_lanes(whole - i), eight);
  }
  for (; i < whole; ++i) ShiftedWide::put(0, to + i, whole);
}
#endif

struct Form {
  using Run = void (*)(const Tile&);
  Index copies;
  int rows, together, wide;
  bool shifted;
  void (*round)(const float*, Index, Index, float, const Int8Rule&, std::int8_t*);
  Run few, tiles[kMostRows], broad[kMostRows];  // one row of `wide` panels; rows of one panel, of `together` panels
};

template <class F, int... R>
Form form_of(std::integer_sequence<int, R...>) {
  return {F::kCopies,
          F::kRows,
          F::kTogether,
          F::kWide,
          F::kShifted,
          round<F>,
          tile<F, 1, F::kWide>,
          {tile<F, R + 1, 1>...},
          {tile<F, R + 1, F::kTogether>...}};
}
template <class F>
Form form_of() {
  return form_of<F>(std::make_integer_sequence<int, F::kRows>());
}

#if defined(__AVX2__)
Form choose_form() {
#if defined(__AVX512F__)
  if (has_avx512_vnni()) return form_of<ShiftedWide>();
#endif
  if (has_avx_vnni()) return form_of<ShiftedPair>();
  return form_of<Magnitudes>();
}
#else
Form choose_form() { return form_of<Plain>(); }
#endif

const Form& form() {
  static const Form chosen = choose_form();
  return chosen;
}

Index panel_bytes(Index k) { return whole_steps(k) * kColumns; }
Index panels_of(Index n) { return ceil_div(n, kColumns); }
// A cache line more than there are bytes: rows a power of two apart would share one set of the first level of cache.
Index row_bytes(Index k) { return form().copies * whole_steps(k) + 64; }

const std::int32_t* column_sums(const std::int8_t* packed, Index k, Index n) {
  return reinterpret_cast<const std::int32_t*>(packed + panels_of(n) * panel_bytes(k));
}

struct Finish {
  const float* column_scales;
  const float* bias;
  const std::int32_t* column_sums;  // where the form is a shifted one
  bool relu;
};

using Integers = packet::ei::unpacket_traits<Packet>::integer_packet;

void finish(const Finish& f, const std::int32_t* sums, float row_scale, Index column, Index width, float* c) {
  const float* const scales = f.column_scales + column;
  const auto lanes = [&](Index j, Index count) {
    auto integers = packet::ei::ploadu<Integers>(sums + j);
    if (f.column_sums != nullptr)  // modulo 2^32, as the instruction adds: only the difference is sure to fit
      integers = packet::ei::psub(
          integers, packet::ei::plogical_shift_left<7>(packet::ei::ploadu<Integers>(f.column_sums + column + j)));
    const Packet of = packet::mul(packet::load_n(scales + j, count, 1.0F), packet::set1(row_scale));
    Packet y = packet::div(packet::ei::pcast<Integers, Packet>(integers), of);
    if (f.bias != nullptr) y = packet::add(y, packet::load_n(f.bias + column + j, count));
    if (f.relu) y = packet::max(y, packet::zero());
    packet::store_n(c + column + j, y, count);
  };
  if (width == kColumns)
    for (Index j = 0; j < kColumns; j += packet::kWidth) lanes(j, packet::kWidth);
  else
    packet::for_each(width, lanes);
}

// The bits of the largest |x|, which order like the numbers: those of what is not finite are above all others.
std::int32_t largest_bits(const float* x, Index count) {
  constexpr std::int32_t kMagnitude = 0x7fffffff;
  std::int32_t largest = 0;
  Index i = 0;
#if defined(__AVX512F__)
  const auto magnitude = [](__m512i bits) { return _mm512_and_si512(bits, _mm512_set1_epi32(kMagnitude)); };
  __m512i most = _mm512_setzero_si512();
  for (; i < count; i += kColumns)
    most = _mm512_max_epi32(most, magnitude(_mm512_maskz_loadu_epi32(first_lanes(count - i), x + i)));
  largest = _mm512_reduce_max_epi32(most);
#endif
  for (; i < count; ++i) {
    std::int32_t bits;
    std::memcpy(&bits, x + i, sizeof(bits));
    largest = std::max(largest, bits & kMagnitude);
  }
  return largest;
}

}  // namespace

Index int8_rows_size(Index rows, Index k) { return rows * row_bytes(k); }

void quantize_rows(const float* x, Index stride, Index rows, Index k, const Int8Rule& rule, std::int8_t* to,
                   float* scales) {
  const Form& chosen = form();
  const Index bytes = row_bytes(k), steps = whole_steps(k);
  const double work = byte_work(12.0 * static_cast<double>(rows * k));
  parallel_ranges(rows, std::max<Index>(1, 16384 / std::max<Index>(k, 1)), work, [&](Index begin, Index end, int) {
    for (Index r = begin; r < end; ++r) {
      const float* const row = x + r * stride;
      std::int8_t* const integers = to + r * bytes;
      const std::int32_t bits = largest_bits(row, k);
      float largest;
      std::memcpy(&largest, &bits, sizeof(largest));
      const bool finite = std::isfinite(largest);
      scales[r] = finite ? rule.high / (largest + rule.epsilon) : std::nanf("");
      chosen.round(row, finite ? k : 0, steps, scales[r], rule, integers);
    }
  });
}

Index int8_packed_size(Index k, Index n) {
  return panels_of(n) * (panel_bytes(k) + kColumns * static_cast<Index>(sizeof(std::int32_t)));
}

void pack_int8(const std::int8_t* b, Index row_stride, Index column_stride, Index k, Index n, std::int8_t* to) {
  auto* const sums = reinterpret_cast<std::int32_t*>(to + panels_of(n) * panel_bytes(k));
  parallel_for(panels_of(n), byte_work(8.0 * static_cast<double>(k * n)), [&](Index panel, int) {
    const Index first = panel * kColumns, width = std::min(kColumns, n - first);
    std::int8_t* const group = to + panel * panel_bytes(k);
    std::memset(group, 0, static_cast<std::size_t>(panel_bytes(k)));
    std::fill_n(sums + first, kColumns, 0);
    for (Index p = 0; p < k; ++p) {
      const std::int8_t* const row = b + p * row_stride + first * column_stride;
      std::int8_t* const place = group + p / kSteps * kGroup + p % kSteps;
      for (Index j = 0; j < width; ++j) {
        place[j * kSteps] = row[j * column_stride];
        sums[first + j] += row[j * column_stride];
      }
    }
  });
}

void gemm_int8(const std::int8_t* a, const float* row_scales, Index m, Index k, const std::int8_t* packed,
               const float* column_scales, Index n, float* c, Index ldc, const Epilogue& epilogue) {
  const Form& chosen = form();
  const Finish end{column_scales, epilogue.bias, chosen.shifted ? column_sums(packed, k, n) : nullptr,
                   epilogue.plain_relu()};
  const Index bytes = row_bytes(k), steps = whole_steps(k), panels = panels_of(n), rows = chosen.rows;
  const Index block = std::max(rows, kBlockBytes / bytes / rows * rows), blocks = ceil_div(m, block);
  // An instruction does more work than one of floats, and B is a quarter of their bytes.
  const double work = fma_work(static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k)) / 2;
  const Index parts = parts_of_columns(work, blocks, panels);
  const Split split(panels, parts);
  parallel_for(blocks * parts, work, [&](Index task, int) {
    const Index part = task % parts, begin = task / parts * block, last_row = std::min(m, begin + block);
    const Index last = split.begin(part + 1);
    alignas(kAlignment) std::int32_t sums[Index{kMostRows} * kMostTogether * kColumns];
    // Computes the tile of rows from r on and of `count` panels.
    const auto compute = [&](Index r, Index panel, Index count) {
      const Index taken = std::min(rows, last_row - r);
      const Tile t{a + r * bytes, bytes, steps, packed + panel * panel_bytes(k), panel_bytes(k), sums};
      (count == 1 ? chosen.tiles[taken - 1] : count == chosen.together ? chosen.broad[taken - 1] : chosen.few)(t);
      for (Index i = 0; i < taken; ++i)
        for (Index q = 0; q < count; ++q) {
          const Index column = (panel + q) * kColumns;
          finish(end, sums + (i * count + q) * kColumns, row_scales[r + i], column, std::min(kColumns, n - column),
                 c + (r + i) * ldc);
        }
    };
    const auto panels_at = [&](Index panel) -> Index {
      if (last_row - begin == 1 && panel + chosen.wide <= last) return chosen.wide;
      return panel + chosen.together <= last ? chosen.together : 1;
    };
    const Index first = split.begin(part);
    // What fits into the first level of cache is read again: rows of C are then written whole.
    if ((last - first) * panel_bytes(k) <= kPanelBytes)
      for (Index r = begin; r < last_row; r += rows)
        for (Index panel = first, count; panel < last; panel += count) compute(r, panel, count = panels_at(panel));
    else
      for (Index panel = first, count; panel < last; panel += count) {
        count = panels_at(panel);
        for (Index r = begin; r < last_row; r += rows) compute(r, panel, count);
      }
    const Index column = split.begin(part) * kColumns, width = std::min(last * kColumns, n) - column;
    if (epilogue.activation != Activation::linear && !end.relu)
      for (Index r = begin; r < last_row; ++r)
        activate(epilogue.activation, epilogue.parameters, c + r * ldc + column, c + r * ldc + column, width);
  });
}

void dequantize(const std::int8_t* from, Index count, float scale, float* to) {
  for (Index i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]) / scale;
}

void dequantize_columns(const std::int8_t* from, Index rows, Index n, const float* scales, float* to) {
  parallel_ranges(rows, std::max<Index>(1, 16384 / n), byte_work(8.0 * static_cast<double>(rows * n)),
                  [&](Index begin, Index end, int) {
                    for (Index r = begin; r < end; ++r)
                      for (Index j = 0; j < n; ++j) to[r * n + j] = static_cast<float>(from[r * n + j]) / scales[j];
                  });
}

}  // namespace fastnn::kernels
