// L-BFGS (Liu & Nocedal, 1989): a quasi-Newton method for the loss over the whole data as one batch.
//
// One step is up to `max_iter` iterations. Each iteration takes a direction from the last `history_size` changes of the
// weights and of the gradient, and searches along it for a point that satisfies the strong Wolfe conditions (Nocedal &
// Wright, 2006, algorithms 3.5 and 3.6). Each trial is one evaluation of loss and gradient: `apply` answers `again` until
// the step is over. Where rounding hides the decrease of the loss, the slopes decide (Hager & Zhang, 2005).
#pragma once

#include <vector>

#include "fastnn/optimizer.hpp"

namespace fastnn {

class Lbfgs : public Optimizer {
 public:
  explicit Lbfgs(const Config& config);

  void build(const std::vector<VariablePtr>& weights) override;
  Outcome apply(const GradientTable& table, const Real* gradients, double loss) override;
  void abandon() override;
  bool finished() const override { return finished_; }
  Counts counts() const override { return counts_; }

 private:
  enum class State { idle, searching, settling };
  // A point on the line: the distance, the loss and its slope.
  struct Point {
    double at = 0, loss = 0, slope = 0;
  };
  using Vector = std::vector<Real>;

  void lay_out(const GradientTable& table);
  void take(const Real* gradients, Vector& to) const;
  void read_weights(Vector& to) const;
  void write_weights(const Vector& from) const;
  double dot(const Vector& a, const Vector& b);
  void add(const Vector& from, double factor, Vector& to) const;
  double largest(const Vector& values) const;

  Outcome search();
  void find_direction();
  Outcome try_at(double distance, State state = State::searching);
  Outcome judge(const Point& point);
  double between() const;
  Outcome give_up();
  Outcome accept(double loss);
  Outcome finish();

  Index most_iterations_, most_evaluations_;
  std::size_t history_size_;
  double gradient_tolerance_, loss_tolerance_;

  std::vector<VariablePtr> weights_;
  std::vector<Index> offsets_;
  Index size_ = 0;
  State state_ = State::idle;
  bool finished_ = false;
  Vector start_, weights_now_, trial_, gradient_, gradient_trial_, direction_;
  double loss_ = 0, slope_ = 0;
  Index iteration_ = 0, evaluations_ = 0;  // of the step, of the search
  Counts counts_;
  // The line search: the trial, the best point so far and, once an interval is known, its other end.
  double distance_ = 0;
  Point best_, other_;
  bool bracketed_ = false;
  // Pairs of changes, oldest first.
  struct Pair {
    Vector weights, gradient;
    double inverse;
  };
  std::vector<Pair> pairs_;
  std::vector<double> parts_, factors_;
};

}  // namespace fastnn
