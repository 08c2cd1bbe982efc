// The choice of an optimizer by its kind.
#include "fastnn/optimizer.hpp"

#include "fastnn/lbfgs.hpp"
#include "fastnn/loss_scale.hpp"
#include "fastnn/sweep.hpp"

namespace fastnn {

void Optimizer::exclude_from_weight_decay(const std::vector<VariablePtr>&) {
  throw ValueError("this optimizer has no weight decay");
}
void Optimizer::set_apart(const std::vector<VariablePtr>&) {
  throw ValueError("this optimizer treats no weight apart");
}
void Optimizer::trace(const VariablePtr&, const TracedStep&) {
  throw ValueError("this optimizer has no rule that is written in Python");
}

std::shared_ptr<Optimizer> make_optimizer(const std::string& kind, const Config& config) {
  if (kind == "lbfgs") return std::make_shared<Lbfgs>(config);
  if (kind == "loss_scale") return std::make_shared<LossScale>(config);
  return std::make_shared<Sweep>(kind, config);
}

}  // namespace fastnn
