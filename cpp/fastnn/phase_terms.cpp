// Losses and metrics of one phase: what a batch, or a part of it, contributes to them.
#include <algorithm>
#include <numeric>

#include "fastnn/phase.hpp"

namespace fastnn {

// The weights of a term's values: those of the samples, and 0 where a mask excludes a value.
struct Phase::Weighing {
  const Real* samples;       // one number per sample or per value; null: 1
  bool each;                 // per value
  const std::uint8_t* mask;  // per value; null: all count
  Index rows, size;

  double at(Index row, Index place) const {
    const Index i = row * size + place;
    if (mask != nullptr && mask[i] == 0) return 0;
    return samples == nullptr ? 1 : static_cast<double>(samples[each ? i : row]);
  }
  /// The number of values here that a mask lets count.
  double unmasked() const {
    double total = 0;
    for (Index i = 0; i < rows * size; ++i) total += mask[i];
    return total;
  }
  bool plain() const { return samples == nullptr && mask == nullptr; }
};

// What a mask lets count is known after the forward pass of all parts.
void Phase::count_unmasked(Convoy& convoy, const Batch& batch) {
  unmasked_.assign(losses_.size(), 0);
  bool any = false;
  for (const LossTerm& term : losses_) any = any || term.mask != kUnmasked;
  if (!any) return;
  peers_->chain(unmasked_, [&] {
    for (std::size_t k = 0; k < losses_.size(); ++k)
      if (losses_[k].mask != kUnmasked)
        for (Index part = 0; part < cut_.last - cut_.first; ++part)
          unmasked_[k] += weighing(convoy[part], batch, losses_[k]).unmasked();
  });
}

template <class Term>
Phase::Weighing Phase::weighing(const Session& session, const Batch& batch, const Term& term) const {
  const Spec& spec = executor_.graph().edge(term.edge).spec;
  Weighing weighing{nullptr, false, nullptr, spec.batched() ? session.rows() : 1, 0};
  weighing.size = spec.size(session.rows()) / weighing.rows;
  const auto i = static_cast<std::size_t>(term.sample_weights);
  if (spec.batched() && term.sample_weights != kUnweighted && batch.data.weights[i] != nullptr) {
    const Index values = batch.data.weights[i]->row_size();
    weighing.samples = batch.weights[i].data() + (session.first_row() - cut_.place) * values;
    weighing.each = values > 1;
  }
  if (term.mask != kUnmasked) weighing.mask = session.value<std::uint8_t>(term.mask);
  return weighing;
}

// What a term's one value for the whole batch is multiplied by: the mean weight of the samples, or their sum where the
// term is a sum. 1 for a term with a value per sample, and where there are no weights.
double Phase::weight_of_batch(const Batch& batch, const LossTerm& term) const {
  if (term.sample_weights == kUnweighted || executor_.graph().edge(term.edge).spec.batched()) return 1;
  const auto i = static_cast<std::size_t>(term.sample_weights);
  if (batch.data.weights[i] == nullptr) return 1;
  const Index count = batch.count * batch.data.weights[i]->row_size();
  double sum = 0;
  for (Index j = 0; j < count; ++j) sum += static_cast<double>(batch.weights[i].data()[j]);
  return term.summed ? sum : sum / static_cast<double>(count);
}

// Takes the losses of a part of a batch and, where gradients are needed, starts the backward pass with the derivative
// of the total with respect to each loss.
void Phase::take_losses(Session& session, const Batch& batch, Tally& tally) const {
  tally.total = 0;
  for (std::size_t k = 0; k < losses_.size(); ++k) {
    const LossTerm& term = losses_[k];
    const Real* values = session.value(term.edge);
    const bool batched = executor_.graph().edge(term.edge).spec.batched();
    Real* gradient = session.gradient(term.edge);
    if (!batched && session.first_row() > 0) {
      // A penalty that does not depend on rows counts once, with the first of several parts.
      tally.losses[k] = 0;
      if (gradient != nullptr) std::fill_n(gradient, executor_.graph().edge(term.edge).spec.size(1), 0.0_r);
      continue;
    }
    const Weighing weighing = this->weighing(session, batch, term);
    double count = 1;
    if (!term.summed && weighing.mask == nullptr)
      count = static_cast<double>((batched ? cut_.whole : 1) * weighing.size);
    else if (!term.summed)
      count = unmasked_.empty() ? weighing.unmasked() : unmasked_[k];
    count = std::max(count, 1e-7);
    double sum = 0;
    for (Index i = 0, at = 0; i < weighing.rows; ++i)
      for (Index j = 0; j < weighing.size; ++j, ++at)
        // A value that does not count may be anything, even NaN.
        if (const double weight = weighing.at(i, j); weight != 0) sum += weight * static_cast<double>(values[at]);
    const double of_batch = weight_of_batch(batch, term);
    tally.losses[k] = of_batch * sum / count;
    tally.total += term.weight * tally.losses[k];
    if (gradient != nullptr) {
      const auto share = static_cast<Real>(of_batch * term.weight / count);
      if (weighing.plain()) {
        std::fill_n(gradient, weighing.rows * weighing.size, share);
        continue;
      }
      for (Index i = 0, at = 0; i < weighing.rows; ++i)
        for (Index j = 0; j < weighing.size; ++j, ++at) gradient[at] = share * static_cast<Real>(weighing.at(i, j));
    }
  }
}

void Phase::take_metrics(const Session& session, const Batch& batch, Tally& tally) const {
  for (std::size_t k = 0; k < metrics_.size(); ++k) {
    if (metrics_[k].of_whole) continue;
    const Real* values = session.value(metrics_[k].edge);
    const Weighing weighing = this->weighing(session, batch, metrics_[k]);
    double sum = 0, count = 0;
    for (Index i = 0, at = 0; i < weighing.rows; ++i)
      for (Index j = 0; j < weighing.size; ++j, ++at) {
        const double weight = weighing.at(i, j);
        if (weight != 0) sum += weight * static_cast<double>(values[at]);
        count += weight;
      }
    tally.metrics[k] = sum;
    tally.metric_counts[k] = count;
  }
}

void Phase::take_metrics_of_whole(const Session& session) {
  for (std::size_t k = 0; k < metrics_.size(); ++k) {
    if (!metrics_[k].of_whole) continue;
    const Real* values = session.value(metrics_[k].edge);
    const Index size = session.graph().edge(metrics_[k].edge).spec.size(1);
    step_.metrics[k] = std::accumulate(values, values + size, 0.0);
    step_.metric_counts[k] = static_cast<double>(size);
  }
}

}  // namespace fastnn
