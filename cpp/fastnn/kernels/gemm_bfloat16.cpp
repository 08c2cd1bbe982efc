// Register tiles over pairs of bfloat16.
//
// A panel of B holds 16 columns, the pairs of one step of two side by side. One instruction of AVX512-BF16 multiplies 16
// pairs and adds up both products; elsewhere pairs become floats again.
#include "fastnn/kernels/gemm_bfloat16.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fastnn/kernels/processor.hpp"
#include "fastnn/kernels/tiles.hpp"
#include "fastnn/parallel.hpp"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace fastnn::kernels {
namespace {

constexpr Index kColumns = 16;
constexpr int kMostRows = 12, kMostTogether = 2;
// Pairs of a block of k: 32 KiB of two panels, which stay in the first level of cache while rows pass by.
constexpr Index kBlockPairs = 256;

Index pairs_of(Index k) { return ceil_div(k, 2); }
Index panels_of(Index n) { return ceil_div(n, kColumns); }
// A cache line more than there are pairs: rows a power of two apart would share one set of the first level of cache.
Index row_pairs(Index k) { return ceil_div(pairs_of(k), kColumns) * kColumns + kColumns; }

// The bits of a float rounded to bfloat16, in the upper half.
inline std::uint32_t rounded(std::uint32_t bits) {
  constexpr std::uint32_t kMagnitude = 0x7fffffffU, kInfinity = 0x7f800000U, kSmallest = 0x00800000U;
  const std::uint32_t magnitude = bits & kMagnitude;
  const std::uint32_t near = (bits + 0x7fffU + ((bits >> 16) & 1U)) & 0xffff0000U;
  const std::uint32_t number = magnitude < kSmallest ? bits & ~kMagnitude : near;
  return magnitude > kInfinity ? (bits | 0x00400000U) & 0xffff0000U : number;
}

// The bits of floats, and of the floats that numbers held in bfloat16 are.
inline void bits_of(const float* from, Index count, std::uint32_t* to) {
  std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
}
inline void bits_of(const Bfloat16* from, Index count, std::uint32_t* to) {
  for (Index i = 0; i < count; ++i) to[i] = static_cast<std::uint32_t>(from[i]) << 16;
}

// Pairs of the numbers of two rows of 16.
template <class T>
inline void pair_up(const T* first, const T* second, Bfloat16Pair* to) {
  std::uint32_t low[kColumns], high[kColumns];
  bits_of(first, kColumns, low);
  bits_of(second, kColumns, high);
  for (Index j = 0; j < kColumns; ++j) to[j] = rounded(low[j]) >> 16 | rounded(high[j]);
}

// Pairs of two steps of up to 16 lines that lie side by side: `width` of them, `steps` steps (1 or 2).
template <class T>
void pair_up_side_by_side(const T* from, Index step, Index steps, Index width, Bfloat16Pair* to) {
  if (steps == 2 && width == kColumns) return pair_up(from, from + step, to);
  alignas(kAlignment) T rows[2][kColumns] = {};
  for (Index i = 0; i < steps; ++i) std::copy_n(from + i * step, width, rows[i]);
  pair_up(rows[0], rows[1], to);
}

// Pairs along a line: `count` numbers, which then lie as they did.
template <class T>
void pair_up_along(const T* from, Index count, Bfloat16Pair* to) {
  auto* const halves = reinterpret_cast<unsigned char*>(to);
  constexpr Index kPart = 256;
  std::uint32_t bits[kPart];
  std::uint16_t upper[kPart];
  for (Index first = 0; first < count; first += kPart) {
    const Index size = std::min(kPart, count - first);
    bits_of(from + first, size, bits);
    for (Index i = 0; i < size; ++i) upper[i] = static_cast<std::uint16_t>(rounded(bits[i]) >> 16);
    std::memcpy(halves + first * 2, upper, static_cast<std::size_t>(size) * 2);
  }
  if (count % 2 != 0) std::memset(halves + count * 2, 0, 2);
}

using Square = Bfloat16Pair[kColumns][kColumns];

// Writes the first `columns` columns of 16 x 16 pairs, each as 16 pairs. Pairs are moved as floats are.
void turn(const Square& from, Index columns, Bfloat16Pair* to, Index stride) {
  using packet::kWidth;
  for (Index j = 0; j < columns; j += kWidth)
    for (Index i = 0; i < kColumns; i += kWidth) {
      Eigen::internal::PacketBlock<packet::Packet, kWidth> square;
      for (Index r = 0; r < kWidth; ++r)
        square.packet[r] = packet::load(reinterpret_cast<const float*>(&from[i + r][j]));
      Eigen::internal::ptranspose(square);
      for (Index r = 0; r < std::min(kWidth, columns - j); ++r)
        packet::store(reinterpret_cast<float*>(to + (j + r) * stride + i), square.packet[r]);
    }
}

struct Tile {
  const Bfloat16Pair* a;
  Index row_pairs, pairs;
  const Bfloat16Pair* b;
  Index panel_pairs;
  float* c;
  Index ldc;
  const float* bias;
  bool reload, relu;
};

struct Emulated {
  static constexpr int kRows = 4, kTogether = 1;
  struct Sum {
    float of[kColumns];
  };
  using Left = Bfloat16Pair;
  using Right = const Bfloat16Pair*;
  static Sum load(const float* from) {
    Sum sum;
    std::memcpy(sum.of, from, sizeof(sum.of));
    return sum;
  }
  static Sum zero() { return Sum{}; }
  static Left left(const Bfloat16Pair* a) { return *a; }
  static Right right(const Bfloat16Pair* b) { return b; }
  static float number(std::uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  static void add(Sum& sum, Left a, Right b) {
    const float first = number(a << 16), second = number(a & 0xffff0000U);
    // Products of two bfloat16 are exact, so that rounding the sum is all that is rounded.
    for (Index j = 0; j < kColumns; ++j) {
      const float higher = sum.of[j] + second * number(b[j] & 0xffff0000U);
      sum.of[j] = higher + first * number(b[j] << 16);
    }
  }
  static void cut(Sum& sum) {
    for (float& value : sum.of) value = value < 0.0F ? 0.0F : value;
  }
  static void store(float* to, const Sum& sum) { std::memcpy(to, sum.of, sizeof(sum.of)); }
};

#if defined(__AVX512F__)
struct Native {
  static constexpr int kRows = kMostRows, kTogether = kMostTogether;
  using Sum = __m512;
  using Left = __m512i;
  using Right = __m512i;
  static Sum load(const float* from) { return _mm512_loadu_ps(from); }
  static Sum zero() { return _mm512_setzero_ps(); }
  static Left left(const Bfloat16Pair* a) { return _mm512_set1_epi32(static_cast<int>(*a)); }
  static Right right(const Bfloat16Pair* b) { return _mm512_loadu_si512(b); }
  // Written out, so that it needs no flags of the compiler: whether the processor has it is asked while it runs.
  static void add(Sum& sum, const Left& a, const Right& b) { asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b)); }
  static void cut(Sum& sum) { sum = _mm512_max_ps(_mm512_setzero_ps(), sum); }  // NaN stays
  static void store(float* to, const Sum& sum) { _mm512_storeu_ps(to, sum); }
};
#endif

template <class Form, int R, int Q>
void tile(const Tile& t) {
  typename Form::Sum sum[R][Q];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
    for (int q = 0; q < Q; ++q)
      sum[r][q] = t.reload            ? Form::load(t.c + r * t.ldc + q * kColumns)
                  : t.bias != nullptr ? Form::load(t.bias + q * kColumns)
                                      : Form::zero();
  for (Index p = 0; p < t.pairs; ++p) {
    typename Form::Right right[Q];
#pragma GCC unroll 16
    for (int q = 0; q < Q; ++q) right[q] = Form::right(t.b + q * t.panel_pairs + p * kColumns);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const typename Form::Left left = Form::left(t.a + r * t.row_pairs + p);
#pragma GCC unroll 16
      for (int q = 0; q < Q; ++q) Form::add(sum[r][q], left, right[q]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
    for (int q = 0; q < Q; ++q) {
      if (t.relu) Form::cut(sum[r][q]);
      Form::store(t.c + r * t.ldc + q * kColumns, sum[r][q]);
    }
}

struct Form {
  using Run = void (*)(const Tile&);
  int rows, together;
  Run tiles[kMostRows], broad[kMostRows];  // of one panel, of `together` panels
};

template <class F, int... R>
Form form_of(std::integer_sequence<int, R...>) {
  return {F::kRows, F::kTogether, {tile<F, R + 1, 1>...}, {tile<F, R + 1, F::kTogether>...}};
}
template <class F>
Form form_of() {
  return form_of<F>(std::make_integer_sequence<int, F::kRows>());
}

const Form& form() {
#if defined(__AVX512F__)
  static const Form chosen = has_avx512_bf16() ? form_of<Native>() : form_of<Emulated>();
#else
  static const Form chosen = form_of<Emulated>();
#endif
  return chosen;
}

// Runs a tile on a copy of C where its last columns are missing.
void run_tile(Form::Run run, Tile& t, Index rows, Index width, Index whole) {
  if (width == whole) return run(t);
  constexpr Index kWhole = kMostTogether * kColumns;
  alignas(kAlignment) float copy[kMostRows * kWhole], bias[kWhole] = {};
  Tile padded = t;
  padded.c = copy;
  padded.ldc = kWhole;
  if (t.reload)
    for (Index r = 0; r < rows; ++r) {
      std::fill_n(copy + r * kWhole, whole, 0.0F);
      std::copy_n(t.c + r * t.ldc, width, copy + r * kWhole);
    }
  if (t.bias != nullptr) {
    std::copy_n(t.bias, width, bias);
    padded.bias = bias;
  }
  run(padded);
  for (Index r = 0; r < rows; ++r) std::copy_n(copy + r * kWhole, width, t.c + r * t.ldc);
}

}  // namespace

Index bfloat16_rows_size(Index rows, Index k) { return rows * row_pairs(k); }

void round_rows(const float* x, Index row_stride, Index column_stride, Index rows, Index k, Bfloat16Pair* to) {
  const Index stride = row_pairs(k), pairs = pairs_of(k);
  const double work = byte_work(6.0 * static_cast<double>(rows * k));
  if (column_stride == 1) {
    parallel_ranges(rows, std::max<Index>(1, 16384 / std::max<Index>(k, 1)), work, [&](Index begin, Index end, int) {
      for (Index r = begin; r < end; ++r) pair_up_along(x + r * row_stride, k, to + r * stride);
    });
    return;
  }
  parallel_for(ceil_div(rows, kColumns), work, [&](Index block, int) {
    const Index row = block * kColumns, width = std::min(kColumns, rows - row);
    alignas(kAlignment) Square square = {};
    for (Index p = 0; p < pairs; p += kColumns) {
      const Index count = std::min(kColumns, pairs - p);
      for (Index i = 0; i < count; ++i)
        pair_up_side_by_side(x + row + 2 * (p + i) * column_stride, column_stride, std::min<Index>(2, k - 2 * (p + i)),
                             width, square[i]);
      turn(square, width, to + row * stride + p, stride);
    }
  });
}

Index bfloat16_packed_size(Index k, Index n) { return panels_of(n) * pairs_of(k) * kColumns; }

namespace {

template <class T>
void pack(const T* b, Index row_stride, Index column_stride, Index k, Index n, Bfloat16Pair* to) {
  const Index pairs = pairs_of(k);
  parallel_for(panels_of(n), byte_work(6.0 * static_cast<double>(k * n)), [&](Index panel, int) {
    const Index column = panel * kColumns, width = std::min(kColumns, n - column);
    Bfloat16Pair* const group = to + panel * pairs * kColumns;
    if (column_stride == 1) {
      for (Index p = 0; p < pairs; ++p)
        pair_up_side_by_side(b + column + 2 * p * row_stride, row_stride, std::min<Index>(2, k - 2 * p), width,
                             group + p * kColumns);
      return;
    }
    alignas(kAlignment) Square square = {};
    for (Index p = 0; p < pairs; p += kColumns) {
      const Index count = std::min(kColumns, pairs - p);
      for (Index j = 0; j < width; ++j)
        pair_up_along(b + (column + j) * column_stride + 2 * p, std::min(2 * count, k - 2 * p), square[j]);
      turn(square, count, group + p * kColumns, kColumns);
    }
  });
}

}  // namespace

void pack_bfloat16_wide(const float* b, Index row_stride, Index column_stride, Index k, Index n, Bfloat16Pair* to) {
  pack(b, row_stride, column_stride, k, n, to);
}

void pack_bfloat16_narrow(const Bfloat16* b, Index row_stride, Index column_stride, Index k, Index n,
                          Bfloat16Pair* to) {
  pack(b, row_stride, column_stride, k, n, to);
}

void gemm_bfloat16(const Bfloat16Pair* a, Index m, Index k, const Bfloat16Pair* packed, Index n, float* c, Index ldc,
                   const Epilogue& epilogue) {
  const Form& chosen = form();
  const Index pairs = pairs_of(k), stride = row_pairs(k), panels = panels_of(n), rows = chosen.rows;
  const Index block = kRowBlock / rows * rows, blocks = ceil_div(m, block);
  const double work = fma_work(static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k)) / 2;
  const Index parts = parts_of_columns(work, blocks, panels);
  const Index count_of_k = std::max<Index>(1, ceil_div(pairs, kBlockPairs));  // sums of nothing are written, too
  const Split split(panels, parts), blocks_of_k(pairs, count_of_k);
  const bool relu = epilogue.plain_relu();
  parallel_for(blocks * parts, work, [&](Index task, int) {
    const Index part = task % parts, begin = task / parts * block, end = std::min(m, begin + block);
    const Index first = split.begin(part), last = split.begin(part + 1);
    for (Index i = 0; i < count_of_k; ++i) {
      const Index done = blocks_of_k.begin(i), length = blocks_of_k.begin(i + 1) - done;
      for (Index panel = first, count; panel < last; panel += count) {
        count = panel + chosen.together <= last ? chosen.together : 1;
        const Index column = panel * kColumns, whole = count * kColumns;
        const auto& tiles = count == chosen.together ? chosen.broad : chosen.tiles;
        for (Index r = begin; r < end; r += rows) {
          const Index taken = std::min(rows, end - r);
          Tile t{a + r * stride + done,
                 stride,
                 length,
                 packed + (panel * pairs + done) * kColumns,
                 pairs * kColumns,
                 c + r * ldc + column,
                 ldc,
                 epilogue.bias == nullptr ? nullptr : epilogue.bias + column,
                 i > 0,
                 relu && i + 1 == count_of_k};
          run_tile(tiles[taken - 1], t, taken, std::min(whole, n - column), whole);
        }
      }
    }
    const Index column = first * kColumns, width = std::min(last * kColumns, n) - column;
    if (epilogue.activation != Activation::linear && !relu)
      for (Index r = begin; r < end; ++r)
        activate(epilogue.activation, epilogue.parameters, c + r * ldc + column, c + r * ldc + column, width);
  });
}

}  // namespace fastnn::kernels
