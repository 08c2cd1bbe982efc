// Attention without its projections: softmax(score(query, key)) value, head by head. Owns shapes, masks and the weights
// of the scores; products are in kernels/gemm, the rest in kernels/attention, softmax and dropout.
//
// Heads lie next to each other in the last two dimensions, as the projections produce them: the rows of a head are
// heads * size floats apart. A task is one head of one sample. Gradients of weights that all heads share are summed
// afterwards.
#include <algorithm>

#include "fastnn/kernels/attention.hpp"
#include "fastnn/kernels/dropout.hpp"
#include "fastnn/kernels/gemm.hpp"
#include "fastnn/kernels/softmax.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

class Attention : public Layer {
 public:
  Attention(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name),
        additive_(kind == "AdditiveAttention" || config.word("score_mode", "dot") == "concat"),
        use_scale_(kind != "MultiHeadAttention" && config.flag("use_scale", kind == "AdditiveAttention")),
        factor_(static_cast<Real>(config.number("factor", 1.0))),
        rate_(config.number("dropout", 0.0)),
        causal_(config.flag("use_causal_mask", false)),
        window_(config.integer("sliding_window", 0)),
        returns_scores_(config.flag("return_attention_scores", false)) {
    const std::string mode = config.word("score_mode", "dot");
    require(mode == "dot" || mode == "concat", "score_mode expects \"dot\" or \"concat\", got \"", mode, "\"");
    require(rate_ >= 0 && rate_ <= 1, "dropout expects a number in [0, 1], got ", rate_);
    require(!config.has("sliding_window") || window_ >= 1, "sliding_window expects a positive integer, got ", window_);
    for (std::size_t m = 0; m < kMasks; ++m) has_[m] = config.flag(kMaskNames[m], false);
  }

  // Inputs: query, value, key, then the masks that the arguments name: of queries, of values, of keys, of pairs, and of
  // queries whose output is zero.
  Signature infer(const std::vector<Spec>& inputs) override {
    const auto masks = static_cast<std::size_t>(std::count(has_, has_ + kMasks, true));
    require(inputs.size() == 3 + masks, who(), " expects query, value and key, and ", masks, " masks, got ",
            inputs.size(), " inputs");
    const Shape &q = inputs[0].shape, &v = inputs[1].shape, &k = inputs[2].shape;
    for (std::size_t i = 0; i < 3; ++i) {
      require(inputs[i].dtype == DType::real, who(), " expects a ", kReal, " ", kNames[i], ", got ",
              name_of(inputs[i].dtype));
      const std::size_t rank = inputs[i].shape.size();
      require((rank == 3 || rank == 4) && rank == q.size(), who(), " expects a ", kNames[i], " of ",
              kind() == "MultiHeadAttention" ? "(batch, steps, heads, size)" : "(batch, steps, size)", ", got ",
              to_string(inputs[i].shape));
    }
    const bool headed = q.size() == 4;
    heads_ = headed ? q[2] : 1;
    queries_ = q[1];
    keys_ = k[1];
    size_ = k.back();
    width_ = v.back();
    require(q.back() == size_, who(), " expects a query and a key of equal sizes, got ", to_string(q), " and ",
            to_string(k));
    require(v[1] == keys_, who(), " expects a value and a key with equal numbers of steps, got ", to_string(v), " and ",
            to_string(k));
    require(!headed || (k[2] == heads_ && v[2] == heads_), who(),
            " expects equal numbers of heads in query, value and key, got ", to_string(q), ", ", to_string(v), " and ",
            to_string(k));
    std::size_t at = 3;
    for (std::size_t m = 0; m < kMasks; ++m) {
      if (!has_[m]) continue;
      mask_at_[m] = at;
      check_mask(m, inputs[at++]);
    }
    Signature signature;
    Spec output = inputs[0];
    output.shape.back() = width_;
    signature.outputs.push_back(output);
    if (returns_scores_)
      signature.outputs.push_back(
          {headed ? Shape{q[0], heads_, queries_, keys_} : Shape{q[0], queries_, keys_}, DType::real});
    if (kind() == "AdditiveAttention") {
      if (use_scale_) signature.weights.push_back({"scale", {size_}, true});
    } else {
      if (use_scale_) signature.weights.push_back({"scale", {}, true});
      if (additive_) signature.weights.push_back({"concat_score_weight", {}, true});
    }
    return signature;
  }

  bool random() const override { return rate_ > 0; }
  bool differentiable_input(std::size_t i) const override { return i < 3; }
  BackwardReads backward_reads() const override { return {true, false}; }

  void book(Booking& booking) const override {
    const Index tasks = booking.capacity() * heads_, threads = booking.threads();
    const bool backward = booking.backward();
    const Life kept = backward ? Life::step : Life::forward;
    booking.book(kScores, kept, (backward ? tasks : threads) * pairs());
    if (rate_ > 0) booking.book<std::uint8_t>(kMask, kept, (backward ? tasks : threads) * drawn());
    booking.book(kPanels, Life::forward, threads * (forward_panels() + (rate_ > 0 ? pairs() : 0)));
    if (!backward) return;
    booking.book(kScratch, Life::backward, threads * (pairs() + backward_panels() + product_scratch()));
    booking.book(kParts, Life::backward, tasks * part());
  }

  double multiply_adds() const override {
    return static_cast<double>(heads_ * queries_ * keys_) * static_cast<double>(size_ + width_);
  }

  void forward(const Context& ctx) const override {
    const bool kept = ctx.has(kScratch);
    parallel_for(ctx.rows() * heads_, work(ctx), [&](Index task, int thread) {
      const Head head = this->head(task);
      Real* scores = ctx.buffer(kScores) + (kept ? task : thread) * pairs();
      Real* panels = ctx.buffer(kPanels) + thread * (forward_panels() + (rate_ > 0 ? pairs() : 0));
      const Real* q = ctx.input(0) + head.query;
      const Real* k = ctx.input(2) + head.key;
      if (additive_) {
        kernels::additive_scores(additive(ctx), q, heads_ * size_, k, heads_ * size_, scores);
      } else {
        kernels::pack(k, 1, heads_ * size_, size_, keys_, panels);
        kernels::gemm(q, heads_ * size_, queries_, size_, panels, keys_, scores, keys_, {});
        const Real by = factor(ctx);
        if (by != 1.0_r) kernels::scale_rows(scores, keys_, queries_, keys_, by);
      }
      const kernels::Sight sight = this->sight(ctx, task);
      if (!sight.everywhere()) kernels::hide_scores(sight, scores);
      kernels::softmax(false, scores, scores, queries_, keys_);

      const Real* used = scores;
      if (rate_ > 0) {
        auto* mask = ctx.buffer<std::uint8_t>(kMask) + (kept ? task : thread) * drawn();
        Real* dropped = panels + forward_panels();
        kernels::draw_mask(ctx.stream(), rate_, (ctx.first_row() * heads_ + task) * drawn(), mask, queries_ * keys_);
        kernels::apply_mask(mask, 1, kernels::dropout_scale(rate_), scores, dropped, queries_ * keys_);
        used = dropped;
      }
      if (returns_scores_) {
        // The returned scores are those after dropout for Attention, before dropout for MultiHeadAttention.
        const Real* shown = kind() == "MultiHeadAttention" ? scores : used;
        std::copy(shown, shown + queries_ * keys_, ctx.output(1) + task * queries_ * keys_);
      }
      kernels::pack(ctx.input(1) + head.value, heads_ * width_, 1, keys_, width_, panels);
      Real* y = ctx.output() + head.output;
      kernels::gemm(used, keys_, queries_, keys_, panels, width_, y, heads_ * width_, {});
      zero_queries(ctx, task, y);
    });
  }

  void backward(const Context& ctx) const override {
    const Index n = queries_ * keys_;
    parallel_for(ctx.rows() * heads_, 3 * work(ctx), [&](Index task, int thread) {
      const Head head = this->head(task);
      const Real* p = ctx.buffer(kScores) + task * pairs();
      const auto* mask = ctx.buffer<std::uint8_t>(kMask) + (rate_ > 0 ? task * drawn() : 0);
      Real* ds = ctx.buffer(kScratch) + thread * (pairs() + backward_panels() + product_scratch());
      Real *panels = ds + pairs(), *scratch = panels + backward_panels();
      const Real keep = kernels::dropout_scale(rate_);
      const Index ldq = heads_ * size_, ldv = heads_ * width_;
      const Real *q = ctx.input(0) + head.query, *v = ctx.input(1) + head.value, *k = ctx.input(2) + head.key;
      const auto gradient = [&](std::size_t i, Index at) {
        return ctx.input_gradient(i) == nullptr ? nullptr : ctx.input_gradient(i) + at;
      };
      Real *dq = gradient(0, head.query), *dv = gradient(1, head.value), *dk = gradient(2, head.key);
      const Real* shown =
          returns_scores_ && ctx.output_gradient(1) != nullptr ? ctx.output_gradient(1) + task * n : nullptr;
      const bool shown_dropped = kind() != "MultiHeadAttention";
      Real* dy = ctx.output_gradient() == nullptr ? nullptr : ctx.output_gradient() + head.output;

      if (dy == nullptr) {
        if (dv != nullptr)
          for (Index j = 0; j < keys_; ++j) std::fill(dv + j * ldv, dv + j * ldv + width_, 0.0_r);
        std::fill(ds, ds + n, 0.0_r);
      } else {
        zero_queries(ctx, task, dy);
        if (dv != nullptr) {
          const Real* used = p;
          if (rate_ > 0) {
            kernels::apply_mask(mask, 1, keep, p, ds, n);
            used = ds;
          }
          kernels::gemm_tn(used, keys_, dy, ldv, queries_, keys_, width_, dv, ldv, nullptr, scratch);
        }
        kernels::pack(v, 1, ldv, width_, keys_, panels);
        kernels::gemm(dy, ldv, queries_, width_, panels, keys_, ds, keys_, {});
      }
      if (shown != nullptr && shown_dropped)
        for (Index i = 0; i < n; ++i) ds[i] += shown[i];
      if (rate_ > 0) kernels::apply_mask(mask, 1, keep, ds, ds, n);
      if (shown != nullptr && !shown_dropped)
        for (Index i = 0; i < n; ++i) ds[i] += shown[i];
      kernels::softmax_backward(false, p, ds, ds, queries_, keys_);
      const kernels::Sight sight = this->sight(ctx, task);
      if (!sight.everywhere()) kernels::hide_gradients(sight, ds);

      Real* part = ctx.buffer(kParts) + task * this->part();
      if (additive_) {
        std::fill(part, part + this->part(), 0.0_r);
        for (Index i = 0; dq != nullptr && i < queries_; ++i) std::fill(dq + i * ldq, dq + i * ldq + size_, 0.0_r);
        for (Index j = 0; dk != nullptr && j < keys_; ++j) std::fill(dk + j * ldq, dk + j * ldq + size_, 0.0_r);
        kernels::additive_scores_backward(additive(ctx), q, ldq, k, ldq, ds, dq, dk, part + 16, part);
        return;
      }
      const Real by = factor(ctx);
      const bool learned = use_scale_ && ctx.weight_gradient(0) != nullptr;
      if (by != 1.0_r && !learned) kernels::scale_rows(ds, keys_, queries_, keys_, by);
      if (learned) {
        // The gradient of the factor is the sum of the scores' gradients times the unscaled scores.
        kernels::pack(k, 1, ldq, size_, keys_, panels);
        Real* raw = panels + padded(kernels::packed_size(size_, keys_));
        kernels::gemm(q, ldq, queries_, size_, panels, keys_, raw, keys_, {});
        *part = kernels::dot_rows(ds, keys_, raw, keys_, queries_, keys_);
        kernels::scale_rows(ds, keys_, queries_, keys_, by);
      }
      if (dq != nullptr) {
        kernels::pack(k, ldq, 1, keys_, size_, panels);
        kernels::gemm(ds, keys_, queries_, keys_, panels, size_, dq, ldq, {});
      }
      if (dk != nullptr) kernels::gemm_tn(ds, keys_, q, ldq, queries_, keys_, size_, dk, ldq, nullptr, scratch);
    });
    add_up(ctx);
  }

 private:
  enum : std::size_t { kScores, kMask, kPanels, kScratch, kParts };
  enum : std::size_t { kQueryMask, kValueMask, kKeyMask, kPairMask, kZeroMask, kMasks };
  static constexpr const char* kMaskNames[kMasks] = {"query_mask", "value_mask", "key_mask", "attention_mask",
                                                     "zero_mask"};
  static constexpr const char* kNames[3] = {"query", "value", "key"};

  struct Head {
    Index query, value, key, output;
  };
  Head head(Index task) const {
    const Index row = task / heads_, h = task % heads_;
    return {row * queries_ * heads_ * size_ + h * size_, row * keys_ * heads_ * width_ + h * width_,
            row * keys_ * heads_ * size_ + h * size_, row * queries_ * heads_ * width_ + h * width_};
  }

  void check_mask(std::size_t m, const Spec& spec) {
    const Shape& shape = spec.shape;
    require(spec.dtype == DType::boolean, who(), " expects ", kMaskNames[m], " to be bool, got ", name_of(spec.dtype));
    if (m != kPairMask) {
      const Index steps = m == kQueryMask || m == kZeroMask ? queries_ : keys_;
      require(shape.size() == 2 && shape[1] == steps, who(), " expects ", kMaskNames[m], " of shape (batch, ", steps,
              "), got ", to_string(shape));
      return;
    }
    const std::size_t rank = shape.size();
    const auto fits = [](Index size, Index whole) { return size == 1 || size == whole; };
    require((rank == 3 || (rank == 4 && fits(shape[1], heads_))) && fits(shape[rank - 2], queries_) &&
                fits(shape[rank - 1], keys_),
            who(), " expects attention_mask of shape (batch, ", queries_, ", ", keys_, ") or (batch, ", heads_, ", ",
            queries_, ", ", keys_, "), got ", to_string(shape));
    pair_rows_ = shape[rank - 2];
    pair_columns_ = shape[rank - 1];
    pair_heads_ = rank == 4 ? shape[1] : 1;
  }

  const std::uint8_t* mask(const Context& ctx, std::size_t m, Index at) const {
    return has_[m] ? ctx.input<std::uint8_t>(mask_at_[m]) + at : nullptr;
  }

  kernels::Sight sight(const Context& ctx, Index task) const {
    const Index row = task / heads_, h = task % heads_;
    kernels::Sight sight{queries_, keys_};
    sight.query = mask(ctx, kQueryMask, row * queries_);
    sight.value = mask(ctx, kValueMask, row * keys_);
    sight.key = mask(ctx, kKeyMask, row * keys_);
    sight.pairs = mask(ctx, kPairMask, (row * pair_heads_ + (pair_heads_ == 1 ? 0 : h)) * pair_rows_ * pair_columns_);
    sight.row_step = pair_rows_ == 1 ? 0 : pair_columns_;
    sight.column_step = pair_columns_ == 1 ? 0 : 1;
    sight.causal = causal_;
    sight.window = window_;
    return sight;
  }

  void zero_queries(const Context& ctx, Index task, Real* y) const {
    const std::uint8_t* shown = mask(ctx, kZeroMask, task / heads_ * queries_);
    for (Index i = 0; shown != nullptr && i < queries_; ++i)
      if (shown[i] == 0) std::fill(y + i * heads_ * width_, y + i * heads_ * width_ + width_, 0.0_r);
  }

  Real factor(const Context& ctx) const { return use_scale_ ? *ctx.weight(0) : factor_; }

  kernels::Additive additive(const Context& ctx) const {
    static constexpr Real one = 1.0_r;
    if (kind() == "AdditiveAttention")
      return {queries_, keys_, size_, use_scale_ ? ctx.weight(0) : &one, use_scale_ ? 1 : 0, 1.0_r};
    return {queries_, keys_, size_, ctx.weight(use_scale_ ? 1 : 0), 0, factor(ctx)};
  }

  // The contributions of a task to the gradients of the scores' weights: the inner scale at 0, the weight of the sums
  // from 16 on.
  Index part() const { return 16 + (additive_ ? padded(size_) : 0); }
  void add_up(const Context& ctx) const {
    const Index tasks = ctx.rows() * heads_;
    const auto fold = [&](std::size_t weight, Index offset, Index count) {
      Real* to = ctx.weight_gradient(weight);
      for (Index i = 0; to != nullptr && i < count; ++i) {
        double sum = 0;
        for (Index task = 0; task < tasks; ++task) sum += ctx.buffer(kParts)[task * part() + offset + i];
        to[i] = static_cast<Real>(sum);
      }
    };
    if (kind() == "AdditiveAttention") {
      if (use_scale_) fold(0, 16, size_);
      return;
    }
    if (use_scale_) fold(0, 0, 1);
    if (additive_) fold(use_scale_ ? 1 : 0, 16, 1);
  }

  double work(const Context& ctx) const {
    const double pairs = static_cast<double>(ctx.rows() * heads_ * queries_ * keys_);
    return pairs * (additive_ ? 1.5 * static_cast<double>(size_) : 2.0) +
           fma_work(pairs * static_cast<double>(size_ + width_));
  }

  Index pairs() const { return padded(queries_ * keys_); }
  // Random words for the mask of one head, a multiple of a block.
  Index drawn() const {
    return (queries_ * keys_ + kernels::kDropoutBlock - 1) / kernels::kDropoutBlock * kernels::kDropoutBlock;
  }
  Index forward_panels() const {
    return padded(std::max(kernels::packed_size(size_, keys_), kernels::packed_size(keys_, width_)));
  }
  Index backward_panels() const {
    const Index raw = use_scale_ ? padded(kernels::packed_size(size_, keys_)) + pairs() : 0;
    return std::max({padded(kernels::packed_size(width_, keys_)), padded(kernels::packed_size(keys_, size_)), raw});
  }
  Index product_scratch() const {
    return padded(
        std::max(kernels::gemm_tn_scratch(keys_, width_, queries_), kernels::gemm_tn_scratch(keys_, size_, queries_)));
  }

  bool additive_, use_scale_;
  Real factor_;
  double rate_;
  bool causal_;
  Index window_;
  bool returns_scores_;
  bool has_[kMasks] = {};
  std::size_t mask_at_[kMasks] = {};
  Index pair_heads_ = 1, pair_rows_ = 1, pair_columns_ = 1;
  Index heads_ = 1, queries_ = 1, keys_ = 1, size_ = 1, width_ = 1;
};

const bool registered = register_layer_class<Attention>("Attention") &&
                        register_layer_class<Attention>("AdditiveAttention") &&
                        register_layer_class<Attention>("MultiHeadAttention");

}  // namespace
}  // namespace fastnn
