// Threads that stand by for the parallel regions of whoever calls.
//
// An OpenMP region ends when every thread of its team has arrived, those too that found nothing left to do. On a machine
// with other work that means waiting for threads that the scheduler has put aside. Here tasks go to whichever thread asks
// for one, and a region ends with its last task: a helper that is not scheduled delays nobody. Idle helpers watch for a
// moment, so that the next region of a step finds them awake, and sleep then.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "fastnn/tensor.hpp"

namespace fastnn {

/// What a thread does between two looks at something that it waits for without sleeping.
inline void spin_pause() {
#if defined(__SSE2__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#else
  std::this_thread::yield();
#endif
}

class Crew {
 public:
  using Task = void (*)(void* function, Index task, int thread);

  explicit Crew(int helpers) : helpers_(helpers) {}
  int helpers() const { return helpers_; }

  /// Runs all tasks, on the calling thread (0) and on the helpers 1 to threads - 1 that come in time. Returns false, and runs
  /// nothing, if another thread has the crew now.
  bool run(Index tasks, Task call, void* function, int threads);

  /// What helper number `thread` (from 1 on) does until dismiss().
  void serve(int thread);

  /// Ends serve() of all helpers. Regions at hand, and later ones, are completed by their callers alone.
  void dismiss();

 private:
  // The region at hand. The ticket has its number in the upper half and the tasks that nobody has taken in the lower
  // one. Whoever exchanges a ticket for one with a task less has taken that task, and knows that the fields, read
  // after the ticket, are those of its region: they change only after its last task has been completed.
  std::atomic<std::uint64_t> ticket_{0};
  std::atomic<Index> tasks_{0}, unfinished_{0};
  std::atomic<Task> call_{nullptr};
  std::atomic<void*> function_{nullptr};
  std::atomic<int> threads_{0};
  std::atomic<unsigned> mode_{0};

  std::atomic<bool> taken_{false}, dismissed_{false};
  std::atomic<int> asleep_{0};
  std::mutex mutex_;
  std::condition_variable work_, done_;
  const int helpers_;

  bool take(std::uint64_t& ticket);
  void work(std::uint64_t ticket, int thread);
  std::uint64_t await(std::uint64_t seen);
};

}  // namespace fastnn
