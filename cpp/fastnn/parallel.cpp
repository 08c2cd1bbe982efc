// Thread counts, the floating-point mode, the crew of OpenMP's threads, and the guard that keeps a forked child from waiting
// for threads that it does not have.
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
#include <system_error>
#include <thread>

#include "fastnn/crew.hpp"

namespace fastnn {
namespace {

std::atomic<int> chosen_threads{0};

// Set in the one thread that survives in a forked child: it works alone, since such children are usually as many as there
// are processors. Threads made after the fork share a new crew.
thread_local bool survived_fork = false;

// Set in a thread that runs a task: regions inside a task run inline.
thread_local bool in_task = false;

thread_local int scope_threads = 0;
thread_local int thread_limit = std::numeric_limits<int>::max();

// The threads of all callers. Never destroyed: helpers sleep on it until the process ends.
std::atomic<Crew*> crew{nullptr};
std::atomic<bool> gathering{false};

const int fork_handler = pthread_atfork(nullptr, nullptr, [] {
  survived_fork = true;
  crew.store(nullptr, std::memory_order_relaxed);
  gathering.store(false, std::memory_order_relaxed);
});

#if defined(__SSE2__)
constexpr unsigned kFlush = 0x8040;  // results and operands that are denormal are zero
#else
// Elsewhere denormal numbers cost little.
constexpr unsigned kFlush = 0;
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

// The team of OpenMP that serves a crew, entered by a thread of its own, which thereby is its master for good.
void host(Crew* hosted) {
#pragma omp parallel num_threads(hosted->helpers())
  {
    in_task = true;
    hosted->serve(omp_get_thread_num() + 1);
  }
}

// A crew of at least `helpers`, made where there is none; null where no thread can be had, or another thread makes one.
Crew* crew_of(int helpers) {
  Crew* const present = crew.load(std::memory_order_acquire);
  if (present != nullptr && present->helpers() >= helpers) return present;
  if (gathering.exchange(true, std::memory_order_acquire)) return present;
  auto* const made = new Crew(helpers);
  try {
    std::thread(host, made).detach();
    crew.store(made, std::memory_order_release);
    if (present != nullptr) present->dismiss();
  } catch (const std::system_error&) {
    delete made;
  }
  gathering.store(false, std::memory_order_release);
  return crew.load(std::memory_order_acquire);
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
  if (survived_fork || in_task || omp_in_parallel()) return 1;
  return std::min(thread_limit, scope_threads > 0 ? scope_threads : num_threads());
}

RunScope::RunScope(int threads) : outer_threads_(scope_threads), outer_mode_(detail::float_mode()) {
  scope_threads = threads;
  detail::set_float_mode(outer_mode_ | kFlush);
}
RunScope::~RunScope() {
  scope_threads = outer_threads_;
  detail::set_float_mode(outer_mode_);
}

namespace detail {

#if defined(__SSE2__)
unsigned float_mode() { return _mm_getcsr(); }
void set_float_mode(unsigned mode) { _mm_setcsr(mode); }
#else
unsigned float_mode() { return 0; }
void set_float_mode(unsigned) {}
#endif

void run_tasks(Index tasks, Task call, void* function) {
  const int threads = usable_threads();
  in_task = true;
  Crew* const helpers = crew_of(threads - 1);
  if (helpers == nullptr || !helpers->run(tasks, call, function, threads))
    for (Index task = 0; task < tasks; ++task) call(function, task, 0);
  in_task = false;
}

}  // namespace detail
}  // namespace fastnn
