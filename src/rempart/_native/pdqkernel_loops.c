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

typedef uint32_t Lanes __attribute__((vector_size(64), aligned(4)));

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

INLINE void sum_triangle(const uint32_t *acc, const uint32_t *weights, size_t padded, int channels, uint32_t *sums)
{
    if (channels == 1) {
        Lanes sum = {0};
        for (size_t k = 0; k < padded; k += 16)
            sum += *(const Lanes *)(acc + k) * *(const Lanes *)(weights + k);
        sums[0] = 0;
        for (int l = 0; l < 16; l++)
            sums[0] += sum[l];
        return;
    }
    Lanes a = {0}, b = {0}, c = {0};
    for (size_t k = 0; k < padded; k += 48) {
        a += *(const Lanes *)(acc + k) * *(const Lanes *)(weights + k);
        b += *(const Lanes *)(acc + k + 16) * *(const Lanes *)(weights + k + 16);
        c += *(const Lanes *)(acc + k + 32) * *(const Lanes *)(weights + k + 32);
    }
    uint32_t all[48];
    memcpy(all, &a, 64);
    memcpy(all + 16, &b, 64);
    memcpy(all + 32, &c, 64);
    sums[0] = sums[1] = sums[2] = 0;
    for (int l = 0; l < 48; l += 3) {
        sums[0] += all[l];
        sums[1] += all[l + 1];
        sums[2] += all[l + 2];
    }
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
