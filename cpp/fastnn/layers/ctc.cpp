// The loss of connectionist temporal classification as a node: one value for each sample.
#include <algorithm>

#include "fastnn/kernels/ctc.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

// Inputs: labels (batch, most labels), scores (batch, steps, classes) before the softmax, and for each sample the number
// of its labels and of its steps.
class Ctc : public Layer {
 public:
  Ctc(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), blank_(config.integer("blank", 0)) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 4, who(), " expects (labels, scores, label lengths, step lengths), got ", inputs.size(),
            " inputs");
    const Spec &labels = inputs[0], &scores = inputs[1];
    require(labels.dtype == DType::int32 && labels.shape.size() == 2, who(),
            " expects integer labels of shape (batch, most labels), got ", to_string(labels.shape));
    require(scores.dtype == DType::real && scores.shape.size() == 3, who(),
            " expects scores of shape (batch, steps, classes), got ", to_string(scores.shape));
    for (std::size_t i : {2, 3})
      require(inputs[i].dtype == DType::int32 && inputs[i].shape.size() == 1, who(),
              " expects one length for each sample, got ", to_string(inputs[i].shape));
    most_labels_ = labels.shape[1];
    steps_ = scores.shape[1];
    classes_ = scores.shape[2];
    require(blank_ >= 0 && blank_ < classes_, who(), ": the blank expects a class below ", classes_, ", got ", blank_);
    return {{Spec{{kUnknown}}}, {}};
  }
  bool differentiable_input(std::size_t i) const override { return i == 1; }
  BackwardReads backward_reads() const override { return {true, false}; }
  void book(Booking& booking) const override {
    booking.book<double>(kForward, Life::forward, booking.threads() * scratch());
    if (booking.backward()) booking.book<double>(kBackward, Life::backward, booking.threads() * scratch());
  }

  void forward(const Context& ctx) const override {
    parallel_for(ctx.rows(), work(ctx), [&](Index row, int thread) {
      ctx.output()[row] = kernels::ctc(sample(ctx, row), ctx.buffer<double>(kForward) + thread * scratch());
    });
  }
  void backward(const Context& ctx) const override {
    Real* gradient = ctx.input_gradient(1);
    if (gradient == nullptr) return;
    parallel_for(ctx.rows(), 3 * work(ctx), [&](Index row, int thread) {
      Real* own = gradient + row * steps_ * classes_;
      const kernels::CtcSample one = sample(ctx, row);
      kernels::ctc_gradient(one, ctx.output_gradient()[row], ctx.buffer<double>(kBackward) + thread * scratch(), own);
      std::fill_n(own + one.steps * classes_, (steps_ - one.steps) * classes_, 0.0_r);
    });
  }

 private:
  enum : std::size_t { kForward, kBackward };

  Index scratch() const { return kernels::ctc_scratch_size(steps_, most_labels_, classes_); }
  double work(const Context& ctx) const {
    return static_cast<double>(ctx.rows() * steps_) * (5.0 * static_cast<double>(classes_) + 40.0 * most_labels_);
  }
  kernels::CtcSample sample(const Context& ctx, Index row) const {
    const auto length = [&](std::size_t i, Index most) {
      return std::clamp<Index>(ctx.input<std::int32_t>(i)[row], 0, most);
    };
    return {ctx.input(1) + row * steps_ * classes_,
            ctx.input<std::int32_t>(0) + row * most_labels_,
            length(3, steps_),
            length(2, most_labels_),
            classes_,
            blank_};
  }

  Index blank_, most_labels_ = 0, steps_ = 0, classes_ = 0;
};

const bool registered = register_layer_class<Ctc>("ctc");

}  // namespace
}  // namespace fastnn
