/* The inner loops, compiled once per instruction set. Vectorised across values only: every value's own
 * operations and their order are the same in all builds, so all builds give the same bits. */
#include "pdqkernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

float cosines[16][SIDE];
float cosines_transposed[SIDE][16];

void init_cosines(void)
{
    const double pi = 3.14159265358979323846;
    const float scale = (float)sqrt(2.0 / SIDE);
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < SIDE; k++) {
            cosines[i][k] = (float)(scale * cos((pi / 2.0 / SIDE) * (i + 1) * (2 * k + 1)));
            cosines_transposed[k][i] = cosines[i][k];
        }
}

typedef uint32_t Lanes __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint32_t Quad __attribute__((vector_size(16), aligned(4), may_alias));

INLINE void add_count(uint32_t *restrict acc, const uint8_t *const *rows, const uint16_t *weights, size_t n,
                      const int count)
{
    const uint8_t *restrict p[8];
    uint16_t w[8];
    for (int i = 0; i < count; i++) {
        p[i] = rows[i];
        w[i] = weights[i];
    }
    for (size_t x = 0; x < n; x++) {
        uint16_t sum = (uint16_t)(p[0][x] * w[0]);
        for (int i = 1; i < count; i++)
            sum = (uint16_t)(sum + (uint16_t)(p[i][x] * w[i]));
        acc[x] += sum;
    }
}

INLINE void add_rows(uint32_t *restrict acc, const uint8_t *const *rows, const uint16_t *weights, int count, size_t n)
{
    const uint8_t *restrict p = rows[0];
    uint32_t w = weights[0];
    if (count == 8)
        add_count(acc, rows, weights, n, 8);
    else if (count == 4)
        add_count(acc, rows, weights, n, 4);
    else if (count == 2)
        add_count(acc, rows, weights, n, 2);
    else if (w <= 257)
        add_count(acc, rows, weights, n, 1);
    else
        for (size_t x = 0; x < n; x++)
            acc[x] += p[x] * w;
}

typedef float Eight __attribute__((vector_size(32), aligned(4), may_alias));
#define AT(TYPE, p) (*(const TYPE *)(p))

INLINE void sum_grey(const uint32_t *acc, const uint32_t *weights, size_t padded, uint32_t *sums)
{
    Lanes even = {0}, odd = {0};
    for (size_t k = 0; k < padded; k += 16) {
        even += AT(Lanes, acc + k) * AT(Lanes, weights + k);
        odd += AT(Lanes, acc + k + 8) * AT(Lanes, weights + k + 8);
    }
    even += odd;
    sums[0] = 0;
    for (int l = 0; l < 8; l++)
        sums[0] += even[l];
}

/* Interleaved channels: lane l of 12 (or 24) always holds channel l % 3. */
INLINE void sum_rgb(const uint32_t *acc, const uint32_t *weights, size_t padded, uint32_t *sums)
{
    Quad p = {0}, q = {0}, r = {0};
    uint32_t all[24];
    if (padded <= SHORT) {
        for (size_t k = 0; k < padded; k += 12) {
            p += AT(Quad, acc + k) * AT(Quad, weights + k);
            q += AT(Quad, acc + k + 4) * AT(Quad, weights + k + 4);
            r += AT(Quad, acc + k + 8) * AT(Quad, weights + k + 8);
        }
    } else {
        Lanes a = {0}, b = {0}, c = {0};
        for (size_t k = 0; k < padded; k += 24) {
            a += AT(Lanes, acc + k) * AT(Lanes, weights + k);
            b += AT(Lanes, acc + k + 8) * AT(Lanes, weights + k + 8);
            c += AT(Lanes, acc + k + 16) * AT(Lanes, weights + k + 16);
        }
        memcpy(all, &a, 32);
        memcpy(all + 8, &b, 32);
        memcpy(all + 16, &c, 32);
        for (int l = 0; l < 24; l += 12) {
            p += AT(Quad, all + l);
            q += AT(Quad, all + l + 4);
            r += AT(Quad, all + l + 8);
        }
    }
    sums[0] = p[0] + p[3] + q[2] + r[1];
    sums[1] = p[1] + q[0] + q[3] + r[2];
    sums[2] = p[2] + q[1] + r[0] + r[3];
}

INLINE void sum_columns(const uint32_t *acc, const size_t *starts, int count, const uint32_t *weights, size_t padded,
                        int channels, uint32_t *sums)
{
    if (channels == 1)
        for (int j = 0; j < count; j++)
            sum_grey(acc + starts[j], weights, padded, sums + j);
    else
        for (int j = 0; j < count; j++)
            sum_rgb(acc + 3 * starts[j], weights, padded, sums + 3 * j);
}

/* The quality sum: neighbour differences in hundredths of the range, each rounded to zero after the reference's
 * float32 steps. Three of them: with every difference less, as it is, and more by the margin. */
INLINE void add_steps(const float *restrict u, const float *restrict v, size_t n, float margin, int *restrict sums)
{
    int least = 0, plain = 0, greatest = 0;
    for (size_t k = 0; k < n; k++) {
        float d = ((u[k] - v[k]) * 100) / 255;
        d = d < 0 ? -d : d;
        float less = d - margin;
        least += (int)(less > 0 ? less : 0);
        plain += (int)d;
        greatest += (int)(d + margin);
    }
    sums[0] += least;
    sums[1] += plain;
    sums[2] += greatest;
}

INLINE void grade(const float *samples, float margin, int *sums)
{
    sums[0] = sums[1] = sums[2] = 0;
    add_steps(samples, samples + SIDE, SIDE * (SIDE - 1), margin, sums);
    for (size_t i = 0; i < SIDE; i++)
        add_steps(samples + i * SIDE, samples + i * SIDE + 1, SIDE - 1, margin, sums);
}

/* Two rows of D A for 32 columns: eight sums side by side, each from k = 0 upwards as the reference does. */
INLINE void transform_part(const float *restrict samples, const float *first, const float *second, float *restrict a,
                           float *restrict b)
{
    Eight sums[2][4] = {0};
    for (size_t k = 0; k < SIDE; k++)
        for (size_t j = 0; j < 4; j++) {
            Eight value = AT(Eight, samples + k * SIDE + 8 * j);
            sums[0][j] += first[k] * value;
            sums[1][j] += second[k] * value;
        }
    memcpy(a, sums[0], sizeof sums[0]);
    memcpy(b, sums[1], sizeof sums[1]);
}

/* B = D A D' in float32. */
INLINE void transform(const float *restrict samples, float *restrict frequencies)
{
    float lines[16][SIDE];
    for (int i = 0; i < 16; i += 2)
        for (size_t j = 0; j < SIDE; j += 32)
            transform_part(samples + j, cosines[i], cosines[i + 1], lines[i] + j, lines[i + 1] + j);
    for (int i = 0; i < 16; i += 4) {
        Eight sums[4][2] = {0};
        for (size_t k = 0; k < SIDE; k++)
            for (int r = 0; r < 4; r++) {
                sums[r][0] += lines[i + r][k] * AT(Eight, cosines_transposed[k]);
                sums[r][1] += lines[i + r][k] * AT(Eight, cosines_transposed[k] + 8);
            }
        memcpy(frequencies + i * 16, sums, sizeof sums);
    }
}

#include "pdqkernel_replay.h"

#define VARIANT(NAME, TITLE, TARGET)                                                                               \
    TARGET static void add_rows_##NAME(uint32_t *acc, const uint8_t *const *rows, const uint16_t *weights,        \
                                       int count, size_t n)                                                       \
    {                                                                                                             \
        add_rows(acc, rows, weights, count, n);                                                                   \
    }                                                                                                             \
    TARGET static void sum_columns_##NAME(const uint32_t *acc, const size_t *starts, int count,                   \
                                          const uint32_t *weights, size_t padded, int channels, uint32_t *sums)   \
    {                                                                                                             \
        sum_columns(acc, starts, count, weights, padded, channels, sums);                                         \
    }                                                                                                             \
    TARGET static void grade_##NAME(const float *samples, float margin, int *sums)                                \
    {                                                                                                             \
        grade(samples, margin, sums);                                                                             \
    }                                                                                                             \
    TARGET static void transform_##NAME(const float *samples, float *frequencies)                                 \
    {                                                                                                             \
        transform(samples, frequencies);                                                                          \
    }                                                                                                             \
    TARGET static int replay_##NAME(const Picture *picture, const Axis *rows, const Axis *columns, float *out)    \
    {                                                                                                             \
        return replay(picture, rows, columns, out);                                                               \
    }                                                                                                             \
    const Isa isa_##NAME = {TITLE, add_rows_##NAME, sum_columns_##NAME, grade_##NAME, replay_##NAME, transform_##NAME};

#ifdef __aarch64__
VARIANT(scalar, "neon", ) /* part of every such processor */
#else
VARIANT(scalar, "scalar", )
#endif
#ifdef HAVE_X86
VARIANT(avx2, "avx2", TARGET_AVX2)
VARIANT(avx512, "avx512", TARGET_AVX512)
#endif
