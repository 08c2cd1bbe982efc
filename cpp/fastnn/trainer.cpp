// Steps and runs.
#include "fastnn/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>

#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using Clock = Patience::Clock;

double seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Index Trainer::optimizers() const {
  Index count = 0;
  for (const auto& phase : phases_) count += phase->optimizers();
  return count;
}

void Trainer::reset() {
  std::lock_guard<ForkSafeMutex> guard(run_lock_);
  for (const auto& phase : phases_) phase->reset();
}

void Trainer::gather_weights(const RunData& data, const Index* order, Index begin, Index count) {
  weights_.resize(data.weights.size());
  for (std::size_t i = 0; i < data.weights.size(); ++i) {
    if (data.weights[i] == nullptr) continue;
    const auto size = static_cast<std::size_t>(count * data.weights[i]->row_size());
    if (weights_[i].size() < size) weights_[i].resize(size);
    gather(*data.weights[i], order, begin, count, DType::real, weights_[i].data());
  }
}

Index Trainer::run(const RunData& data, const Index* order, Index batch_size, Index first, Index last,
                   const double* rates, double budget, bool until_invalid, const Pulse& pulse) {
  for (const auto& phase : phases_) phase->check(data);
  require(batch_size >= 1, "batch_size expects a positive integer, got ", batch_size);
  std::lock_guard<ForkSafeMutex> guard(run_lock_);
  const Index rows = data.columns[0].rows();
  std::vector<std::unique_ptr<Workspace>> spaces;
  for (const auto& phase : phases_) spaces.push_back(phase->workspace(std::min(batch_size, rows)));
  const RunScope scope(spaces.front()->threads());
  // What does not fit the last batch is found before the first step.
  if (first < last)
    for (const auto& phase : phases_) phase->check_rows(std::min(batch_size, rows - (last - 1) * batch_size));

  const Clock::time_point start = Clock::now();
  Clock::time_point began = start;
  Patience patience(pulse);
  const Pulse timed = [&] { patience.ask(); };
  const Pulse never;
  // A reading of the clock after every node would cost a small network more than the node itself; after each step is
  // enough.
  Index step = first;
  while (step < last) {
    const Index begin = step * batch_size, count = std::min(batch_size, rows - begin);
    gather_weights(data, order, begin, count);
    const Batch batch{data, order, begin, count, weights_};
    for (const auto& space : spaces) space->fit(count);
    for (std::size_t i = 0; i < phases_.size(); ++i) {
      Phase& phase = *phases_[i];
      const bool droppable = i == 0;
      phase.set_rates(rates);
      try {
        do {
          phase.gradients_of_batch(*spaces[i], batch, droppable && long_steps_ ? timed : never);
          phase.reduce(*spaces[i]);
        } while (!phase.commit(*spaces[i]));
      } catch (...) {
        phase.abandon();
        throw;
      }
      if (rates != nullptr) rates += phase.optimizers();
    }
    ++step;
    if (until_invalid && !std::isfinite(loss())) break;
    const Clock::time_point now = Clock::now();
    long_steps_ = seconds(began, now) > Patience::kSeconds / 10;
    began = now;
    if (seconds(start, now) >= budget) break;
    if (!long_steps_) patience.ask(now);
  }
  return step - first;
}

void Trainer::take_sums(const Trainer& other) {
  require(phases_.size() == other.phases_.size(), "take_sums expects a trainer of as many phases");
  std::lock_guard<ForkSafeMutex> guard(run_lock_);
  for (std::size_t i = 0; i < phases_.size(); ++i) phases_[i]->take_sums(*other.phases_[i]);
}

void Trainer::run_passes(const RunData& data, const std::vector<OrderOfRows>& orders, Index batch_size, double budget,
                         const Pulse& pulse, std::vector<std::vector<double>>& means) {
  require(batch_size >= 1, "batch_size expects a positive integer, got ", batch_size);
  const Index steps = (data.columns[0].rows() + batch_size - 1) / batch_size;
  const Clock::time_point start = Clock::now();
  for (const OrderOfRows& order : orders) {
    reset();
    run(data, order(), batch_size, 0, steps, nullptr, std::numeric_limits<double>::infinity(), false, pulse);
    means.push_back(settle(false, {}));
    const bool done = std::any_of(phases_.begin(), phases_.end(), [](const auto& phase) { return phase->finished(); });
    if (done || seconds(start, Clock::now()) >= budget) return;
  }
}

std::vector<std::pair<double, double>> Trainer::results() const {
  std::vector<std::pair<double, double>> sums;
  for (const auto& phase : phases_) phase->append_results(sums);
  return sums;
}

void Trainer::take_results(const std::vector<std::pair<double, double>>& sums) {
  std::lock_guard<ForkSafeMutex> guard(run_lock_);
  std::size_t taken = 0;
  for (const auto& phase : phases_) taken = phase->take_results(sums, taken);
  require(taken == sums.size(), "expected ", taken, " sums of losses and metrics, got ", sums.size());
}

void Trainer::keep(std::vector<MeanOfResults> means) {
  const std::size_t count = results().size();
  for (const MeanOfResults& mean : means) {
    for (const Accumulator& part : {mean.sum, mean.count})
      require(part.rounded->shape().empty() && part.remainder->shape().empty(), part.rounded->path, " has shape ",
              to_string(part.rounded->shape()), ", a mean is held in variables without dimensions");
    for (const MeanOfResults::Term& term : mean.terms)
      require(term.sum < count && term.count.value_or(0) < count, "a mean reads a result beyond the ", count,
              " of this trainer");
  }
  means_ = std::move(means);
}

std::vector<double> Trainer::settle(bool add, const BeforeWaiting& before_waiting) {
  const std::vector<std::pair<double, double>> found = results();
  std::vector<double> means;
  means.reserve(means_.size());
  Members members;
  for (const MeanOfResults& mean : means_)
    for (const Accumulator& part : {mean.sum, mean.count})
      for (const VariablePtr& variable : {part.rounded, part.remainder}) members.push_back(variable.get());
  const WriteVariables writing(members, before_waiting);
  for (const MeanOfResults& mean : means_) {
    double sum = 0, count = 0;
    for (const MeanOfResults::Term& term : mean.terms) {
      sum += found[term.sum].first;
      count += term.count ? found[*term.count].first : found[term.sum].second;
    }
    if (add) sum += mean.sum.value(), count += mean.count.value();
    mean.sum.set(sum);
    mean.count.set(count);
    mean.sum.touch();
    mean.count.touch();
    means.push_back(count == 0 ? 0 : sum / count);
  }
  return means;
}

std::vector<std::pair<VariablePtr, std::vector<Real>>> Trainer::gradients(const RunData& data, const Pulse& pulse) {
  phases_.front()->check(data);
  std::lock_guard<ForkSafeMutex> guard(run_lock_);
  const Index rows = data.columns[0].rows();
  gather_weights(data, nullptr, 0, rows);
  return phases_.front()->gradients({data, nullptr, 0, rows, weights_}, pulse);
}

std::string Trainer::describe_plan(Index batch_size) {
  std::string text;
  for (const auto& phase : phases_) text += phase->describe_plan(batch_size);
  return text;
}

}  // namespace fastnn
