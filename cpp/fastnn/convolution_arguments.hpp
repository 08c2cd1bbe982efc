// The arguments of Conv1D, Conv2D and Conv3D, and the shape that they make of an input. A sequence is an image of one row.
#pragma once

#include <string>
#include <vector>

#include "fastnn/config.hpp"
#include "fastnn/error.hpp"
#include "fastnn/kernels/conv3d.hpp"
#include "fastnn/tensor.hpp"
#include "fastnn/window.hpp"

namespace fastnn {

/// The geometry of windows that are placed on an input; channels, filters and groups are to be set.
inline kernels::Conv3DShape shape_of(const Windows& windows) {
  const WindowAxis &d = windows.depth(), &h = windows.height(), &w = windows.width();
  kernels::ConvShape plane = {};
  plane.in_h = h.in, plane.in_w = w.in;
  plane.out_h = h.out, plane.out_w = w.out;
  plane.kernel_h = h.size, plane.kernel_w = w.size;
  plane.stride_h = h.stride, plane.stride_w = w.stride;
  plane.dilation_h = h.dilation, plane.dilation_w = w.dilation;
  plane.pad_top = h.before, plane.pad_left = w.before;
  return {plane, d.in, d.out, d.size, d.stride, d.dilation, d.before};
}

class ConvolutionArguments {
 public:
  ConvolutionArguments(const Config& config, std::size_t rank)
      : windows_(config, rank, rank == 1),
        filters_(config.integer("filters")),
        groups_(config.integer("groups", 1)),
        use_bias_(config.flag("use_bias", true)) {
    require(filters_ >= 1, "filters expects a positive integer, got ", filters_);
    windows_.refuse_strided_dilation();
    require(groups_ >= 1, "groups expects a positive integer, got ", groups_);
    require(filters_ % groups_ == 0, "filters expects a multiple of groups=", groups_, ", got ", filters_);
  }

  /// Checks the inputs and computes the shape; returns the description of the output.
  Spec place(const std::string& who, const std::vector<Spec>& inputs) {
    windows_.take_input(who, inputs);
    const Shape& input = inputs[0].shape;
    const Index channels = input.back();
    require(channels % groups_ == 0, who, " expects channels that groups=", groups_, " divides, got ", channels,
            " channels in ", to_string(input));
    windows_.place(who);
    shape_ = shape_of(windows_);
    shape_.plane.channels = channels, shape_.plane.filters = filters_, shape_.plane.groups = groups_;
    return {windows_.output_shape(input[0], filters_), DType::real};
  }

  bool use_bias() const { return use_bias_; }
  const kernels::Conv3DShape& shape() const { return shape_; }
  Index filters() const { return filters_; }
  /// (sizes..., channels / groups, filters).
  Shape kernel_shape() const {
    Shape kernel = windows_.each(&WindowAxis::size);
    kernel.insert(kernel.end(), {shape_.plane.channels / groups_, filters_});
    return kernel;
  }

 private:
  Windows windows_;
  Index filters_, groups_;
  bool use_bias_;
  kernels::Conv3DShape shape_ = {};
};

}  // namespace fastnn
