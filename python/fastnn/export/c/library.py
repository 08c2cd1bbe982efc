"""Functions of C of which exported models are made, and the activations.

`code.py` writes into a file those that the nodes of the file call.
"""

from __future__ import annotations

LIBRARY: dict[str, str] = {
    "Window": """/* Sizes along depth, height and width; what an image does not have is 1. */
typedef struct {
  int in[3], out[3], size[3], stride[3], dilation[3], before[3];
} Window;""",
    "dense": """/* y = x w + bias for each of the rows; w is (n, units). */
static void dense(const float *x, int rows, int n, int units, const float *w, const float *bias, float *y) {
  int r, j, k;
  for (r = 0; r < rows; ++r, x += n, y += units)
    for (j = 0; j < units; ++j) {
      FASTNN_SUM sum = bias ? bias[j] : 0.0f;
      for (k = 0; k < n; ++k) sum += (FASTNN_SUM)x[k] * w[k * units + j];
      y[j] = (float)sum;
    }
}""",
    "convolution": """/* The kernel w is (depth, height, width, channels of a group, filters). */
static void convolution(const float *x, const Window *g, int channels, int filters, int groups, const float *w,
                        const float *bias, float *y) {
  const int in_group = channels / groups, of_group = filters / groups;
  int o[3], k[3], i[3], f, c, d;
  for (o[0] = 0; o[0] < g->out[0]; ++o[0])
    for (o[1] = 0; o[1] < g->out[1]; ++o[1])
      for (o[2] = 0; o[2] < g->out[2]; ++o[2])
        for (f = 0; f < filters; ++f) {
          FASTNN_SUM sum = bias ? bias[f] : 0.0f;
          for (k[0] = 0; k[0] < g->size[0]; ++k[0])
            for (k[1] = 0; k[1] < g->size[1]; ++k[1])
              for (k[2] = 0; k[2] < g->size[2]; ++k[2]) {
                int inside = 1;
                for (d = 0; d < 3; ++d) {
                  i[d] = o[d] * g->stride[d] + k[d] * g->dilation[d] - g->before[d];
                  inside = inside && i[d] >= 0 && i[d] < g->in[d];
                }
                if (inside) {
                  const float *from = x + ((i[0] * g->in[1] + i[1]) * g->in[2] + i[2]) * channels;
                  const float *with = w + ((k[0] * g->size[1] + k[1]) * g->size[2] + k[2]) * in_group * filters;
                  from += f / of_group * in_group;
                  for (c = 0; c < in_group; ++c) sum += (FASTNN_SUM)from[c] * with[c * filters + f];
                }
              }
          *y++ = (float)sum;
        }
}""",
    "transposed": """/* A convolution turned round; the kernel w is (depth, height, width, filters, channels). */
static void transposed(const float *x, const Window *g, int channels, int filters, const float *w, const float *bias,
                       float *y) {
  int o[3], k[3], i[3], f, c, d;
  for (o[0] = 0; o[0] < g->out[0]; ++o[0])
    for (o[1] = 0; o[1] < g->out[1]; ++o[1])
      for (o[2] = 0; o[2] < g->out[2]; ++o[2])
        for (f = 0; f < filters; ++f) {
          FASTNN_SUM sum = bias ? bias[f] : 0.0f;
          for (k[0] = 0; k[0] < g->size[0]; ++k[0])
            for (k[1] = 0; k[1] < g->size[1]; ++k[1])
              for (k[2] = 0; k[2] < g->size[2]; ++k[2]) {
                int inside = 1;
                for (d = 0; d < 3; ++d) {
                  const int at = o[d] + g->before[d] - k[d] * g->dilation[d];
                  i[d] = at / g->stride[d];
                  inside = inside && at >= 0 && at % g->stride[d] == 0 && i[d] < g->in[d];
                }
                if (inside) {
                  const float *from = x + ((i[0] * g->in[1] + i[1]) * g->in[2] + i[2]) * channels;
                  const float *with = w + ((k[0] * g->size[1] + k[1]) * g->size[2] + k[2]) * filters * channels;
                  for (c = 0; c < channels; ++c) sum += (FASTNN_SUM)from[c] * with[f * channels + c];
                }
              }
          *y++ = (float)sum;
        }
}""",
    "pooling": """/* The largest of each window, or its mean, in which padding does not count. */
static void pooling(const float *x, const Window *g, int channels, int largest, float *y) {
  int o[3], k[3], i[3], c, d;
  for (o[0] = 0; o[0] < g->out[0]; ++o[0])
    for (o[1] = 0; o[1] < g->out[1]; ++o[1])
      for (o[2] = 0; o[2] < g->out[2]; ++o[2])
        for (c = 0; c < channels; ++c) {
          FASTNN_SUM sum = 0;
          float most = 0.0f;
          int count = 0;
          for (k[0] = 0; k[0] < g->size[0]; ++k[0])
            for (k[1] = 0; k[1] < g->size[1]; ++k[1])
              for (k[2] = 0; k[2] < g->size[2]; ++k[2]) {
                int inside = 1;
                for (d = 0; d < 3; ++d) {
                  i[d] = o[d] * g->stride[d] + k[d] - g->before[d];
                  inside = inside && i[d] >= 0 && i[d] < g->in[d];
                }
                if (inside) {
                  const float value = x[((i[0] * g->in[1] + i[1]) * g->in[2] + i[2]) * channels + c];
                  most = count == 0 || value > most ? value : most;
                  sum += value;
                  ++count;
                }
              }
          *y++ = largest ? most : (float)(sum / count);
        }
}""",
    "scale": """/* x * factor + term, each for an index along one axis, `inner` numbers apart. */
static void scale(float *x, int outer, int channels, int inner, const float *factor, const float *term) {
  int o, c, i;
  for (o = 0; o < outer; ++o)
    for (c = 0; c < channels; ++c)
      for (i = 0; i < inner; ++i, ++x) *x = *x * factor[c] + term[c];
}""",
    "normalize": """/* Each row less its mean (if centred), over its deviation; then times gamma, plus beta. */
static void normalize(float *x, int rows, int n, int centred, float epsilon, const float *gamma, const float *beta) {
  int r, i;
  for (r = 0; r < rows; ++r, x += n) {
    FASTNN_SUM mean = 0, square = 0;
    float over;
    for (i = 0; i < n; ++i) mean += x[i];
    mean = centred ? mean / n : 0;
    for (i = 0; i < n; ++i) square += (x[i] - mean) * (x[i] - mean);
    over = 1.0f / sqrtf((float)(square / n) + epsilon);
    for (i = 0; i < n; ++i) x[i] = (float)(x[i] - mean) * over * (gamma ? gamma[i] : 1.0f) + (beta ? beta[i] : 0.0f);
  }
}""",
    "softmax": """static void softmax(float *x, int rows, int n, int logarithm) {
  int r, i;
  for (r = 0; r < rows; ++r, x += n) {
    float most = x[0];
    FASTNN_SUM sum = 0;
    for (i = 1; i < n; ++i) most = fmaxf(most, x[i]);
    for (i = 0; i < n; ++i) sum += expf(x[i] - most);
    for (i = 0; i < n; ++i) x[i] = logarithm ? x[i] - most - (float)log(sum) : expf(x[i] - most) / (float)sum;
  }
}""",
    "pad": """/* Zeros around an image; negative amounts cut off. */
static void pad(const float *x, const Window *g, int channels, float *y) {
  int o[3], i[3], c, d;
  for (o[0] = 0; o[0] < g->out[0]; ++o[0])
    for (o[1] = 0; o[1] < g->out[1]; ++o[1])
      for (o[2] = 0; o[2] < g->out[2]; ++o[2]) {
        int inside = 1;
        for (d = 0; d < 3; ++d) {
          i[d] = o[d] - g->before[d];
          inside = inside && i[d] >= 0 && i[d] < g->in[d];
        }
        for (c = 0; c < channels; ++c)
          *y++ = inside ? x[((i[0] * g->in[1] + i[1]) * g->in[2] + i[2]) * channels + c] : 0.0f;
      }
}""",
    "enlarge": """/* Each pixel `size` times over. */
static void enlarge(const float *x, const Window *g, int channels, float *y) {
  int o[3];
  for (o[0] = 0; o[0] < g->out[0]; ++o[0])
    for (o[1] = 0; o[1] < g->out[1]; ++o[1])
      for (o[2] = 0; o[2] < g->out[2]; ++o[2], y += channels)
        memcpy(y, x + ((o[0] / g->size[0] * g->in[1] + o[1] / g->size[1]) * g->in[2] + o[2] / g->size[2]) * channels,
               (size_t)channels * sizeof(float));
}""",
    "repeat": """static void repeat(const float *x, int n, int times, float *y) {
  for (; times > 0; --times, y += n) memcpy(y, x, (size_t)n * sizeof(float));
}""",
    "transpose": """/* The axes in another order: y has the sizes `out`; axis d goes through x by step[d]. */
static void transpose(const float *x, const int *out, const int *step, float *y) {
  int a, b, c, d;
  for (a = 0; a < out[0]; ++a)
    for (b = 0; b < out[1]; ++b)
      for (c = 0; c < out[2]; ++c)
        for (d = 0; d < out[3]; ++d) *y++ = x[a * step[0] + b * step[1] + c * step[2] + d * step[3]];
}""",
    "embed": """static void embed(const float *x, int count, int width, const float *table, float *y) {
  int i;
  for (i = 0; i < count; ++i) memcpy(y + i * width, table + (int)x[i] * width, (size_t)width * sizeof(float));
}""",
    "rescale": """static void rescale(float *x, int count, float factor, float term) {
  int i;
  for (i = 0; i < count; ++i) x[i] = x[i] * factor + term;
}""",
    "Function": """typedef float (*Function)(float, float, float, float);""",
    "each": """/* A function of each number and of three parameters. */
static void each(float *x, int count, Function function, float p, float q, float r) {
  int i;
  for (i = 0; i < count; ++i) x[i] = function(x[i], p, q, r);
}""",
    "prelu": """static void prelu(float *x, int count, const float *alpha, int outer, int middle, int inner) {
  int i;
  (void)outer;
  for (i = 0; i < count; ++i)
    if (x[i] < 0.0f) x[i] *= alpha[i / inner % middle];
}""",
    "gates": """/* sums = bias + x w + h u: `parts` gates of `units` each, from gate `from` on. */
static void gates(const float *x, int n, const float *h, int units, int all, int from, int parts, const float *w,
                  const float *u, const float *bias, float *sums) {
  int j, k;
  for (j = from * units; j < (from + parts) * units; ++j) {
    FASTNN_SUM sum = bias ? bias[j] : 0.0f;
    for (k = 0; x && k < n; ++k) sum += (FASTNN_SUM)x[k] * w[k * all * units + j];
    for (k = 0; h && k < units; ++k) sum += (FASTNN_SUM)h[k] * u[k * all * units + j];
    sums[j] = (float)sum;
  }
}""",
    "simple_rnn": """/* One gate. */
static void simple_rnn(const float *x, int steps, int n, int units, int back, int all, const float *w,
                       const float *u, const float *bias, const float *bias_2, Function f, Function g, int option,
                       float *work, float *y) {
  float *h = work, *sums = work + units;
  int t, i;
  (void)bias_2, (void)g, (void)option;
  memset(h, 0, (size_t)units * sizeof(float));
  for (t = 0; t < steps; ++t) {
    gates(x + (back ? steps - 1 - t : t) * n, n, h, units, 1, 0, 1, w, u, bias, sums);
    for (i = 0; i < units; ++i) h[i] = f(sums[i], 0, 0, 0);
    if (all || t == steps - 1) memcpy(y, h, (size_t)units * sizeof(float)), y += units;
  }
}""",
    "lstm": """/* Gates in the order input, forget, candidate, output. */
static void lstm(const float *x, int steps, int n, int units, int back, int all, const float *w, const float *u,
                 const float *bias, const float *bias_2, Function f, Function g, int option, float *work, float *y) {
  float *h = work, *c = work + units, *sums = work + 2 * units;
  int t, i;
  (void)bias_2, (void)option;
  memset(h, 0, 2 * (size_t)units * sizeof(float));
  for (t = 0; t < steps; ++t) {
    gates(x + (back ? steps - 1 - t : t) * n, n, h, units, 4, 0, 4, w, u, bias, sums);
    for (i = 0; i < units; ++i) {
      const float in = g(sums[i], 0, 0, 0), keep = g(sums[units + i], 0, 0, 0);
      c[i] = keep * c[i] + in * f(sums[2 * units + i], 0, 0, 0);
      h[i] = g(sums[3 * units + i], 0, 0, 0) * f(c[i], 0, 0, 0);
    }
    if (all || t == steps - 1) memcpy(y, h, (size_t)units * sizeof(float)), y += units;
  }
}""",
    "gru": """/* Gates in the order update, reset, candidate; `option`: the reset comes after the state's product. */
static void gru(const float *x, int steps, int n, int units, int back, int all, const float *w, const float *u,
                const float *bias, const float *bias_2, Function f, Function g, int option, float *work, float *y) {
  float *h = work, *reset = work + units, *sums = work + 2 * units, *of_state = work + 5 * units;
  int t, i;
  memset(h, 0, (size_t)units * sizeof(float));
  for (t = 0; t < steps; ++t) {
    const float *now = x + (back ? steps - 1 - t : t) * n;
    gates(now, n, NULL, units, 3, 0, 3, w, u, bias, sums);
    gates(NULL, n, h, units, 3, 0, option ? 3 : 2, w, u, bias_2, of_state);
    for (i = 0; i < units; ++i) {
      reset[i] = g(sums[units + i] + of_state[units + i], 0, 0, 0);
      if (!option) reset[i] *= h[i];
    }
    if (!option) gates(NULL, n, reset, units, 3, 2, 1, w, u, bias_2, of_state);
    for (i = 0; i < units; ++i) {
      const float update = g(sums[i] + of_state[i], 0, 0, 0), state = of_state[2 * units + i];
      const float fresh = f(sums[2 * units + i] + (option ? reset[i] * state : state), 0, 0, 0);
      h[i] = update * h[i] + (1.0f - update) * fresh;
    }
    if (all || t == steps - 1) memcpy(y, h, (size_t)units * sizeof(float)), y += units;
  }
}""",
}
"""Code of the functions by name. They call one another."""

FUNCTIONS: dict[str, tuple[str, tuple[str, ...], tuple[float, ...]]] = {
    "linear": ("x", (), ()),
    "relu": ("x < q ? p * (x - q) : x > r ? r : x", ("negative_slope", "threshold", "max_value"), (0.0, 0.0, 3.4e38)),
    "leaky_relu": ("x < 0.0f ? p * x : x", ("negative_slope",), (0.2,)),
    "relu6": ("x < 0.0f ? 0.0f : x > 6.0f ? 6.0f : x", (), ()),
    "sigmoid": ("1.0f / (1.0f + expf(-x))", (), ()),
    "hard_sigmoid": ("x < -3.0f ? 0.0f : x > 3.0f ? 1.0f : x / 6.0f + 0.5f", (), ()),
    "tanh": ("tanhf(x)", (), ()),
    "hard_tanh": ("x < -1.0f ? -1.0f : x > 1.0f ? 1.0f : x", (), ()),
    "elu": ("x < 0.0f ? p * expm1f(x) : x", ("alpha",), (1.0,)),
    "celu": ("x < 0.0f ? p * expm1f(x / p) : x", ("alpha",), (1.0,)),
    "selu": ("1.05070098735548f * (x < 0.0f ? 1.67326324235438f * expm1f(x) : x)", (), ()),
    "softplus": ("fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)))", (), ()),
    "softsign": ("x / (1.0f + fabsf(x))", (), ()),
    "exponential": ("expf(x)", (), ()),
    "gelu": ("0.5f * x * (1.0f + erff(x * 0.707106781186548f))", (), ()),
    "gelu_tanh": ("0.5f * x * (1.0f + tanhf(0.797884560802865f * (x + 0.044715f * x * x * x)))", (), ()),
    "silu": ("x / (1.0f + expf(-x))", (), ()),
    "hard_silu": ("x < -3.0f ? 0.0f : x > 3.0f ? x : x * (x / 6.0f + 0.5f)", (), ()),
    "mish": ("x * tanhf(fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))))", (), ()),
    "log_sigmoid": ("-(fmaxf(-x, 0.0f) + log1pf(expf(-fabsf(x))))", (), ()),
    "tanh_shrink": ("(float)((double)x - tanh((double)x))", (), ()),
    "hard_shrink": ("fabsf(x) > p ? x : 0.0f", ("threshold",), (0.5,)),
    "soft_shrink": ("x > p ? x - p : x < -p ? x + p : 0.0f", ("threshold",), (0.5,)),
}
"""Activations: formula in x and the parameters p, q and r, names of these parameters, their defaults."""

for _name, (_formula, _words, _defaults) in FUNCTIONS.items():
    LIBRARY[f"f_{_name}"] = (
        f"static float f_{_name}(float x, float p, float q, float r) {{\n  (void)p, (void)q, (void)r;\n"
        f"  return {_formula};\n}}"
    )
