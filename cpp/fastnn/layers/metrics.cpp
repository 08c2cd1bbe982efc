// Accuracies. Losses serve as metrics through their own kinds; means over samples and confusion matrices are computed by
// callers. The arithmetic is in kernels/accuracy.
#include "fastnn/kernels/accuracy.hpp"
#include "fastnn/targets.hpp"

namespace fastnn {
namespace {

// The fraction of values whose side of the threshold is the label.
class BinaryAccuracy : public Metric {
 public:
  BinaryAccuracy(const std::string& kind, const std::string& name, const Config& config)
      : Metric(kind, name, false), threshold_(static_cast<Real>(config.number("threshold", 0.5))) {}

  void forward(const Context& ctx) const override {
    kernels::binary_accuracy(threshold_, ctx.input(0), ctx.input(1), groups(ctx), size(), ctx.output());
  }

 private:
  Real threshold_;
};

// 1 where the largest score is that of the label. A Label is a float of a one-hot target, or an int32 class number.
template <class Label>
class ClassAccuracy : public Metric {
 public:
  ClassAccuracy(const std::string& kind, const std::string& name, const Config&)
      : Metric(kind, name, std::is_same_v<Label, std::int32_t>) {}

  void forward(const Context& ctx) const override {
    kernels::class_accuracy(ctx.input<Label>(0), ctx.input(1), groups(ctx), size(), ctx.output());
  }
};

// 1 where fewer than k scores are larger than that of the label.
template <class Label>
class TopKAccuracy : public Metric {
 public:
  TopKAccuracy(const std::string& kind, const std::string& name, const Config& config)
      : Metric(kind, name, std::is_same_v<Label, std::int32_t>), k_(config.integer("k", 5)) {
    require(k_ >= 1, "k expects at least 1, got ", k_);
  }

  void forward(const Context& ctx) const override {
    kernels::top_k_accuracy(k_, ctx.input<Label>(0), ctx.input(1), groups(ctx), size(), ctx.output());
  }

 private:
  Index k_;
};

const bool registered = register_layer_class<BinaryAccuracy>("binary_accuracy") &&
                        register_layer_class<ClassAccuracy<Real>>("categorical_accuracy") &&
                        register_layer_class<ClassAccuracy<std::int32_t>>("sparse_categorical_accuracy") &&
                        register_layer_class<TopKAccuracy<Real>>("top_k_categorical_accuracy") &&
                        register_layer_class<TopKAccuracy<std::int32_t>>("sparse_top_k_categorical_accuracy");

}  // namespace
}  // namespace fastnn
