// Functions of one element, of two and of three: values and derivatives over nested loops, on all threads. Products of
// registers where a register function exists, else through double precision (precise.hpp); nothing from libm.
#pragma once

#include <cstdint>
#include <string>

#include "fastnn/kernels/walk.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

enum class Unary : std::uint8_t {
  negative,
  abs,
  sign,
  exp,
  exp2,
  expm1,
  log,
  log1p,
  log2,
  log10,
  sqrt,
  rsqrt,
  square,
  reciprocal,
  sin,
  cos,
  tan,
  arcsin,
  arccos,
  arctan,
  sinh,
  cosh,
  tanh,
  arcsinh,
  arccosh,
  arctanh,
  erf,
  erfinv,
  floor,
  ceil,
  round,
  trunc,
  sigmoid,
  isnan,
  isinf,
  isfinite,
  logical_not,
};
enum class Binary : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  mod,
  power,
  maximum,
  minimum,
  arctan2,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
  logical_xor,
};

/// The function of Keras' name; false where there is none.
bool find_unary(const std::string& name, Unary& found);
bool find_binary(const std::string& name, Binary& found);

/// What a function makes of arguments.
inline bool tells(Unary op) { return op >= Unary::isnan; }                                   // bool from float32
inline bool compares(Binary op) { return op >= Binary::equal && op < Binary::logical_and; }  // bool from two numbers
inline bool is_logical(Binary op) { return op >= Binary::logical_and; }                      // bool from two bools
/// Where the derivative is zero or is not defined at all, no gradient goes through.
bool differentiable(Unary op);
bool differentiable(Binary op);
/// What the derivative is computed from besides the gradient above.
bool derivative_reads_input(Unary op);
bool derivative_reads_output(Unary op);
bool derivative_reads_inputs(Binary op);

/// y = f(x) for `count` floats.
void unary(Unary op, const float* x, float* y, Index count);
void unary(Unary op, const std::int32_t* x, std::int32_t* y, Index count);
void unary(Unary op, const float* x, bool* y, Index count);
void logical_not(const bool* x, bool* y, Index count);
/// dx = dy * f'(x); x and y may be null where the derivative does not read them.
void unary_gradient(Unary op, const float* x, const float* y, const float* dy, float* dx, Index count);

/// y = f(a, b), y dense in the order of the loops over a and b.
void binary(Binary op, const Loops<2>& loops, Index rows, const float* a, const float* b, float* y);
void binary(Binary op, const Loops<2>& loops, Index rows, const std::int32_t* a, const std::int32_t* b,
            std::int32_t* y);
/// Comparisons of floats or whole numbers, and logic of bools.
void binary(Binary op, const Loops<2>& loops, Index rows, const float* a, const float* b, bool* y);
void binary(Binary op, const Loops<2>& loops, Index rows, const std::int32_t* a, const std::int32_t* b, bool* y);
void binary(Binary op, const Loops<2>& loops, Index rows, const bool* a, const bool* b, bool* y);
/// d = dy * (derivative of f to argument `which`), for every element of y and dense as y is.
void binary_gradient(Binary op, int which, const Loops<2>& loops, Index rows, const float* a, const float* b,
                     const float* dy, float* d);

/// y = condition ? a : b, dense; elements of 4 bytes or 1.
void where(const Loops<3>& loops, Index rows, const bool* condition, const float* a, const float* b, float* y);
void where(const Loops<3>& loops, Index rows, const bool* condition, const std::int32_t* a, const std::int32_t* b,
           std::int32_t* y);
void where(const Loops<3>& loops, Index rows, const bool* condition, const bool* a, const bool* b, bool* y);
/// d = dy where the condition is `wanted`, else 0.
void where_gradient(const Loops<3>& loops, Index rows, bool wanted, const bool* condition, const float* dy, float* d);

/// y = x brought into [low, high]; NaN stays NaN. The gradient passes where x lay in it.
void clip(float low, float high, const float* x, float* y, Index count);
void clip(float low, float high, const std::int32_t* x, std::int32_t* y, Index count);
void clip_gradient(float low, float high, const float* x, const float* dy, float* dx, Index count);

/// y = x as another type: whole numbers are cut towards zero and bounded by what they can hold, NaN is 0; true is 1.
void cast(DType from, const void* x, DType to, void* y, Index count);

/// x *= factor.
void scale(float factor, float* x, Index count);

}  // namespace fastnn::kernels
