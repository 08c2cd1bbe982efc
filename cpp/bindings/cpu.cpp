// Which builds of the core this processor can run, best first. Compiled without any instruction set of its own.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

namespace {

std::vector<std::string> supported() {
  std::vector<std::string> builds;
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    builds.emplace_back("avx512");
  if (avx2) builds.emplace_back("avx2");
#endif
  builds.emplace_back("baseline");
  return builds;
}

}  // namespace

PYBIND11_MODULE(_cpu, m) {
  m.doc() = "Which builds of the core this processor can run.";
  m.def("supported", &supported, "Names of builds, best first.");
}
