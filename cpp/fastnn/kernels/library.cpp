// The border as seen from inside a library: its one exported symbol, and the services that it was given under the names
// by which kernels call them.
#include "fastnn/kernels/table.hpp"

#include <Eigen/Core>

#include "fastnn/packet.hpp"

#define FASTNN_TEXT_OF(x) #x
#define FASTNN_TEXT(x) FASTNN_TEXT_OF(x)

namespace fastnn {
namespace {

const kernels::Services* services = nullptr;

constexpr kernels::Table kTable = {
    sizeof(kernels::Table),
    sizeof(Real),
    FASTNN_ISA_NAME,
    static_cast<int>(packet::kWidth),
    FASTNN_TEXT(EIGEN_WORLD_VERSION) "." FASTNN_TEXT(EIGEN_MAJOR_VERSION) "." FASTNN_TEXT(EIGEN_MINOR_VERSION),
#define FASTNN_ENTRY(name) &kernels::name,
#include "fastnn/kernels/list.inc"
#undef FASTNN_ENTRY
};

}  // namespace

int usable_threads() { return services->usable_threads(); }

void detail::run_tasks(Index tasks, Task call, void* function) { services->run_tasks(tasks, call, function); }

}  // namespace fastnn

extern "C" __attribute__((visibility("default"))) const fastnn::kernels::Table* fastnn_kernels(
    const fastnn::kernels::Services* given) {
  fastnn::services = given;
  return &fastnn::kTable;
}
