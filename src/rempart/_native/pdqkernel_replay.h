/* The reference's own float32 arithmetic, step by step: luma, a running mean along rows, along columns, and both
 * again. Slower than the integer sums, and needed only where the reference's rounding decides a bit.
 * The picture streams through: a block of rows, a ring of one window of rows, the 64 columns that are sampled. */
#define BLOCK 16

/* One value of each of BLOCK picture rows, which have their running sums side by side. */
typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));
#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int FourInts __attribute__((vector_size(16)));
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (FourInts){__VA_ARGS__})
#endif
typedef struct {
    Eight low, high;
} Lane;

/* A running mean down the columns of rows that are pushed one by one. */
typedef struct {
    size_t n, height;
    int window, half, left;
    size_t pushed, taken; /* rows added to the sum, rows subtracted again */
    float *sum, *ring;    /* n; (window + 1) x n */
} Column;

INLINE int column_start(Column *column, size_t n, const Axis *axis)
{
    memset(column, 0, sizeof *column);
    column->n = n;
    column->height = axis->n;
    column->window = axis->window;
    column->half = axis->right + 1;
    column->left = axis->left;
    column->sum = calloc(n, sizeof(float));
    column->ring = malloc(((size_t)axis->window + 1) * n * sizeof(float));
    return column->sum && column->ring ? 0 : -1;
}

INLINE void column_end(Column *column)
{
    free(column->sum);
    free(column->ring);
}

INLINE float *ring_row(const Column *column, size_t row)
{
    return column->ring + row % ((size_t)column->window + 1) * column->n;
}

INLINE void column_push(Column *column, const float *restrict row)
{
    float *restrict kept = ring_row(column, column->pushed), *restrict sum = column->sum;
    for (size_t x = 0; x < column->n; x++) {
        kept[x] = row[x];
        sum[x] += row[x];
    }
    column->pushed++;
}

/* Mean number o, once row o + right has been pushed (or the last one). */
INLINE void column_take(Column *column, size_t o, float *restrict out)
{
    float *restrict sum = column->sum;
    if (o > (size_t)column->left) {
        const float *restrict old = ring_row(column, column->taken++);
        for (size_t x = 0; x < column->n; x++)
            sum[x] -= old[x];
    }
    float count = (float)(column->pushed - column->taken);
    for (size_t x = 0; x < column->n; x++)
        out[x] = sum[x] / count;
}

typedef struct {
    const Axis *rows, *columns;
    size_t width, waiting, done, next; /* rows waiting in `later`, rows through pass 3, next sample row */
    Lane *tile;                        /* width */
    float *block, *later;              /* BLOCK x width */
    Column second, fourth;
    float *samples;
} Replay;

/* The reference rounds 0.299 R + 0.587 G + 0.114 B from float64 to float32. No multiple of 1/1000 up to 255 lies so
 * near the middle between two float32 that float64's error could matter: thousandths in integers give the same. */
INLINE void luma_of(const uint8_t *restrict p, size_t n, size_t channels, float *restrict out)
{
    if (channels == 1)
        for (size_t x = 0; x < n; x++)
            out[x] = (float)p[x];
    else
        for (size_t x = 0; x < n; x++)
            out[x] = (float)((299 * p[3 * x] + 587 * p[3 * x + 1] + 114 * p[3 * x + 2]) * 0.001);
}

/* 4 x 4 values from rows `from` apart to rows `to` apart, transposed. */
INLINE void transpose(const float *restrict in, size_t from, float *restrict out, size_t to)
{
    Four a = *(const Four *)in, b = *(const Four *)(in + from);
    Four c = *(const Four *)(in + 2 * from), d = *(const Four *)(in + 3 * from);
    Four ab = SHUFFLE(a, b, 0, 4, 1, 5), cd = SHUFFLE(c, d, 0, 4, 1, 5);
    *(Four *)out = SHUFFLE(ab, cd, 0, 1, 4, 5);
    *(Four *)(out + to) = SHUFFLE(ab, cd, 2, 3, 6, 7);
    ab = SHUFFLE(a, b, 2, 6, 3, 7);
    cd = SHUFFLE(c, d, 2, 6, 3, 7);
    *(Four *)(out + 2 * to) = SHUFFLE(ab, cd, 0, 1, 4, 5);
    *(Four *)(out + 3 * to) = SHUFFLE(ab, cd, 2, 3, 6, 7);
}

INLINE void to_tile(const float *restrict block, size_t width, Lane *restrict tile)
{
    float *to = (float *)tile;
    size_t x = 0;
    for (; x + 4 <= width; x += 4)
        for (size_t r = 0; r < BLOCK; r += 4)
            transpose(block + r * width + x, width, to + x * BLOCK + r, BLOCK);
    for (; x < width; x++)
        for (size_t r = 0; r < BLOCK; r++)
            to[x * BLOCK + r] = block[r * width + x];
}

INLINE void from_tile(const Lane *restrict tile, size_t count, float *restrict block, size_t width)
{
    const float *from = (const float *)tile;
    size_t x = 0;
    for (; x + 4 <= count; x += 4)
        for (size_t r = 0; r < BLOCK; r += 4)
            transpose(from + x * BLOCK + r, BLOCK, block + r * width + x, width);
    for (; x < count; x++)
        for (size_t r = 0; r < BLOCK; r++)
            block[r * width + x] = from[x * BLOCK + r];
}

/* Where the running sums along rows stand: `in` pixels added, `out` subtracted again. */
typedef struct {
    Lane sum;
    size_t in, out;
} Along;

INLINE void along_next(Along *along, const Axis *axis, const Lane *restrict tile, size_t o)
{
    for (; along->in < axis->n && along->in <= o + (size_t)axis->right; along->in++) {
        along->sum.low += tile[along->in].low;
        along->sum.high += tile[along->in].high;
    }
    if (o > (size_t)axis->left) {
        along->sum.low -= tile[along->out].low;
        along->sum.high -= tile[along->out].high;
        along->out++;
    }
}

INLINE void along_mean(const Along *along, Lane *mean)
{
    float count = (float)(along->in - along->out);
    mean->low = along->sum.low / count;
    mean->high = along->sum.high / count;
}

/* Pass 1: running means along rows; tile in, block (row-major) out. */
INLINE void means_along(const Axis *axis, const Lane *restrict tile, float *restrict block)
{
    Along along = {0};
    Lane means[BLOCK];
    for (size_t o = 0; o < axis->n; o += BLOCK) {
        size_t count = axis->n - o < BLOCK ? axis->n - o : BLOCK;
        for (size_t k = 0; k < count; k++) {
            along_next(&along, axis, tile, o + k);
            along_mean(&along, means + k);
        }
        from_tile(means, count, block + o, axis->n);
    }
}

/* Pass 3: the same, kept at the 64 centres only. */
INLINE void means_at_centres(const Axis *axis, const Lane *restrict tile, float (*out)[SIDE])
{
    Along along = {0};
    Lane means[SIDE];
    int next = 0;
    for (size_t o = 0; next < SIDE; o++) {
        along_next(&along, axis, tile, o);
        for (; next < SIDE && axis->centre[next] == o; next++)
            along_mean(&along, means + next);
    }
    from_tile(means, SIDE, out[0], SIDE);
}

INLINE void keep_samples(Replay *replay, size_t row, const float *line)
{
    for (; replay->next < SIDE && replay->rows->centre[replay->next] == row; replay->next++)
        memcpy(replay->samples + replay->next * SIDE, line, SIDE * sizeof(float));
}

/* Passes 3 and 4 for the rows that wait. */
INLINE void finish_rows(Replay *replay)
{
    float lines[BLOCK][SIDE], line[SIDE];
    size_t height = replay->rows->n, right = (size_t)replay->rows->right;
    to_tile(replay->later, replay->width, replay->tile);
    means_at_centres(replay->columns, replay->tile, lines);
    for (size_t r = 0; r < replay->waiting; r++) {
        column_push(&replay->fourth, lines[r]);
        if (replay->done++ >= right) {
            column_take(&replay->fourth, replay->done - 1 - right, line);
            keep_samples(replay, replay->done - 1 - right, line);
        }
    }
    replay->waiting = 0;
    if (replay->done == height)
        for (size_t o = height - right; o < height; o++) {
            column_take(&replay->fourth, o, line);
            keep_samples(replay, o, line);
        }
}

INLINE void take_row(Replay *replay, size_t o)
{
    column_take(&replay->second, o, replay->later + replay->waiting * replay->width);
    if (++replay->waiting == BLOCK || o + 1 == replay->rows->n)
        finish_rows(replay);
}

INLINE void replay_stream(Replay *replay, const Picture *picture)
{
    size_t height = picture->height, width = picture->width, right = (size_t)replay->rows->right;
    for (size_t y = 0; y < height; y += BLOCK) {
        size_t count = height - y < BLOCK ? height - y : BLOCK;
        for (size_t r = 0; r < count; r++)
            luma_of(picture->data + (ptrdiff_t)(y + r) * picture->stride, width, picture->channels,
                    replay->block + r * width);
        to_tile(replay->block, width, replay->tile);
        means_along(replay->columns, replay->tile, replay->block);
        for (size_t r = 0; r < count; r++) {
            column_push(&replay->second, replay->block + r * width);
            if (y + r >= right)
                take_row(replay, y + r - right);
        }
    }
    for (size_t o = height - right; o < height; o++)
        take_row(replay, o);
}

INLINE int replay(const Picture *picture, const Axis *rows, const Axis *columns, float *samples)
{
    if (picture->height == SIDE && picture->width == SIDE) { /* already at its size: the reference blurs nothing */
        for (size_t y = 0; y < SIDE; y++)
            luma_of(picture->data + (ptrdiff_t)y * picture->stride, SIDE, picture->channels, samples + y * SIDE);
        return 0;
    }
    Replay replay = {.rows = rows, .columns = columns, .width = picture->width, .samples = samples};
    size_t cells = picture->width * BLOCK;
    int made = column_start(&replay.second, picture->width, rows) | column_start(&replay.fourth, SIDE, rows);
    replay.tile = malloc(cells * sizeof(float));
    replay.block = calloc(cells, sizeof(float));
    replay.later = calloc(cells, sizeof(float));
    if (made == 0 && replay.tile && replay.block && replay.later)
        replay_stream(&replay, picture);
    else
        made = -1;
    column_end(&replay.second);
    column_end(&replay.fourth);
    free(replay.tile);
    free(replay.block);
    free(replay.later);
    return made;
}
