/* Building one chunk of the index, and the list of hits. */
#include <stdlib.h>
#include <string.h>

#include "hammingkernel.h"

/* How many rows ahead their places are fetched. */
#define AHEAD 24u

static uint32_t row_value(const uint8_t *keys, uint32_t row, uint32_t start, uint32_t width) {
    uint64_t key[4];
    memcpy(key, keys + (size_t)row * KEY_BYTES, KEY_BYTES);
    return rempart_chunk_of(key, start, width);
}

static void count_rows(const uint8_t *keys, uint32_t rows, uint32_t start, uint32_t width, uint32_t *directory) {
    for (uint32_t row = 0; row < rows; row++) {
        if (row + AHEAD < rows) __builtin_prefetch(directory + row_value(keys, row + AHEAD, start, width), 1);
        directory[row_value(keys, row, start, width)]++;
    }
}

/* From the last row to the first, so that every bucket's rows end up ascending and its entry at its first. */
static void place_rows(const uint8_t *keys, uint32_t rows, uint32_t start, uint32_t width, uint32_t *directory,
                       uint32_t *ids) {
    for (uint32_t row = rows; row-- > 0;) {
        if (row >= 2 * AHEAD)
            __builtin_prefetch(directory + row_value(keys, row - 2 * AHEAD, start, width), 1);
        if (row >= AHEAD) {
            uint32_t place = directory[row_value(keys, row - AHEAD, start, width)];
            if (place) __builtin_prefetch(ids + place - 1, 1);
        }
        ids[--directory[row_value(keys, row, start, width)]] = row;
    }
}

void rempart_build_chunk(const uint8_t *keys, uint32_t rows, uint32_t start, uint32_t width, uint32_t *directory,
                         uint32_t *ids) {
    size_t buckets = (size_t)1 << width;
    memset(directory, 0, buckets * sizeof *directory);
    count_rows(keys, rows, start, width, directory);
    uint32_t end = 0;
    for (size_t bucket = 0; bucket < buckets; bucket++) directory[bucket] = end += directory[bucket];
    place_rows(keys, rows, start, width, directory, ids);
    end = rows;
    for (size_t bucket = buckets; bucket-- > 0;) {
        uint32_t first = directory[bucket];
        if (first == end)
            directory[bucket] = EMPTY;
        else
            ids[end - 1] |= STOP;
        end = first;
    }
}

int rempart_hits_push(Hits *hits, uint64_t item) {
    if (hits->count == hits->room) {
        size_t room = hits->room ? hits->room * 2 : 64;
        uint64_t *items = realloc(hits->items, room * sizeof *items);
        if (!items) return 0;
        hits->items = items;
        hits->room = room;
    }
    hits->items[hits->count++] = item;
    return 1;
}

static int compare_items(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void rempart_hits_sort(uint64_t *items, size_t count) {
    if (count > 24) {
        qsort(items, count, sizeof *items, compare_items);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        uint64_t item = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1] > item; at--) items[at] = items[at - 1];
        items[at] = item;
    }
}

const uint16_t rempart_near[LINE_BITS + 1][LINE] = {
    {0x0001, 0x0002, 0x0004, 0x0008, 0x0010, 0x0020, 0x0040, 0x0080,
     0x0100, 0x0200, 0x0400, 0x0800, 0x1000, 0x2000, 0x4000, 0x8000},
    {0x0117, 0x022b, 0x044d, 0x088e, 0x1071, 0x20b2, 0x40d4, 0x80e8,
     0x1701, 0x2b02, 0x4d04, 0x8e08, 0x7110, 0xb220, 0xd440, 0xe880},
    {0x177f, 0x2bbf, 0x4ddf, 0x8eef, 0x71f7, 0xb2fb, 0xd4fd, 0xe8fe,
     0x7f17, 0xbf2b, 0xdf4d, 0xef8e, 0xf771, 0xfbb2, 0xfdd4, 0xfee8},
    {0x7fff, 0xbfff, 0xdfff, 0xefff, 0xf7ff, 0xfbff, 0xfdff, 0xfeff,
     0xff7f, 0xffbf, 0xffdf, 0xffef, 0xfff7, 0xfffb, 0xfffd, 0xfffe},
    {0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff,
     0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff},
};
