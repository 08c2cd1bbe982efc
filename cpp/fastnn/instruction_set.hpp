// The library of kernels that this process uses: which ones the processor can run, and loading one.
#pragma once

#include <string>
#include <vector>

namespace fastnn {

/// Names of the instruction sets that this processor can run, best first: "avx512", "avx2", "baseline".
std::vector<std::string> supported_instruction_sets();

/// Loads the library at `path` and makes its kernels those of the process. Called once, before anything is computed.
/// Raises ValueError if the file is no library of kernels of this version.
void load_kernels(const std::string& path);

/// What is known of the loaded library.
struct KernelInfo {
  std::string isa;
  int packet_width;
  std::string eigen;
};
KernelInfo loaded_kernels();

}  // namespace fastnn
