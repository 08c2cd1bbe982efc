// Matmul: the product over the last two axes as in NumPy, with broadcasting of the axes before them. All operands are
// edges.
//
// If the right operand is a single matrix, all rows of the left one form one operand, and this is the product of Dense;
// its gradient is a sum over samples in the order of gemm_tn. So is a product that contracts the batch (a covariance).
// Otherwise each pair of matrices is a separate product on some thread, and the gradients of a matrix that belongs to
// several pairs are folded in order.
#include <algorithm>
#include <array>

#include "fastnn/kernels/fold.hpp"
#include "fastnn/kernels/gemm.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using kernels::Folded;
using kernels::Loops;

// A matrix within an array: element (i, j) is at [i * row + j * column].
struct View {
  Index row, column;
  View turned() const { return {column, row}; }
};

class Matmul : public Function {
 public:
  Matmul(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), turned_{config.flag("transpose_a", false), config.flag("transpose_b", false)} {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 2, who(), " expects two inputs, got ", inputs.size());
    for (const Spec& spec : inputs) {
      require(spec.dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(spec.dtype), "; cast it first");
      require(!spec.shape.empty(), who(), " expects at least one dimension, got ", shapes(inputs),
              "; multiply by a single number instead");
      require(spec.shape.size() <= kernels::kMostAxes / 2, who(), " expects at most ", kernels::kMostAxes / 2,
              " dimensions, got ", shapes(inputs));
      require_rows(spec.shape.size() > 1 || !spec.batched(), who(), " multiplies along the batch, got ",
                   shapes(inputs));
    }
    // A vector is one row on the left and one column on the right.
    std::array<Shape, 2> shape{inputs[0].shape, inputs[1].shape};
    const bool row = shape[0].size() == 1, column = shape[1].size() == 1;
    if (row) shape[0].insert(shape[0].begin(), 1);
    if (column) shape[1].push_back(1);
    std::array<bool, 2> turned = turned_;
    if (row) turned[0] = false;
    if (column) turned[1] = false;

    const bool rows_are_batch = inputs[0].batched() && shape[0].size() == 2;
    across_ = rows_are_batch && turned[0] && inputs[1].batched() && shape[1].size() == 2 && !turned[1];
    if (across_) {
      m_ = shape[0][1];
      n_ = shape[1][1];
      return {{{{m_, n_}, DType::real}}, {}};
    }
    require_rows(!(rows_are_batch && turned[0]) && !(inputs[1].batched() && shape[1].size() == 2), who(),
                 " makes the batch an inner or a last axis, got ", shapes(inputs));
    require_rows(!rows_are_batch || shape[1].size() == 2, who(), " moves the batch from the first axis, got ",
                 shapes(inputs));

    m_ = shape[0][shape[0].size() - (turned[0] ? 1 : 2)];
    k_ = shape[0][shape[0].size() - (turned[0] ? 2 : 1)];
    const Index k = shape[1][shape[1].size() - (turned[1] ? 1 : 2)];
    n_ = shape[1][shape[1].size() - (turned[1] ? 2 : 1)];
    require(k_ == k, who(), " expects the last axis of the left operand to have the size of the ",
            turned[1] ? "last" : "last but one", " of the right one, got ", shapes(inputs));
    view_[0] = turned[0] ? View{1, m_} : View{k_, 1};
    view_[1] = turned[1] ? View{1, k_} : View{n_, 1};

    flat_ = shape[1].size() == 2 && !turned[0];
    Shape lead_output;
    if (flat_) {
      lead_output.assign(shape[0].begin(), shape[0].end() - 2);
      positions_ = rows_are_batch ? 1 : volume(shape[0], inputs[0].batched() ? 1 : 0) / std::max<Index>(1, k_);
      if (rows_are_batch) m_ = kUnknown;
      batched_ = inputs[0].batched();
    } else {
      lead_output = leading(inputs, shape);
    }
    Shape output = lead_output;
    if (!row) output.push_back(m_);
    if (!column) output.push_back(n_);
    return {{{output, DType::real}}, {}};
  }

  BackwardReads backward_reads() const override { return {true, false}; }

  double multiply_adds() const override {
    const double one = static_cast<double>(k_) * static_cast<double>(n_);
    return flat_ ? one * static_cast<double>(flat_rows(1)) : one * static_cast<double>(m_ * pairs_.count(1));
  }

  void book(Booking& booking) const override {
    const bool backward = booking.backward();
    if (across_) {
      booking.book(kForward, Life::forward, kernels::gemm_tn_scratch(m_, n_, booking.capacity()));
      if (backward)
        booking.book(kBackward, Life::backward, std::max(kernels::packed_size(n_, m_), kernels::packed_size(m_, n_)));
      return;
    }
    if (flat_) {
      const Index rows = flat_rows(booking.capacity());
      booking.book(kForward, Life::forward, kernels::packed_size(k_, n_));
      if (!backward) return;
      booking.book(kBackward, Life::backward, kernels::packed_size(n_, k_));
      booking.book(kSums, Life::backward,
                   std::max(kernels::gemm_tn_scratch(k_, n_, rows), kernels::gemm_tn_scratch(n_, k_, rows)));
      return;
    }
    booking.book(kForward, Life::forward, booking.threads() * thread_room());
    if (!backward) return;
    booking.book(kBackward, Life::backward, booking.threads() * thread_room());
    for (std::size_t i = 0; i < 2; ++i) {
      if (whole_[i]) continue;
      booking.book(kPairGradients + i, Life::backward, pairs_.count(booking.capacity()) * matrix(i));
      booking.book(kFold + i, Life::backward, kernels::fold_scratch(fold_[i], booking.capacity()));
    }
  }

  void forward(const Context& ctx) const override {
    const Real *a = ctx.input(0), *b = ctx.input(1);
    Real* y = ctx.output();
    if (across_) return kernels::gemm_tn(a, m_, b, n_, ctx.rows(), m_, n_, y, n_, nullptr, ctx.buffer(kForward));
    if (flat_) {
      kernels::pack(b, view_[1].row, view_[1].column, k_, n_, ctx.buffer(kForward));
      kernels::gemm(a, k_, flat_rows(ctx.rows()), k_, ctx.buffer(kForward), n_, y, n_, {});
      return;
    }
    each_pair(ctx, kForward, [&](Index from_a, Index from_b, Index pair, Real* room) {
      multiply(a + from_a, view_[0], b + from_b, view_[1], m_, k_, n_, y + pair * m_ * n_, room);
    });
  }

  void backward(const Context& ctx) const override {
    const Real *a = ctx.input(0), *b = ctx.input(1), *dy = ctx.output_gradient();
    Real *da = ctx.input_gradient(0), *db = ctx.input_gradient(1);
    if (across_) {
      Real* panels = ctx.buffer(kBackward);
      if (da != nullptr) {
        kernels::pack(dy, 1, n_, n_, m_, panels);
        kernels::gemm(b, n_, ctx.rows(), n_, panels, m_, da, m_, {});
      }
      if (db != nullptr) {
        kernels::pack(dy, n_, 1, m_, n_, panels);
        kernels::gemm(a, m_, ctx.rows(), m_, panels, n_, db, n_, {});
      }
      return;
    }
    if (flat_) {
      const Index rows = flat_rows(ctx.rows());
      if (da != nullptr) {
        kernels::pack(b, view_[1].column, view_[1].row, n_, k_, ctx.buffer(kBackward));
        kernels::gemm(dy, n_, rows, n_, ctx.buffer(kBackward), k_, da, k_, {});
      }
      if (db != nullptr && view_[1].column == 1)
        kernels::gemm_tn(a, k_, dy, n_, rows, k_, n_, db, n_, nullptr, ctx.buffer(kSums));
      else if (db != nullptr)
        kernels::gemm_tn(dy, n_, a, k_, rows, n_, k_, db, k_, nullptr, ctx.buffer(kSums));
      return;
    }
    Real* to_a = whole_[0] ? da : ctx.buffer(kPairGradients);
    Real* to_b = whole_[1] ? db : ctx.buffer(kPairGradients + 1);
    const View above{n_, 1};
    each_pair(ctx, kBackward, [&](Index from_a, Index from_b, Index pair, Real* room) {
      const Real* g = dy + pair * m_ * n_;
      Real* own_a = to_a + (whole_[0] ? from_a : pair * matrix(0));
      Real* own_b = to_b + (whole_[1] ? from_b : pair * matrix(1));
      // dA = dY B^T and dB = A^T dY, each in the layout of its operand.
      if (da != nullptr && !turned_a())
        multiply(g, above, b + from_b, view_[1].turned(), m_, n_, k_, own_a, room);
      else if (da != nullptr)
        multiply(b + from_b, view_[1], g, above.turned(), k_, n_, m_, own_a, room);
      if (db != nullptr && !turned_b())
        multiply(a + from_a, view_[0].turned(), g, above, k_, m_, n_, own_b, room);
      else if (db != nullptr)
        multiply(g, above.turned(), a + from_a, view_[0], n_, m_, k_, own_b, room);
    });
    if (da != nullptr && !whole_[0])
      kernels::fold(kernels::FoldOp::sum, fold_[0], ctx.rows(), to_a, da, ctx.buffer(kFold));
    if (db != nullptr && !whole_[1])
      kernels::fold(kernels::FoldOp::sum, fold_[1], ctx.rows(), to_b, db, ctx.buffer(kFold + 1));
  }

 private:
  enum : std::size_t {
    kForward,        // packed panels or scratch of the forward pass
    kBackward,       // of the backward pass
    kSums,           // scratch of a product that adds up over the rows
    kPairGradients,  // gradients of each pair of matrices before they are folded, one buffer for each operand
    kFold = kPairGradients + 2,  // scratch of the folds, one buffer for each operand
  };

  static std::string shapes(const std::vector<Spec>& inputs) {
    return to_string(inputs[0].shape) + " and " + to_string(inputs[1].shape);
  }

  // Broadcasts the axes before the last two and sets the loops over the pairs of matrices.
  Shape leading(const std::vector<Spec>& inputs, const std::array<Shape, 2>& shape) {
    std::array<Shape, 2> lead;
    for (std::size_t i = 0; i < 2; ++i) lead[i].assign(shape[i].begin(), shape[i].end() - 2);
    const std::size_t rank = std::max(lead[0].size(), lead[1].size());
    Shape output(rank, 1);
    for (std::size_t i = 0; i < 2; ++i) {
      require_rows(!inputs[i].batched() || lead[i].size() == rank, who(), " moves the batch from the first axis, got ",
                   shapes(inputs));
      for (std::size_t d = 0; d < lead[i].size(); ++d) {
        Index& size = output[d + rank - lead[i].size()];
        const Index own = lead[i][d];
        require(own == size || own == 1 || size == 1, who(),
                " expects leading axes that broadcast (aligned from the right, equal or 1), got ", shapes(inputs));
        if (own != 1) size = own;
      }
    }
    batched_ = !output.empty() && output[0] == kUnknown;
    pairs_ = kernels::broadcast_loops<2>(output, lead);
    for (auto& strides : pairs_.stride)
      for (std::size_t i = 0; i < 2; ++i) strides[i] *= matrix(i);
    for (std::size_t i = 0; i < 2; ++i) {
      fold_[i] = kernels::broadcast_axes(output, lead[i]);
      whole_[i] = fold_[i].keeps_all();
      fold_[i].inside(matrix(i), false);
    }
    return output;
  }

  bool turned_a() const { return view_[0].column != 1; }
  bool turned_b() const { return view_[1].column != 1; }
  Index matrix(std::size_t i) const { return i == 0 ? m_ * k_ : k_ * n_; }
  Index flat_rows(Index rows) const { return batched_ ? rows * positions_ : positions_; }

  // Scratch per thread: a packed right operand and a transposed left one, of the largest of the three products.
  Index thread_room() const {
    const Index packed =
        std::max({kernels::packed_size(k_, n_), kernels::packed_size(n_, k_), kernels::packed_size(n_, m_),
                  kernels::packed_size(m_, n_), kernels::packed_size(m_, k_)});
    const Index most = std::max({m_ * k_, k_ * n_, m_ * n_});
    return (packed + most + 31) / 16 * 16;
  }

  // C (m x n, dense) = A (m x k) B (k x n).
  void multiply(const Real* a, View of_a, const Real* b, View of_b, Index m, Index k, Index n, Real* c,
                Real* room) const {
    kernels::pack(b, of_b.row, of_b.column, k, n, room);
    Index lda = of_a.row;
    if (of_a.column != 1) {
      Real* dense = room + padded(kernels::packed_size(k, n));
      for (Index p = 0; p < k; ++p)
        for (Index i = 0; i < m; ++i) dense[i * k + p] = a[i * of_a.row + p * of_a.column];
      a = dense;
      lda = k;
    }
    kernels::gemm(a, lda, m, k, room, n, c, n, {});
  }

  // Calls body(offset in a, offset in b, index of the pair, scratch of the thread) for each pair of matrices.
  template <class Body>
  void each_pair(const Context& ctx, std::size_t buffer, Body&& body) const {
    const Index pairs = pairs_.count(ctx.rows());
    const double one = pair_work();
    const Index chunk = std::max<Index>(1, static_cast<Index>(kGrain / 2 / one));
    parallel_ranges(pairs, chunk, one * static_cast<double>(pairs), [&](Index begin, Index end, int thread) {
      Real* room = ctx.buffer(buffer) + thread * thread_room();
      kernels::walk(pairs_, begin, end, [&](const std::array<Index, 2>& at, Index first, Index count) {
        for (Index i = 0; i < count; ++i) body(at[0] + i * pairs_.step(0), at[1] + i * pairs_.step(1), first + i, room);
      });
    });
  }
  double pair_work() const {
    return 50.0 + fma_work(static_cast<double>(m_) * static_cast<double>(n_) * static_cast<double>(k_));
  }

  std::array<bool, 2> turned_;
  std::array<View, 2> view_{};
  Index m_ = 1, k_ = 1, n_ = 1, positions_ = 1;
  bool across_ = false;  // the product contracts the batch
  bool flat_ = false, batched_ = false;
  Loops<2> pairs_;
  std::array<Folded, 2> fold_;
  std::array<bool, 2> whole_{};
};

const bool registered = register_layer_class<Matmul>("Matmul");

}  // namespace
}  // namespace fastnn
