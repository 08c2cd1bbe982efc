// The geometry of windows that slide over one, two or three axes: sizes, strides, dilation and padding from the
// arguments, and the positions of the windows on an input. Shared by all kinds of convolution and pooling.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "fastnn/config.hpp"
#include "fastnn/error.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn {

enum class Padding { valid, same, causal };

/// The argument `padding`, in lower or upper case.
inline Padding read_padding(const Config& config, bool causal = false) {
  const std::string asked = config.word("padding", "valid");
  std::string padding = asked;
  for (char& letter : padding) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  require(padding == "valid" || padding == "same" || (causal && padding == "causal"),
          causal ? "padding expects \"valid\", \"same\" or \"causal\", got \""
                 : "padding expects \"valid\" or \"same\", got \"",
          asked, "\"");
  return padding == "valid" ? Padding::valid : padding == "same" ? Padding::same : Padding::causal;
}

/// "(3, 5)".
inline std::string listed(const std::vector<Index>& sizes) {
  std::string text = "(";
  for (std::size_t i = 0; i < sizes.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(sizes[i]);
  return text + (sizes.size() == 1 ? ",)" : ")");
}

/// An argument of `rank` integers of at least `least`; `otherwise` where it is None.
inline std::vector<Index> read_sizes(const Config& config, const std::string& key, std::size_t rank,
                                     const std::vector<Index>& otherwise, Index least = 1) {
  std::vector<Index> sizes =
      config.has(key) || otherwise.size() != rank ? config.integers(key, rank) : std::vector<Index>(otherwise);
  for (Index size : sizes)
    require(size >= least, key, least == 1 ? " expects positive integers, got " : " expects no negative integers, got ",
            listed(sizes));
  return sizes;
}

/// One axis under a window.
struct WindowAxis {
  Index size = 1, stride = 1, dilation = 1;
  Index in = 1, out = 1;
  Index before = 0;  ///< padding before the first pixel

  /// The extent of a window in pixels, with dilation.
  Index span() const { return (size - 1) * dilation + 1; }
};

/// Checks that there is one input (batch, ..., channels) of known size with `rank` axes between. Raises ValueError.
inline void check_windowed(const std::string& who, const std::vector<Spec>& inputs, std::size_t rank) {
  require(inputs.size() == 1, who, " expects one input, got ", inputs.size());
  require(inputs[0].dtype == DType::real, who, " expects a ", kReal, " input, got ", name_of(inputs[0].dtype));
  const Shape& shape = inputs[0].shape;
  static constexpr const char* kForms[] = {"(batch, steps, channels)", "(batch, height, width, channels)",
                                           "(batch, depth, height, width, channels)"};
  require(shape.size() == rank + 2, who, " expects ", kForms[rank - 1], ", got ", to_string(shape),
          shape.size() == rank + 1 ? "; add a last axis of one channel with Reshape"
          : shape.size() == 2      ? "; put it before Flatten and Dense, or restore its axes with Reshape"
                                   : "");
  for (std::size_t i = 1; i < shape.size(); ++i)
    require(shape[i] >= 1, who, " expects an input of known, positive size, got ", to_string(shape));
}

/// A window over `rank` axes, the last ones of (depth, height, width). Missing axes have one pixel and a window of one.
class Windows {
 public:
  /// Reads the arguments of a convolution.
  Windows(const Config& config, std::size_t rank, bool causal = false)
      : Windows(rank, "kernel_size", read_padding(config, causal)) {
    const std::vector<Index> ones(rank, 1);
    take(read_sizes(config, "kernel_size", rank, {}), read_sizes(config, "strides", rank, ones),
         read_sizes(config, "dilation_rate", rank, ones));
  }
  /// Reads the arguments of pooling: by default windows of two pixels without overlap.
  static Windows of_pooling(const Config& config, std::size_t rank) {
    Windows windows(rank, "pool_size", read_padding(config));
    const std::vector<Index> sizes = read_sizes(config, "pool_size", rank, std::vector<Index>(rank, 2));
    windows.take(sizes, read_sizes(config, "strides", rank, sizes), std::vector<Index>(rank, 1));
    return windows;
  }

  std::size_t rank() const { return rank_; }
  Padding padding() const { return padding_; }
  /// Axis i of the `rank` axes.
  WindowAxis& axis(std::size_t i) { return axes_[3 - rank_ + i]; }
  const WindowAxis& axis(std::size_t i) const { return axes_[3 - rank_ + i]; }
  const WindowAxis& depth() const { return axes_[0]; }
  const WindowAxis& height() const { return axes_[1]; }
  const WindowAxis& width() const { return axes_[2]; }

  /// One number for each of the `rank` axes.
  std::vector<Index> each(Index WindowAxis::* member) const {
    std::vector<Index> list;
    for (std::size_t i = 0; i < rank_; ++i) list.push_back(axis(i).*member);
    return list;
  }
  std::vector<Index> spans() const {
    std::vector<Index> list;
    for (std::size_t i = 0; i < rank_; ++i) list.push_back(axis(i).span());
    return list;
  }

  /// Raises ValueError for strides combined with dilation, as Keras does.
  void refuse_strided_dilation() const {
    const auto above_one = [](const std::vector<Index>& list) {
      return std::any_of(list.begin(), list.end(), [](Index number) { return number > 1; });
    };
    const std::vector<Index> strides = each(&WindowAxis::stride), dilation = each(&WindowAxis::dilation);
    require(!above_one(strides) || !above_one(dilation),
            "strides > 1 cannot be combined with dilation_rate > 1, got strides ", listed(strides),
            " and dilation_rate ", listed(dilation), "; set one of them to 1");
  }

  /// Checks an input (batch, ..., channels) and sets the sizes.
  void take_input(const std::string& who, const std::vector<Spec>& inputs) {
    check_windowed(who, inputs, rank_);
    for (std::size_t i = 0; i < rank_; ++i) axis(i).in = inputs[0].shape[i + 1];
  }

  /// Computes the padding. If the total is odd, the extra pixel is at the end, as in TensorFlow.
  void place(const std::string& who) {
    for (std::size_t i = 0; i < rank_; ++i) {
      WindowAxis& a = axis(i);
      a.before = 0;
      if (padding_ == Padding::valid) {
        a.out = a.in < a.span() ? 0 : (a.in - a.span()) / a.stride + 1;
      } else {
        a.out = (a.in + a.stride - 1) / a.stride;
        a.before = padding_ == Padding::causal ? a.span() - 1
                                               : std::max<Index>((a.out - 1) * a.stride + a.span() - a.in, 0) / 2;
      }
      require(a.out >= 1, who, " expects an input no smaller than its window, got ", listed(each(&WindowAxis::in)),
              " pixels for a window that spans ", listed(spans()), "; use padding=\"same\", a smaller ", size_key_,
              " or fewer layers that make images smaller");
    }
  }

  /// The sizes of the `rank` axes of the output.
  Shape output_shape(Index batch, Index channels) const { return around(batch, each(&WindowAxis::out), channels); }
  /// The shape (first, middle..., last).
  static Shape around(Index first, const std::vector<Index>& middle, Index last) {
    Shape shape{first};
    shape.insert(shape.end(), middle.begin(), middle.end());
    shape.push_back(last);
    return shape;
  }

 private:
  Windows(std::size_t rank, const char* size_key, Padding padding)
      : rank_(rank), size_key_(size_key), padding_(padding) {}

  void take(const std::vector<Index>& sizes, const std::vector<Index>& strides, const std::vector<Index>& dilation) {
    for (std::size_t i = 0; i < rank_; ++i) {
      axis(i).size = sizes[i];
      axis(i).stride = strides[i];
      axis(i).dilation = dilation[i];
    }
  }

  std::size_t rank_;
  const char* size_key_;
  Padding padding_;
  std::array<WindowAxis, 3> axes_;
};

}  // namespace fastnn
