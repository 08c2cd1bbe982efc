// Sizes that follow from the number of rows in a batch.
//
// An ordinary node is made once and takes the rows as they come: the first dimension of its inputs is the batch, and no
// other one depends on it. All else (a batch folded into another axis, transposed away from the first place, repeated,
// joined, multiplied with itself) is computed by nodes that are made for one number of rows, of which then all sizes
// are known. What such a node will give is learned from trial batches; no algebra of sizes is needed.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fastnn/layer.hpp"

namespace fastnn {

/// The numbers of rows of the trial batches: divisible by most small numbers, large beside the other sizes of most
/// models, and small enough for their squares to be int32.
constexpr std::array<Index, 2> kTrialRows{20160, 40320};

/// An edge in a batch of a certain number of rows: all sizes, and, where it is one number that follows from sizes
/// alone (half the rows), that number.
struct Sized {
  Spec spec;
  std::optional<double> value;
};

bool operator==(const Sized& a, const Sized& b);

/// A node that was made for one number of rows.
struct SizedNode {
  std::shared_ptr<Layer> layer;
  std::vector<Sized> outputs;
  std::vector<WeightSpec> weights;
  Index rows = 0;  ///< what the layer sees as its batch, the first dimension of its inputs; 0: nothing
};

/// Makes a node for inputs of known sizes. Those that the config names as sources of its sizes come last and are no
/// inputs of the layer. Raises ValueError where the sizes do not fit.
SizedNode make_sized(const std::string& kind, const std::string& name, const Config& config,
                     const std::vector<Sized>& inputs);

/// A message about a trial batch as one about any batch: "batch" for its rows, "2*batch" for twice as many.
std::string about_any_batch(const std::string& message, Index rows);

}  // namespace fastnn
