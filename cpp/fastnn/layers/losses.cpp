// Losses with the definitions of Keras and its epsilon of 1e-7. Owns their arguments; the arithmetic is in kernels/loss.
#include "fastnn/kernels/loss.hpp"
#include "fastnn/targets.hpp"

namespace fastnn {
namespace {

using kernels::ElementLoss;

Real read_label_smoothing(const Config& config) {
  const double value = config.number("label_smoothing", 0.0);
  require(value >= 0 && value <= 1, "label_smoothing expects a number in [0, 1], got ", value);
  return static_cast<Real>(value);
}

// A function of one target and one prediction, averaged (kl_divergence: summed) over the last dimension.
class ElementwiseLoss : public Loss {
 public:
  ElementwiseLoss(const std::string& kind, const std::string& name, const Config& config) : Loss(kind, name, false) {
    require(kernels::find_element_loss(kind, loss_), "no elementwise loss is called \"", kind, "\"");
    if (loss_ == ElementLoss::huber) {
      parameters_.delta = static_cast<Real>(config.number("delta", 1.0));
      require(parameters_.delta > 0, "delta expects a positive number, got ", parameters_.delta);
    }
    if (loss_ == ElementLoss::binary_crossentropy) {
      parameters_.smoothing = read_label_smoothing(config);
      if (config.flag("from_logits", false)) loss_ = ElementLoss::binary_crossentropy_on_logits;
    }
  }

  std::optional<Absorbed> absorbs() const override {
    if (loss_ == ElementLoss::binary_crossentropy) return Absorbed{"sigmoid", "from_logits"};
    return std::nullopt;
  }

  void forward(const Context& ctx) const override {
    kernels::element_loss(loss_, parameters_, ctx.input(0), ctx.input(1), groups(ctx), size(), ctx.output());
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient(1) == nullptr) return;
    kernels::element_loss_gradient(loss_, parameters_, ctx.input(0), ctx.input(1), ctx.output_gradient(), groups(ctx),
                                   size(), ctx.input_gradient(1));
  }

 private:
  ElementLoss loss_{};
  kernels::ElementLossParameters parameters_;
};

class CategoricalHinge : public Loss {
 public:
  CategoricalHinge(const std::string& kind, const std::string& name, const Config&) : Loss(kind, name, false) {}

  void forward(const Context& ctx) const override {
    kernels::categorical_hinge(ctx.input(0), ctx.input(1), groups(ctx), size(), ctx.output());
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient(1) == nullptr) return;
    kernels::categorical_hinge_gradient(ctx.input(0), ctx.input(1), ctx.output_gradient(), groups(ctx), size(),
                                        ctx.input_gradient(1));
  }
};

class CosineSimilarity : public Loss {
 public:
  CosineSimilarity(const std::string& kind, const std::string& name, const Config& config) : Loss(kind, name, false) {
    const std::vector<Index> axis = config.has("axis") ? config.integers("axis") : std::vector<Index>{-1};
    axis_ = axis.size() == 1 ? axis[0] : 0;
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    Signature signature = Loss::infer(inputs);
    const Index rank = static_cast<Index>(inputs[1].shape.size());
    require(axis_ == -1 || axis_ == rank - 1, who(), ": axis expects -1, the last axis, got ", axis_);
    return signature;
  }

  void forward(const Context& ctx) const override {
    kernels::cosine_similarity(ctx.input(0), ctx.input(1), groups(ctx), size(), ctx.output());
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient(1) == nullptr) return;
    kernels::cosine_similarity_gradient(ctx.input(0), ctx.input(1), ctx.output_gradient(), groups(ctx), size(),
                                        ctx.input_gradient(1));
  }

 private:
  Index axis_;
};

// Crossentropy over classes; a Label is a float of a one-hot or soft target, or an int32 class number.
template <class Label>
class ClassCrossentropy : public Loss {
 public:
  static constexpr bool kSparse = std::is_same_v<Label, std::int32_t>;

  ClassCrossentropy(const std::string& kind, const std::string& name, const Config& config)
      : Loss(kind, name, kSparse) {
    terms_.logits = config.flag("from_logits", false);
    if (!kSparse) terms_.smoothing = read_label_smoothing(config);
    terms_.ignores = kSparse && config.has("ignore_class");
    if (terms_.ignores) terms_.ignored = config.integer("ignore_class");
  }

  std::optional<Absorbed> absorbs() const override {
    if (terms_.logits) return std::nullopt;
    return Absorbed{"softmax", "from_logits"};
  }

  // The shift and the scale of each group, kept for the gradient.
  void book(Booking& booking) const override {
    if (booking.backward()) booking.book(kScales, Life::step, 2 * booking.capacity() * groups());
  }

  void forward(const Context& ctx) const override {
    kernels::crossentropy(terms_, ctx.input<Label>(0), ctx.input(1), groups(ctx), size(), ctx.output(),
                          ctx.buffer(kScales));
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient(1) == nullptr) return;
    kernels::crossentropy_gradient(terms_, ctx.input<Label>(0), ctx.input(1), ctx.buffer(kScales),
                                   ctx.output_gradient(), groups(ctx), size(), ctx.input_gradient(1));
  }

 private:
  enum : std::size_t { kScales };

  kernels::ClassLoss terms_;
};

const bool registered =
    register_layer_class<ElementwiseLoss>("mean_squared_error") &&
    register_layer_class<ElementwiseLoss>("mean_absolute_error") &&
    register_layer_class<ElementwiseLoss>("mean_absolute_percentage_error") &&
    register_layer_class<ElementwiseLoss>("mean_squared_logarithmic_error") &&
    register_layer_class<ElementwiseLoss>("huber") && register_layer_class<ElementwiseLoss>("log_cosh") &&
    register_layer_class<ElementwiseLoss>("poisson") && register_layer_class<ElementwiseLoss>("kl_divergence") &&
    register_layer_class<ElementwiseLoss>("hinge") && register_layer_class<ElementwiseLoss>("squared_hinge") &&
    register_layer_class<ElementwiseLoss>("binary_crossentropy") &&
    register_layer_class<CategoricalHinge>("categorical_hinge") &&
    register_layer_class<CosineSimilarity>("cosine_similarity") &&
    register_layer_class<ClassCrossentropy<Real>>("categorical_crossentropy") &&
    register_layer_class<ClassCrossentropy<std::int32_t>>("sparse_categorical_crossentropy");

}  // namespace
}  // namespace fastnn
