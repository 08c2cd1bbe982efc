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

#include "fastnn/kernels/tiles.hpp"
#include "fastnn/parallel.hpp"

#if defined(__AVX2__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace fastnn::kernels {
namespace {

using packet::Packet;

constexpr Index kSteps = 4, kColumns = 16, kGroup = kSteps * kColumns;
constexpr int kMostRows = 12;
// Bytes of quantized rows that a task takes at once, so that they stay in the second level of cache.
constexpr Index kBlockBytes = 128 * 1024;

Index whole_steps(Index k) { return ceil_div(k, kSteps) * kSteps; }

struct Plain {
  static constexpr int kRows = 2, kWide = 1;
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
  static constexpr int kRows = 4, kWide = 4;
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
  static constexpr int kRows = 5;
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
struct ShiftedWide : Shifted {
  static constexpr int kRows = kMostRows;
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

// Writes `count` integers and zeros up to `whole`, in all copies; `copy` is the distance between two.
template <class Form>
void put(const std::int8_t* from, Index count, Index whole, Index copy, std::int8_t* to) {
  for (Index p = 0; p < count; ++p) Form::put(from[p], to + p, copy);
  for (Index p = count; p < whole; ++p) Form::put(0, to + p, copy);
}

struct Form {
  using Run = void (*)(const Tile&);
  Index copies;
  int rows, wide;
  bool shifted;
  void (*put)(const std::int8_t*, Index, Index, Index, std::int8_t*);
  Run few, tiles[kMostRows];
};

template <class F, int... R>
Form form_of(std::integer_sequence<int, R...>) {
  return {F::kCopies, F::kRows, F::kWide, F::kShifted, put<F>, tile<F, 1, F::kWide>, {tile<F, R + 1, 1>...}};
}
template <class F>
Form form_of() {
  return form_of<F>(std::make_integer_sequence<int, F::kRows>());
}

#if defined(__AVX2__)
// What the processor says of its seventh leaf: the registers eax and ecx of a part of it.
struct Leaf {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  explicit Leaf(unsigned part) { __get_cpuid_count(7, part, &eax, &ebx, &ecx, &edx); }
};

Form choose_form() {
#if defined(__AVX512F__)
  if (Leaf(0).ecx & 1U << 11) return form_of<ShiftedWide>();  // AVX512_VNNI
#endif
  if (Leaf(0).eax >= 1 && Leaf(1).eax & 1U << 4) return form_of<ShiftedPair>();  // AVX_VNNI
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

void finish(const Finish& f, const std::int32_t* sums, float row_scale, Index column, Index width, float* c) {
  alignas(kAlignment) float x[kColumns];
  if (f.column_sums != nullptr)
    for (Index j = 0; j < width; ++j) {
      // In 32 bits modulo 2^32, as the instruction adds: only the difference is sure to fit.
      const auto sum = static_cast<std::uint32_t>(sums[j]),
                 others = static_cast<std::uint32_t>(f.column_sums[column + j]);
      x[j] = static_cast<float>(static_cast<std::int32_t>(sum - 128U * others));
    }
  else
    for (Index j = 0; j < kColumns; ++j) x[j] = static_cast<float>(sums[j]);
  const float* const scales = f.column_scales + column;
  packet::for_each(width, [&](Index j, Index count) {
    Packet y = packet::div(packet::load_aligned(x + j),
                           packet::mul(packet::load_n(scales + j, count, 1.0F), packet::set1(row_scale)));
    if (f.bias != nullptr) y = packet::add(y, packet::load_n(f.bias + column + j, count));
    if (f.relu) y = packet::max(y, packet::zero());
    packet::store_n(c + column + j, y, count);
  });
}

// round(x * scale) within the limits of the rule, ties to even. The sum with 1.5 * 2^23 has no bits below one.
void round(const float* x, Index count, float scale, const Int8Rule& rule, std::int8_t* to) {
  constexpr float kWhole = 12582912.0F;
  for (Index i = 0; i < count; ++i) {
    float value = (x[i] * scale + kWhole) - kWhole;
    value = value < rule.high ? value : rule.high;
    value = value > rule.low ? value : rule.low;
    to[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(value));
  }
}

}  // namespace

Index int8_rows_size(Index rows, Index k) { return rows * row_bytes(k); }

void quantize_rows(const float* x, Index stride, Index rows, Index k, const Int8Rule& rule, std::int8_t* to,
                   float* scales) {
  const Form& chosen = form();
  const Index bytes = row_bytes(k), steps = whole_steps(k);
  const double work = byte_work(12.0 * static_cast<double>(rows * k));
  parallel_ranges(rows, std::max<Index>(1, 16384 / std::max<Index>(k, 1)), work, [&](Index begin, Index end, int) {
    constexpr Index kPart = 512;
    for (Index r = begin; r < end; ++r) {
      const float* const row = x + r * stride;
      Packet largest = packet::zero(), nothing = packet::zero();
      packet::for_each(k, [&](Index i, Index count) {
        const Packet value = packet::load_n(row + i, count);
        largest = packet::max(largest, packet::ei::pabs(value));
        nothing = packet::madd(value, packet::zero(), nothing);  // NaN from what is not finite
      });
      const bool finite = packet::sum_lanes(nothing) == 0.0F;
      const float scale = rule.high / (packet::max_lane(largest) + rule.epsilon);
      scales[r] = finite ? scale : std::nanf("");
      std::int8_t part[kPart];
      for (Index first = 0; first < k; first += kPart) {
        const Index count = std::min(kPart, k - first);
        if (finite)
          round(row + first, count, scale, rule, part);
        else
          std::fill_n(part, count, std::int8_t{0});
        chosen.put(part, count, first + count == k ? steps - first : count, steps, to + r * bytes + first);
      }
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
  Index parts = 1;
  if (work >= kGrain)
    if (const Index threads = usable_threads(); threads > 1)
      parts = std::min(ceil_div(Index{4} * threads, blocks), ceil_div(panels, 2));
  const Split split(panels, parts);
  parallel_for(blocks * parts, work, [&](Index task, int) {
    const Index part = task % parts, begin = task / parts * block, last_row = std::min(m, begin + block);
    const Index last = split.begin(part + 1);
    alignas(kAlignment) std::int32_t sums[kMostRows * kColumns];
    Index panel = split.begin(part);
    while (panel < last) {
      const bool wide = last_row - begin == 1 && panel + chosen.wide <= last;
      const Index count = wide ? chosen.wide : 1;
      for (Index r = begin; r < last_row; r += rows) {
        const Index taken = std::min(rows, last_row - r);
        const Tile t{a + r * bytes, bytes, steps, packed + panel * panel_bytes(k), panel_bytes(k), sums};
        (wide ? chosen.few : chosen.tiles[taken - 1])(t);
        for (Index i = 0; i < taken; ++i)
          for (Index q = 0; q < count; ++q) {
            const Index column = (panel + q) * kColumns;
            finish(end, sums + (i * count + q) * kColumns, row_scales[r + i], column, std::min(kColumns, n - column),
                   c + (r + i) * ldc);
          }
      }
      panel += count;
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
