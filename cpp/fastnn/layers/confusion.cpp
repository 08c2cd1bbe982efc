// Counts of a batch from which metrics are made: ConfusionCounts (true and false positives and negatives at each of several
// thresholds) and ConfusionMatrix (how often each class was taken for each other).
//
// Inputs are labels, predictions and, perhaps, weights, all of one shape. Counts are sums in double, cut at rows that
// follow from the shape and folded in their order.
#include "fastnn/kernels/confusion.hpp"

#include <algorithm>

#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

constexpr Index kChunk = 16384;  // predictions of a task

class Counts : public Function {
 public:
  using Function::Function;

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 2 || inputs.size() == 3, who(), " expects (y_true, y_pred) or (y_true, y_pred, weights)");
    for (const Spec& input : inputs)
      require(input.dtype == DType::real && input.shape == inputs[0].shape, who(), " expects inputs of ", kReal,
              " and of one shape, got ", name_of(input.dtype), " of ", to_string(input.shape), " beside ",
              to_string(inputs[0].shape));
    weighted_ = inputs.size() == 3;
    spec_ = inputs[0];
    const Index row_size = std::max<Index>(1, spec_.batched() ? spec_.row_size() : labels());
    each_ = std::max<Index>(1, kChunk / row_size) * row_size;
    return {outputs(), {}};
  }
  bool differentiable() const override { return false; }
  void book(Booking& booking) const override {
    booking.book<double>(kSums, Life::forward, chunks(spec_.size(booking.capacity())) * sums());
  }

  void forward(const Context& ctx) const override {
    const Index count = spec_.size(ctx.rows());
    double* all = ctx.buffer<double>(kSums);
    std::fill_n(all, chunks(count) * sums(), 0.0);
    parallel_ranges(count, each_, 10.0 * static_cast<double>(count), [&](Index begin, Index end, int) {
      this->count(ctx.input(0) + begin, ctx.input(1) + begin, weighted_ ? ctx.input(2) + begin : nullptr, end - begin,
                  all + begin / each_ * sums());
    });
    for (Index chunk = 1; chunk < chunks(count); ++chunk)
      for (Index i = 0; i < sums(); ++i) all[i] += all[chunk * sums() + i];
    finish(all, ctx);
  }

 protected:
  const Spec& spec() const { return spec_; }
  // Labels of the last dimension that are counted apart; those of one chunk are whole.
  virtual Index labels() const { return 1; }
  virtual std::vector<Spec> outputs() const = 0;
  virtual Index sums() const = 0;
  virtual void count(const Real* truth, const Real* guess, const Real* weights, Index count, double* sums) const = 0;
  virtual void finish(const double* sums, const Context& ctx) const = 0;

 private:
  enum : std::size_t { kSums };

  Index chunks(Index count) const { return std::max<Index>(1, (count + each_ - 1) / each_); }

  Spec spec_;
  bool weighted_ = false;
  Index each_ = 1;
};

// Outputs: true positives, false positives, true negatives and false negatives, each of shape (thresholds,), or
// (thresholds, labels) where each label of the last dimension has counts of its own.
class ConfusionCounts : public Counts {
 public:
  ConfusionCounts(const std::string& kind, const std::string& name, const Config& config)
      : Counts(kind, name),
        thresholds_(config.constant("thresholds").values),
        by_label_(config.flag("by_label", false)) {
    require(!thresholds_.empty(), "thresholds expects at least one number");
    require(std::is_sorted(thresholds_.begin(), thresholds_.end()), "thresholds expects ascending numbers");
  }

 protected:
  Index labels() const override {
    return by_label_ && !spec().shape.empty() ? std::max<Index>(1, spec().shape.back()) : 1;
  }
  std::vector<Spec> outputs() const override {
    Spec counts{{thresholds()}};
    if (by_label_) counts.shape.push_back(labels());
    return {counts, counts, counts, counts};
  }
  Index sums() const override { return 2 * bins(); }
  void count(const Real* truth, const Real* guess, const Real* weights, Index count, double* sums) const override {
    kernels::count_between_thresholds(truth, guess, weights, count, thresholds_.data(), thresholds(), labels(), sums,
                                      sums + bins());
  }
  void finish(const double* sums, const Context& ctx) const override {
    split(sums, ctx.output(0), ctx.output(3));
    split(sums + bins(), ctx.output(1), ctx.output(2));
  }

 private:
  Index thresholds() const { return static_cast<Index>(thresholds_.size()); }
  Index bins() const { return (thresholds() + 1) * labels(); }
  // Those above threshold j are in the bins after j, the others in the bins up to it.
  void split(const double* bins, Real* above, Real* below) const {
    for (Index label = 0; label < labels(); ++label) {
      double sum = 0;
      for (Index j = thresholds() - 1; j >= 0; --j) {
        sum += bins[(j + 1) * labels() + label];
        above[j * labels() + label] = static_cast<Real>(sum);
      }
      sum = 0;
      for (Index j = 0; j < thresholds(); ++j) {
        sum += bins[j * labels() + label];
        below[j * labels() + label] = static_cast<Real>(sum);
      }
    }
  }

  std::vector<Real> thresholds_;
  bool by_label_;
};

// Output: (true class, predicted class); pairs with a number that is no class do not count.
class ConfusionMatrix : public Counts {
 public:
  ConfusionMatrix(const std::string& kind, const std::string& name, const Config& config)
      : Counts(kind, name), classes_(config.integer("classes")) {
    require(classes_ > 0, "classes expects an integer above 0, got ", classes_);
  }

 protected:
  std::vector<Spec> outputs() const override { return {Spec{{classes_, classes_}}}; }
  Index sums() const override { return classes_ * classes_; }
  void count(const Real* truth, const Real* guess, const Real* weights, Index count, double* sums) const override {
    kernels::count_pairs(truth, guess, weights, count, classes_, sums);
  }
  void finish(const double* sums, const Context& ctx) const override {
    std::transform(sums, sums + this->sums(), ctx.output(), [](double sum) { return static_cast<Real>(sum); });
  }

 private:
  Index classes_;
};

const bool registered = register_layer_class<ConfusionCounts>("confusion_counts") &&
                        register_layer_class<ConfusionMatrix>("confusion_matrix");

}  // namespace
}  // namespace fastnn
