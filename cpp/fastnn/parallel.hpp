// The number of threads, and the one way to run tasks on them. The only place that knows OpenMP.
//
// Tasks are handed to whichever thread is free, so a task must own what it writes and the order of operations inside it
// may depend on its number alone: then the same bits come out on any number of threads. Nothing may throw or allocate
// inside a task.
#pragma once

#include <type_traits>

#include "fastnn/tensor.hpp"

namespace fastnn {

/// Threads that a parallel region may use: what was set, else OMP_NUM_THREADS, else the processors of this process
/// (affinity and cgroup quota respected).
int num_threads();

/// The largest number of threads: each needs a stack and scratch memory, and a process may not have any number of them.
int most_threads();

/// Sets the number of threads for the whole process, at most most_threads(); 0 goes back to the default.
void set_num_threads(int count);

/// Sets the largest number of threads of the regions that this thread enters; 0: no such limit. For threads of which several
/// call the core at a time, and would otherwise each bring a team of their own.
void limit_this_thread(int threads);

/// The threads of a region that this thread would enter now: those of the enclosing RunScope, else num_threads(), within
/// the limit of this thread; 1 in the thread that survived a fork (the pool of libgomp did not).
int usable_threads();

/// Settings of this thread, and of the regions that it enters, during a run. Regions have at most `threads` threads, so
/// that the scratch memory planned for them suffices whatever is set meanwhile. Denormal numbers (below 1.2e-38) are
/// flushed to zero: the moments of weights without a gradient decay into that range, where an operation is about a
/// hundred times slower. The mode is restored when the scope ends.
class RunScope {
 public:
  explicit RunScope(int threads);
  ~RunScope();
  RunScope(const RunScope&) = delete;
  RunScope& operator=(const RunScope&) = delete;

 private:
  int outer_threads_;
  unsigned outer_mode_;
};

/// Rough cost in nanoseconds of one core, for `work` below.
constexpr double fma_work(double multiply_adds) { return multiply_adds / 25; }
constexpr double byte_work(double bytes) { return bytes / 10; }

/// Work (in nanoseconds of one core) below which waking a second thread costs more than it saves.
constexpr double kGrain = 8000;

namespace detail {
using Task = void (*)(void* function, Index task, int thread);
void run_tasks(Index tasks, Task call, void* function);
/// The floating-point mode of this thread.
unsigned float_mode();
void set_float_mode(unsigned mode);
}  // namespace detail

/// Calls function(task, thread) for every task in [0, tasks). `work` estimates the total in nanoseconds of one core; below
/// kGrain all tasks run inline. `thread` is in [0, usable_threads()) and names the caller's own scratch.
template <class Function>
void parallel_for(Index tasks, double work, Function&& function) {
  if (tasks <= 1 || work < kGrain || usable_threads() == 1) {
    for (Index task = 0; task < tasks; ++task) function(task, 0);
    return;
  }
  using F = std::remove_reference_t<Function>;
  detail::run_tasks(
      tasks, [](void* f, Index task, int thread) { (*static_cast<F*>(f))(task, thread); },
      const_cast<void*>(static_cast<const void*>(&function)));
}

/// Cuts [0, count) into ranges of `chunk` and calls function(begin, end, thread) for each.
template <class Function>
void parallel_ranges(Index count, Index chunk, double work, Function&& function) {
  const Index tasks = (count + chunk - 1) / chunk;
  parallel_for(tasks, work, [&](Index task, int thread) {
    const Index begin = task * chunk;
    function(begin, begin + chunk < count ? begin + chunk : count, thread);
  });
}

}  // namespace fastnn
