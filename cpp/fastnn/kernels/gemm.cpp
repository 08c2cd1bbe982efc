// Register tiles over Eigen's packets, the blocking that feeds them from the caches, and how products are cut into tasks.
//
// A tile holds kRows x 2 registers of C while it walks along k: per step two loads of the panel and one broadcast for
// each row. The left operand is read in place; the panel's block (kBlockK rows) stays in the first level of cache while
// the rows of a block pass by, after Goto & van de Geijn, "Anatomy of high-performance matrix multiplication" (2008).
#include "fastnn/kernels/gemm.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

#include "fastnn/kernels/tiles.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

using packet::kWidth;
using packet::Packet;

// Rows of a tile: with two registers of B and one of A it must fit the register file.
#if defined(__AVX512F__)
constexpr int kRows = 12;
#else
constexpr int kRows = 6;
#endif

// Rows of a panel block: 24 to 32 KiB of panel.
constexpr Index kFloatsOfPacket = static_cast<Index>(sizeof(Packet) / sizeof(float));
constexpr Index kBlockK = kFloatsOfPacket == 16 ? 256 : 3072 / kFloatsOfPacket;

// Size of B from which on it is fetched ahead.
constexpr Index kFarReals = Index{1} << 18;

// Floats from one row to the next where a block of k is copied: an odd number of cache lines.
constexpr Index kCopyRow = kBlockK + 16;

static_assert(kOuterColumns % kPanel == 0);
static_assert(kRowBlock % kRows == 0, "a full row block is whole tiles");

struct TileArguments {
  const Real* const* a;
  const Index* offsets;
  Index segments, within, length;
  const Real* b;
  Index panel_stride;
  Real* const* c;
  Index column;
  const Real* bias;
  bool reload, relu;
  const Real* ahead;  // what the tiles of a panel fetch for those of the next, `ahead_step` Reals a step
  Index ahead_step;
};

// R rows times Q panels of P registers; kAhead: fetches what `ahead` says.
template <int R, int P, int Q, bool kAhead = false>
void tile(const TileArguments& t) {
  Packet sum[R][P * Q];
  const Real* a[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) a[r] = t.a[r];
  if (t.reload) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
      for (int j = 0; j < P * Q; ++j) sum[r][j] = packet::load(t.c[r] + t.column + j * kWidth);
  } else {
#pragma GCC unroll 16
    for (int j = 0; j < P * Q; ++j) {
      const Packet start = t.bias ? packet::load(t.bias + t.column + j * kWidth) : packet::zero();
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) sum[r][j] = start;
    }
  }
  const Real* b = t.b;
  [[maybe_unused]] const Real* ahead = t.ahead;
  for (Index s = 0; s < t.segments; ++s) {
    const Index begin = t.offsets[s] + t.within, end = begin + t.length;
#pragma GCC unroll 2
    for (Index p = begin; p < end; ++p) {
      Packet right[P * Q];
#pragma GCC unroll 16
      for (int q = 0; q < Q; ++q)
#pragma GCC unroll 16
        for (int j = 0; j < P; ++j) right[q * P + j] = packet::load(b + q * t.panel_stride + j * kWidth);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const Packet left = packet::set1(a[r][p]);
#pragma GCC unroll 16
        for (int j = 0; j < P * Q; ++j) sum[r][j] = packet::madd(left, right[j], sum[r][j]);
      }
      b += P * kWidth;
      if constexpr (kAhead && R > kRows / 2) {  // few rows have no time to fetch for others
        __builtin_prefetch(ahead);
        ahead += t.ahead_step;
      }
    }
  }
  if (t.relu) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
      for (int j = 0; j < P * Q; ++j) sum[r][j] = packet::max(sum[r][j], packet::zero());
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
    for (int j = 0; j < P * Q; ++j) packet::store(t.c[r] + t.column + j * kWidth, sum[r][j]);
}

using Tile = void (*)(const TileArguments&);

template <int P, bool kAhead, int... R>
constexpr Tile tile_for(Index rows, std::integer_sequence<int, R...>) {
  constexpr Tile tiles[] = {tile<R + 1, P, 1, kAhead>...};
  return tiles[rows - 1];
}

Tile find_tile(Index rows, int packets, bool ahead) {
  using Rows = std::make_integer_sequence<int, kRows>;
  if (packets == 1) return tile_for<1, false>(rows, Rows());
  return ahead ? tile_for<2, true>(rows, Rows()) : tile_for<2, false>(rows, Rows());
}

// Few rows leave too few chains to hide the latency of a multiply-add: they take several panels at once.
struct WideTile {
  Tile tile;
  Index panels;
};
WideTile find_wide_tile(Index rows) {
  switch (rows) {
    case 1:
      return {tile<1, 2, 4>, 4};
    case 2:
      return {tile<2, 2, 2>, 2};
    case 3:
      return {tile<3, 2, 2>, 2};
    default:
      return {nullptr, 1};
  }
}

// The reverse of copy_padded.
inline void copy_back(const Real* from, Index width, Real* to) {
  packet::for_each(width, [=](Index i, Index n) { packet::store_n(to + i, packet::load(from + i), n); });
}

// The last panel is narrower than its registers: its tile works on a padded copy.
void edge_tile(Tile run, TileArguments& t, Index rows, Index width) {
  alignas(kAlignment) Real copy[kRows][kPanel];
  alignas(kAlignment) Real bias[kPanel];
  Real* pointers[kRows];
  for (Index r = 0; r < rows; ++r) {
    pointers[r] = copy[r];
    if (t.reload) copy_padded(t.c[r] + t.column, width, copy[r]);
  }
  const Real* const whole_bias = t.bias;
  if (t.bias) {
    copy_padded(t.bias + t.column, width, bias);
    t.bias = bias;
  }
  Real* const* c = t.c;
  const Index column = t.column;
  t.c = pointers;
  t.column = 0;
  run(t);
  for (Index r = 0; r < rows; ++r) copy_back(copy[r], width, c[r] + column);
  t.c = c;
  t.column = column;
  t.bias = whole_bias;
}

// One block of k for all rows and panels: `done` of `total` steps lie before it.
struct BlockOfK {
  const Index* offsets;
  Index segments, within, length;
  Index done, total;
};

void multiply_block(const Real* const* a, const BlockOfK& k, Index m, const Real* panels, Index n, Index first,
                    Index last, Real* const* c, const Real* bias, bool reload, bool relu) {
  TileArguments t{a, k.offsets, k.segments, k.within, k.length, nullptr, kPanel * k.total,
                  c, 0,         bias,       reload,   relu,     panels,  0};
  Index panel = first;
  if (const WideTile wide = find_wide_tile(m); wide.tile) {
    for (; panel + wide.panels <= last && (panel + wide.panels) * kPanel <= n; panel += wide.panels) {
      t.b = panels + panel * kPanel * k.total + k.done * kPanel;
      t.column = panel * kPanel;
      wide.tile(t);
    }
  }
  // The first tile of a panel would wait for it, where B does not fit into the second level of cache: the tiles before it
  // fetch a share each. Behind the last panel comes the first one of the next block of k.
  const Index tiles = ceil_div(m, kRows), steps = k.segments * k.length;
  const bool far = k.total * n >= kFarReals, more = k.done + steps < k.total;
  t.ahead_step = ceil_div(kPanel, tiles);
  const Split split(m, tiles);
  for (; panel < last; ++panel) {
    const Index width = std::min(kPanel, n - panel * kPanel);
    const int packets = width > kWidth ? 2 : 1;
    t.b = panels + panel * kPanel * k.total + k.done * packets * kWidth;
    t.column = panel * kPanel;
    const bool behind = panel + 1 < last;
    const Real* const next =
        panels + (behind ? panel + 1 : first) * kPanel * k.total + (k.done + (behind ? 0 : steps)) * kPanel;
    Tile run = nullptr;
    Index rows_of_run = 0;
    for (Index row = 0, part = 0; row < m; ++part) {
      const Index rows = split.base + (part < split.extra ? 1 : 0);
      if (rows != rows_of_run) {
        run = find_tile(rows, packets, far && (behind || more));
        rows_of_run = rows;
      }
      t.a = a + row;
      t.c = c + row;
      t.ahead = next + part * steps * t.ahead_step;
      if (width == packets * kWidth)
        run(t);
      else
        edge_tile(run, t, rows, width);
      row += rows;
    }
  }
}

// The same over a copy of one stretch of k, whose rows lie side by side. A function of its own for its frame of 100 KiB.
[[gnu::noinline]] void multiply_copied_block(const Real* const* a, const BlockOfK& k, Index m, const Real* panels,
                                             Index n, Index first, Index last, Real* const* c, const Real* bias,
                                             bool reload, bool relu) {
  alignas(kAlignment) Real copy[kRowBlock * kCopyRow];
  const Real* rows[kRowBlock];
  for (Index r = 0; r < m; ++r) {
    rows[r] = copy + r * kCopyRow;
    std::copy_n(a[r] + *k.offsets + k.within, k.length, copy + r * kCopyRow);
  }
  const Index zero = 0;
  multiply_block(rows, {&zero, 1, 0, k.length, k.done, k.total}, m, panels, n, first, last, c, bias, reload, relu);
}

}  // namespace

Index packed_size(Index k, Index n) { return k * ceil_div(n, kWidth) * kWidth; }
Index panel_count(Index n) { return ceil_div(n, kPanel); }

Index row_blocks(Index m) { return ceil_div(ceil_div(m, kRows), kRowBlock / kRows); }

Index parts_of_columns(double work, Index blocks, Index panels) {
  const Index threads = work < kGrain ? 1 : usable_threads();
  return threads == 1 ? 1 : std::min(ceil_div(Index{4} * threads, blocks), ceil_div(panels, 2));
}

Index row_block_begin(Index m, Index blocks, Index block) {
  const Index tiles = ceil_div(m, kRows);
  return Split(m, tiles).begin(Split(tiles, blocks).begin(block));
}

void multiply_rows(const Real* const* a, const Segments& segments, Index m, const Real* panels, Index n, Index first,
                   Index last, Real* const* c, const Epilogue& epilogue) {
  assert(m <= kRowBlock && !(epilogue.accumulate && epilogue.bias));
  const bool relu = epilogue.plain_relu();
  const Index total = segments.count * segments.length;
  const bool ends_chains = segments.first + total == segments.total;
  // Rows a multiple of 4096 bytes apart share one set of the first level of cache: where several panels read them, each
  // block of k is copied first.
  const bool crowded = m > 1 && last - first >= 4 && (a[1] - a[0]) % static_cast<Index>(4096 / sizeof(Real)) == 0 &&
                       segments.length >= kBlockK;
  const auto block = [&](Index segment, Index count, Index within, Index length) {
    const Index done = segments.first + segment * segments.length + within;
    const bool begins = done == 0, ends = done + count * length == segments.total;
    const BlockOfK k{segments.offsets + segment, count, within, length, done, segments.total};
    const bool reload = !begins || epilogue.accumulate;
    if (crowded)
      multiply_copied_block(a, k, m, panels, n, first, last, c, epilogue.bias, reload, ends && relu);
    else
      multiply_block(a, k, m, panels, n, first, last, c, epilogue.bias, reload, ends && relu);
  };
  if (segments.length >= kBlockK) {
    const Index pieces = ceil_div(segments.length, kBlockK);
    const Split split(segments.length, pieces);
    for (Index s = 0; s < segments.count; ++s)
      for (Index i = 0; i < pieces; ++i) block(s, 1, split.begin(i), split.begin(i + 1) - split.begin(i));
  } else {
    const Index pieces = ceil_div(total, kBlockK);
    const Split split(segments.count, std::min(pieces, segments.count));
    for (Index i = 0, s = 0; s < segments.count; ++i) {
      const Index next = split.begin(i + 1);
      block(s, next - s, 0, segments.length);
      s = next;
    }
  }
  if (ends_chains && epilogue.activation != Activation::linear && !relu) {
    const Index begin = first * kPanel, width = std::min(last * kPanel, n) - begin;
    if (width == n && c[m - 1] - c[0] == (m - 1) * n) {
      activate(epilogue.activation, epilogue.parameters, c[0], c[0], m * n);
    } else {
      for (Index r = 0; r < m; ++r)
        activate(epilogue.activation, epilogue.parameters, c[r] + begin, c[r] + begin, width);
    }
  }
}

void gemm(const Real* a, Index lda, Index m, Index k, const Real* panels, Index n, Real* c, Index ldc,
          const Epilogue& epilogue) {
  const Index panels_of_c = panel_count(n), blocks = row_blocks(m);
  const double work = fma_work(static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k));
  const Index parts = parts_of_columns(work, blocks, panels_of_c);
  const Split split(panels_of_c, parts);
  const Index zero = 0;
  const Segments segments{&zero, 1, k, 0, k};
  parallel_for(blocks * parts, work, [&](Index task, int) {
    const Index block = task / parts, part = task % parts;
    const Index begin = row_block_begin(m, blocks, block), end = row_block_begin(m, blocks, block + 1);
    const Real* from[kRowBlock];
    Real* to[kRowBlock];
    for (Index r = begin; r < end; ++r) {
      from[r - begin] = a + r * lda;
      to[r - begin] = c + r * ldc;
    }
    // With many blocks of k, columns of C are taken few enough together that they stay in the cache from block to block.
    const Index last = split.begin(part + 1), step = k > 4 * kBlockK ? 8 : panels_of_c;
    for (Index panel = split.begin(part); panel < last; panel += step)
      multiply_rows(from, segments, end - begin, panels, n, panel, std::min(panel + step, last), to, epilogue);
  });
}

namespace {

struct OuterArguments {
  const Real* const* runs;
  Index run_count, run_length, offset, lda;
  const Real* b;
  Real* c;
  Index ldc;
  bool reload;
};

template <int R, int P>
void outer_tile(const OuterArguments& t) {
  Packet sum[R][P];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
    for (int j = 0; j < P; ++j) sum[r][j] = t.reload ? packet::load(t.c + r * t.ldc + j * kWidth) : packet::zero();
  const Real* b = t.b;
  for (Index s = 0; s < t.run_count; ++s) {
    const Real* a = t.runs[s] + t.offset;
#pragma GCC unroll 2
    for (Index p = 0; p < t.run_length; ++p) {
      Packet right[P];
#pragma GCC unroll 16
      for (int j = 0; j < P; ++j) right[j] = packet::load(b + j * kWidth);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const Packet left = packet::set1(a[r]);
#pragma GCC unroll 16
        for (int j = 0; j < P; ++j) sum[r][j] = packet::madd(left, right[j], sum[r][j]);
      }
      a += t.lda;
      b += P * kWidth;
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
    for (int j = 0; j < P; ++j) packet::store(t.c + r * t.ldc + j * kWidth, sum[r][j]);
}

using OuterTile = void (*)(const OuterArguments&);

template <int P, int... R>
constexpr OuterTile outer_tile_for(Index rows, std::integer_sequence<int, R...>) {
  constexpr OuterTile tiles[] = {outer_tile<R + 1, P>...};
  return tiles[rows - 1];
}

OuterTile find_outer_tile(Index rows, int packets) {
  using Rows = std::make_integer_sequence<int, kRows>;
  return packets == 2 ? outer_tile_for<2>(rows, Rows()) : outer_tile_for<1>(rows, Rows());
}

}  // namespace

namespace {

// Tiles whose rows of A are gathered at once, so that each row of A is read in long pieces.
constexpr Index kLeftTiles = 48 / kRows;
constexpr Index kLeftTile = kOuterRows * kRows + kWidth;

// Copies rows of A, tile after tile of `split` from `first` to `last`, each tile's floats side by side. A whole register
// is moved at a time, and a tile's next row overwrites what was too much; only the last row, behind which A may end, is
// copied exactly.
void pack_left(const OuterArguments& t, const Split& split, Index first, Index last, Real* left) {
  for (Index s = 0, done = 0; s < t.run_count; ++s, done += t.run_length) {
    const Real* a = t.runs[s] + t.offset;
    // Eight rows at a time: lines of A are still at hand when the next tile wants the rest of them.
    for (Index p = 0; p < t.run_length; p += 8) {
      const Index end = std::min(p + 8, t.run_length), whole = std::min(end, t.run_length - 1);
      for (Index tile = first; tile < last; ++tile) {
        const Index row = split.begin(tile), rows = split.begin(tile + 1) - row;
        const Real* from = a + p * t.lda + row;
        Real* to = left + (tile - first) * kLeftTile + (done + p) * rows;
        for (Index i = p; i < whole; ++i, from += t.lda, to += rows) {
          packet::store(to, packet::load(from));
          for (Index j = kWidth; j < kRows; j += kWidth)
            if (rows > j) packet::store(to + j, packet::load(from + j));
        }
        if (whole < end) std::copy_n(from, rows, to);
      }
    }
  }
}

}  // namespace

void multiply_outer(const Real* const* runs, Index run_count, Index run_length, Index offset, Index lda, Index m,
                    const Real* columns, Index width, bool accumulate, Real* c, Index ldc) {
  const OuterArguments in_place{runs, run_count, run_length, offset, lda, nullptr, nullptr, ldc, accumulate};
  OuterArguments t = in_place;
  const Index tiles = ceil_div(m, kRows);
  const Split split(m, tiles);
  alignas(kAlignment) Real left[kLeftTiles * kLeftTile];
  alignas(kAlignment) Real copy[kRows * kPanel];
  // Rows of A that lie far apart crowd a few sets of the cache: worth gathering where several panels share them. A panel
  // meets all tiles that were gathered before the next one comes.
  const bool gather = width > kPanel && lda >= 256;
  const Index together = gather ? kLeftTiles : 1;
  if (gather) {
    t.run_count = 1;
    t.run_length = run_count * run_length;
    t.offset = 0;
  }
  for (Index group = 0; group < tiles; group += together) {
    const Index last = std::min(tiles, group + together);
    if (gather) pack_left(in_place, split, group, last, left);
    for (Index first = 0; first < width; first += kPanel) {
      const Index panel_width = std::min(kPanel, width - first);
      const int packets = panel_width > kWidth ? 2 : 1;
      t.b = columns + first * kOuterRows;
      for (Index tile = group; tile < last; ++tile) {
        const Index row = split.begin(tile), rows = split.begin(tile + 1) - row;
        const OuterTile run = find_outer_tile(rows, packets);
        const Real* const left_run = left + (tile - group) * kLeftTile;
        if (gather) {
          t.runs = &left_run;
          t.lda = rows;
        } else {
          t.offset = offset + row;
        }
        Real* const to = c + row * ldc + first;
        t.c = to;
        t.ldc = ldc;
        if (panel_width == packets * kWidth) {
          run(t);
          continue;
        }
        if (accumulate)
          for (Index r = 0; r < rows; ++r) copy_padded(to + r * ldc, panel_width, copy + r * kPanel);
        t.c = copy;
        t.ldc = kPanel;
        run(t);
        for (Index r = 0; r < rows; ++r) copy_back(copy + r * kPanel, panel_width, to + r * ldc);
      }
    }
  }
}

namespace {

// A sum over rows keeps one chain where its output alone has tiles enough for every thread; a small output is cut into
// chunks of rows, a number that depends on the output's size only, and the chunks' sums are added in ascending order.
constexpr Index kWave = 32;

// Columns of B that a task takes at once: rows of A are gathered anew for each, and where there is only one task for each of
// many threads, columns are packed by all of them.
constexpr Index kMostTaskColumns = 2 * kOuterColumns;
Index task_columns(Index n) { return n >= 16 * kOuterColumns ? kMostTaskColumns : kOuterColumns; }

Index rows_of_chunk(Index m, Index n) {
  const Index outputs = (m + 1) * n;
  if (outputs >= 2048) return std::numeric_limits<Index>::max();
  return std::max<Index>(kOuterRows, (Index{1} << 18) / outputs / kOuterRows * kOuterRows);
}

// Rows [0, rows) of the operands give columns [first, first + width) of rows [begin, end) of the C's, counted through them all.
void outer_task(const Left* lefts, Index count, const Real* b, Index ldb, Index rows, Index begin, Index end,
                Index first, Index width, Real* sums) {
  alignas(kAlignment) Real columns[kOuterRows * kMostTaskColumns];
  for (Index row = 0; row < rows; row += kOuterRows) {
    const Index taken = std::min(kOuterRows, rows - row);
    pack_columns(b + row * ldb + first, ldb, taken, width, columns, sums ? sums + first : nullptr, row > 0);
    Index before = 0;
    for (const Left* left = lefts; left < lefts + count; before += left++->m) {
      const Index from = std::max(begin - before, Index{0}), to = std::min(end - before, left->m);
      if (from >= to) continue;
      const Real* run = left->a + row * left->lda;
      multiply_outer(&run, 1, taken, from, left->lda, to - from, columns, width, row > 0,
                     left->c + from * left->ldc + first, left->ldc);
    }
  }
}

}  // namespace

Index gemm_tn_scratch(Index m, Index n, Index most_rows) {
  const Index chunk = rows_of_chunk(m, n);
  if (most_rows <= chunk) return 0;
  return std::min(kWave, ceil_div(most_rows, chunk) - 1) * (m + 1) * n;
}

void gemm_tn_one(const Real* a, Index lda, const Real* b, Index ldb, Index rows, Index m, Index n, Real* c, Index ldc,
                 Real* column_sums, Real* scratch) {
  const Left left{a, lda, m, c, ldc};
  gemm_tn_several(&left, 1, b, ldb, rows, n, column_sums, scratch);
}

void gemm_tn_several(const Left* lefts, Index count, const Real* b, Index ldb, Index rows, Index n, Real* column_sums,
                     Real* scratch) {
  assert(count <= kMostLefts);
  Index m = 0;
  for (Index i = 0; i < count; ++i) m += lefts[i].m;
  const Index chunk = rows_of_chunk(m, n), broad = task_columns(n), blocks = ceil_div(n, broad);
  const double work = fma_work(static_cast<double>(rows) * static_cast<double>(m + 1) * static_cast<double>(n));
  if (rows <= chunk) {
    Index parts = 1;
    if (work >= kGrain)
      if (const Index threads = usable_threads(); threads > 1)
        parts = std::clamp<Index>(m / (Index{4} * kRows), 1, ceil_div(4 * threads, blocks));
    const Split split(m, parts);
    parallel_for(blocks * parts, work, [&](Index task, int) {
      const Index first = task / parts * broad, part = task % parts;
      outer_task(lefts, count, b, ldb, rows, split.begin(part), split.begin(part + 1), first,
                 std::min(broad, n - first), part == 0 ? column_sums : nullptr);
    });
    return;
  }
  const Index chunks = ceil_div(rows, chunk), size = (m + 1) * n;
  for (Index first = 0; first < chunks;) {
    // The first chunk of all writes to the C's themselves, so that scratch is only needed for the others.
    const Index direct = first == 0 ? 1 : 0, wave = std::min(chunks - first, kWave + direct);
    parallel_for(wave, work * static_cast<double>(wave) / static_cast<double>(chunks), [&](Index task, int) {
      const Index begin = (first + task) * chunk, end = std::min(rows, begin + chunk);
      Real* partial = scratch + (task - direct) * size;
      const bool in_place = first + task == 0;
      Real* sums = column_sums == nullptr ? nullptr : in_place ? column_sums : partial + m * n;
      Left parts[kMostLefts];
      for (Index i = 0; i < count; ++i) {
        parts[i] = lefts[i];
        parts[i].a = lefts[i].m == 0 ? nullptr : lefts[i].a + begin * lefts[i].lda;
        if (!in_place) parts[i].c = partial, parts[i].ldc = n;
        partial += lefts[i].m * n;
      }
      for (Index column = 0; column < n; column += broad)
        outer_task(parts, count, b + begin * ldb, ldb, end - begin, 0, m, column, std::min(broad, n - column), sums);
    });
    for (Index i = 0; i < wave - direct; ++i) {
      const Real* partial = scratch + i * size;
      for (const Left* left = lefts; left < lefts + count; ++left)
        for (Index r = 0; r < left->m; ++r, partial += n)
          for (Index j = 0; j < n; ++j) left->c[r * left->ldc + j] += partial[j];
      if (column_sums)
        for (Index j = 0; j < n; ++j) column_sums[j] += partial[j];
    }
    first += wave;
  }
}

}  // namespace fastnn::kernels
