// The contract between a layer and the floors above: what a kind of node must say of itself and do, and the registry by
// which it is found.
//
// A Layer is one node's computation. While building it reads its arguments (constructor), infers shapes and weights
// (infer) and books memory (book); in a step it is granted that memory through a Context and only computes. It keeps no
// numbers of its own between calls, so one Layer serves any number of plans and threads at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fastnn/config.hpp"
#include "fastnn/error.hpp"
#include "fastnn/kernels/activation.hpp"
#include "fastnn/random.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn {

/// A weight that a layer needs: its role ("kernel"), its shape and whether training may move it.
struct WeightSpec {
  std::string name;
  Shape shape;
  bool trainable = true;
};

/// What a layer makes of its inputs.
struct Signature {
  std::vector<Spec> outputs;
  std::vector<WeightSpec> weights;
};

/// How long a booked buffer must keep what is written to it.
enum class Life {
  forward,   ///< within this node's forward pass
  backward,  ///< within this node's backward pass
  step,      ///< from this node's forward pass to its backward pass (or commit)
  plan,      ///< from prepare() on, for as long as the weights keep their values: packed panels
};

/// The book in which a layer writes, while a plan is made, what memory its passes will need. Buffers are numbered in the
/// order of booking, from 0; a layer must book the same list for the same plan facts.
class Booking {
 public:
  Booking(Index capacity, bool training, bool backward, bool input_gradient, int threads)
      : capacity_(capacity),
        training_(training),
        backward_(backward),
        input_gradient_(input_gradient),
        threads_(threads) {}

  Index capacity() const { return capacity_; }             ///< most rows a batch can have
  bool training() const { return training_; }              ///< a graph for training: moving statistics, dropout
  bool backward() const { return backward_; }              ///< this node's backward pass will run
  bool input_gradient() const { return input_gradient_; }  ///< and must write the gradient of some input
  int threads() const { return threads_; }                 ///< for scratch that each thread owns

  void book(Life life, std::size_t bytes) { entries.push_back({life, bytes}); }
  template <class T = float>
  void book(Life life, Index count) {
    book(life, static_cast<std::size_t>(count) * sizeof(T));
  }

  struct Entry {
    Life life;
    std::size_t bytes;
  };
  std::vector<Entry> entries;

 private:
  Index capacity_;
  bool training_, backward_, input_gradient_;
  int threads_;
};

/// What a node is granted for one pass over one batch. Rows follow one another densely. Inputs and outputs may lie
/// in a user's array, aligned as floats are; all else is aligned to 64 bytes.
class Context {
 public:
  Index rows() const { return rows_; }          ///< samples present in this batch
  Index capacity() const { return capacity_; }  ///< samples the plan was made for
  /// Place of the first row in its batch, where that is taken in pieces; a multiple of kPieceStep.
  Index first_row() const { return first_row_; }
  bool training() const { return training_; }
  int threads() const { return threads_; }

  template <class T = float>
  const T* input(std::size_t i = 0) const {
    return static_cast<const T*>(inputs_[i]);
  }
  template <class T = float>
  T* output(std::size_t i = 0) const {
    return static_cast<T*>(outputs_[i]);
  }
  /// The gradient that came from above. The layer may overwrite it: nobody reads it after this pass.
  float* output_gradient(std::size_t i = 0) const { return output_gradients_[i]; }
  /// Where to write (not add) the gradient of input i; null where nobody wants it.
  float* input_gradient(std::size_t i = 0) const { return input_gradients_[i]; }
  const float* weight(std::size_t i) const { return weights_[i]; }
  /// Where to write (not add) the gradient of weight i; null where it is frozen.
  float* weight_gradient(std::size_t i) const { return weight_gradients_[i]; }
  /// A weight that this node updates itself, in commit() only.
  float* state(std::size_t i) const { return const_cast<float*>(weights_[i]); }
  template <class T = float>
  T* buffer(std::size_t i) const {
    return static_cast<T*>(buffers_[i]);
  }
  /// The node's own random draw for this step; it advances at commit.
  const Stream& stream() const { return stream_; }

  // Filled by the executor.
  Index rows_ = 0, capacity_ = 0, first_row_ = 0;
  bool training_ = false;
  int threads_ = 1;
  std::vector<const void*> inputs_;
  std::vector<void*> outputs_;
  std::vector<float*> output_gradients_, input_gradients_;
  std::vector<const float*> weights_;
  std::vector<float*> weight_gradients_;
  std::vector<void*> buffers_;
  Stream stream_;
};

/// Rows of a piece of a batch are a multiple of this: random words come by fours, so that each piece can begin to draw where
/// its first row would have.
constexpr Index kPieceStep = 4;

/// Which edges backward() reads, so that the planner can free the others early.
struct BackwardReads {
  bool inputs = true;
  bool outputs = true;
};

class Layer {
 public:
  Layer(std::string kind, std::string name) : kind_(std::move(kind)), name_(std::move(name)) {}
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  const std::string& kind() const { return kind_; }
  const std::string& name() const { return name_; }
  /// How errors call this layer: Dense "dense_1".
  std::string who() const { return kind_ + " \"" + name_ + "\""; }

  /// Shapes of outputs and weights from the inputs' (batch unknown, all else known); raises ValueError where the inputs do
  /// not fit. Keeps what the passes need to know of them.
  virtual Signature infer(const std::vector<Spec>& inputs) = 0;
  /// infer(), once it is sure that the inputs have a batch where the layer needs one.
  Signature checked_infer(const std::vector<Spec>& inputs);

  /// True where the only output is the only input seen with another shape: the node then runs no pass at all.
  virtual bool is_alias() const { return false; }
  /// True where gradients can pass through the node to its inputs or weights.
  virtual bool differentiable() const { return true; }
  /// True where input i takes part in differentiation (labels do not).
  virtual bool differentiable_input(std::size_t) const { return true; }
  virtual BackwardReads backward_reads() const { return {}; }
  /// True where the gradient of input i may lie where that of the only output does: backward() then finds both at one
  /// place, and works element by element, or has nothing to do.
  virtual bool gradient_in_place(std::size_t) const { return false; }
  /// Takes the activation that follows into this node's own epilogue; false where it cannot.
  virtual bool fuse(kernels::Activation) { return false; }
  /// True where this node and the activation before it may change places without changing a bit: the node then runs first,
  /// on fewer numbers for the activation.
  virtual bool commutes(kernels::Activation) const { return false; }
  /// For a node that is an elementwise or softmax activation: its name in Keras' words ("softmax", "sigmoid", "relu").
  virtual std::optional<std::string> activation() const { return std::nullopt; }

  /// For a loss: the activation whose input it can read in place of its output (its last input), with `flag` set.
  struct Absorbed {
    std::string activation, flag;
  };
  virtual std::optional<Absorbed> absorbs() const { return std::nullopt; }

  virtual void book(Booking&) const {}
  /// Derives from the weights what the passes read (packed panels), into buffers of Life::plan.
  virtual void prepare(const Context&) const {}
  virtual void forward(const Context&) const = 0;
  virtual void backward(const Context&) const {}
  /// Writes state (moving statistics, an assigned variable). Runs once per step, when the whole step stands: in evaluation
  /// and prediction too, where a layer may have nothing to write.
  virtual void commit(const Context&) const {}
  /// True where commit() writes the weights that are not trained.
  virtual bool updates_state() const { return false; }
  /// True where the node must run though nobody reads its outputs: an assignment.
  virtual bool is_effect() const { return false; }
  /// True where inputs may be without a batch.
  virtual bool takes_unbatched() const { return false; }
  /// Where input i expects whole numbers, the range [low, high) of what it can take: ids. Values are looked over at the
  /// door of a run; a pass makes NaN of an id that came by another way.
  virtual std::optional<std::pair<Index, Index>> range(std::size_t) const { return std::nullopt; }
  /// The rows that every batch must have, where the node keeps something of each; 0: any number.
  virtual Index fixed_rows() const { return 0; }
  /// True where the node takes its rows in blocks of its own, as many together as serve its products.
  virtual bool cuts_rows() const { return false; }
  /// True where the node draws from its stream in a training step.
  virtual bool random() const { return false; }

 private:
  std::string kind_, name_;
};

/// A layer that computes with any tensors, be they batched or not: what `fastnn.ops` is made of.
class Function : public Layer {
 public:
  using Layer::Layer;
  bool takes_unbatched() const override { return true; }
};

using LayerFactory = std::function<std::unique_ptr<Layer>(const std::string& name, const Config& config)>;

/// Adds a kind to the registry; called once per kind, on the last line of its family's file.
bool register_layer(const std::string& kind, LayerFactory factory);

/// A layer of the named kind with these arguments; ValueError names the layer where an argument is wrong.
std::unique_ptr<Layer> make_layer(const std::string& kind, const std::string& name, const Config& config);

/// The kinds that are registered, sorted.
std::vector<std::string> layer_kinds();

/// Registers class T, whose constructor takes (kind, name, config), under its kind.
template <class T>
bool register_layer_class(const std::string& kind) {
  return register_layer(
      kind, [kind](const std::string& name, const Config& config) { return std::make_unique<T>(kind, name, config); });
}

}  // namespace fastnn
