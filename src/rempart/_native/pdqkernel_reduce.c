/* The blur and sampling as one sparse separable operator on 8-bit pixels, in exact integers. */
#include "pdqkernel.h"

#include <stdlib.h>
#include <string.h>

#define PAD 64 /* sums are read up to this far past the last column, against weight 0 */

void axis_plan(Axis *axis, size_t n)
{
    int window = (int)((n + 2 * SIDE - 1) / (2 * SIDE));
    int half = (window + 2) / 2;
    axis->n = n;
    axis->window = window;
    axis->left = window - half;
    axis->right = half - 1;
    for (int i = 0; i < SIDE; i++) {
        axis->centre[i] = (size_t)(((i + 0.5) * (double)n) / SIDE);
        axis->start[i] = axis->centre[i] - 2 * (size_t)axis->left;
        axis->taps[i] = 2 * (size_t)window - 1;
    }
    axis->clipped = axis->centre[SIDE - 1] + 2 * (size_t)axis->right >= n;
    axis->samples = SIDE + axis->clipped;
    if (axis->clipped) {
        axis->taps[SIDE - 1] = 2 * (size_t)window - 2;
        axis->start[SIDE] = n - (size_t)(window - 1);
        axis->taps[SIDE] = (size_t)(window - 1);
    }
}

/* Weight of tap t of a sample: a triangle, or at the cut edge a trapezoid (window * window-1) and a plain mean. */
static uint32_t weight(const Axis *axis, int sample, size_t t)
{
    size_t taps = axis->taps[sample], top = (size_t)axis->window;
    if (sample == SIDE)
        return 1;
    if (axis->clipped && sample == SIDE - 1)
        top -= 1;
    size_t up = t + 1, down = taps - t;
    size_t w = up < down ? up : down;
    return (uint32_t)(w < top ? w : top);
}

static int rows_in_group(const uint16_t *weights, size_t left)
{
    /* The most rows whose weighted sum fits 16 bits; 1 is always right, through the 32-bit loop. */
    for (int count = 8; count > 1; count /= 2) {
        uint32_t sum = 0;
        if ((size_t)count > left)
            continue;
        for (int i = 0; i < count; i++)
            sum += weights[i];
        if (sum <= 257)
            return count;
    }
    return 1;
}

static void sum_rows(const Isa *isa, const Picture *picture, const Axis *axis, int sample, const uint16_t *weights,
                     uint32_t *acc)
{
    size_t n = picture->width * picture->channels;
    memset(acc, 0, n * sizeof *acc);
    for (size_t t = 0; t < axis->taps[sample];) {
        const uint8_t *rows[8];
        int count = rows_in_group(weights + t, axis->taps[sample] - t);
        for (int i = 0; i < count; i++)
            rows[i] = picture->data + (ptrdiff_t)(axis->start[sample] + t + (size_t)i) * picture->stride;
        isa->add_rows(acc, rows, weights + t, count, n);
        t += (size_t)count;
    }
}

/* Weights for interleaved channels, padded with zeros to whole vectors. */
typedef struct {
    uint32_t *values;
    size_t padded;
} Spread;

static void spread_weights(Spread *spread, const Axis *axis, int sample, size_t channels)
{
    size_t used = axis->taps[sample] * channels;
    size_t lanes = channels == 1 ? 16 : used <= SHORT ? 12 : 24;
    spread->padded = (used + lanes - 1) / lanes * lanes;
    memset(spread->values, 0, spread->padded * sizeof *spread->values);
    for (size_t k = 0; k < used; k++)
        spread->values[k] = weight(axis, sample, k / channels);
}

static void sum_wide(const uint32_t *acc, const uint32_t *weights, size_t used, size_t channels, double *out)
{
    for (size_t c = 0; c < channels; c++) {
        uint64_t sum = 0;
        for (size_t k = c; k < used; k += channels)
            sum += (uint64_t)acc[k] * weights[k];
        out[c] = (double)sum;
    }
}

typedef struct {
    uint32_t *acc;
    uint16_t *row_weights[3];
    Spread column_weights[3];
    double (*sums)[SAMPLES];
} Work;

static int shape(const Axis *axis, int sample)
{
    return !axis->clipped || sample < SIDE - 1 ? 0 : sample - SIDE + 2;
}

/* Sums of one line for the samples [from, to), which have the same shape. */
static void sum_alike(const Isa *isa, const Axis *axis, const Work *work, size_t channels, int narrow, int from, int to,
                      double *out)
{
    const Spread *spread = &work->column_weights[shape(axis, from)];
    if (narrow) {
        uint32_t sums[3 * SAMPLES];
        isa->sum_columns(work->acc, axis->start + from, to - from, spread->values, spread->padded, (int)channels, sums);
        for (size_t k = 0; k < (size_t)(to - from) * channels; k++)
            out[k] = (double)sums[k];
        return;
    }
    for (int j = from; j < to; j++, out += channels)
        sum_wide(work->acc + axis->start[j] * channels, spread->values, axis->taps[j] * channels, channels, out);
}

/* 1000 times the luma: the weights are exact in thousandths, and linear, so they wait until after the sums. */
static void sum_line(const Isa *isa, const Axis *axis, const Work *work, size_t channels, int narrow, double *out)
{
    double sums[3 * SAMPLES];
    int alike = SIDE - axis->clipped;
    sum_alike(isa, axis, work, channels, narrow, 0, alike, sums);
    for (int j = alike; j < axis->samples; j++)
        sum_alike(isa, axis, work, channels, narrow, j, j + 1, sums + (size_t)j * channels);
    for (int j = 0; j < axis->samples; j++)
        out[j] = channels == 1 ? 1000.0 * sums[j]
                               : 299.0 * sums[3 * j] + 587.0 * sums[3 * j + 1] + 114.0 * sums[3 * j + 2];
}

/* Sums to means. The cut mean joins its sample first; then one division each, in this order in every build. */
static void fold(const Axis *rows, const Axis *columns, double (*sums)[SAMPLES], float *samples)
{
    double row_window = rows->window, column_window = columns->window;
    double area = row_window * row_window * (column_window * column_window) * 1000.0;
    if (rows->clipped)
        for (int j = 0; j < columns->samples; j++)
            sums[SIDE - 1][j] += sums[SIDE][j] * (row_window / (row_window - 1.0));
    if (columns->clipped)
        for (int i = 0; i < SIDE; i++)
            sums[i][SIDE - 1] += sums[i][SIDE] * (column_window / (column_window - 1.0));
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            samples[i * SIDE + j] = (float)(sums[i][j] / area);
}

static void free_work(Work *work)
{
    free(work->acc);
    free(work->sums);
    for (int s = 0; s < 3; s++) {
        free(work->row_weights[s]);
        free(work->column_weights[s].values);
    }
}

static int make_work(Work *work, const Axis *rows, const Axis *columns, size_t channels)
{
    memset(work, 0, sizeof *work);
    work->acc = calloc(columns->n * channels + PAD, sizeof *work->acc);
    work->sums = calloc(SAMPLES, sizeof *work->sums);
    if (!work->acc || !work->sums)
        return -1;
    for (int s = 0; s <= 2 * rows->clipped; s++) {
        int sample = SIDE - 2 + s;
        work->row_weights[s] = malloc((2 * (size_t)rows->window) * sizeof(uint16_t));
        if (!work->row_weights[s])
            return -1;
        for (size_t t = 0; t < rows->taps[sample]; t++)
            work->row_weights[s][t] = (uint16_t)weight(rows, sample, t);
    }
    for (int s = 0; s <= 2 * columns->clipped; s++) {
        work->column_weights[s].values = malloc((2 * (size_t)columns->window * channels + PAD) * sizeof(uint32_t));
        if (!work->column_weights[s].values)
            return -1;
        spread_weights(&work->column_weights[s], columns, SIDE - 2 + s, channels);
    }
    return 0;
}

int reduce_picture(const Isa *isa, const Picture *picture, const Axis *rows, const Axis *columns, float *samples)
{
    Work work;
    uint64_t area = (uint64_t)rows->window * (uint64_t)columns->window;
    int narrow = area <= 4096; /* 255 * area^2 < 2^32 */
    if (make_work(&work, rows, columns, picture->channels) < 0) {
        free_work(&work);
        return -1;
    }
    for (int i = 0; i < rows->samples; i++) {
        if (i > 0 && shape(rows, i) == 0 && rows->start[i] == rows->start[i - 1]) {
            memcpy(work.sums[i], work.sums[i - 1], sizeof work.sums[i]);
            continue;
        }
        sum_rows(isa, picture, rows, i, work.row_weights[shape(rows, i)], work.acc);
        sum_line(isa, columns, &work, picture->channels, narrow, work.sums[i]);
    }
    fold(rows, columns, work.sums, samples);
    free_work(&work);
    return 0;
}
