// Thread counts, the floating-point mode, the OpenMP region, and the guard that keeps a forked child from waiting for
// threads that it does not have.
#include "fastnn/parallel.hpp"

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>

namespace fastnn {
namespace {

std::atomic<int> chosen_threads{0};

// Set in the one thread that survives in a forked child. libgomp keeps its pool by master thread, so this thread's pool
// names workers that were not copied; threads made after the fork start pools of their own.
thread_local bool survived_fork = false;

thread_local int scope_threads = 0;
thread_local int thread_limit = std::numeric_limits<int>::max();

const int fork_handler = pthread_atfork(nullptr, nullptr, [] { survived_fork = true; });

#if defined(__SSE2__)
constexpr unsigned kFlush = 0x8040;  // results and operands that are denormal are zero
unsigned float_mode() { return _mm_getcsr(); }
void set_float_mode(unsigned mode) { _mm_setcsr(mode); }
#else
// Elsewhere denormal numbers cost little.
constexpr unsigned kFlush = 0;
unsigned float_mode() { return 0; }
void set_float_mode(unsigned) {}
#endif

// Processors that the cgroup's quota allows, or a large number where there is none (cgroup v2, then v1).
int quota_threads() {
  double quota = -1, period = -1;
  if (std::ifstream file("/sys/fs/cgroup/cpu.max"); file) {
    std::string limit;
    file >> limit >> period;
    if (limit != "max") quota = std::atof(limit.c_str());
  } else {
    std::ifstream quota_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
        period_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    quota_file >> quota;
    period_file >> period;
  }
  if (quota <= 0 || period <= 0) return 1 << 20;
  return std::max(1, static_cast<int>(std::ceil(quota / period)));
}

int available_processors() {
  int count = omp_get_num_procs();
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) count = std::min(count, std::max(1, CPU_COUNT(&set)));
#endif
  return std::min(count, quota_threads());
}

int default_threads() {
  static const int count = [] {
    if (const char* asked = std::getenv("OMP_NUM_THREADS"))
      if (int number = std::atoi(asked); number > 0) return std::min(number, most_threads());
    return available_processors();
  }();
  return count;
}

}  // namespace

int most_threads() {
  static const int most = std::max(64, 4 * omp_get_num_procs());
  return most;
}

int num_threads() {
  const int chosen = chosen_threads.load(std::memory_order_relaxed);
  return chosen > 0 ? chosen : default_threads();
}

void set_num_threads(int count) {
  chosen_threads.store(std::clamp(count, 0, most_threads()), std::memory_order_relaxed);
}

void limit_this_thread(int threads) { thread_limit = threads > 0 ? threads : std::numeric_limits<int>::max(); }

int usable_threads() {
  if (survived_fork || omp_in_parallel()) return 1;
  return std::min(thread_limit, scope_threads > 0 ? scope_threads : num_threads());
}

RunScope::RunScope(int threads) : outer_threads_(scope_threads), outer_mode_(float_mode()) {
  scope_threads = threads;
  set_float_mode(outer_mode_ | kFlush);
}
RunScope::~RunScope() {
  scope_threads = outer_threads_;
  set_float_mode(outer_mode_);
}

namespace detail {

void run_tasks(Index tasks, Task call, void* function) {
  std::atomic<Index> next{0};
  const unsigned mode = float_mode();
#pragma omp parallel num_threads(usable_threads())
  {
    // Other libraries share the threads of the pool: each takes the mode of its master and gets its own back.
    const unsigned outer_mode = float_mode();
    set_float_mode(mode);
    const int thread = omp_get_thread_num();
    for (Index task; (task = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) call(function, task, thread);
    set_float_mode(outer_mode);
  }
}

}  // namespace detail
}  // namespace fastnn
