// Changes of shape. Flatten, Reshape and Identity are aliases and run no pass; padding, cropping, Permute and
// RepeatVector copy a box of the input to a box of the output.
#include <algorithm>
#include <cstring>
#include <vector>

#include "fastnn/kernels/box.hpp"
#include "fastnn/kernels/reduce.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"
#include "fastnn/window.hpp"

namespace fastnn {
namespace {

class Alias : public Layer {
 public:
  using Layer::Layer;

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    return {{{reshaped(inputs[0].shape), inputs[0].dtype}}, {}};
  }
  bool is_alias() const override { return true; }
  BackwardReads backward_reads() const override { return {false, false}; }
  void forward(const Context&) const override {}

 protected:
  virtual Shape reshaped(const Shape& input) const = 0;
};

class Identity : public Alias {
 public:
  Identity(const std::string& kind, const std::string& name, const Config&) : Alias(kind, name) {}

 protected:
  Shape reshaped(const Shape& input) const override { return input; }
};

class Flatten : public Alias {
 public:
  Flatten(const std::string& kind, const std::string& name, const Config&) : Alias(kind, name) {}

 protected:
  Shape reshaped(const Shape& input) const override { return {input[0], volume(input, 1)}; }
};

class Reshape : public Alias {
 public:
  Reshape(const std::string& kind, const std::string& name, const Config& config)
      : Alias(kind, name), target_(config.integers("target_shape")) {
    int open = 0;
    for (Index size : target_) {
      require(size == -1 || size >= 0, "target_shape expects sizes of at least 0 and one -1 at most, got ", size);
      open += size == -1;
    }
    require(open <= 1, "target_shape expects one -1 at most, got ", open);
  }

 protected:
  Shape reshaped(const Shape& input) const override {
    const Index total = volume(input, 1);
    Index known = 1;
    bool open = false;
    for (Index size : target_) {
      if (size == -1)
        open = true;
      else
        known *= size;
    }
    const bool fits = open ? known > 0 && total % known == 0 : known == total;
    require(fits, who(), " expects inputs of ", known, " values per sample", open ? " or a multiple" : "",
            " for target_shape ", listed(target_), ", got ", to_string(input), " with ", total,
            open ? "" : "; one size of target_shape may be -1");
    Shape shape{input[0]};
    for (Index size : target_) shape.push_back(size == -1 ? total / known : size);
    return shape;
  }

 private:
  std::vector<Index> target_;
};

// The strides of the axes of a sample.
std::vector<Index> strides_of(const Shape& shape) {
  std::vector<Index> strides(shape.size(), 1);
  for (std::size_t i = shape.size() - 1; i > 1; --i) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

// Copies a box of the input to a box of the output in each sample; the rest of the output is zero.
class BoxCopy : public Layer {
 public:
  using Layer::Layer;

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    const Spec& input = inputs[0];
    for (std::size_t i = 1; i < input.shape.size(); ++i)
      require(input.shape[i] >= 1, who(), " expects an input of known, positive size, got ", to_string(input.shape));
    box_ = {};
    from_ = to_ = 0;
    dtype_ = input.dtype;
    const Spec output{place(input.shape), dtype_};
    in_ = input.row_size();
    out_ = output.row_size();
    return {{output}, {}};
  }

  bool differentiable() const override { return dtype_ == DType::real; }
  BackwardReads backward_reads() const override { return {false, false}; }

  void forward(const Context& context) const override {
    copy(context.rows(), context.input<std::byte>(), in_, from_, box_, context.output<std::byte>(), out_, to_);
  }
  void backward(const Context& context) const override {
    if (Real* dx = context.input_gradient())
      copy(context.rows(), reinterpret_cast<const std::byte*>(context.output_gradient()), out_, to_, box_.turned(),
           reinterpret_cast<std::byte*>(dx), in_, from_);
  }

 protected:
  /// Sets the box and its offsets in a sample; returns the output shape.
  virtual Shape place(const Shape& input) = 0;

  kernels::Box box_;
  Index from_ = 0, to_ = 0;

 private:
  void copy(Index samples, const std::byte* x, Index in, Index from, const kernels::Box& box, std::byte* y, Index out,
            Index to) const {
    const Index element = static_cast<Index>(size_of(dtype_));
    Index filled = 1;
    for (Index i = 0; i < box.rank; ++i) filled *= box.size[i];
    parallel_for(samples, byte_work(static_cast<double>(2 * samples * element * (in + out))), [&](Index sample, int) {
      std::byte* target = y + sample * out * element;
      if (filled < out) std::memset(target, 0, static_cast<std::size_t>(out * element));
      kernels::copy_box(box, size_of(dtype_), x + (sample * in + from) * element, target + to * element);
    });
  }

  DType dtype_ = DType::real;
  Index in_ = 0, out_ = 0;
};

class Permute : public BoxCopy {
 public:
  Permute(const std::string& kind, const std::string& name, const Config& config)
      : BoxCopy(kind, name), dims_(config.integers("dims")) {
    std::vector<Index> sorted = dims_;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i)
      require(sorted[i] == static_cast<Index>(i) + 1, "dims expects the indices of the axes from 1 on, each once, got ",
              listed(dims_), "; the batch is not among them");
    require(static_cast<Index>(dims_.size()) <= kernels::kMostBoxAxes, "dims expects at most ", kernels::kMostBoxAxes,
            " axes, got ", dims_.size());
  }

 protected:
  Shape place(const Shape& input) override {
    require(input.size() == dims_.size() + 1, who(), " expects ", dims_.size(),
            " axes besides the batch for dims=", listed(dims_), ", got ", to_string(input));
    Shape output{input[0]};
    for (Index axis : dims_) output.push_back(input[axis]);
    const std::vector<Index> from = strides_of(input), to = strides_of(output);
    for (std::size_t i = 0; i < dims_.size(); ++i) box_.add(output[i + 1], from[dims_[i]], to[i + 1]);
    return output;
  }

 private:
  std::vector<Index> dims_;
};

class RepeatVector : public BoxCopy {
 public:
  RepeatVector(const std::string& kind, const std::string& name, const Config& config)
      : BoxCopy(kind, name), n_(config.integer("n")) {
    require(n_ >= 1, "n expects a positive integer, got ", n_);
  }

  void backward(const Context& context) const override {
    if (Real* dx = context.input_gradient())
      kernels::reduce_sum(context.output_gradient(), dx, context.rows(), n_, size_);
  }

 protected:
  Shape place(const Shape& input) override {
    require(input.size() == 2, who(), " expects (batch, features), got ", to_string(input),
            input.size() > 2 ? "; add Flatten() before it" : "");
    size_ = input[1];
    box_.add(n_, 0, size_);
    box_.add(size_, 1, 1);
    return {input[0], n_, size_};
  }

 private:
  Index n_, size_ = 0;
};

// Zero padding, or cropping, of the axes between batch and channels: `amounts` are before and after each axis.
template <std::size_t kRank, bool kCrop>
class Border : public BoxCopy {
 public:
  Border(const std::string& kind, const std::string& name, const Config& config)
      : BoxCopy(kind, name), amounts_(config.integers(kKey, 2 * kRank)) {
    for (Index amount : amounts_) require(amount >= 0, kKey, " expects no negative numbers, got ", listed(amounts_));
  }

 protected:
  Shape place(const Shape& input) override {
    static constexpr const char* kForms[] = {"(batch, steps, channels)", "(batch, height, width, channels)",
                                             "(batch, depth, height, width, channels)"};
    require(input.size() == kRank + 2, who(), " expects ", kForms[kRank - 1], ", got ", to_string(input));
    Shape output = input;
    for (std::size_t i = 0; i < kRank; ++i) output[i + 1] += (kCrop ? -1 : 1) * (amounts_[2 * i] + amounts_[2 * i + 1]);
    for (std::size_t i = 0; i < kRank; ++i)
      require(output[i + 1] >= 1, who(), " expects an input that is larger than the cropping ", listed(amounts_),
              ", got ", to_string(input));
    const std::vector<Index> from = strides_of(input), to = strides_of(output);
    for (std::size_t i = 1; i < input.size(); ++i) {
      if (i <= kRank) (kCrop ? from_ : to_) += amounts_[2 * i - 2] * (kCrop ? from : to)[i];
      box_.add(std::min(input[i], output[i]), from[i], to[i]);
    }
    return output;
  }

 private:
  static constexpr const char* kKey = kCrop ? "cropping" : "padding";

  std::vector<Index> amounts_;
};

using ZeroPadding1D = Border<1, false>;
using ZeroPadding2D = Border<2, false>;
using ZeroPadding3D = Border<3, false>;
using Cropping1D = Border<1, true>;
using Cropping2D = Border<2, true>;
using Cropping3D = Border<3, true>;

const bool registered =
    register_layer_class<Flatten>("Flatten") && register_layer_class<Reshape>("Reshape") &&
    register_layer_class<Identity>("Identity") && register_layer_class<Permute>("Permute") &&
    register_layer_class<RepeatVector>("RepeatVector") && register_layer_class<ZeroPadding1D>("ZeroPadding1D") &&
    register_layer_class<ZeroPadding2D>("ZeroPadding2D") && register_layer_class<ZeroPadding3D>("ZeroPadding3D") &&
    register_layer_class<Cropping1D>("Cropping1D") && register_layer_class<Cropping2D>("Cropping2D") &&
    register_layer_class<Cropping3D>("Cropping3D");

}  // namespace
}  // namespace fastnn
