// Accuracies as nodes: (y_true, y_pred) -> one number for each sample. Losses serve as metrics through their own kinds;
// means over samples and confusion matrices belong to whoever accumulates.
#include <algorithm>

#include "fastnn/kernels/math.hpp"
#include "fastnn/kernels/reduce.hpp"
#include "fastnn/loss.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using namespace packet;

class Metric : public Layer {
 public:
  Metric(const std::string& kind, const std::string& name, bool sparse) : Layer(kind, name), sparse_(sparse) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    view_ = view_targets(who(), inputs, sparse_);
    return {{view_.result}, {}};
  }
  bool differentiable() const override { return false; }
  bool differentiable_input(std::size_t) const override { return false; }

 protected:
  Index size() const { return view_.size; }

  // result[g] = body(g) for every group of the batch.
  template <class Body>
  void each_group(const Context& ctx, Body&& body) const {
    float* result = ctx.output();
    const Index count = ctx.rows() * view_.groups;
    const Index chunk = std::max<Index>(1, 16384 / size());
    parallel_ranges(count, chunk, 0.5 * static_cast<double>(count * size()), [&](Index begin, Index end, int) {
      for (Index g = begin; g < end; ++g) result[g] = body(g);
    });
  }

  // The class that sample g belongs to.
  Index label(const Context& ctx, Index g) const {
    return sparse_ ? ctx.input<std::int32_t>(0)[g] : kernels::argmax(ctx.input(0) + g * size(), size());
  }

 private:
  bool sparse_;
  TargetView view_;
};

// The share of values whose side of the threshold is the label.
class BinaryAccuracy : public Metric {
 public:
  BinaryAccuracy(const std::string& kind, const std::string& name, const Config& config)
      : Metric(kind, name, false), threshold_(static_cast<float>(config.number("threshold", 0.5))) {}

  void forward(const Context& ctx) const override {
    const float *t = ctx.input(0), *p = ctx.input(1);
    const Index n = size();
    each_group(ctx, [&](Index g) {
      const float hits = sum_over(n, [&](Index i, Index count) {
        const Packet above = less(set1(threshold_), load_n(p + g * n + i, count));
        const Packet guess = select(above, set1(1.0f), zero());
        return select(equal(guess, load_n(t + g * n + i, count)), set1(1.0f), zero());
      });
      return hits / static_cast<float>(n);
    });
  }

 private:
  float threshold_;
};

// 1 where the largest score is that of the label, the first of equals; a sample with a NaN score is never right.
class ClassAccuracy : public Metric {
 public:
  ClassAccuracy(const std::string& kind, const std::string& name, const Config&)
      : Metric(kind, name, kind == "sparse_categorical_accuracy") {}

  void forward(const Context& ctx) const override {
    const float* p = ctx.input(1);
    each_group(ctx, [&](Index g) {
      const Index guess = kernels::argmax(p + g * size(), size());
      return guess >= 0 && guess == label(ctx, g) ? 1.0f : 0.0f;
    });
  }
};

// 1 where fewer than k scores are larger than that of the label.
class TopKAccuracy : public Metric {
 public:
  TopKAccuracy(const std::string& kind, const std::string& name, const Config& config)
      : Metric(kind, name, kind == "sparse_top_k_categorical_accuracy"), k_(config.integer("k", 5)) {
    require(k_ >= 1, "k expects at least 1, got ", k_);
  }

  void forward(const Context& ctx) const override {
    const float* p = ctx.input(1);
    const Index n = size();
    each_group(ctx, [&](Index g) {
      const Index own = label(ctx, g);
      if (own < 0 || own >= n) return 0.0f;
      const float* x = p + g * n;
      Index larger = 0;
      for (Index i = 0; i < n; ++i) larger += !(x[i] <= x[own]);
      return larger < k_ ? 1.0f : 0.0f;
    });
  }

 private:
  Index k_;
};

const bool registered = register_layer_class<BinaryAccuracy>("binary_accuracy") &&
                        register_layer_class<ClassAccuracy>("categorical_accuracy") &&
                        register_layer_class<ClassAccuracy>("sparse_categorical_accuracy") &&
                        register_layer_class<TopKAccuracy>("top_k_categorical_accuracy") &&
                        register_layer_class<TopKAccuracy>("sparse_top_k_categorical_accuracy");

}  // namespace
}  // namespace fastnn
