/* From 64 x 64 samples to quality, frequencies and the eight dihedral hashes. */
#include "pdqkernel.h"

#include <math.h>
#include <string.h>

/* How far the reference's rounding may carry a value from the true one: at least twice what was ever seen, see
 * docs/decisions/0003-pdq-kernel.md. Running sums drift, so low frequencies and long axes have more of it. */
typedef struct {
    float step, frequency[COEFFICIENTS];
} Margin;

static void margin_of(Margin *margin, const Axis *rows, const Axis *columns)
{
    double scale = 1.0 + (double)(rows->n > columns->n ? rows->n : columns->n) / 1500.0;
    margin->step = (float)(scale * 0.001);
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++)
            margin->frequency[i * 16 + j] = (float)(scale * 0.01 / (1 + (i < j ? i : j)));
}

/* The reference's scale, by integer division. */
static int quality(int sum)
{
    return sum / 90 > 100 ? 100 : sum / 90;
}

static uint32_t sortable(float value)
{
    uint32_t bits;
    value += 0.0f; /* -0 becomes +0 */
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/* The 128th smallest of 256: the reference's lower median. */
static float median(const float *values)
{
    uint32_t keys[COEFFICIENTS], low = 0;
    for (int k = 0; k < COEFFICIENTS; k++)
        keys[k] = sortable(values[k]);
    for (int bit = 31; bit >= 0; bit--) {
        uint32_t guess = low | 1u << bit;
        int below = 0;
        for (int k = 0; k < COEFFICIENTS; k++)
            below += keys[k] < guess;
        if (below < COEFFICIENTS / 2)
            low = guess;
    }
    low = low & 0x80000000u ? low & 0x7fffffffu : ~low;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

/* Whether another value than the median's own could change sides within the margins. */
static int doubtful(const float *values, float middle, const float *margin)
{
    int close = 0;
    float own = 0;
    for (int k = 0; k < COEFFICIENTS; k++)
        if (values[k] == middle)
            own = margin[k];
    for (int k = 0; k < COEFFICIENTS; k++)
        close += fabsf(values[k] - middle) <= margin[k] + own;
    return close > 1;
}

/* The four sign patterns; the other four hashes are their transposes.
 * Pattern bit 0: even rows change sign; bit 1: even columns; both: where row + column is odd. */
static void turn(const float *values, int pattern, float *turned)
{
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) {
            int minus = pattern == 1 ? !(i & 1) : pattern == 2 ? !(j & 1) : pattern == 3 ? (i + j) & 1 : 0;
            turned[i * 16 + j] = minus ? -values[i * 16 + j] : values[i * 16 + j];
        }
}

/* Bit k is value k above the median; bit 255 is the first byte's top bit. */
static void write_bits(const float *values, float middle, int transposed, uint8_t *hash)
{
    memset(hash, 0, 32);
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++)
            if (values[i * 16 + j] > middle) {
                int k = transposed ? j * 16 + i : i * 16 + j;
                hash[31 - k / 8] |= (uint8_t)(1u << (k % 8));
            }
}

/* original, rotate90, rotate180, rotate270, flipx, flipy, flipplus1, flipminus1 */
static const struct {
    int pattern, transposed;
} DIHEDRAL[8] = {{0, 0}, {2, 1}, {3, 0}, {1, 1}, {1, 0}, {2, 0}, {0, 1}, {3, 1}};

/* Hashes of the frequencies; with margins, returns 1 and stops as soon as a bit is in doubt. */
static int write_hashes(const float *frequencies, int dihedral, const float *margin, Result *result)
{
    for (int pattern = 0; pattern < (dihedral ? 4 : 1); pattern++) {
        float turned[COEFFICIENTS];
        turn(frequencies, pattern, turned);
        float middle = median(turned);
        if (margin && doubtful(turned, middle, margin))
            return 1;
        for (int d = 0; d < (dihedral ? 8 : 1); d++)
            if (DIHEDRAL[d].pattern == pattern)
                write_bits(turned, middle, DIHEDRAL[d].transposed, result->hashes[d]);
    }
    return 0;
}

static int hash_exact(const Isa *isa, const Picture *picture, const Axis *rows, const Axis *columns, int dihedral,
                      Result *result)
{
    float samples[SIDE * SIDE], frequencies[COEFFICIENTS];
    if (isa->replay(picture, rows, columns, samples) < 0)
        return -1;
    int sums[3];
    isa->transform(samples, frequencies);
    isa->grade(samples, 0, sums);
    result->exact = 1;
    result->quality = quality(sums[1]);
    write_hashes(frequencies, dihedral, NULL, result);
    return 0;
}

int hash_picture(const Isa *isa, const Picture *picture, int dihedral, Result *result)
{
    memset(result, 0, sizeof *result);
    if (picture->height < 5 || picture->width < 5)
        return 0;
    Axis rows, columns;
    Margin margin;
    int sums[3];
    float samples[SIDE * SIDE], frequencies[COEFFICIENTS];
    axis_plan(&rows, picture->height);
    axis_plan(&columns, picture->width);
    if (rows.window > MAX_WINDOW || columns.window > MAX_WINDOW || (rows.n == SIDE && columns.n == SIDE))
        return hash_exact(isa, picture, &rows, &columns, dihedral, result);
    margin_of(&margin, &rows, &columns);
    if (reduce_picture(isa, picture, &rows, &columns, samples) < 0)
        return -1;
    isa->grade(samples, margin.step, sums);
    result->quality = quality(sums[1]);
    int doubts_matter = quality(sums[2]) >= 50; /* below that, flat areas are rounding noise anyhow */
    if (doubts_matter && quality(sums[0]) != quality(sums[2]))
        return hash_exact(isa, picture, &rows, &columns, dihedral, result);
    isa->transform(samples, frequencies);
    if (write_hashes(frequencies, dihedral, doubts_matter ? margin.frequency : NULL, result))
        return hash_exact(isa, picture, &rows, &columns, dihedral, result);
    return 0;
}

int frequencies_of(const Isa *isa, const Picture *picture, int exact, float *samples, float *frequencies)
{
    Axis rows, columns;
    axis_plan(&rows, picture->height);
    axis_plan(&columns, picture->width);
    int failed;
    if (exact || rows.window > MAX_WINDOW || columns.window > MAX_WINDOW)
        failed = isa->replay(picture, &rows, &columns, samples);
    else
        failed = reduce_picture(isa, picture, &rows, &columns, samples);
    if (failed < 0)
        return -1;
    isa->transform(samples, frequencies);
    return 0;
}
