/* The reference's own float32 arithmetic, step by step: luma, a running mean along rows, along columns, and both
 * again. Slower than the integer sums, and needed only where the reference's rounding decides a bit.
 * The picture streams through: a block of rows, a ring of one window of rows, the 64 columns that are sampled. */
#define BLOCK 16

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
    float *tile, *block, *later;       /* width x lanes; lanes x width, twice */
    Column second, fourth;
    float *samples;
} Replay;

INLINE void luma_of(const uint8_t *restrict p, size_t n, size_t channels, float *restrict out)
{
    if (channels == 1)
        for (size_t x = 0; x < n; x++)
            out[x] = (float)p[x];
    else
        for (size_t x = 0; x < n; x++)
            out[x] = (float)(p[3 * x] * 0.299 + p[3 * x + 1] * 0.587 + p[3 * x + 2] * 0.114);
}

/* Rows to a tile with the row as the fast index, so that `lanes` running sums go side by side. */
INLINE void to_tile(const float *restrict block, size_t width, float *restrict tile, const int lanes)
{
    for (size_t x = 0; x < width; x += BLOCK) {
        size_t end = width - x < BLOCK ? width - x : BLOCK;
        for (size_t k = 0; k < end; k++)
            for (int r = 0; r < lanes; r++)
                tile[(x + k) * (size_t)lanes + (size_t)r] = block[(size_t)r * width + x + k];
    }
}

/* Pass 1: running means along `lanes` rows; tile in, block (row-major) out. */
INLINE void means_along(const Axis *axis, const float *restrict tile, float *restrict block, const int lanes)
{
    float sum[BLOCK] = {0}, means[BLOCK][BLOCK];
    size_t n = axis->n, in = 0, out = 0, filled = 0;
    for (size_t o = 0; o < n; o++) {
        for (; in < n && in <= o + (size_t)axis->right; in++)
            for (int r = 0; r < lanes; r++)
                sum[r] += tile[in * (size_t)lanes + (size_t)r];
        if (o > (size_t)axis->left) {
            for (int r = 0; r < lanes; r++)
                sum[r] -= tile[out * (size_t)lanes + (size_t)r];
            out++;
        }
        float count = (float)(in - out);
        for (int r = 0; r < lanes; r++)
            means[filled][r] = sum[r] / count;
        if (++filled == BLOCK || o + 1 == n) {
            for (int r = 0; r < lanes; r++)
                for (size_t k = 0; k < filled; k++)
                    block[(size_t)r * n + o + 1 - filled + k] = means[k][r];
            filled = 0;
        }
    }
}

/* Pass 3: the same, kept at the 64 centres only. */
INLINE void means_at_centres(const Axis *axis, const float *restrict tile, float (*out)[SIDE], const int lanes)
{
    float sum[BLOCK] = {0};
    size_t n = axis->n, in = 0, old = 0;
    int next = 0;
    for (size_t o = 0; o < n && next < SIDE; o++) {
        for (; in < n && in <= o + (size_t)axis->right; in++)
            for (int r = 0; r < lanes; r++)
                sum[r] += tile[in * (size_t)lanes + (size_t)r];
        if (o > (size_t)axis->left) {
            for (int r = 0; r < lanes; r++)
                sum[r] -= tile[old * (size_t)lanes + (size_t)r];
            old++;
        }
        for (; next < SIDE && axis->centre[next] == o; next++)
            for (int r = 0; r < lanes; r++)
                out[r][next] = sum[r] / (float)(in - old);
    }
}

INLINE void keep_samples(Replay *replay, size_t row, const float *line)
{
    for (; replay->next < SIDE && replay->rows->centre[replay->next] == row; replay->next++)
        memcpy(replay->samples + replay->next * SIDE, line, SIDE * sizeof(float));
}

/* Passes 3 and 4 for the rows that wait. */
INLINE void finish_rows(Replay *replay, const int lanes)
{
    float lines[BLOCK][SIDE], line[SIDE];
    size_t height = replay->rows->n, right = (size_t)replay->rows->right;
    to_tile(replay->later, replay->width, replay->tile, lanes);
    means_at_centres(replay->columns, replay->tile, lines, lanes);
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

INLINE void take_row(Replay *replay, size_t o, const int lanes)
{
    column_take(&replay->second, o, replay->later + replay->waiting * replay->width);
    if (++replay->waiting == (size_t)lanes || o + 1 == replay->rows->n)
        finish_rows(replay, lanes);
}

INLINE void replay_stream(Replay *replay, const Picture *picture, const int lanes)
{
    size_t height = picture->height, width = picture->width, right = (size_t)replay->rows->right;
    for (size_t y = 0; y < height; y += (size_t)lanes) {
        size_t count = height - y < (size_t)lanes ? height - y : (size_t)lanes;
        for (size_t r = 0; r < count; r++)
            luma_of(picture->data + (ptrdiff_t)(y + r) * picture->stride, width, picture->channels,
                    replay->block + r * width);
        to_tile(replay->block, width, replay->tile, lanes);
        means_along(replay->columns, replay->tile, replay->block, lanes);
        for (size_t r = 0; r < count; r++) {
            column_push(&replay->second, replay->block + r * width);
            if (y + r >= right)
                take_row(replay, y + r - right, lanes);
        }
    }
    for (size_t o = height - right; o < height; o++)
        take_row(replay, o, lanes);
}

INLINE int replay(const Picture *picture, const Axis *rows, const Axis *columns, float *samples)
{
    if (picture->height == SIDE && picture->width == SIDE) { /* already at its size: the reference blurs nothing */
        for (size_t y = 0; y < SIDE; y++)
            luma_of(picture->data + (ptrdiff_t)y * picture->stride, SIDE, picture->channels, samples + y * SIDE);
        return 0;
    }
    Replay replay = {.rows = rows, .columns = columns, .width = picture->width, .samples = samples};
    size_t lanes = picture->width > (1u << 20) ? 1 : BLOCK, cells = picture->width * lanes;
    int made = column_start(&replay.second, picture->width, rows) | column_start(&replay.fourth, SIDE, rows);
    replay.tile = malloc(cells * sizeof(float));
    replay.block = calloc(cells, sizeof(float));
    replay.later = calloc(cells, sizeof(float));
    if (made == 0 && replay.tile && replay.block && replay.later) {
        if (lanes == 1)
            replay_stream(&replay, picture, 1);
        else
            replay_stream(&replay, picture, BLOCK);
    } else {
        made = -1;
    }
    column_end(&replay.second);
    column_end(&replay.fourth);
    free(replay.tile);
    free(replay.block);
    free(replay.later);
    return made;
}
