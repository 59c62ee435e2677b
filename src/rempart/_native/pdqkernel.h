/* PDQ of 8-bit pixels: what the kernel's files share.
 * docs/decisions/0003-pdq-kernel.md says why it is built this way. */
#ifndef REMPART_PDQKERNEL_H
#define REMPART_PDQKERNEL_H

#include <stddef.h>
#include <stdint.h>

#define SIDE 64              /* the blurred picture is sampled at 64 x 64 points */
#define SAMPLES (SIDE + 1)   /* one more where the last window runs over the edge, see Axis */
#define COEFFICIENTS 256     /* 16 x 16 frequencies */
#define SHORT 96             /* a row of this many weights or fewer is summed in vectors of 4, not of 8 */
#define MAX_WINDOW 4096      /* 255 * window^2 must fit the 32-bit sums; wider pictures take the exact path */

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_X86 1
#define TARGET_AVX2 __attribute__((target("avx2")))
#define TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,prefer-vector-width=512")))
#endif
#define INLINE static inline __attribute__((always_inline))

/* 8-bit pixels, channels interleaved, rows at any stride. */
typedef struct {
    const uint8_t *data;
    ptrdiff_t stride;
    size_t height, width, channels;
} Picture;

/* How one axis of n pixels is blurred (twice a running mean of `window`) and sampled at 64 centres.
 * The two means together are a triangle of 2*window-1 integer weights over window^2. Where window is even, the last
 * sample's last mean is cut by the edge: it is kept apart as sample 64, the mean of window-1 pixels. */
typedef struct {
    size_t n;
    int window, left, right; /* a mean at k covers k-left .. k+right */
    int clipped, samples;    /* samples: 64, or 65 when clipped */
    size_t centre[SIDE];
    size_t start[SAMPLES];
    size_t taps[SAMPLES];
} Axis;

typedef struct {
    uint8_t hashes[8][32];
    int quality;
    int exact; /* the exact path was taken */
} Result;

/* One instruction set's loops. All give the same bits: integers, or floats in the same order per value. */
typedef struct {
    const char *name;
    void (*add_rows)(uint32_t *acc, const uint8_t *const *rows, const uint16_t *weights, int count, size_t n);
    void (*sum_columns)(const uint32_t *acc, const size_t *starts, int count, const uint32_t *weights, size_t padded,
                        int channels, uint32_t *sums);
    void (*grade)(const float *samples, float margin, int *sums);
    int (*replay)(const Picture *picture, const Axis *rows, const Axis *columns, float *samples);
    void (*transform)(const float *samples, float *frequencies);
} Isa;

extern const Isa isa_scalar;
#ifdef HAVE_X86
extern const Isa isa_avx2, isa_avx512;
#endif

void axis_plan(Axis *axis, size_t n);
void init_cosines(void);
extern float cosines[16][SIDE];            /* D[i][k] */
extern float cosines_transposed[SIDE][16]; /* D[k][i] */

/* Exact integer sums of the blur, 64 x 64 float32 samples out. 0, or -1 without memory. */
int reduce_picture(const Isa *isa, const Picture *picture, const Axis *rows, const Axis *columns, float *samples);

/* Samples and frequencies of one path, for tests and measurements. At least 5 x 5 pixels. 0, or -1. */
int frequencies_of(const Isa *isa, const Picture *picture, int exact, float *samples, float *frequencies);

/* All of it. 0, or -1 without memory. */
int hash_picture(const Isa *isa, const Picture *picture, int dihedral, Result *result);

#endif
