// Shapes of targets and predictions.
#include "fastnn/targets.hpp"

namespace fastnn {

Signature TargetLayer::infer(const std::vector<Spec>& inputs) {
  require(inputs.size() == 2, who(), " expects (y_true, y_pred), got ", inputs.size(), " inputs");
  const Spec &truth = inputs[0], &guess = inputs[1];
  require(guess.dtype == DType::real, who(), " expects y_pred of ", kReal, ", got ", name_of(guess.dtype));
  const DType wanted = sparse_ ? DType::int32 : DType::real;
  require(truth.dtype == wanted, who(), " expects y_true of ", name_of(wanted), ", got ", name_of(truth.dtype));

  // A y_pred of (batch,) is one value per sample.
  Shape result = guess.shape;
  size_ = 1;
  if (guess.shape.size() > 1) {
    size_ = guess.shape.back();
    result.pop_back();
  }
  require(size_ > 0, who(), " expects at least one value per sample, got ", to_string(guess.shape));
  groups_ = volume(result, 1);

  const auto fits = [&](Shape expected) {
    if (truth.shape == expected) return true;
    Shape longer = expected;
    longer.push_back(1);
    if (truth.shape == longer) return true;
    if (expected.size() < 2 || expected.back() != 1) return false;
    expected.pop_back();
    return truth.shape == expected;
  };
  if (sparse_) {
    require(fits(result), who(), " expects y_true of ", to_string(result), ", one label for each ", size_,
            " scores of y_pred ", to_string(guess.shape), ", got ", to_string(truth.shape),
            truth.shape == guess.shape ? "; for one-hot labels use the categorical kind" : "");
  } else {
    const bool labels = size_ > 1 && fits(result);
    require(fits(guess.shape), who(), " expects y_true of the shape of y_pred, ", to_string(guess.shape), ", got ",
            to_string(truth.shape), labels ? "; for integer labels use the sparse kind or to_categorical()" : "");
  }
  return {{Spec{result}}, {}};
}

}  // namespace fastnn
