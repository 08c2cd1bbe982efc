// Functions of one, two and three elements, and their derivatives. Those of one work on a range of an array, the others on
// nested loops and on all threads. They use packet functions where those exist, else double precision (precise.hpp), and
// nothing from libm.
#pragma once

#include <cstdint>
#include <string_view>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/kernels/names.hpp"
#include "fastnn/kernels/walk.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// What a derivative is computed from; `flat`: it is zero or not defined, and no gradient passes.
enum class Reads : std::uint8_t { nothing, input, output, flat };

/// Functions of one float: name, the struct that computes it, what its derivative reads.
#define FASTNN_UNARY_FUNCTIONS(X)   \
  X(negative, Negative, nothing)    \
  X(abs, Abs, input)                \
  X(sign, Sign, flat)               \
  X(exp, Exp, output)               \
  X(exp2, Exp2, output)             \
  X(expm1, Expm1, output)           \
  X(log, Log, input)                \
  X(log1p, Log1p, input)            \
  X(log2, Log2, input)              \
  X(log10, Log10, input)            \
  X(sqrt, Sqrt, output)             \
  X(rsqrt, Rsqrt, output)           \
  X(square, Square, input)          \
  X(reciprocal, Reciprocal, output) \
  X(sin, Sin, input)                \
  X(cos, Cos, input)                \
  X(tan, Tan, output)               \
  X(arcsin, Arcsin, input)          \
  X(arccos, Arccos, input)          \
  X(arctan, Arctan, input)          \
  X(sinh, Sinh, input)              \
  X(cosh, Cosh, input)              \
  X(tanh, Tanh, output)             \
  X(arcsinh, Arcsinh, input)        \
  X(arccosh, Arccosh, input)        \
  X(arctanh, Arctanh, input)        \
  X(erf, Erf, input)                \
  X(erfinv, Erfinv, output)         \
  X(floor, Floor, flat)             \
  X(ceil, Ceil, flat)               \
  X(round, Round, flat)             \
  X(trunc, Trunc, flat)             \
  X(sigmoid, Sigmoid, output)

/// Functions of two floats: name, the struct that computes it, and what its derivatives read.
#define FASTNN_BINARY_FUNCTIONS(X)   \
  X(add, Add, nothing)               \
  X(subtract, Subtract, nothing)     \
  X(multiply, Multiply, input)       \
  X(divide, Divide, input)           \
  X(floor_divide, FloorDivide, flat) \
  X(mod, Mod, input)                 \
  X(power, Power, input)             \
  X(maximum, Maximum, input)         \
  X(minimum, Minimum, input)         \
  X(arctan2, Arctan2, input)

/// Functions with another type of result or argument, which no gradient passes.
#define FASTNN_TESTS(X) X(isnan) X(isinf) X(isfinite)
#define FASTNN_COMPARISONS(X) X(equal) X(not_equal) X(less) X(less_equal) X(greater) X(greater_equal)
#define FASTNN_LOGIC(X) X(logical_and) X(logical_or) X(logical_xor)

#define FASTNN_NAME(name, ...) name,
enum class Unary : std::uint8_t { FASTNN_UNARY_FUNCTIONS(FASTNN_NAME) FASTNN_TESTS(FASTNN_NAME) logical_not };
enum class Binary : std::uint8_t {
  FASTNN_BINARY_FUNCTIONS(FASTNN_NAME) FASTNN_COMPARISONS(FASTNN_NAME) FASTNN_LOGIC(FASTNN_NAME)
};
#undef FASTNN_NAME

#define FASTNN_NAME(name, ...) #name,
inline constexpr const char* kUnaryNames[] = {FASTNN_UNARY_FUNCTIONS(FASTNN_NAME)
                                                  FASTNN_TESTS(FASTNN_NAME) "logical_not"};
inline constexpr const char* kBinaryNames[] = {FASTNN_BINARY_FUNCTIONS(FASTNN_NAME) FASTNN_COMPARISONS(FASTNN_NAME)
                                                   FASTNN_LOGIC(FASTNN_NAME)};
#undef FASTNN_NAME

#define FASTNN_READS(name, Struct, reads) Reads::reads,
inline constexpr Reads kUnaryReads[] = {FASTNN_UNARY_FUNCTIONS(FASTNN_READS)};
inline constexpr Reads kBinaryReads[] = {FASTNN_BINARY_FUNCTIONS(FASTNN_READS)};
#undef FASTNN_READS

/// The function with this Keras name; false if there is none.
inline bool find_unary(std::string_view name, Unary& found) { return find_name(kUnaryNames, name, found); }
inline bool find_binary(std::string_view name, Binary& found) { return find_name(kBinaryNames, name, found); }

/// Result and argument types other than float32 to float32.
inline bool tells(Unary op) { return op >= Unary::isnan; }               // float32 to bool
inline bool is_logical(Binary op) { return op >= Binary::logical_and; }  // two bools to bool

/// What the derivatives read; functions without a float32 result are flat.
constexpr Reads reads_of(Unary op) {
  return op < Unary::isnan ? kUnaryReads[static_cast<std::size_t>(op)] : Reads::flat;
}
constexpr Reads reads_of(Binary op) {
  return op < Binary::equal ? kBinaryReads[static_cast<std::size_t>(op)] : Reads::flat;
}
inline bool differentiable(Unary op) { return reads_of(op) != Reads::flat; }
inline bool differentiable(Binary op) { return reads_of(op) != Reads::flat; }
inline bool derivative_reads_input(Unary op) { return reads_of(op) == Reads::input; }
inline bool derivative_reads_output(Unary op) { return reads_of(op) == Reads::output; }
inline bool derivative_reads_inputs(Binary op) { return reads_of(op) == Reads::input; }

/// y = f(x) for `count` elements: floats, int32, or a test of floats.
KERNEL(void, unary_float)(Unary op, const Real* x, Real* y, Index count);
KERNEL(void, unary_int)(Unary op, const std::int32_t* x, std::int32_t* y, Index count);
KERNEL(void, unary_test)(Unary op, const Real* x, bool* y, Index count);
inline constexpr Overloaded<&unary_float, &unary_int, &unary_test> unary{};
KERNEL(void, logical_not)(const bool* x, bool* y, Index count);
/// dx = dy * f'(x); x and y may be null where the derivative does not read them.
KERNEL(void, unary_gradient)(Unary op, const Real* x, const Real* y, const Real* dy, Real* dx, Index count);

/// y = f(a, b), y dense in the order of the loops over a and b.
KERNEL(void, binary_float)(Binary op, const Loops<2>& loops, Index rows, const Real* a, const Real* b, Real* y);
KERNEL(void, binary_int)(Binary op, const Loops<2>& loops, Index rows, const std::int32_t* a, const std::int32_t* b,
                         std::int32_t* y);
/// Comparisons of floats or integers, and logic of bools.
KERNEL(void, compare_float)(Binary op, const Loops<2>& loops, Index rows, const Real* a, const Real* b, bool* y);
KERNEL(void, compare_int)(Binary op, const Loops<2>& loops, Index rows, const std::int32_t* a, const std::int32_t* b,
                          bool* y);
KERNEL(void, binary_bool)(Binary op, const Loops<2>& loops, Index rows, const bool* a, const bool* b, bool* y);
inline constexpr Overloaded<&binary_float, &binary_int, &compare_float, &compare_int, &binary_bool> binary{};
/// d = dy * (derivative of f with respect to argument `which`), for every element of y and dense as y is.
KERNEL(void, binary_gradient)(Binary op, int which, const Loops<2>& loops, Index rows, const Real* a, const Real* b,
                              const Real* dy, Real* d);

/// y = condition ? a : b, dense.
KERNEL(void, where_float)(const Loops<3>& loops, Index rows, const bool* condition, const Real* a, const Real* b,
                          Real* y);
KERNEL(void, where_int)(const Loops<3>& loops, Index rows, const bool* condition, const std::int32_t* a,
                        const std::int32_t* b, std::int32_t* y);
KERNEL(void, where_bool)(const Loops<3>& loops, Index rows, const bool* condition, const bool* a, const bool* b,
                         bool* y);
inline constexpr Overloaded<&where_float, &where_int, &where_bool> where{};
/// d = dy where the condition is `wanted`, else 0.
KERNEL(void, where_gradient)(const Loops<3>& loops, Index rows, bool wanted, const bool* condition, const Real* dy,
                             Real* d);

/// y = x bounded to [low, high]; NaN stays NaN. The gradient passes where x is inside.
KERNEL(void, clip_float)(Real low, Real high, const Real* x, Real* y, Index count);
KERNEL(void, clip_int)(Real low, Real high, const std::int32_t* x, std::int32_t* y, Index count);
inline constexpr Overloaded<&clip_float, &clip_int> clip{};
KERNEL(void, clip_gradient)(Real low, Real high, const Real* x, const Real* dy, Real* dx, Index count);

/// y = x as another type. Floats become integers by truncation, bounded by the range of int32, NaN becomes 0; true is 1.
KERNEL(void, cast)(DType from, const void* x, DType to, void* y, Index count);

/// x *= factor.
KERNEL(void, scale)(Real factor, Real* x, Index count);

}  // namespace fastnn::kernels
