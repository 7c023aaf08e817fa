// The interpreter of fused elementwise programs: each instruction runs over a tile of FX_TILE_FLOATS elements whose
// registers stay in the first-level cache, so that decoding costs nothing and memory is touched once.

enum { FX_TILE_FLOATS = 512 };

// MARK: - Operations

// The last, partial vector goes through the same formula as the others, so an element's bits do not depend on where in
// a tile it lies.
typedef void fx_operation(int64_t n, float *d, const float *pa, const float *pb, const float *pc, float imm);

#define FX_OPERATION(name, uses_b, uses_c, expression)                                                                \
  static void fx_op_##name(int64_t n, float *d, const float *pa, const float *pb, const float *pc, float imm) {       \
    (void)pb, (void)pc, (void)imm;                                                                                    \
    int64_t i = 0;                                                                                                    \
    for (; i + FX_W <= n; i += FX_W) {                                                                                \
      const vf a = vload(pa + i), b = uses_b ? vload(pb + i) : (vf){}, c = uses_c ? vload(pc + i) : (vf){};           \
      (void)a, (void)b, (void)c;                                                                                      \
      vstore(d + i, expression);                                                                                      \
    }                                                                                                                 \
    if (i < n) {                                                                                                      \
      const vmask m = vfirst(n - i);                                                                                  \
      const vf a = vload_first(pa + i, m), b = uses_b ? vload_first(pb + i, m) : (vf){},                              \
               c = uses_c ? vload_first(pc + i, m) : (vf){};                                                          \
      (void)a, (void)b, (void)c;                                                                                      \
      vstore_first(d + i, expression, m);                                                                             \
    }                                                                                                                 \
  }
#define FX_UNARY(name, expression) FX_OPERATION(name, 0, 0, expression)
#define FX_BINARY(name, expression) FX_OPERATION(name, 1, 0, expression)
#define FX_TERNARY(name, expression) FX_OPERATION(name, 1, 1, expression)
#define FX_TRUTH(condition) vselect(condition, vsplat(1), (vf){})

FX_UNARY(copy, a)
FX_UNARY(neg, -a)
FX_UNARY(exp, vexp(a))
FX_UNARY(log, vlog(a))
FX_UNARY(log1p, vlog1p(a))
FX_UNARY(tanh, vtanh(a))
FX_UNARY(sigmoid, vsigmoid(a))
FX_UNARY(relu, vrelu(a))
FX_UNARY(sqrt, __builtin_elementwise_sqrt(a))
FX_UNARY(rsqrt, 1.0f / __builtin_elementwise_sqrt(a))
FX_UNARY(reciprocal, 1.0f / a)
FX_UNARY(abs, vabs(a))
FX_UNARY(sign, vselect(a != a, a, FX_TRUTH(a > 0.0f) - FX_TRUTH(a < 0.0f)))
FX_UNARY(erf, verf(a))
FX_UNARY(sin, vsine(a, 0))
FX_UNARY(cos, vsine(a, 1))
FX_UNARY(floor, __builtin_elementwise_floor(a))
FX_UNARY(square, a *a)
FX_UNARY(softplus, vsoftplus(a))
FX_BINARY(add, a + b)
FX_BINARY(sub, a - b)
FX_BINARY(mul, a *b)
FX_BINARY(div, a / b)
FX_BINARY(pow, vpow(a, b))
FX_BINARY(max, vmax(a, b))
FX_BINARY(min, vmin(a, b))
FX_BINARY(less, FX_TRUTH(a < b))
FX_BINARY(less_equal, FX_TRUTH(a <= b))
FX_BINARY(equal, FX_TRUTH(a == b))
FX_TERNARY(select, vselect(a != 0.0f, b, c))
FX_TERNARY(fma, vfma(a, b, c))

static void fx_op_const(int64_t n, float *d, const float *pa, const float *pb, const float *pc, float imm) {
  (void)pa, (void)pb, (void)pc;
  for (int64_t i = 0; i < n; i++) d[i] = imm;
}

static fx_operation *const fx_operations[FX_EW_OPERATIONS] = {
    [FX_EW_COPY] = fx_op_copy,         [FX_EW_NEG] = fx_op_neg,
    [FX_EW_EXP] = fx_op_exp,           [FX_EW_LOG] = fx_op_log,
    [FX_EW_LOG1P] = fx_op_log1p,       [FX_EW_TANH] = fx_op_tanh,
    [FX_EW_SIGMOID] = fx_op_sigmoid,   [FX_EW_RELU] = fx_op_relu,
    [FX_EW_SQRT] = fx_op_sqrt,         [FX_EW_RSQRT] = fx_op_rsqrt,
    [FX_EW_RECIPROCAL] = fx_op_reciprocal, [FX_EW_ABS] = fx_op_abs,
    [FX_EW_SIGN] = fx_op_sign,         [FX_EW_ERF] = fx_op_erf,
    [FX_EW_SIN] = fx_op_sin,           [FX_EW_COS] = fx_op_cos,
    [FX_EW_FLOOR] = fx_op_floor,       [FX_EW_SQUARE] = fx_op_square,
    [FX_EW_SOFTPLUS] = fx_op_softplus, [FX_EW_ADD] = fx_op_add,
    [FX_EW_SUB] = fx_op_sub,           [FX_EW_MUL] = fx_op_mul,
    [FX_EW_DIV] = fx_op_div,           [FX_EW_POW] = fx_op_pow,
    [FX_EW_MAX] = fx_op_max,           [FX_EW_MIN] = fx_op_min,
    [FX_EW_LESS] = fx_op_less,         [FX_EW_LESS_EQUAL] = fx_op_less_equal,
    [FX_EW_EQUAL] = fx_op_equal,       [FX_EW_SELECT] = fx_op_select,
    [FX_EW_FMA] = fx_op_fma,           [FX_EW_CONST] = fx_op_const,
};

/// How many of a, b, c an operation reads.
FX_INLINE int fx_operands(int op) {
  return op == FX_EW_CONST ? 0 : op < FX_EW_ADD ? 1 : op < FX_EW_SELECT ? 2 : 3;
}

// MARK: - Inputs

typedef enum fx_source {
  FX_IN_PLACE,  // contiguous over the nest: read where it lies
  FX_FIXED,     // the same in every tile: a scalar, or rows of a tile that holds whole rows
  FX_GATHERED,  // copied into the tile's register for each tile
} fx_source;

/// Fills out[0..<n] with the input's elements from position `first` of the nest.
static void fx_gather_tile(const fx_ew_program *p, const int64_t *strides, const float *x, int64_t first, int64_t n,
                           float *out) {
  int64_t index[FX_EW_MAX_RANK] = {0}, at = 0, rest = first;
  for (int d = p->rank - 1; d >= 0; d--) {
    index[d] = rest % p->dims[d];
    rest /= p->dims[d];
    at += index[d] * strides[d];
  }
  const int inner = p->rank - 1;
  const int64_t length = inner < 0 ? 1 : p->dims[inner], step = inner < 0 ? 0 : strides[inner];
  int64_t skip = inner < 0 ? 0 : index[inner];
  while (n > 0) {
    const int64_t run = n < length - skip ? n : length - skip;
    if (step == 1)
      for (int64_t i = 0; i < run; i++) out[i] = x[at + i];
    else if (step == 0)
      for (int64_t i = 0; i < run; i++) out[i] = x[at];
    else
      for (int64_t i = 0; i < run; i++) out[i] = x[at + i * step];
    out += run;
    n -= run;
    at -= skip * step;
    skip = 0;
    for (int d = inner - 1; d >= 0; d--) {
      at += strides[d];
      if (++index[d] < p->dims[d]) break;
      at -= strides[d] * p->dims[d];
      index[d] = 0;
    }
  }
}

static fx_source fx_source_of(const fx_ew_program *p, const int64_t *strides, int64_t tile) {
  int contiguous = 1, fixed = 1;
  int64_t expected = 1;
  for (int d = p->rank - 1; d >= 0; d--) {
    if (p->dims[d] > 1) {
      contiguous &= strides[d] == expected;
      fixed &= strides[d] == 0 || (d == p->rank - 1 && tile % p->dims[d] == 0);
    }
    expected *= p->dims[d];
  }
  return contiguous ? FX_IN_PLACE : fixed ? FX_FIXED : FX_GATHERED;
}

// MARK: - Running

typedef struct fx_ew_plan {
  int64_t tile;
  fx_source source[FX_EW_MAX_REGISTERS];
  int16_t writes[256];  // the output that an instruction writes directly, or -1
  int16_t constant[256];  // whether it need run only once
} fx_ew_plan;

enum { FX_EW_PLANNED = 256 };

static void fx_ew_prepare(const fx_ew_program *p, const float *const *inputs, float *const *outputs, int64_t count,
                          fx_ew_plan *plan) {
  const int64_t inner = p->rank > 0 ? p->dims[p->rank - 1] : 1;
  plan->tile = FX_TILE_FLOATS;
  if (inner <= FX_TILE_FLOATS) plan->tile -= FX_TILE_FLOATS % inner;
  for (int i = 0; i < p->inputs; i++)
    plan->source[i] = count == 1 ? FX_IN_PLACE : fx_source_of(p, p->input_strides + i * p->rank, plan->tile);

  int last[FX_EW_MAX_REGISTERS], definitions[FX_EW_MAX_REGISTERS] = {0};
  const int n = p->instruction_count;
  for (int r = 0; r < FX_EW_MAX_REGISTERS; r++) last[r] = -1;
  for (int k = 0; k < n; k++) {
    last[p->instructions[k].dst] = k;
    definitions[p->instructions[k].dst]++;
    if (k < FX_EW_PLANNED) plan->writes[k] = -1;
  }
  for (int o = 0; o < p->outputs; o++) {
    const int at = last[p->output_registers[o]];
    if (at >= 0 && at < FX_EW_PLANNED && plan->writes[at] < 0) plan->writes[at] = (int16_t)o;
    // An input that this output overwrites, and that is wanted afterwards, is saved first.
    for (int i = 0; i < p->inputs; i++) {
      if (plan->source[i] != FX_IN_PLACE || inputs[i] != outputs[o]) continue;
      int wanted = 0;
      for (int k = at < 0 ? 0 : at + 1; k < n && !wanted; k++) {
        const fx_ew_instruction *next = p->instructions + k;
        const int operands = fx_operands(next->op);
        wanted = (operands > 0 && next->a == i) || (operands > 1 && next->b == i) || (operands > 2 && next->c == i);
      }
      for (int q = 0; q < p->outputs; q++) wanted |= q != o && p->output_registers[q] == i;
      if (wanted) plan->source[i] = FX_GATHERED;
    }
  }
  for (int k = 0; k < n && k < FX_EW_PLANNED; k++) {
    const fx_ew_instruction *at = p->instructions + k;
    plan->constant[k] = at->op == FX_EW_CONST && definitions[at->dst] == 1 && plan->writes[k] < 0;
  }
}

static void fx_path_elementwise(const fx_ew_program *p, const float *const *inputs, float *const *outputs) {
  int64_t count = 1;
  for (int d = 0; d < p->rank; d++) count *= p->dims[d];
  if (count <= 0) return;
  fx_ew_plan plan;
  fx_ew_prepare(p, inputs, outputs, count, &plan);

  float registers[FX_EW_MAX_REGISTERS][FX_TILE_FLOATS];
  const float *value[FX_EW_MAX_REGISTERS];
  for (int r = 0; r < FX_EW_MAX_REGISTERS; r++) value[r] = registers[r];
  for (int64_t first = 0; first < count; first += plan.tile) {
    const int64_t n = count - first < plan.tile ? count - first : plan.tile;
    for (int i = 0; i < p->inputs; i++) {
      if (plan.source[i] == FX_IN_PLACE)
        value[i] = inputs[i] + first;
      else if (plan.source[i] == FX_GATHERED || first == 0)
        fx_gather_tile(p, p->input_strides + i * p->rank, inputs[i], first, n, registers[i]);
    }
    for (int k = 0; k < p->instruction_count; k++) {
      const fx_ew_instruction *at = p->instructions + k;
      if (at->op >= FX_EW_OPERATIONS || (k < FX_EW_PLANNED && plan.constant[k] && first > 0)) continue;
      const int output = k < FX_EW_PLANNED ? plan.writes[k] : -1;
      float *to = output >= 0 ? outputs[output] + first : registers[at->dst];
      const int operands = fx_operands(at->op);
      fx_operations[at->op](n, to, operands > 0 ? value[at->a] : NULL, operands > 1 ? value[at->b] : NULL,
                            operands > 2 ? value[at->c] : NULL, at->imm);
      value[at->dst] = to;
    }
    for (int o = 0; o < p->outputs; o++) {
      float *to = outputs[o] + first;
      const float *from = value[p->output_registers[o]];
      if (from != to) memcpy(to, from, (size_t)n * sizeof(float));
    }
  }
}
