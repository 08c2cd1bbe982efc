// The contract between a layer and the floors above: what a kind of node states about itself and what it computes, and
// the registry in which kinds are found.
//
// A Layer is one node's computation. While a graph is built it reads its arguments (constructor), infers shapes and
// weights (infer) and books memory (book). In a step it is granted that memory through a Context and only computes. It
// keeps no numbers of its own between calls, so one Layer serves any number of plans and threads at once.
#pragma once

#include <array>
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

/// A weight that a layer needs: its role ("kernel"), its shape, whether training may change it, and its type.
struct WeightSpec {
  std::string name;
  Shape shape;
  bool trainable = true;
  DType dtype = DType::real;
};

/// The outputs and weights of a layer for given inputs.
struct Signature {
  std::vector<Spec> outputs;
  std::vector<WeightSpec> weights;
};

/// Raised by infer() where the outputs would depend on the number of rows in another way than by their first dimension.
/// The node is then made for each number of rows (sizing.hpp).
struct RowsNeeded : ValueError {
  using ValueError::ValueError;
};

/// Raises RowsNeeded with the text of `parts` unless `condition` is true.
template <class... Parts>
void require_rows(bool condition, const Parts&... parts) {
  if (!condition) throw RowsNeeded(text(parts...));
}

/// The time for which a booked buffer keeps its contents.
enum class Life {
  forward,   ///< within this node's forward pass
  backward,  ///< within this node's backward pass
  step,      ///< from this node's forward pass to its backward pass (or commit)
  plan,      ///< from prepare() on, until the weights change: packed panels
};

/// The most buffers that a layer can book.
constexpr std::size_t kMostBuffers = 20;

/// The book in which a layer writes, while a plan is made, the memory that its passes will need. A buffer is booked and
/// found under a key, a constant of the layer's own enum, below kMostBuffers. A layer must book the same buffers for
/// the same plan facts.
class Booking {
 public:
  Booking(Index capacity, bool training, bool backward, bool input_gradient, int threads)
      : capacity_(capacity),
        training_(training),
        backward_(backward),
        input_gradient_(input_gradient),
        threads_(threads) {}

  Index capacity() const { return capacity_; }             ///< the largest number of rows in a batch
  bool training() const { return training_; }              ///< a graph for training: moving statistics, dropout
  bool backward() const { return backward_; }              ///< this node's backward pass runs
  bool input_gradient() const { return input_gradient_; }  ///< and writes the gradient of some input
  int threads() const { return threads_; }                 ///< for scratch memory per thread

  /// Books room for `count` elements, once for each key.
  template <class T = Real>
  void book(std::size_t key, Life life, Index count) {
    entries.push_back({key, life, static_cast<std::size_t>(count) * sizeof(T)});
  }

  struct Entry {
    std::size_t key;
    Life life;
    std::size_t bytes;
  };
  std::vector<Entry> entries;

 private:
  Index capacity_;
  bool training_, backward_, input_gradient_;
  int threads_;
};

/// The memory of a node for one pass over one batch. Rows are dense. Inputs and outputs may lie in a user's array and
/// are then aligned to their elements; all else is aligned to 64 bytes.
class Context {
 public:
  Index rows() const { return rows_; }          ///< rows of this batch
  Index capacity() const { return capacity_; }  ///< rows that the plan was made for
  /// Index of the first row within its batch, where the batch is processed in pieces; a multiple of kPieceStep.
  Index first_row() const { return first_row_; }
  bool training() const { return training_; }
  int threads() const { return threads_; }
  /// True where the batch is computed in parts and what meet() was given holds for all of them.
  bool met() const { return met_; }

  template <class T = Real>
  const T* input(std::size_t i = 0) const {
    return static_cast<const T*>(inputs_[i]);
  }
  template <class T = Real>
  T* output(std::size_t i = 0) const {
    return static_cast<T*>(outputs_[i]);
  }
  /// The gradient of output i. The layer may overwrite it: it is not read after this pass.
  Real* output_gradient(std::size_t i = 0) const { return output_gradients_[i]; }
  /// The destination (to write, not to add to) of the gradient of input i; null where it is not needed.
  Real* input_gradient(std::size_t i = 0) const { return input_gradients_[i]; }
  template <class T = Real>
  const T* weight(std::size_t i) const {
    return static_cast<const T*>(weights_[i]);
  }
  /// The destination (to write, not to add to) of the gradient of weight i; null where the weight is frozen.
  Real* weight_gradient(std::size_t i) const { return weight_gradients_[i]; }
  /// A weight that this node itself updates, in commit() only.
  template <class T = Real>
  T* state(std::size_t i) const {
    return const_cast<T*>(weight<T>(i));
  }
  /// The buffer that was booked under `key`; null where none was.
  template <class T = Real>
  T* buffer(std::size_t key) const {
    return static_cast<T*>(buffers_[key]);
  }
  bool has(std::size_t key) const { return buffers_[key] != nullptr; }
  /// The random stream of the node in this step; it advances at commit.
  const Stream& stream() const { return stream_; }

  // Filled by the executor.
  Index rows_ = 0, capacity_ = 0, first_row_ = 0;
  bool training_ = false, met_ = false;
  int threads_ = 1;
  std::vector<const void*> inputs_;
  std::vector<void*> outputs_;
  std::vector<Real*> output_gradients_, input_gradients_;
  std::vector<const void*> weights_;
  std::vector<Real*> weight_gradients_;
  std::array<void*, kMostBuffers> buffers_{};  // by key
  Stream stream_;
};

/// The rows of a piece of a batch are a multiple of this. Random words are generated four at a time, so a piece can
/// start drawing at its own first row.
constexpr Index kPieceStep = 4;

/// The edges that backward() reads. The memory of the others is free after the forward pass.
struct BackwardReads {
  bool inputs = true;
  bool outputs = true;
};

/// Which gradients a node stands for.
struct GradientRequest {
  std::size_t targets = 0;                          ///< the number of edges that are differentiated
  std::vector<std::pair<Index, Index>> recorded{};  ///< the ranges of nodes, by number, through which they flow
};

class Layer {
 public:
  Layer(std::string kind, std::string name) : kind_(std::move(kind)), name_(std::move(name)) {}
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  const std::string& kind() const { return kind_; }
  const std::string& name() const { return name_; }
  /// The name of this layer in error messages: Dense "dense_1".
  std::string who() const;

  /// Infers the outputs and weights from the inputs (batch unknown, all else known) and keeps the shapes that the
  /// passes need. Raises ValueError where the inputs do not fit.
  virtual Signature infer(const std::vector<Spec>& inputs) = 0;
  /// infer() after a check that the inputs have a batch where the layer needs one; else raises RowsNeeded.
  Signature checked_infer(const std::vector<Spec>& inputs);

  /// True where the only output is the only input with another shape: the node then runs no pass.
  virtual bool is_alias() const { return false; }
  /// True where gradients can flow through the node to its inputs or weights.
  virtual bool differentiable() const { return true; }
  /// True where input i has a gradient (labels have none).
  virtual bool differentiable_input(std::size_t) const { return true; }
  virtual BackwardReads backward_reads() const { return {}; }
  /// True where the gradient of input i may share the memory of the gradient of the only output. backward() then works
  /// in place, element by element, or has nothing to do.
  virtual bool gradient_in_place(std::size_t) const { return false; }
  /// Fuses the activation that follows into this node; false where that is not possible.
  virtual bool fuse(const kernels::ActivationFunction&) { return false; }
  /// True where this node and the activation before it can be swapped without a change of any bit. The node then runs
  /// first and leaves fewer elements to the activation.
  virtual bool commutes(const kernels::ActivationFunction&) const { return false; }
  /// True where y = x * factor + term for each channel (the last axis), and factors and terms follow from the weights.
  virtual bool scales_channels() const { return false; }
  /// Writes these; the weights begin at `first` of those in the context.
  virtual void channel_scales(const Context&, std::size_t /*first*/, Real* /*factors*/, Real* /*terms*/) const {}
  /// Takes a node that scales the channels of the output into its own weights, to compute both at once; false if it cannot.
  /// The weights of that node follow its own.
  virtual bool fold(const std::shared_ptr<const Layer>& /*scaling*/) { return false; }
  /// For an elementwise activation: what it computes.
  virtual std::optional<kernels::ActivationFunction> elementwise() const { return std::nullopt; }
  /// For an elementwise activation without arguments, or softmax: its name in Keras ("softmax", "sigmoid", "relu").
  virtual std::optional<std::string> activation() const { return std::nullopt; }

  /// For a loss: the activation whose input (the logits) it can read in place of its output, with `flag` set.
  struct Absorbed {
    std::string activation, flag;
  };
  virtual std::optional<Absorbed> absorbs() const { return std::nullopt; }

  virtual void book(Booking&) const {}
  /// Fills the buffers of Life::plan from the weights (packed panels).
  virtual void prepare(const Context&) const {}
  virtual void forward(const Context&) const = 0;
  virtual void backward(const Context&) const {}
  /// Writes state (moving statistics, an assigned variable). Runs once per step, after the whole step has succeeded: in
  /// evaluation and prediction too, where a layer may have nothing to write.
  virtual void commit(const Context&) const {}
  /// True where commit() writes the non-trainable weights.
  virtual bool updates_state() const { return false; }
  /// True where the node must run although no node reads its outputs: an assignment.
  virtual bool is_effect() const { return false; }
  /// For a node that stands for gradients: what it asks for; null for others. Its inputs are the targets, as many
  /// gradients of them, and the edges whose gradients are its first outputs; the others are those of its weights.
  virtual const GradientRequest* differentiates() const { return nullptr; }
  /// For a node that moves its weights by its inputs, their gradients: the optimizers that do so, by number.
  virtual const std::vector<Index>& updates() const {
    static const std::vector<Index> none;
    return none;
  }
  /// True for a node that commits all that the nodes before it have to write, so that those after it read it.
  virtual bool commits_before() const { return false; }
  /// False where forward() does not read the variables that commit() writes.
  virtual bool reads_state() const { return true; }
  /// True where backward() overwrites what forward() has kept for it.
  virtual bool backward_consumes() const { return false; }
  /// True where inputs may have no batch dimension.
  virtual bool takes_unbatched() const { return false; }
  /// False where the outputs follow from the shapes of the inputs alone.
  virtual bool reads_values() const { return true; }
  /// The range [low, high) of valid integers for input i, where it expects indices. The inputs of a run are checked
  /// before it starts; an invalid index that another node computed gives NaN.
  virtual std::optional<std::pair<Index, Index>> range(std::size_t) const { return std::nullopt; }
  /// The number of rows that every batch must have, where the node keeps state per row; 0: any number.
  virtual Index fixed_rows() const { return 0; }
  /// True where the node chooses its own blocks of rows, as large as suits its products.
  virtual bool cuts_rows() const { return false; }
  /// The multiply-adds of products for one row in the forward pass.
  virtual double multiply_adds() const { return 0; }
  /// The algorithm that the shapes have chosen, where there is a choice.
  virtual std::string algorithm() const { return {}; }
  /// Where the rows of a batch meet in this node (batch statistics) and the batch is computed in parts: how many numbers
  /// of each part all parts have to know in a pass; 0: none.
  virtual Index meeting(bool /*training*/, bool /*backward*/) const { return 0; }
  /// Writes these numbers of the part that the context holds. Runs right before the pass.
  virtual void contribute(const Context&, bool /*backward*/, Real* /*to*/) const {}
  /// Takes the numbers of all parts, in their order, in the place of what the pass finds in its own rows.
  virtual void meet(const Context&, bool /*backward*/, const Real* /*of_parts*/, Index /*parts*/) const {}
  /// True where the numbers of other processes count too, even if the peers are not synchronized.
  virtual bool synchronized() const { return false; }
  /// Takes the numbers of all parts for what commit() writes, where meet() took those of one process.
  virtual void meet_for_commit(const Context&, const Real* /*of_parts*/, Index /*parts*/) const {}
  /// True where the node draws from its stream in a training step.
  virtual bool random() const { return false; }

 private:
  std::string kind_, name_;
};

/// A layer that accepts batched and unbatched tensors: the nodes of `fastnn.ops`.
class Function : public Layer {
 public:
  using Layer::Layer;
  bool takes_unbatched() const override { return true; }
};

using LayerFactory = std::function<std::unique_ptr<Layer>(const std::string& name, const Config& config)>;

/// The type in which a node's largest weight is held: its argument `held`, bfloat16 or else Real.
DType held_dtype(const Config& config);

/// Adds a kind to the registry. Called once per kind, on the last lines of its family's file.
bool register_layer(const std::string& kind, LayerFactory factory);

/// Makes a layer of the given kind. Raises ValueError, with the name of the layer, where an argument is wrong.
std::unique_ptr<Layer> make_layer(const std::string& kind, const std::string& name, const Config& config);

/// The registered kinds, sorted.
std::vector<std::string> layer_kinds();

/// Registers class T, whose constructor takes (kind, name, config), under its kind.
template <class T>
bool register_layer_class(const std::string& kind) {
  return register_layer(
      kind, [kind](const std::string& name, const Config& config) { return std::make_unique<T>(kind, name, config); });
}

}  // namespace fastnn
