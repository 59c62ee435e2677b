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

INLINE void sum_triangle(const uint32_t *acc, const uint32_t *weights, size_t padded, int channels, uint32_t *sums)
{
    if (channels == 1)
        sum_grey(acc, weights, padded, sums);
    else
        sum_rgb(acc, weights, padded, sums);
}

/* B = D A D' in float32, each sum from k = 0 upwards as the reference does. */
INLINE void transform(const float *restrict samples, float *restrict frequencies)
{
    for (int i = 0; i < 16; i++) {
        float line[SIDE] = {0}, out[16] = {0};
        for (int k = 0; k < SIDE; k++)
            for (int j = 0; j < SIDE; j++)
                line[j] += cosines[i][k] * samples[k * SIDE + j];
        for (int k = 0; k < SIDE; k++)
            for (int j = 0; j < 16; j++)
                out[j] += line[k] * cosines_transposed[k][j];
        memcpy(frequencies + i * 16, out, sizeof out);
    }
}

#include "pdqkernel_replay.h"

#define VARIANT(NAME, TARGET)                                                                                     \
    TARGET static void add_rows_##NAME(uint32_t *acc, const uint8_t *const *rows, const uint16_t *weights,        \
                                       int count, size_t n)                                                       \
    {                                                                                                             \
        add_rows(acc, rows, weights, count, n);                                                                   \
    }                                                                                                             \
    TARGET static void sum_triangle_##NAME(const uint32_t *acc, const uint32_t *weights, size_t padded,           \
                                           int channels, uint32_t *sums)                                          \
    {                                                                                                             \
        sum_triangle(acc, weights, padded, channels, sums);                                                       \
    }                                                                                                             \
    TARGET static void transform_##NAME(const float *samples, float *frequencies)                                 \
    {                                                                                                             \
        transform(samples, frequencies);                                                                          \
    }                                                                                                             \
    TARGET static int replay_##NAME(const Picture *picture, const Axis *rows, const Axis *columns, float *out)    \
    {                                                                                                             \
        return replay(picture, rows, columns, out);                                                               \
    }                                                                                                             \
    const Isa isa_##NAME = {#NAME, add_rows_##NAME, sum_triangle_##NAME, replay_##NAME, transform_##NAME};

VARIANT(scalar, )
#ifdef HAVE_X86
VARIANT(avx2, TARGET_AVX2)
VARIANT(avx512, TARGET_AVX512)
#endif
