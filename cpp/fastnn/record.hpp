// A record of where the time of steps goes, kept while it is asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace fastnn {

/// What a span of time was spent on: passes of a node, and parts of a step that belong to no node.
enum class Part : int { prepare, forward, backward, data, losses, reduce, update };

struct Span {
  int node;  ///< -1: of no node
  Part part;
  int thread;
  double begin, end;  ///< seconds of a steady clock
};

/// The spans of one session, on one thread. Room is made before a pass; what finds none is not kept but counted.
class Record {
 public:
  static constexpr std::size_t kMost = 1 << 16;

  bool on() const { return on_; }
  void start(int thread) {
    thread_ = thread;
    on_ = true;
    spans_.reserve(kMost);
  }
  void stop() {
    on_ = false;
    spans_ = {};
  }
  void add(int node, Part part, double begin, double end) {
    if (spans_.size() < kMost)
      spans_.push_back({node, part, thread_, begin, end});
    else
      ++lost_;
  }
  /// Moves the spans to the end of `to` and returns how many were lost.
  std::int64_t move_to(std::vector<Span>& to) {
    to.insert(to.end(), spans_.begin(), spans_.end());
    spans_.clear();
    return std::exchange(lost_, 0);
  }

 private:
  bool on_ = false;
  int thread_ = 0;
  std::int64_t lost_ = 0;
  std::vector<Span> spans_;
};

/// Adds the time of its own life to a record that is on.
class Timed {
 public:
  Timed(Record& record, Part part, int node = -1) : record_(record), part_(part), node_(node) {
    if (record.on()) begin_ = now();
  }
  ~Timed() {
    if (record_.on()) record_.add(node_, part_, begin_, now());
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  Record& record_;
  const Part part_;
  const int node_;
  double begin_ = 0;
};

}  // namespace fastnn
