// The pointers behind the kernels' names, and how they are set.
#include "fastnn/instruction_set.hpp"

#include <dlfcn.h>

#include "fastnn/error.hpp"
#include "fastnn/kernels/table.hpp"

namespace fastnn {

namespace kernels {
#define FASTNN_ENTRY(name) decltype(+name) name = nullptr;
#include "fastnn/kernels/list.inc"
#undef FASTNN_ENTRY
}  // namespace kernels

namespace {

const kernels::Table* loaded = nullptr;

constexpr kernels::Services kServices = {&usable_threads, &detail::run_tasks};

}  // namespace

std::vector<std::string> supported_instruction_sets() {
  std::vector<std::string> names;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    names.emplace_back("avx512");
  if (avx2) names.emplace_back("avx2");
#endif
  names.emplace_back("baseline");
  return names;
}

void load_kernels(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  require(library != nullptr, "the kernels in ", path, " cannot be loaded: ", library ? "" : dlerror());
  const auto entrance = reinterpret_cast<kernels::Entrance>(dlsym(library, kernels::kEntrance));
  require(entrance != nullptr, path, " is no library of kernels");
  const kernels::Table* table = entrance(&kServices);
  require(table->size == sizeof(kernels::Table) && table->real == sizeof(Real), path,
          " is of another version of fastnn; install fastnn again");
#define FASTNN_ENTRY(name) kernels::name = table->name;
#include "fastnn/kernels/list.inc"
#undef FASTNN_ENTRY
  loaded = table;
}

KernelInfo loaded_kernels() {
  require(loaded != nullptr, "no kernels are loaded");
  return {loaded->isa, loaded->packet_width, loaded->eigen};
}

}  // namespace fastnn
