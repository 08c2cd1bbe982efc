// The executor: runs a graph's passes over one batch in a plan's arena. One forward and one backward pass serve training,
// evaluation, prediction and tests alike.
//
// A Session is a plan with its memory and every pointer already set, so that a pass allocates nothing. An Executor makes
// sessions for a graph and keeps a few, for concurrent callers and for batches of other sizes.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "fastnn/graph.hpp"
#include "fastnn/plan.hpp"

namespace fastnn {

/// Asked between nodes of a long pass; raises to drop the pass. Empty: never interrupted.
using Pulse = std::function<void()>;

/// The gradients of all trained weights of a graph in one flat block.
struct GradientTable {
  explicit GradientTable(const Graph& graph);

  std::vector<VariablePtr> weights;  ///< in the order in which nodes name them
  std::vector<Index> offsets;        ///< of each weight's gradient, in floats; a multiple of 16
  Index size = 0;                    ///< of the whole block, in floats

  Index find(const Variable* weight) const;  ///< position in `weights`, or -1
};

class Session {
 public:
  Session(const Graph& graph, const Wanted& wanted, const GradientTable* table, Index capacity, int threads);

  const Plan& plan() const { return plan_; }
  template <class T = float>
  T* value(EdgeId edge) const {
    return static_cast<T*>(pointer(plan_.values[static_cast<std::size_t>(edge)]));
  }
  float* gradient(EdgeId edge) const {
    return static_cast<float*>(pointer(plan_.gradients[static_cast<std::size_t>(edge)]));
  }
  float* weight_gradients() const { return gradients_.as<float>(); }
  Index rows() const { return rows_; }

  /// Lets the value of an edge, be it an input or an output of the graph, lie at `at` in the coming passes, and with it those of
  /// its aliases (null: in the arena again).
  void bind(EdgeId edge, void* at);
  /// Starts a batch of `rows`, at most the capacity.
  void begin(Index rows);
  /// Both passes expect ReadVariables to be held.
  void forward(const Pulse& pulse);
  void backward(const Pulse& pulse);
  /// Whether a step leaves something behind: state that nodes keep, or random numbers drawn.
  bool commits() const { return draws_ || keeps_state_; }
  /// State and random streams. Expects WriteVariables to be held.
  void commit();
  /// Fills the arena with NaN, so that a read of what was never written shows (for tests).
  void poison();

 private:
  void* pointer(int placement) const {
    return placement == kNowhere ? nullptr : pointers_[static_cast<std::size_t>(placement)];
  }

  // A weight named by several nodes: what a later one of them wrote aside is added to the first's.
  struct SharedGradient {
    std::size_t node;
    float* from;
    float* to;
    Index count;
  };
  struct Addition {
    std::size_t node;
    const float* from;
    float* to;
    const Spec* spec;
  };

  const Graph& graph_;
  const Wanted wanted_;
  Plan plan_;
  std::vector<void*> pointers_;  // per placement
  AlignedBuffer arena_, gradients_, shared_gradients_;
  std::vector<Context> contexts_;
  std::vector<std::uint64_t> prepared_;      // per node: sum of its weights' versions when prepare() last ran
  std::vector<std::uint64_t> drawn_before_;  // per node: earlier nodes that draw from its stream
  bool draws_ = false, keeps_state_ = false;
  std::vector<SharedGradient> shared_;
  std::vector<Addition> additions_;
  Index rows_ = 0;
};

class Executor {
 public:
  /// `wanted.outputs` are edges of `graph`; what runs is the rewritten graph.
  Executor(const Graph& graph, Wanted wanted);

  const Graph& graph() const { return graph_; }
  const Wanted& wanted() const { return wanted_; }
  const GradientTable& gradients() const { return gradients_; }
  EdgeId output(std::size_t i) const { return wanted_.outputs[i]; }

  /// A session for batches of up to `capacity` rows that nobody else uses; give it back with release().
  std::unique_ptr<Session> acquire(Index capacity);
  void release(std::unique_ptr<Session> session);

  std::string describe_plan(Index capacity) const;

 private:
  Wanted wanted_;
  Graph graph_;
  GradientTable gradients_;
  ForkSafeMutex mutex_;
  std::vector<std::unique_ptr<Session>> idle_;
};

/// A session for as long as it is in scope.
class SessionLease {
 public:
  SessionLease(Executor& executor, Index capacity) : executor_(executor), session_(executor.acquire(capacity)) {}
  ~SessionLease() { executor_.release(std::move(session_)); }
  SessionLease(const SessionLease&) = delete;
  SessionLease& operator=(const SessionLease&) = delete;
  Session& operator*() const { return *session_; }
  Session* operator->() const { return session_.get(); }

 private:
  Executor& executor_;
  std::unique_ptr<Session> session_;
};

}  // namespace fastnn
